"""The last step before a record exists: every string of it is redacted, then cut to its bound.

1. Everything the draft says is scanned in one go; most events hold no secret, and then only bounds are left to do.
2. Most events are short as well, and then their record is the draft as it stands.
3. Otherwise each string is redacted, by what is found in it and by what was found in any of the others.
4. Each string, then each list, is cut to its bound, measured in the bytes it takes in the record.

What the service itself established (host, user, session, profile, policy) is not touched by (3): an agent that
writes ``token=<user name>`` must not be able to mask who it was. Names and paths are masked only by what is a
secret by its own form, for the same reason.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from bailiwick.analysis.text.secrets import SCAN_LIMIT
from bailiwick.audit.bounds import bounded, clip, clip_items, escaped_size, json_text
from bailiwick.audit.record import Item, Record
from bailiwick.audit.redaction import Redactor, strings_of

WORD, PATH, MESSAGE, TEXT, INPUT, EXTRA = 256, 4_096, 1_024, 4_096, 8_192, 4_096
"""Bytes, inside a JSON string, of: a name, a path, a message, a prompt, a tool input, what else was reported."""

PAYLOAD = 1_048_576
"""Bytes of a payload that is kept whole; what is larger is cut, and says so."""

MARGIN = 16_384
"""Characters beyond a bound that are still read before the cut, so that a secret across the cut is seen whole."""

_ESTABLISHED = ("host", "origin", "user", "identity", "session", "profile", "policy")
_NAMES = {
    "client_session": WORD, "project": 1_024, "cwd": 1_024, "permission_mode": WORD, "prompt_id": WORD, "agent": WORD,
    "agent_type": WORD, "event": WORD, "tool": WORD, "server": WORD, "call_id": WORD, "client_version": WORD, "trigger": WORD,
    "activates": WORD, "rule": WORD, "level": WORD,
}  # fmt: skip
_TEXTS = {"text": TEXT, "error": MESSAGE}
_LINES = {
    "skills": 2_048,
    "opaque": 2_048,
    "errors": 2_048,
    "techniques": 1_024,
    "evidence": 4_096,
    "keys": 24_576,
}
_ITEMS = {"accesses": 16_384, "findings": 4_096, "reasons": 8_192, "obligations": 1_024}
_KEYS = 256
"""Bytes that the keys and marks of a listed object take at most."""

_FREE = frozenset(("arguments", "value", "message", "instead", "about", "rules"))
"""Fields of listed objects that are free text; the others are names and paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record as it was read, not yet redacted and not to be written; input and extra are still JSON values.

    ``fields`` are those of a ``Record``, but for those two. ``payload`` is a JSON value to be kept whole beside it; None: nothing is.
    """

    fields: Mapping[str, Any]
    input: Mapping[str, Any] = field(default_factory=dict)
    input_cut: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    payload: Any = None


_Mask = Callable[[str], str]


def finish(draft: Draft, redactor: Redactor) -> Record:
    """The record that may be written (see module), and with it the draft's payload, which is redacted and bounded by itself."""
    record = _finished(draft, redactor)
    if draft.payload is None:
        return record
    payload = bounded(draft.payload, PAYLOAD)
    knowing = redactor.knowing((*_strings(draft), *strings_of(payload)))
    whole = clip(knowing.text(json_text(knowing.value(payload))), PAYLOAD).encode()
    return replace(record, payload=sha256(whole).hexdigest(), payload_bytes=len(whole), whole=whole)


def _finished(draft: Draft, redactor: Redactor) -> Record:
    everything = "\n".join(_strings(draft))
    if len(everything) <= SCAN_LIMIT and not redactor.finds(everything):  # (1)
        if _is_short(draft, everything):  # (2)
            return _as_it_stands(draft)
        return _assembled(draft, names=_same, texts=_same, values=_same)
    knowing = redactor.knowing((everything, *_strings(draft)))  # (3)
    return _assembled(
        draft,
        names=lambda text: knowing.text(text, contextual=False),
        texts=knowing.text,
        values=knowing.value,
    )


