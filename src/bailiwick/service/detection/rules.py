"""Sigma rules from files to what the engine runs (`pip install bailiwick[detection]`: pySigma, LGPL, used as it is).

Which rows a rule sees follows from its ``logsource``. A rule for a source that there is nothing of here, such as Windows, is left out and says so;
one that can't be read or translated is an error with its file. Rules that others wrote are loaded as they are.
"""

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bailiwick.service.named_file import UnfitFileError, read_named_text

if TYPE_CHECKING:
    from sigma.collection import SigmaCollection
    from sigma.rule import SigmaRuleBase

TABLE, TIME, ROW, TEXT = "event", "Time", "Row", "Text"

SHIPPED = Path(__file__).parents[2] / "audit" / "detections"
"""The rules that come with Bailiwick."""

_CATEGORIES = {
    "process_creation": "process_creation",
    "file_event": "file_event",
    "file_change": "file_event",
    "file_rename": "file_event",
    "file_access": "file_access",
    "file_delete": "file_delete",
    "network_connection": "network_connection",
    "tool_call": "tool_call",
    "tool_result": "tool_result",
    "event": "event",
}
_PRODUCTS = frozenset((None, "linux", "macos", "bailiwick", "claude_code"))
_AGENTS = frozenset(("bailiwick", "claude_code"))


