"""Records as text for people: one line each, or everything in one. Nothing in a record can forge a line."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import Any

from bailiwick.audit.wording import plain, summary

Fields = Mapping[str, Any]

NARROW = 110
"""Columns below which a line leaves out who and when by year, so that there is room for what."""

_HEADING = f"{'SEQ':>7}  {'TIME (UTC)':19}  {'USER':10}  {'SESSION':12}  {'VERDICT':7}  WHAT"
_NARROW_HEADING = f"{'SEQ':>6}  {'TIME (UTC)':14}  {'VERDICT':7}  WHAT"
_COLOURS = {"deny": "31", "ask": "33", "failed": "31", "dim": "2", "bold": "1"}
_LISTS = ("accesses", "opaque", "findings", "reasons", "obligations", "errors")
_FIRST = (
    "seq", "time_ms", "kind", "event", "host", "user", "uid", "session", "client_session", "profile", "project", "cwd", "agent",
    "agent_type", "skills", "tool", "server", "call_id", "verdict", "enforced", "outcome", "policy",
)  # fmt: skip
_NAMING = (
    "verdict",
    "kind",
    "rule",
    "origin",
    "program",
    "arguments",
    "path",
    "host",
    "port",
    "name",
    "variable",
)
_SAYING = ("message", "about", "instead")
_LAST = ("epoch", "key", "private", "salt", "v")


def heading(*, width: int | None, colour: bool) -> str:
    """The line above lines of ``width`` columns."""
    return _paint(_NARROW_HEADING if _is_narrow(width) else _HEADING, "bold", colour=colour)


def line(record: Fields, *, width: int | None, colour: bool) -> str:
    """One record in one line, cut to ``width`` columns unless None."""
    verdict = _verdict(record)
    seq, time = record.get("seq", "?"), when(record)
    before = f"{seq:>7}  {time:19}  {_cell(record.get('user', ''), 10)}  {_cell(_session(record), 12)}  "
    if _is_narrow(width):
        before = f"{seq:>6}  {time[5:]:14}  "
    what = plain(_what(record))
    if width is not None:
        what = _cut(what, max(width - len(before) - 9, 20))
    return f"{before}{_paint(f'{verdict:7}', verdict, colour=colour)}  {what}".rstrip()


def _is_narrow(width: int | None) -> bool:
    return width is not None and width < NARROW


def whole(record: Fields, *, head: str, colour: bool) -> str:
    """Everything in one record, a field per line."""
    names = [name for name in _FIRST if name in record]
    names += [name for name in record if name not in (*_FIRST, *_LAST, *_LISTS)]
    lines = [_field(name, _value(name, record[name]), colour=colour) for name in names]
    for name in _LISTS:
        texts = [text for item in record.get(name, ()) for text in _item(item)]
        labels = chain((name,), repeat(""))
        lines += [_field(label, text, colour=colour) for label, text in zip(labels, texts, strict=False)]
    lines += [_field(name, plain(record[name]), colour=colour) for name in _LAST if name in record]
    return "\n".join([*lines, _field("head", head, colour=colour)])


def when(record: Fields) -> str:
    """The wall clock of a record, to the second, UTC."""
    try:
        return datetime.fromtimestamp(record["time_ms"] / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return "?"


def _verdict(record: Fields) -> str:
    verdict, enforced = str(record.get("verdict", "")), str(record.get("enforced", ""))
    if record.get("outcome"):
        return plain(record["outcome"])
    # What was noted only (monitor mode) stands in brackets.
    return plain(enforced if enforced == verdict else f"({verdict})")


def _session(record: Fields) -> str:
    return str(record.get("session") or record.get("client_session") or "")


def _what(record: Fields) -> str:
    # What was found about a call is not the call.
    subject = str((not record.get("level") and record.get("tool")) or record.get("kind", ""))
    parts = [subject]
    if record.get("agent_type"):
        parts.append(f"[{record['agent_type']}]")
    parts.append(summary(record))
    if record.get("outcome") == "failed":
        parts.append(str(record.get("error", "")))
    if record.get("verdict") in {"deny", "ask"}:
        parts += [
            f"<- {item.get('rule', '')} ({item.get('origin', '')})" for item in record.get("reasons", ())[:1]
        ]
    if record.get("findings"):
        parts.append(
            "! " + ", ".join(dict.fromkeys(str(item.get("rule", "")) for item in record["findings"]))
        )
    return " ".join(part for part in parts if part)


def _value(name: str, value: object) -> str:
    if name == "time_ms" and isinstance(value, int):
        return f"{when({'time_ms': value})}.{value % 1_000:03d} UTC"
    if isinstance(value, list):
        return plain(", ".join(map(str, value)))
    return plain(value)


def _item(item: object) -> list[str]:
    """A listed thing: what names it in the first line, what it says below."""
    if not isinstance(item, Mapping):
        return [plain(item)]
    first = " ".join(str(item[name]) for name in _NAMING if name in item)
    below = [f"  {name:10} {plain(item[name])}" for name in _SAYING if name in item]
    rest = [f"{name}={item[name]}" for name in item if name not in (*_NAMING, *_SAYING)]
    return [plain(" ".join((first, *rest))), *below]


def _field(name: str, value: str, *, colour: bool) -> str:
    return f"{_paint(f'{name:16}', 'dim', colour=colour)} {value}".rstrip()


def _cell(value: object, width: int) -> str:
    return f"{_cut(plain(value), width):{width}}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "\u2026"


def _paint(text: str, name: str, *, colour: bool) -> str:
    code = _COLOURS.get(name)
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code else text
