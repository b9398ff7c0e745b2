"""What a rule is and what it looks at."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from enum import IntEnum
from typing import Any, TypeAlias

from bailiwick.analysis.text.classes import Subject
from bailiwick.analysis.text.secrets import EVERYTHING, SCAN_LIMIT, SecretMatch, examine, segment_of
from bailiwick.model.access import Access, Facts, Finding, ProgramTarget
from bailiwick.model.event import PermissionAsked, Prompt, PromptExpansion, ToolCall, ToolResult
from bailiwick.model.request import Request
from bailiwick.model.value import value

MAX_TEXTS = 4_096
"""Strings of one event that are looked at; more are said to be not scanned."""

MAX_DEPTH = 48
"""Nesting of a tool's input that is looked at."""


class Severity(IntEnum):
    """How bad it is when the finding is right."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


@value(frozen=True, slots=True, kw_only=True)
class Text:
    """One string of an event: the field it stands in (``tool_input.command``), its own key, what it says."""

    field: str
    label: str
    text: str


@value(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret in one text; ``start`` and ``end`` are offsets into that text."""

    field: str
    start: int
    end: int
    match: SecretMatch


@value(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What rules look at, gathered once: the request, the facts, every text of the event and the secrets in them.

    ``unscanned`` counts characters that were beyond the bounds; not ``complete`` says that of the others some may hold
    what was not found.
    """

    request: Request
    facts: Facts
    texts: tuple[Text, ...]
    secrets: tuple[Secret, ...]
    unscanned: int = 0
    complete: bool = True

    def programs(self) -> Iterator[tuple[int, Access, ProgramTarget]]:
        """The programs that would run: index among the accesses, access, program."""
        for index, access in enumerate(self.facts.accesses):
            if isinstance(access.target, ProgramTarget):
                yield index, access, access.target


Find: TypeAlias = Callable[[Evidence], Iterable[Finding]]


@value(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of the catalogue. ``id`` is ``<subject>/<name>``; ``find`` is pure and bounded.

    ``of_secrets`` says that it looks at nothing but the secrets found: without one of its own it need not be asked.
    ``page`` makes its page where there is no file beside the rule.
    """

    id: str
    title: str
    severity: Severity
    find: Find
    of_secrets: bool = False
    page: Callable[[], str] | None = field(default=None, repr=False)


def gather(request: Request, facts: Facts, *, subjects: frozenset[Subject] = EVERYTHING) -> Evidence:
    """The evidence of one event. Total; texts beyond ``SCAN_LIMIT`` characters together are counted, not read."""
    texts: list[Text] = []
    room, unscanned = SCAN_LIMIT - 1_024, 0  # with the ends of lines between them they are within the bound
    for text in _texts_of(request):
        if room <= 0 or len(texts) >= MAX_TEXTS:
            unscanned += len(text.text)
            continue
        if len(text.text) > room:
            unscanned += len(text.text) - room
            text = Text(field=text.field, label=text.label, text=text.text[:room])  # noqa: PLW2901 - its readable part
        texts.append(text)
        room -= len(text.text) + len(text.label) + 3
    kept = tuple(texts)
    secrets, complete = _secrets(kept, subjects)
    return Evidence(
        request=request, facts=facts, texts=kept, secrets=secrets, unscanned=unscanned, complete=complete
    )


def _secrets(texts: tuple[Text, ...], subjects: frozenset[Subject]) -> tuple[tuple[Secret, ...], bool]:
    """One scan over all texts, each behind its key, so that ``password`` beside a value counts as its context.

    Says also whether all of it was looked at.
    """
    pieces = [f"{text.label}: {text.text}\n" if text.label else f"{text.text}\n" for text in texts]
    starts: list[int] = []
    position = 0
    for piece in pieces:
        starts.append(position)
        position += len(piece)
    begins = tuple(starts)
    found: list[Secret] = []
    scanned = examine("".join(pieces), subjects=subjects)
    for match in scanned.matches:
        index = segment_of(begins, match.start)
        text = texts[index]
        offset = begins[index] + (len(text.label) + 2 if text.label else 0)
        start, end = max(match.start - offset, 0), min(match.end - offset, len(text.text))
        if start < end:
            found.append(Secret(field=text.field, start=start, end=end, match=match))
    return tuple(found), scanned.complete


def _texts_of(request: Request) -> Iterator[Text]:
    match request.event.what:
        case ToolCall(input=value) | PermissionAsked(input=value):
            yield from _walk("tool_input", "", value, MAX_DEPTH)
        case ToolResult(response=value):
            yield from _walk("tool_response", "", value, MAX_DEPTH)
        case Prompt(text=text):
            yield Text(field="prompt", label="", text=text)
        case PromptExpansion(arguments=arguments, text=text):
            yield Text(field="command_args", label="", text=arguments)
            yield Text(field="prompt", label="", text=text)
        case _:
            yield from _walk("event", "", request.event.raw, MAX_DEPTH)


def _walk(field: str, label: str, value: Any, depth: int) -> Iterator[Text]:
    if isinstance(value, str):
        yield Text(field=field, label=label, text=value)
    elif depth > 0 and isinstance(value, Mapping):
        for name, item in value.items():
            yield from _walk(f"{field}.{name}", str(name), item, depth - 1)
    elif depth > 0 and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(f"{field}.{index}", label, item, depth - 1)
    elif isinstance(value, (Mapping, list)):
        yield Text(field=field, label=label, text=repr_of_deep(value))


def repr_of_deep(value: Any) -> str:
    """Every string below the depth bound, in one text, found without recursion."""
    pending, strings = [value], []
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            strings.append(item)
        elif isinstance(item, Mapping):
            pending.extend(item.keys())
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return "\n".join(strings)
