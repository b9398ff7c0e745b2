"""Lines of a tree for people: a verdict in front, what is said, and the piece of text that causes it."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

from bailiwick.audit.wording import plain
from bailiwick.model.verdict import Verdict

QUOTE_COLUMN = 48
"""Where quotations stand when what they belong to leaves room."""
GUTTER = 7
"""Columns in front of the tree, where verdicts stand."""

_COLOURS = {"deny": "31;1", "ask": "33", "allow": "32", "dim": "2", "bold": "1", "root": "35;1"}


@dataclass(slots=True, kw_only=True)
class Node:
    """One line of the tree. ``quote`` is the piece that causes it, empty where the line itself says it.

    ``notes`` stand behind the text; ``start`` orders lines beside one another.
    """

    verdict: Verdict
    text: str
    quote: str = ""
    notes: str = ""
    start: int = 0
    children: "list[Node]" = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """Lays out lines of at most ``width`` columns."""

    width: int
    colour: bool

    def paint(self, text: str, name: str) -> str:
        """Text in the colour of a verdict or a role, where colours are wanted."""
        code = _COLOURS.get(name)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text

    def node(self, node: Node, prefix: str = "", *, last: bool) -> Iterator[str]:
        """A node's line or lines, then its children's."""
        label = node.verdict.label if node.verdict > Verdict.ABSTAIN else "-"
        head = self.paint(f"{label:{GUTTER}}", label) + prefix + ("└─ " if last else "├─ ")
        below = prefix + ("   " if last else "│  ")
        deeper = below + ("│  " if node.children else "   ")
        used = GUTTER + len(prefix) + 3
        # Only what doesn't fit one line keeps to the columns that its second line has.
        narrow = max(self.width - GUTTER - len(deeper), 20)
        first, *rest = [node.text] if len(node.text) <= self.width - used else _wrap(node.text, narrow)
        room = self.width - used - len(first)
        quote = f"«{one_line(node.quote)}»" if node.quote else ""
        if node.notes and not rest and len(node.notes) + 2 <= room:
            yield f"{head}{first}  {self._noted(node.notes)}"
            rest = [quote] if quote else []
        elif quote and not rest and not node.notes and room > min(len(quote), 12) + 2:
            gap = max(QUOTE_COLUMN - used - len(first), 2)
            gap = gap if gap + len(quote) <= room else max(room - len(quote), 2)
            yield f"{head}{first}{' ' * gap}{self.paint(cut(quote, room - gap), 'dim')}"
        else:
            yield head + first
            notes = _wrap(node.notes, narrow) if node.notes else []
            rest = [*rest, *notes, *([quote] if quote else [])]
        for line in rest:
            shown = cut(line, narrow)
            yield " " * GUTTER + deeper + (self.paint(shown, "dim") if line is quote else shown)
        for child in node.children:
            yield from self.node(child, below, last=child is node.children[-1])

    def _noted(self, notes: str) -> str:
        return self.paint(notes, "root" if notes.startswith("as ") else "ask")

    def field(self, name: str, text: str) -> Iterator[str]:
        """A named value, wrapped below itself; nothing for an empty one."""
        if text:
            first = " " * GUTTER + self.paint(f"{name:9}", "dim")
            yield from self.wrapped(text, first=first, indent=GUTTER + 9)

    def wrapped(self, text: str, *, first: str | None = None, indent: int) -> Iterator[str]:
        """Text in the columns right of ``indent``; ``first`` stands left of its first line."""
        left = " " * indent if first is None else first
        for line in _wrap(text, self.width - indent):
            yield left + line
            left = " " * indent


def _wrap(text: str, room: int) -> list[str]:
    return textwrap.wrap(text, room, break_on_hyphens=False) or [""]


def chunks(text: str, room: int) -> list[str]:
    """Text in pieces of at most ``room`` columns, whatever stands at their ends."""
    return [text[start : start + room] for start in range(0, len(text), room)]


def cut(text: str, room: int) -> str:
    """Text in at most ``room`` columns, with a sign where something is left out."""
    end = "…»" if text.endswith("»") else "…"
    return text if len(text) <= room else text[: max(room - len(end), 0)] + end


def one_line(text: str) -> str:
    """Text in one line: line ends shown as a sign, what a terminal would act on escaped."""
    return plain("⏎".join(piece.strip() for piece in text.split("\n")) if "\n" in text else text)
