"""Where developer tools put their results, and what they empty before: values of options, directories among operands."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.analysis.commands.plugins.foreign import PLACES
from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.argument import Machine

_ATTACHED = regex(r"(-{0,2}[\w.:!+?-]+)=(.*)", re.DOTALL)
_HIDDEN = regex(r"(?:\A|/)\.[A-Za-z][\w.@+/-]*\Z")
_INTERNALS = regex(r"(?:\A|/)\.git(?:/[\w./-]*)?\Z")
"""What no tool but git is asked to look at."""
_FILE = regex(r"\w\.[A-Za-z][A-Za-z0-9]{1,9}\Z")
_LEADING_OUT = regex(r"/(?!/)|\.\./")
_READING = regex(
    r"(?i)--?(?:[\w.-]*config[\w.-]*|conf|rcfile|c|(?:[\w-]*-)?env[\w.-]*|dotenv[\w-]*|settings|[\w-]*ignore[\w-]*|[\w-]*exclude[\w-]*"
    r"|[\w-]*include[\w-]*|require|import|loader|[\w-]*schema|from|[\w-]*input|project|p|f|file|r|requirements?|constraints?|i"
    r"|manifest-?path|watch|root|rootdir|src|source|base|[\w-]*key[\w-]*|cert|ca|secrets?|plugin[\w-]*|presets?|load|[\w-]*templates?"
    r"|inject|styles?|x|[\w-]*python\w*|venv\w*|interpreter|workflows?|w|inline-?\w*|cov|only|files|package|m|k|t)\Z"
)
"""Options that name what is read: settings, sources, and the interpreter."""
_EMPTYING = {
    "pytest": (None, r"--basetemp"), "py.test": (None, r"--basetemp"), "vite": ("build", r"--outDir"), "mkdocs": ("build", r"-d|--site-dir"),
    "vitest": (None, r"--coverage\.reportsDirectory"), "cargo": ("clean", r"--target-dir"), "coverage": ("erase", r"--data-file"),
    "tsup": ("--clean", r"-d|--out-dir"), "ng": ("build", r"--output-path"), "astro": ("build", r"--outDir"),
    "docusaurus": ("build", r"--out-dir"), "jekyll": ("build", r"-d|--destination"), "hugo": (None, r"-d|--destination"),
    "storybook": ("build", r"-o|--output-dir"), "expo": ("export", r"--output-dir"), "webpack": ("--output-clean", r"-o|--output-path"),
    "c8": (None, r"--temp-directory"), "nyc": (None, r"-t|--temp-dir"), "dotnet": ("clean", r"-o|--output"), "bazel": ("clean", r"--output_base"),
}  # fmt: skip
"""The word that makes a program empty a place, if it takes one, and the options that name the place."""
_REMOVERS = frozenset(("rimraf", "del", "del-cli", "trash", "trash-cli", "rmrf"))


def results(machine: "Machine", program: str, words: Sequence[Arg]) -> None:
    """Record what a program's words say it writes at places with a hidden name or outside, and what it deletes."""
    texts = {word.text for word in words}
    if program == "go" and "env" in texts and texts & {"-w", "-u"}:
        machine.path(AccessKind.WRITE, Arg(f"{machine.home}/.config/go/env"))  # what every later run goes by
    verb, emptied = _EMPTYING.get(program, (None, "(?!)"))
    empties = verb is None or verb in texts
    for option, value in pairs(words):
        if program in _REMOVERS and not value.text.startswith("-"):
            kind = Kind.PATTERN if any(sign in value.text for sign in "*?") else value.kind
            machine.path(AccessKind.DELETE, Arg(value.text, kind, value.span, value.sources), tree=True)
        if not option:
            if _INTERNALS.search(value.text):
                machine.path(AccessKind.WRITE, value, tree=True)
            continue
        if empties and re.fullmatch(emptied, option):
            machine.path(AccessKind.DELETE, value, tree=True)
            machine.path(AccessKind.WRITE, value, tree=True)
        for place in pieces(value):
            hidden = _HIDDEN.search(place.text) and not _READING.match(option)
            if hidden or (place is not value and _LEADING_OUT.match(place.text) and PLACES.search(option)):
                machine.path(AccessKind.WRITE, place, tree=_FILE.search(place.text) is None)


def pairs(words: Sequence[Arg]) -> Iterator[tuple[str, Arg]]:
    """Each word with the option that it may be the value of, or an empty text: ``--x=y``, ``-x y``, ``X=y``."""
    before = ""
    for word in words:
        found = _ATTACHED.match(word.text)
        if found is not None:
            yield found[1], word.with_text(found[2])
        elif word.kind is not Kind.OPEN:
            yield before, word
        before = word.text if word.text.startswith("-") and found is None else ""


def pieces(value: Arg) -> Iterator[Arg]:
    """A value, and the parts of ``html:place``, ``type=local,dest=place``."""
    yield value
    if "://" not in value.text and any(sign in value.text for sign in ":=,"):
        for piece in re.split(r"[:=,]", value.text):
            if piece:
                yield value.with_text(piece)
