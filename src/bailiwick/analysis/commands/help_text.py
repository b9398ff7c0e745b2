"""What a program's own help says of its options: spellings, whether each takes a value, and in whose words.

Reads the layouts that GNU programs, argparse, cobra, clap and ``git -h`` print. It is a start for whoever writes a
specification, not knowledge: help says how an option is spelled, never all that it does.
"""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum

MAX_HELP = 1_000_000
"""Characters of help that are read; no program prints more."""

SHORT = 3
"""Characters of an option that some programs part from its long spelling by blanks alone: ``-c  --format=FORMAT``."""
MAX_VALUE_WORDS = 2
"""Words that may name one option's values (``--arg NAME VALUE``); more are a description."""

_DEFINITION = re.compile(r"[ \t]{1,16}(?P<definition>-\S.*)")
_GAP = re.compile(r"[ \t]{2,}|\t")
_OPTION = re.compile(
    r"(?P<name>--?(?:\[no-\])?[A-Za-z0-9?@#.+][\w.+-]*|-)"
    r"(?P<optional> ?\[(?!no-)[^\]]*\](?:\.\.\.)?)?"
    r"(?P<value>=(?:\{[^}]*\}|[^\s,]+)|(?: (?:<[^>]*>|\{[^}]*\}|(?!-)[^\s,|]+)(?:\.\.\.)?)*)"
)
_SEPARATOR = re.compile(r"\s*(?:,|\||/|\bor\b)?\s*")
_SECTION = re.compile(r"(?:[\w -]*\b)?(?:sub-?)?commands?:?\s*", re.IGNORECASE)
_SUBCOMMAND = re.compile(
    r"[ \t]{1,8}(?P<names>[a-z][\w-]*(?:, [a-z][\w-]*)*)(?::|\*)?(?:[ \t]{2,}|\t)(?P<about>\S.*)"
)
_ATTACHED = re.compile(r"(?P<name>-[A-Za-z])(?P<value>[A-Z]{2,}|<[^>]+>)(?=\s*(?:,|\Z))")


class Arity(Enum):
    """Whether an option takes a value."""

    NONE = "none"
    REQUIRED = "required"
    OPTIONAL = "optional"
    """Only attached: ``--color=when``, ``-i.bak``."""
    UNCLEAR = "unclear"
    """Help gives a value to one spelling and none to another: ``-p, --indicator-style=slash``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpOption:
    """One option: its spellings, its arity, what the value is called, and what help says of it."""

    spellings: tuple[str, ...]
    arity: Arity
    value: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """Everything that could be made out, in the order of the text."""

    options: tuple[HelpOption, ...]
    subcommands: tuple[tuple[str, str], ...] = ()


def read_help(text: str) -> Help:
    """Read a help text. Total: what isn't understood is left out."""
    lines = text[:MAX_HELP].splitlines()
    seen: set[str] = set()
    options = []
    for option in _options(lines):
        spellings = tuple(name for name in option.spellings if name not in seen)
        seen.update(spellings)
        if spellings:
            options.append(
                HelpOption(spellings=spellings, arity=option.arity, value=option.value, about=option.about)
            )
    return Help(options=tuple(options), subcommands=tuple(_subcommands(lines)))


def _options(lines: list[str]) -> Iterator[HelpOption]:
    for number, line in enumerate(lines):
        match = _DEFINITION.match(line)
        if match is None:
            continue
        definition, _, about = _split(match["definition"])
        if not about and number + 1 < len(lines) and _DEFINITION.match(lines[number + 1]) is None:
            about = lines[number + 1].strip()
        if option := _option(definition, about):
            yield option


def _split(text: str) -> tuple[str, str, str]:
    """The definition and the description: two blanks part them, unless an option follows (``-a,  --all``)."""
    for gap in _GAP.finditer(text):
        if gap.start() > SHORT or not text.startswith("--", gap.end()):
            return text[: gap.start()], gap.group(), text[gap.end() :].strip()
    return text, "", ""


def _option(definition: str, about: str) -> HelpOption | None:
    told: dict[str, set[Arity]] = {}
    value, at = "", 0
    while at < len(definition) and definition[at] == "-":
        match = _ATTACHED.match(definition, at) or _OPTION.match(definition, at)
        if match is None:
            break
        found = match.groupdict("")
        if len(found["value"].split()) > MAX_VALUE_WORDS and "<" not in found["value"]:
            found["value"] = ""  # a description that only one blank parts from the option
        arity = Arity.OPTIONAL if found.get("optional") else Arity.REQUIRED if found["value"] else Arity.NONE
        value = value or (found.get("optional") or found["value"]).rstrip(".")
        for name in _both(found["name"]):
            told.setdefault(name, set()).add(arity)
        separator = _SEPARATOR.match(definition, match.end())
        at = separator.end() if separator else len(definition)
    if not told:
        return None
    name = value.strip(" []=<>{}\"'")
    return HelpOption(spellings=tuple(told), arity=_arity(told, value), value=name, about=about)


def _arity(told: Mapping[str, AbstractSet[Arity]], value: str) -> Arity:
    """What holds for every spelling, as GNU programs say it: what one takes, all take."""
    every = set().union(*told.values())
    if every == {Arity.NONE}:
        return Arity.NONE
    if Arity.OPTIONAL in every or any(len(each) > 1 for each in told.values()):
        return Arity.OPTIONAL
    bare_short = any(each == {Arity.NONE} and not name.startswith("--") for name, each in told.items())
    # A word in small letters is a value, not a name for values: `-p, --indicator-style=slash`.
    literal = re.fullmatch(r"=[a-z-]+", value) is not None
    return Arity.UNCLEAR if bare_short and literal else Arity.REQUIRED


def _both(name: str) -> list[str]:
    """``--[no-]color`` is two options."""
    if "[no-]" in name:
        return [name.replace("[no-]", ""), name.replace("[no-]", "no-")]
    return [name.rstrip(".")]


def _subcommands(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Names below a heading that ends in "commands", up to the next line that isn't indented."""
    inside = False
    for line in lines:
        if line.strip() and not line[0].isspace():
            inside = _SECTION.fullmatch(line) is not None
        elif inside and (match := _SUBCOMMAND.match(line)):
            for name in match["names"].split(", "):
                yield name, match["about"].strip()
