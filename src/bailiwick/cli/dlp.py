"""`bailiwick dlp`: find secrets and personal data in texts and files, and mask them. Nothing it prints holds a secret."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from bailiwick import __version__
from bailiwick.analysis.text.classes import DataClass, Subject
from bailiwick.analysis.text.secrets import (
    EVERYTHING,
    SecretMatch,
    examine_long,
    kinds_of,
)
from bailiwick.analysis.text.unpack import members, text_of
from bailiwick.audit.redaction import Redactor
from bailiwick.cli import dlp_fingerprint, dlp_redact
from bailiwick.cli.dlp_subjects import of_policy, subjects_of
from bailiwick.policy.errors import PolicyErrors
from bailiwick.service.named_file import UnfitFileError, bounded_lines, read_named
from bailiwick.service.rule_database import warm

DONE, FOUND, USAGE, ENVIRONMENT = 0, 1, 2, 3

MAX_LINE = 64 * 1024 * 1024
"""Bytes of an input line that is read; a longer one is answered without being kept."""

MAX_FILE = 64 * 1024 * 1024
"""Bytes of a file that are read; of a larger one it is said that it was not scanned whole."""

_SKIPPED = frozenset((".git", "node_modules", ".venv", "__pycache__"))
"""Directories that are not walked into unless they are named themselves."""

Item = dict[str, Any]
Fingerprint = Callable[[str], str] | None
_OF_POLICY = "a policy, whose data classes (class/NAME) are rules too"

_CONTRACT = """\
with --jsonl, each input line:  {"id": ..., "text": "..."}
              each output line: {"id": ..., "findings": [{"rule": "secret/github-token", "tier": "block", "confidence": "high",
                                 "start": 4, "end": 44}, ...], "complete": true, "micros": 38}

start and end are offsets in characters (Unicode code points) of the text as it was given, end not included; where a secret is
encoded they span all of what holds it. tier is "block" where a finding is precise enough to stop something, else
"redact". complete is false where something was not looked at.

Exit codes: 0 nothing found (with --jsonl: every line answered), 1 something found, 2 usage, 3 environment."""


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs to the command line."""
    group = verbs.add_parser("dlp", help="find and mask secrets and personal data", description=__doc__)
    inner = group.add_subparsers(dest="dlp", metavar="VERB", required=True)
    scan = inner.add_parser(
        "scan",
        help="say what is found, by rule and place, never the secret itself",
        description="Say what is found in files, in a directory, or on standard input: rule, place, and a preview without the secret.",
        epilog=_CONTRACT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    scan.add_argument(
        "path", nargs="*", default=["-"], help="files and directories; standard input if left out"
    )
    scan.add_argument("--jsonl", action="store_true", help="a batch of texts, one JSON object per line")
    scan.add_argument(
        "--format", choices=("text", "json", "sarif"), default="text", help="how findings are printed"
    )
    scan.add_argument(
        "--json",
        dest="format",
        action="store_const",
        const="json",
        default="text",
        help="the same as --format json",
    )
    scan.add_argument("--only", choices=("secret", "personal"), help="only findings of this kind")
    scan.add_argument(
        "--examples", action="store_true", help="report placeholders and documented example keys too"
    )
    scan.add_argument(
        "--policy",
        metavar="DIR",
        type=Path,
        help="look for the data classes of this policy as well, and report example keys if it does",
    )
    scan.add_argument(
        "--key-file",
        metavar="FILE",
        help="give each finding a fingerprint keyed with this file: equal for equal secrets, and of no use without the key",
    )
    scan.set_defaults(func=run_scan)
    dlp_redact.register(inner)
    dlp_fingerprint.register(inner)
    explain = inner.add_parser(
        "explain", help="show the page of a rule", description="Show the page of a rule."
    )
    explain.add_argument("rule", help="its id: secret/github-token")
    explain.add_argument("--json", action="store_true", help="as JSON")
    explain.add_argument("--policy", metavar="DIR", type=Path, help=_OF_POLICY)
    explain.set_defaults(func=run_explain)
    listed = inner.add_parser(
        "list", help="list the rules", description="List the rules: id, tier, severity, what they find."
    )
    listed.add_argument("--json", action="store_true", help="as JSON")
    listed.add_argument("--policy", metavar="DIR", type=Path, help=_OF_POLICY)
    listed.set_defaults(func=run_list)
    test = inner.add_parser(
        "test",
        help="say whether a rule finds something in a sample on standard input",
        description="Say whether a rule finds something in a sample on standard input. Exit code 0 when it does, 1 when it doesn't.",
    )
    test.add_argument("rule", help="its id: secret/github-token")
    test.add_argument("--json", action="store_true", help="as JSON")
    test.add_argument("--policy", metavar="DIR", type=Path, help=_OF_POLICY)
    test.set_defaults(func=run_test)


# -- scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding in one text, with where it is in words."""

    path: str
    line: int
    column: int
    match: SecretMatch
    preview: str
    fingerprint: str = ""


def run_scan(asked: argparse.Namespace) -> int:
    """Exit code 1 when something was found."""
    warm()
    subjects = subjects_of(asked.only)
    try:
        if asked.policy is not None:
            subjects |= of_policy(asked.policy)
    except (PolicyErrors, OSError) as error:
        print(error, file=sys.stderr)
        return USAGE
    try:
        fingerprint = Redactor(read_named(asked.key_file)).fingerprint if asked.key_file is not None else None
        if asked.jsonl:
            with (
                os.fdopen(os.dup(0), "rb") if asked.path == ["-"] else Path(asked.path[0]).open("rb") as lines
            ):
                for answer in answers(
                    lines, asked.path[0], subjects, examples=asked.examples, fingerprint=fingerprint
                ):
                    sys.stdout.buffer.write(answer)
                    sys.stdout.buffer.flush()
            return DONE
        found: list[Found] = []
        partly: list[str] = []
        for path, text, whole in _texts(asked.path):
            scanned = examine_long(text, subjects=subjects, examples=asked.examples)
            if not (scanned.complete and whole):
                partly.append(path)
            found.extend(_located(path, text, scanned.matches, fingerprint))
    except BrokenPipeError:
        raise
    except UnfitFileError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"bailiwick: {error.filename or ''}: {error.strerror}", file=sys.stderr)
        return ENVIRONMENT
    print(_FORMATS[asked.format](found, partly), end="")
    return FOUND if found or partly else DONE


