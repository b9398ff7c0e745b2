"""A rule's page: the Markdown file beside the rule, which people read, the docs publish and the tests run.

    # Title

    Why: text up to the first section.

    ## What to do instead
    ## Noticed
    ## Not noticed
    ## Known gaps

The last three hold fenced blocks, one example per line: ``sh`` a command of the Bash tool, ``prompt`` a prompt,
``json`` a tool call ``{"tool": ..., "input": {...}}``. A ``skill`` block is one example as a whole: a SKILL.md, or several
files, each behind a line ``==> path``. ``{secret}`` in an example stands for a credential of the
rule's kind and ``{tail}`` for random characters, both made up when the example runs. A known gap is an example that should be noticed and isn't;
once it is, the page is wrong and its test says so.
"""

import re
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Protocol


class Paged(Protocol):
    """Anything that has a page: a rule about events, or one about skills."""

    @property
    def id(self) -> str:
        """``<subject>/<name>``."""


class PageError(ValueError):
    """A page isn't of the form above; the message says what is missing."""


class Expectation(Enum):
    """What a rule does with an example."""

    NOTICED = "Noticed"
    NOT_NOTICED = "Not noticed"
    GAP = "Known gaps"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageExample:
    """One example: the language of its block, its line, what is expected of it."""

    language: str
    text: str
    expectation: Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page, read. ``text`` is all of it."""

    title: str
    why: str
    instead: str
    examples: tuple[PageExample, ...]
    text: str


LANGUAGES = frozenset(("sh", "prompt", "json", "skill"))
_BLOCK = re.compile(r"^(?P<marks>`{3,})(\w*)\n(.*?)^(?P=marks)$", re.MULTILINE | re.DOTALL)


_MASK = "\0"
"""Stands before each line of a block while sections are told apart: a skill has headings of its own."""


def _masked(block: re.Match[str]) -> str:
    first, *lines, last = block[0].split("\n")
    return "\n".join([first, *(_MASK + line for line in lines), last])


def has_file(rule: Paged) -> bool:
    """Whether its page is a file beside the rules."""
    return _file_of(rule).is_file()


def _file_of(rule: Paged) -> Traversable:
    subject, _, name = rule.id.partition("/")
    return files("bailiwick.rules").joinpath(subject, f"{name.replace('-', '_')}.md")


def page_of(rule: Paged) -> Page:
    """The page of a rule: the file beside it, or what it makes. Raises PageError when there is none or it isn't one."""
    resource = _file_of(rule)
    make = getattr(rule, "page", None)
    if resource.is_file():
        text = resource.read_text(encoding="utf-8")
    elif make is not None:
        text = str(make())
    else:
        raise PageError(f"{rule.id} has no page")
    try:
        return parse(text)
    except PageError as error:
        raise PageError(f"{rule.id}: {error}") from error


def parse(text: str) -> Page:
    """Read a page. Raises PageError."""
    head, *sections = re.split(r"^## (.+)$", _BLOCK.sub(_masked, text), flags=re.MULTILINE)
    title, _, why = head.strip().partition("\n")
    if not title.startswith("# ") or not why.strip():
        raise PageError("a page begins with its title and says why")
    bodies = dict(zip(sections[::2], (body.strip() for body in sections[1::2]), strict=True))
    instead = bodies.pop("What to do instead", "")
    if not instead:
        raise PageError("a page says what to do instead")
    examples: list[PageExample] = []
    for name, body in bodies.items():
        try:
            expectation = Expectation(name)
        except ValueError:
            raise PageError(f"a page has no section {name!r}") from None
        for _, language, block in _BLOCK.findall(body):
            if language not in LANGUAGES:
                raise PageError(
                    f"an example block is one of {', '.join(sorted(LANGUAGES))}, not {language!r}"
                )
            block = block.replace(_MASK, "")  # noqa: PLW2901 - as it is written
            pieces = [block] if language == "skill" else [line for line in block.splitlines() if line.strip()]
            examples += [
                PageExample(language=language, text=piece, expectation=expectation) for piece in pieces
            ]
    return Page(
        title=title[2:].strip(), why=why.strip(), instead=instead, examples=tuple(examples), text=text
    )