def _same(value: Any) -> Any:
    return value


def _is_short(draft: Draft, everything: str) -> bool:
    """Whether every string and list is within its bound, as far as that can be told without measuring each."""
    fields = draft.fields
    if draft.input_cut or not everything.isascii() or (size := escaped_size(everything)) > EXTRA:
        return False
    # A character takes six bytes at most, and no string more than all of them together.
    for bounds in (_NAMES, _TEXTS):
        for name, limit in bounds.items():
            if size > limit < 6 * len(fields.get(name, "")):
                return False
    for bounds in (_LINES, _ITEMS):
        for name, limit in bounds.items():
            listed = fields.get(name)
            if listed and size > limit - _KEYS * len(listed) < 6 * sum(map(len, _listed(listed, limit))):
                return False
    return True


def _as_it_stands(draft: Draft) -> Record:
    return Record(
        **draft.fields,
        input=json_text(draft.input) if draft.input else "",
        extra=json_text(draft.extra) if draft.extra else "",
    )


def _assembled(draft: Draft, *, names: _Mask, texts: _Mask, values: Callable[[Any], Any]) -> Record:  # (4)
    fields = draft.fields
    changes = dict(fields)
    changes.update((name, clip(fields[name], WORD)) for name in _ESTABLISHED if name in fields)
    for bounds, mask in ((_NAMES, names), (_TEXTS, texts)):
        for name, limit in bounds.items():
            if text := fields.get(name, ""):
                changes[name] = clip(mask(text[: limit + MARGIN]), limit)
    for name, limit in _LINES.items():
        lines = ({"line": clip(texts(line[: MESSAGE + MARGIN]), MESSAGE)} for line in fields.get(name, ()))
        changes[name] = tuple(str(item["line"]) for item in clip_items(lines, limit))
    for name, limit in _ITEMS.items():
        listed = (_item(item, names, texts) for item in fields.get(name, ()))
        changes[name] = clip_items(listed, limit)
    omitted = len(fields.get("accesses", ())) - len(changes["accesses"])
    changes["accesses_omitted"] = (fields.get("accesses_omitted") or 0) + omitted or None
    if draft.input:
        shown = json_text(values(draft.input))
        changes["input"] = clip(shown, INPUT)
        changes["input_cut"] = 1 if draft.input_cut or changes["input"] != shown else None
    if draft.extra:
        changes["extra"] = clip(json_text(values(draft.extra)), EXTRA)
    return Record(**changes)


def _item(item: Item, names: _Mask, texts: _Mask) -> Item:
    return {
        key: clip((texts if key in _FREE else names)(value[: PATH + MARGIN]), PATH)
        if isinstance(value, str)
        else value
        for key, value in item.items()
    }


def _strings(draft: Draft) -> list[str]:
    """Every string of the draft that was not established by the service itself."""
    fields = draft.fields
    found = [
        text[: limit + MARGIN]
        for bounds in (_NAMES, _TEXTS)
        for name, limit in bounds.items()
        if (text := fields.get(name))
    ]
    for bounds in (_LINES, _ITEMS):
        for name, limit in bounds.items():
            if listed := fields.get(name):
                found.extend(_listed(listed, limit + MARGIN))
    found.extend(strings_of(draft.input))
    found.extend(strings_of(draft.extra))
    return found


def _listed(items: Iterable[str | Item], room: int) -> Iterator[str]:
    """The strings of a list; what comes after what fits is not listed, so it need not be read."""
    for item in items:
        if room <= 0:
            return
        for value in _texts_of(item):
            room -= len(value)
            yield value


def _texts_of(item: str | Item) -> list[str]:
    if isinstance(item, str):
        return [item[: PATH + MARGIN]]
    found = [value[: PATH + MARGIN] for value in item.values() if isinstance(value, str)]
    if "variable" in item and "value" in item:
        found.append(f"{item['variable']}={item['value']}")
    return found