def answers(
    lines: IO[bytes],
    name: str,
    subjects: frozenset[Subject] = EVERYTHING,
    *,
    examples: bool = False,
    fingerprint: Fingerprint = None,
) -> Iterator[bytes]:
    """Exactly one line for each input line of the file ``name``, in order. Raises ``UnfitFileError`` as ``bounded_lines``."""
    for line in bounded_lines(lines, name, most=MAX_LINE):
        if len(line) <= MAX_LINE or line.endswith(b"\n"):
            yield _written(
                _answer(line.removesuffix(b"\n"), subjects, examples=examples, fingerprint=fingerprint)
            )
        else:
            yield _written(_refused(None, f"longer than {MAX_LINE} bytes"))


def _answer(line: bytes, subjects: frozenset[Subject], *, examples: bool, fingerprint: Fingerprint) -> Item:
    try:
        said = json.loads(line) if b"\\ud" in line.lower() else orjson.loads(line)
    except ValueError as error:
        return _refused(None, f"not JSON: {error}")
    if not isinstance(said, dict):
        return _refused(None, "not a JSON object")
    text = said.get("text")
    if not isinstance(text, str):
        return _refused(said.get("id"), "no 'text', or it is not a string")
    started = time.perf_counter_ns()
    scanned = examine_long(text, subjects=subjects, examples=examples)
    micros = (time.perf_counter_ns() - started) // 1000
    findings = [item_of(match, fingerprint(match.secret) if fingerprint else "") for match in scanned.matches]
    return {"id": said.get("id"), "findings": findings, "complete": scanned.complete, "micros": micros}


def _refused(given: Any, why: str) -> Item:
    return {"id": given, "findings": [], "complete": False, "micros": 0, "error": why}


def _written(said: Item) -> bytes:
    try:
        return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # an id that is no Unicode text: JSON can spell it with escapes
        return json.dumps(said).encode() + b"\n"


def item_of(match: SecretMatch, fingerprint: str = "") -> Item:
    """A finding in the words of the contract."""
    return {
        "rule": match.rule,
        "tier": match.tier.value,
        "confidence": match.confidence.value,
        "start": match.start,
        "end": match.end,
        **({"example": True} if match.example else {}),
        **({"fingerprint": fingerprint} if fingerprint else {}),
    }