class RuleError(Exception):
    """A rule can't be used; the message names its file, what is wrong and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionRule:
    """A rule ready to run: ``sql`` gives the rows it matches, or for a correlation its alerts."""

    id: str
    title: str
    level: str
    file: Path
    sql: str
    correlates: bool = False
    span_seconds: int = 0
    techniques: tuple[str, ...] = ()
    description: str = ""
    false_positives: tuple[str, ...] = ()
    examples: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Rules, and what was left out with the reason."""

    rules: tuple[DetectionRule, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def load_rules(places: Iterable[Path]) -> RuleSet:
    """The rules in files and folders (`*.yml`, `*.yaml`, folders in folders too). Raises RuleError."""
    try:
        from sigma.collection import SigmaCollection  # noqa: PLC0415 - an optional library
        from sigma.exceptions import SigmaError, SigmaRegularExpressionError  # noqa: PLC0415
    except ImportError as error:
        raise RuleError("detection needs its library: pip install 'bailiwick[detection]'") from error
    files: dict[str, Path] = {}
    collections: list[SigmaCollection] = []
    for path in _files(places):
        try:
            documents = list(yaml.safe_load_all(read_named_text(path)))
            collection = SigmaCollection.from_dicts([one for one in documents if one], collect_errors=True)
        except UnfitFileError as error:
            raise RuleError(str(error)) from error
        except (OSError, ValueError, yaml.YAMLError, SigmaError, AttributeError, TypeError) as error:
            raise RuleError(f"{path}: {_first(error)}") from error
        unusual = [error for error in collection.errors if not isinstance(error, SigmaRegularExpressionError)]
        if unusual:
            raise RuleError(f"{path}: {_first(unusual[0])}")
        for rule in collection.rules:
            if rule.id is None:
                raise RuleError(
                    f"{path}: the rule `{rule.title}` has no id: give it one (any UUID), suppressions and alerts name it"
                )
            if str(rule.id) in files:
                raise RuleError(
                    f"{path}: the id {rule.id} is that of a rule in {files[str(rule.id)]} already: give it another"
                )
            files[str(rule.id)] = path
        collections.append(collection)
    merged = SigmaCollection.merge(collections)
    return _translated(merged, files)


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from sorted(
                path for path in place.rglob("*") if path.suffix in {".yml", ".yaml"} and path.is_file()
            )
        elif place.exists():
            yield place
        else:
            raise RuleError(f"{place}: no such file or folder")


def _translated(collection: "SigmaCollection", files: Mapping[str, Path]) -> RuleSet:
    from sigma.collection import SigmaCollection  # noqa: PLC0415
    from sigma.correlations import SigmaCorrelationRule  # noqa: PLC0415
    from sigma.exceptions import SigmaError  # noqa: PLC0415
    from sigma.rule import SigmaRule  # noqa: PLC0415

    rules: list[DetectionRule] = []
    left_out: list[tuple[str, str]] = []
    here: list[Any] = []
    for rule in collection.rules:
        if rule.errors:  # a regular expression that RE2, which is safe from hostile texts, doesn't know
            left_out.append((f"{files[str(rule.id)]}: {rule.title}", _first(rule.errors[0])))
        elif isinstance(rule, SigmaRule) and (why := _foreign(rule)):
            left_out.append((f"{files[str(rule.id)]}: {rule.title}", why))
        else:
            here.append(rule)
    names = {name for rule in here for name in (rule.name, str(rule.id)) if name}
    for rule in here:
        missing = [
            str(one.reference) for one in getattr(rule, "rules", ()) if str(one.reference) not in names
        ]
        if missing:
            left_out.append(
                (
                    f"{files[str(rule.id)]}: {rule.title}",
                    f"it builds on {', '.join(missing)}, which is not there",
                )
            )
            continue
        # A correlation is translated with what it builds on; what others build on speaks for itself only if it has a level.
        needed = list(_needed(rule, here)) if isinstance(rule, SigmaCorrelationRule) else [rule]
        try:
            alone = SigmaCollection(needed)
            alone.resolve_rule_references()
            for one in needed:
                one._output = one is rule  # noqa: SLF001 - what of a collection is wanted has no other way in
            queries = _backend().convert(alone)
        except (SigmaError, ValueError, NotImplementedError) as error:
            left_out.append((f"{files[str(rule.id)]}: {rule.title}", _first(error)))
            continue
        if rule.level is None and not isinstance(rule, SigmaCorrelationRule):
            continue
        rules += [_rule(rule, str(query), files[str(rule.id)]) for query in queries]
    return RuleSet(rules=tuple(rules), left_out=tuple(left_out))


def _needed(rule: Any, rules: list[Any]) -> Iterator[Any]:
    """What a correlation builds on, before it."""
    for reference in rule.rules:
        for one in rules:
            if str(reference.reference) in {one.name, str(one.id)}:
                if hasattr(one, "rules"):
                    yield from _needed(one, rules)
                else:
                    yield one
    yield rule


def _rule(rule: "SigmaRuleBase", sql: str, path: Path) -> DetectionRule:
    span = getattr(rule, "timespan", None)
    return DetectionRule(
        id=str(rule.id),
        title=rule.title or str(rule.id),
        level=str(rule.level).lower() if rule.level else "medium",
        file=path,
        sql=sql,
        correlates=span is not None,
        span_seconds=int(span.seconds) if span is not None else 0,
        techniques=tuple(_techniques(rule)),
        description=(rule.description or "").strip(),
        false_positives=tuple(map(str, rule.falsepositives or ())),
        examples=rule.custom_attributes.get("examples") or {},
    )


def _techniques(rule: "SigmaRuleBase") -> Iterator[str]:
    for tag in rule.tags:
        if re.fullmatch(r"t\d{4}(\.\d{3})?|aml\.t\d{4}(\.\d{3})?", tag.name):
            yield tag.name.upper()


def _foreign(rule: Any) -> str:
    """Why there is nothing here that a rule could match; empty where there is."""
    source = rule.logsource
    if source.product not in _PRODUCTS:
        return f"nothing of {source.product} is recorded here"
    if source.category is not None and source.category not in _CATEGORIES:
        return f"no {source.category} is recorded here"
    if source.category is None and source.product not in _AGENTS:
        return f"the service {source.service} isn't recorded here"
    return ""


def _backend() -> Any:
    """The translator: one table, and for each category the condition that keeps a rule to its rows."""
    made = importlib.import_module("sigma.backends.sqlite").sqliteBackend  # it has no types
    from sigma.processing.conditions import LogsourceCondition  # noqa: PLC0415
    from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline  # noqa: PLC0415
    from sigma.processing.transformations import AddConditionTransformation  # noqa: PLC0415

    items = [
        ProcessingItem(
            AddConditionTransformation({"Category": ours}),
            rule_conditions=[LogsourceCondition(category=theirs)],
        )
        for theirs, ours in _CATEGORIES.items()
    ]
    return made(
        processing_pipeline=ProcessingPipeline(items=items),
        table=TABLE,
        timestamp_field=TIME,
        timestamp_format="unix",
        event_id_field=ROW,
        fulltext_field=TEXT,
    )


def _first(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
