"""What an author of policy reads when the text is wrong: where, what, the line itself, and the mend."""

import difflib
import re
from collections.abc import Iterable, Mapping

from bailiwick.model.decision import Origin
from bailiwick.model.value import value

MAX_ERRORS = 100
"""Errors reported of one repository; one mistake in a generated file should not print a book."""

_EXCERPT = 160
_YAML_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@value(frozen=True, slots=True, kw_only=True)
class PolicyError:
    """One mistake: ``line`` and ``column`` count from 1; ``mend`` says what to write instead.

    ``source`` is the line of text itself, empty when there is none.
    """

    file: str
    line: int
    column: int
    message: str
    mend: str
    source: str = ""

    def __str__(self) -> str:
        lines = [f"{self.file}:{self.line}:{self.column}: {self.message}"]
        if self.source.strip():
            number, start = str(self.line), max(0, self.column - _EXCERPT // 2)
            shown = self.source[start : start + _EXCERPT].replace("\t", " ")
            lines += [
                f"  {number} | {_printable(shown)}",
                f"  {' ' * len(number)} | {' ' * (self.column - 1 - start)}^",
            ]
        return "\n".join([*lines, f"  mend: {self.mend}"])


class PolicyErrors(Exception):  # noqa: N818 (it is a collection of them)
    """The policy does not load. ``errors`` are ordered by file and position; ``str`` is what the author reads."""

    def __init__(self, errors: Iterable[PolicyError]) -> None:
        self.errors = tuple(errors)
        super().__init__(self.errors)

    def __str__(self) -> str:
        return "\n\n".join(str(error) for error in self.errors)


class Problems:
    """The mistakes found so far while one repository is read."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self._lines: dict[str, list[str]] = {}
        self._errors: dict[tuple[str, int, int, str], PolicyError] = {}

    def add(self, at: Origin, message: str, mend: str, *, quoted: bool = True) -> None:
        """Note a mistake; the same one at the same place counts once. Raises PolicyErrors when there are too many.

        ``quoted`` is False where the line may hold a secret.
        """
        error = PolicyError(
            file=at.file,
            line=at.line,
            column=at.column,
            message=_printable(message),
            mend=_printable(mend),
            source=self._line(at) if quoted else "",
        )
        self._errors.setdefault((at.file, at.line, at.column, message), error)
        if len(self._errors) >= MAX_ERRORS:
            self.raise_any()

    def __bool__(self) -> bool:
        return bool(self._errors)

    def raise_any(self) -> None:
        """Raise ``PolicyErrors`` if there was any mistake."""
        if self._errors:
            raise PolicyErrors(self._errors[key] for key in sorted(self._errors))

    def _line(self, at: Origin) -> str:
        if at.file not in self._lines:
            self._lines[at.file] = _YAML_BREAK.split(self._files.get(at.file, ""))
        lines = self._lines[at.file]
        return lines[at.line - 1] if 0 < at.line <= len(lines) else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """``did you mean `x`?`` for the nearest of ``known``; empty when nothing is near."""
    names = {name.lower(): name for name in sorted(known)}
    near = difflib.get_close_matches(word[:80].lower(), names, n=1, cutoff=0.6)
    return f"did you mean `{names[near[0]]}`?" if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean `x`?`` for the nearest of ``known``, else the list of them."""
    names = sorted(known)
    return nearest(word, names) or (f"one of: {', '.join(names)}" if names else "there is none to name")


def _printable(text: str) -> str:
    """``text`` with control characters and surrogates made visible, so that a hostile file can't drive a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)