def _texts(paths: list[str]) -> Iterator[tuple[str, str, bool]]:
    """Every text: where it is from, what it says, whether that is all of it."""
    for path in paths:
        if path == "-":
            yield from _read("standard input", sys.stdin.buffer)
        elif Path(path).is_dir():
            for place in sorted(Path(path).rglob("*")):
                if (
                    place.is_file()
                    and not place.is_symlink()
                    and not _SKIPPED & set(place.relative_to(path).parts)
                ):
                    with place.open("rb") as file:
                        yield from _read(str(place), file)
        else:
            with Path(path).open("rb") as file:
                yield from _read(path, file)


def _read(name: str, file: IO[bytes]) -> Iterator[tuple[str, str, bool]]:
    data = file.read(MAX_FILE + 1)
    packed = False
    for inner, text in members(data):
        packed = True
        yield f"{name}!{inner}" if inner else name, text, True
    if not packed:
        yield name, text_of(data[:MAX_FILE]), len(data) <= MAX_FILE


def _located(
    path: str, text: str, matches: Iterable[SecretMatch], fingerprint: Fingerprint = None
) -> Iterator[Found]:
    line, begin = 1, 0
    for match in matches:
        line += text.count("\n", begin, match.start)
        begin = match.start
        first = text.rfind("\n", 0, match.start) + 1
        yield Found(
            path=path,
            line=line,
            column=match.start - first + 1,
            match=match,
            preview=_preview(text, match, matches),
            fingerprint=fingerprint(match.secret) if fingerprint else "",
        )


def _preview(text: str, match: SecretMatch, matches: Iterable[SecretMatch]) -> str:
    """The line up to the secret, and how long that is. Anything else that was found in it is left out as well."""
    first = max(text.rfind("\n", 0, match.start) + 1, match.start - 40)
    first = max([first, *(other.end for other in matches if other.end <= match.start)])
    before = "".join(c if c.isprintable() else " " for c in text[first : match.start]).lstrip()
    return f"{before}[{match.end - match.start} characters]"


def _as_text(found: list[Found], partly: list[str]) -> str:
    lines = [
        f"{one.path}:{one.line}:{one.column}: {one.match.rule} ({one.match.tier.value}, {one.match.confidence.value}): {one.preview}"
        + (f" {one.fingerprint}" if one.fingerprint else "")
        for one in found
    ]
    lines += [f"{path}: not fully scanned" for path in partly]
    return "".join(line.encode("utf-8", "replace").decode() + "\n" for line in lines) or "nothing found\n"


def _as_json(found: list[Found], partly: list[str]) -> str:
    items = [
        {
            "path": one.path,
            "line": one.line,
            "column": one.column,
            **item_of(one.match, one.fingerprint),
            "preview": one.preview,
        }
        for one in found
    ]
    return json.dumps({"findings": items, "not_fully_scanned": partly}, indent=2) + "\n"


def _as_sarif(found: list[Found], partly: list[str]) -> str:
    """SARIF 2.1.0 (OASIS), one run."""
    rules = sorted({one.match.rule for one in found})
    results = [
        {
            "ruleId": one.match.rule,
            "level": "error" if one.match.tier.value == "block" else "warning",
            "message": {"text": f"{_title(one.match.rule)}: {one.preview}"},
            **({"fingerprints": {"bailiwick/v1": one.fingerprint}} if one.fingerprint else {}),
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": one.path},
                        "region": {"startLine": one.line, "startColumn": one.column},
                    }
                }
            ],
        }
        for one in found
    ]
    driver = {
        "name": "bailiwick",
        "version": __version__,
        "rules": [{"id": rule, "shortDescription": {"text": _title(rule)}} for rule in rules],
    }
    notices = [{"level": "warning", "message": {"text": f"{path}: not fully scanned"}} for path in partly]
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": not partly, "toolExecutionNotifications": notices}],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


_FORMATS = {"text": _as_text, "json": _as_json, "sarif": _as_sarif}


def _title(rule: str) -> str:
    kinds = kinds_of(rule)
    return kinds[0].title if kinds else rule


# -- explain, list, test


def run_explain(asked: argparse.Namespace) -> int:
    """Exit code 2 for a rule that isn't there."""
    from bailiwick.rules.catalogue import CATALOGUE  # noqa: PLC0415 - the other verbs need no catalogue
    from bailiwick.rules.page import page_of  # noqa: PLC0415 - the same

    try:
        classes = _classes(asked)
    except (PolicyErrors, OSError) as error:
        print(error, file=sys.stderr)
        return USAGE
    for one in classes:
        if one.rule == asked.rule:
            page = f"{one.title}\n\nKnown by {_known_by(one)}.\n"
            return _explained(asked, one.rule, "high", [one.tier.value], page)
    for rule in CATALOGUE:
        if rule.id == asked.rule:
            tiers = sorted({kind.tier.value for kind in kinds_of(rule.id)})
            return _explained(asked, rule.id, rule.severity.name.lower(), tiers, page_of(rule).text)
    return _unknown(asked.rule)


def _explained(asked: argparse.Namespace, rule: str, severity: str, tiers: list[str], page: str) -> int:
    if asked.json:
        print(json.dumps({"rule": rule, "severity": severity, "tiers": tiers, "page": page}, indent=2))
        return DONE
    print(
        f"{rule}  severity {severity}" + (f"  tier {', '.join(tiers)}" if tiers else "") + f"\n\n{page}",
        end="",
    )
    return DONE


def run_list(asked: argparse.Namespace) -> int:
    """Every rule for secrets and personal data, and the data classes of a policy."""
    from bailiwick.rules.catalogue import CATALOGUE  # noqa: PLC0415 - the other verbs need no catalogue

    try:
        classes = _classes(asked)
    except (PolicyErrors, OSError) as error:
        print(error, file=sys.stderr)
        return USAGE
    rows = [
        {"rule": one.rule, "tier": one.tier.value, "severity": "high", "title": one.title} for one in classes
    ]
    for rule in CATALOGUE:
        if rule.of_secrets:
            tiers = sorted({kind.tier.value for kind in kinds_of(rule.id)}) or ["redact"]
            rows.append(
                {
                    "rule": rule.id,
                    "tier": tiers[0],
                    "severity": rule.severity.name.lower(),
                    "title": rule.title,
                }
            )
    if asked.json:
        print(json.dumps(rows, indent=2))
        return DONE
    width = max(len(row["rule"]) for row in rows)
    for row in rows:
        print(f"{row['rule']:{width}}  {row['tier']:6}  {row['severity']:8}  {row['title']}")
    return DONE


def run_test(asked: argparse.Namespace) -> int:
    """Exit code 0 when the rule finds something, 1 when it doesn't, 2 when there is no such rule."""
    try:
        classes = _classes(asked)
    except (PolicyErrors, OSError) as error:
        print(error, file=sys.stderr)
        return USAGE
    if not kinds_of(asked.rule) and asked.rule not in {one.rule for one in classes}:
        return _unknown(asked.rule)
    warm()
    text = text_of(sys.stdin.buffer.read(MAX_FILE))
    scanned = examine_long(text, subjects=EVERYTHING | frozenset(classes), examples=True)
    matches = scanned.matches
    own = [match for match in matches if match.rule == asked.rule]
    others = sorted({match.rule for match in matches if match.rule != asked.rule})
    found = DONE if any(not match.example for match in own) else FOUND
    if asked.json:
        items = [item_of(match) for match in own]
        said = {
            "rule": asked.rule,
            "findings": items,
            "found_by_others": others,
            "complete": scanned.complete,
        }
        print(json.dumps(said, indent=2))
        return found
    for one in _located("sample", text, matches):
        if one.match.rule == asked.rule:
            example = ", a placeholder or a documented example" if one.match.example else ""
            print(
                f"{one.line}:{one.column}: found ({one.match.tier.value}, {one.match.confidence.value}{example}): {one.preview}"
            )
    if not own:
        print(f"{asked.rule} finds nothing" + (f"; found by {', '.join(others)}" if others else ""))
    if not scanned.complete:
        print("the sample was not fully scanned")
    return found


def _classes(asked: argparse.Namespace) -> list[DataClass]:
    """The data classes of the policy that is named, if any. Raises PolicyErrors, OSError."""
    found = of_policy(asked.policy) if asked.policy is not None else frozenset()
    return sorted((one for one in found if isinstance(one, DataClass)), key=lambda one: one.name)


def _known_by(one: DataClass) -> str:
    """How a class is known; the words and values themselves stay in the policy."""
    ways = [
        f"{len(one.words):,} words or phrases" if one.words else "",
        f"the expression {one.pattern}" if one.pattern else "",
        f"{sum(len(known.hashes) for known in one.lists):,} hashed values" if one.lists else "",
        f"{sum(len(known.hashes) for known in one.documents):,} fingerprints of documents"
        if one.documents
        else "",
    ]
    return ", ".join(way for way in ways if way)


def _unknown(rule: str) -> int:
    print(f"bailiwick: no rule is called {rule!r}; `bailiwick dlp list` shows them", file=sys.stderr)
    return USAGE
