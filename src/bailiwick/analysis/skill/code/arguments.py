"""What the arguments of a call say: where it goes, what it hands on, accounts that it puts in the place of others."""

import re

from bailiwick.analysis.skill.code import library
from bailiwick.analysis.skill.code.form import (
    Assign,
    Call,
    Constant,
    Expression,
    Joined,
    Name,
)
from bailiwick.analysis.skill.code.places import bare_host, shown_path
from bailiwick.analysis.skill.code.resolve import Resolver
from bailiwick.analysis.skill.code.values import (
    GAP,
    NOTHING,
    Value,
    decoded,
    gathered,
)
from bailiwick.analysis.skill.facts import Label, Mark, Origin
from bailiwick.analysis.skill.sensitive import is_account, kept_in

STOLEN = frozenset((Origin.CREDENTIALS, Origin.ENVIRONMENT, Origin.CONVERSATION))
"""Where data comes from that no connection is meant to be given."""

_FEW = 5
"""Numbers in a list from which on they may spell something."""

_LONGEST = 200
"""Characters of what may be a path."""


_PAYEE = re.compile(
    r"iban|account|acct|wallet|payee|recipient|beneficiary|payout|routing|sort_?code|deposit|crypto_?addr|address",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"amount|total|sum|price|value|balance|betrag|[<>]=?\s*\d{3,}", re.IGNORECASE)
_SPELLED = ("character codes", "reversed text", "rot13", "hex", "base64", "base32")
_ACCOUNT = re.compile(
    r"0x[0-9a-fA-F]{20,}|\b(?:bc1|[13])[a-km-zA-HJ-NP-Z1-9]{20,}|\b[A-Z]{2}\d{2}[ \w]{10,}|\b\d{8,20}\b"
)
_FORM = re.compile(
    r"startswith|startsWith|\blen\(|\.length\b|match\(|search\(|\.test\(|\bin\b|includes\(|iban|wallet|0x",
    re.IGNORECASE,
)
"""A condition on what a text looks like."""


_FILE = re.compile(r"[/\\\\]|\.\w{1,8}$")
"""What a text looks like that names a file."""


def _mapping(node: Expression | None) -> dict[str, Expression]:
    if not isinstance(node, Joined):
        return {}
    return {key: item for key, item in zip(node.keys, node.items, strict=False) if key}


class Arguments(Resolver):
    """Reads arguments of calls, and values that are exchanged on a condition."""

    def _swapped(self, assign: Assign) -> None:
        """Where money goes, replaced on a condition by what stands in the code and doesn't show there."""
        name = assign.key or assign.target.rpartition(".")[2]
        given = name == "return" and bool(_AMOUNT.search(assign.guard))
        if not assign.guard:
            return
        if not (_PAYEE.search(name) or given):
            self._exchanged(assign)
            return
        value = self._value(assign.value, assign.scope, 0)
        spelled = next(
            (label for label in value.labels if label.origin is Origin.ENCODED and label.name in _SPELLED),
            None,
        )
        if spelled is not None or (
            not given and _ACCOUNT.search(value.text) and re.search(r"\d", assign.guard)
        ):
            self._tampers(
                f"replaces {'what it gives back' if given else name} by one that stands in the code when {assign.guard[:90]}",
                assign.line,
            )

    def _exchanged(self, assign: Assign) -> None:
        """An account that stands in the code, put where the condition finds what looks like another."""
        if not _FORM.search(assign.guard):
            return
        said = self._value(assign.value, assign.scope, 0).text.replace(" ", "")
        if is_account(said):
            self._tampers(
                f"puts the account {said[:8]}... in the place of others when {assign.guard[:90]}", assign.line
            )

    def _handed(self, account: str, line: int) -> None:
        """An account that stands in the code, put where the person's own was."""
        if self._looking:
            self._tampers(f"puts the account {account[:8]}... where somebody pastes it from", line)

    def _tampers(self, said: str, line: int) -> None:
        self._into.notice(Mark.TAMPER, said, self._source(line), self._role, target="data")

    def _options(self, call: Call, named: dict[str, Value], scope: str, depth: int) -> dict[str, Value]:
        """The named arguments of a request, with the address that a mapping of options holds."""
        if "url" in named:
            return named
        for node in call.args:
            for key in ("url", "uri", "href"):
                if isinstance(node, Joined) and key in node.keys:
                    said = self._picked(node, key, scope, depth)
                    return {**named, "url": said} if said is not None else named
            for key in ("hostname", "host"):
                said = self._picked(node, key, scope, depth) if isinstance(node, (Joined, Name)) else None
                if said is not None and said.texts and GAP not in said.text:
                    return {**named, "url": Value((f"https://{said.text}/",), said.labels, said.auth)}
        return named

    def _saved_to(self, call: Call, path: str, scope: str, depth: int) -> Value | None:
        """Where a call of a library writes a file, which may not be known; None where it surely writes none."""
        own = path.endswith(".write") and library.WRITERS.has(self._maker(call.base))
        second = library.SAVES_SECOND.has(path)
        if not own and not second and not library.SAVES.has(path):
            return None
        node = call.args[second] if len(call.args) > second else None
        said = _mapping(node) or ({} if node is not None else dict(call.named))
        if said or node is None:
            node = next((said[name] for name in library.PLACES if name in said), None)
        if node is None or library.IN_MEMORY.has(self._maker(node)):
            return None
        where = self._value(node, scope, depth + 1)
        if where.texts:
            return where if any(_FILE.search(text) for text in where.texts) else None
        used = (name.partition(".")[0] for name in self._program.modules)
        return where if own or second or any(name in library.DOCUMENTS for name in used) else None

    def _served(
        self, service: str, method: str, args: list[Value], named: dict[str, Value], line: int
    ) -> Value:
        """A call of a library that hands on what it is given; what comes back is a connection to the same service."""
        given = [*args, *named.values()]
        host = next((said for arg in given if (said := bare_host(arg)) != "*"), service)
        held = gathered(given)
        if not library.SIGNS_IN.has(method) and any(label.origin in STOLEN for label in held.labels):
            self._out(held, host, line)
        return Value((), frozenset((Label(Origin.CARRIED, host, self._source(line)),)))

    def _input(self, call: Call, named: dict[str, Value], scope: str, depth: int) -> Value:
        """What a program that is started is given to read, and the variables that it is given."""
        given = [named[name] for name in ("input", "stdin") if name in named]
        for node in call.args[1:]:
            said = self._picked(node, "input", scope, depth) if isinstance(node, Joined) else None
            given += [said] if said is not None else []
        return gathered(given)

    def _peer(
        self, call: Call, args: list[Value], named: dict[str, Value], scope: str, depth: int
    ) -> list[Value]:
        """What of the arguments of a connection says where it goes."""
        choices = [named[name] for name in ("endpoint_url", "host", "hostname", "server") if name in named]
        for node, value in zip(call.args, args, strict=False):
            for key in ("host", "hostname", "endpoint", "url"):
                said = self._picked(node, key, scope, depth) if isinstance(node, (Joined, Name)) else None
                choices += [said] if said is not None else []
            if isinstance(node, Joined) and node.items and not node.keys:
                choices.append(self._value(node.items[0], scope, depth + 1))
            else:
                choices.append(value)
        return next(([one] for one in choices if bare_host(one) != "*"), choices[:1] or args)

    def _content(self, value: Value, line: int) -> Value:
        """What stands in the file of credentials whose path is handed over."""
        paths = tuple(text for text in value.texts if len(text) < _LONGEST and kept_in(shown_path(text)))
        return self._file(Value(paths), line) if paths else NOTHING

    def _words(self, call: Call, args: list[Value], scope: str, depth: int) -> list[Value]:
        """The words of a command that a call starts, where they are given apart."""
        first = call.args[0] if call.args else None
        if isinstance(first, Joined) and not first.text:
            return [self._value(item, scope, depth + 1) for item in first.items]
        if len(call.args) > 1 and isinstance(call.args[1], Joined) and not call.args[1].text:
            return [args[0], *(self._value(item, scope, depth + 1) for item in call.args[1].items)]
        return []

    def _numbers(self, node: Expression) -> bool:
        """Whether a list that stands in the code holds nothing but codes of characters."""
        listed = self._list(node)
        return (
            listed is not None
            and len(listed.items) > _FEW
            and all(isinstance(item, Constant) and (item.value or "").isdigit() for item in listed.items)
        )

    def _joined(self, args: list[Value]) -> Value:
        held = gathered(args)
        encoded = any(label.origin is Origin.ENCODED for label in held.labels)
        texts = tuple(args[0].texts[:1]) if args and encoded else ()
        return Value(texts, held.labels, held.auth)

    def _decoded(self, path: str, method: str, args: list[Value], line: int) -> Value:
        how = library.DECODE.get(path) or (
            "hex" if method == "fromhex" else args[1].text if len(args) > 1 else "base64"
        )
        how = {"rot_13": "rot13", "rot13": "rot13", "hex": "hex", "base64": "base64"}.get(how, how)
        texts = [plain for arg in args[:1] for text in arg.texts if (plain := decoded(text, how)) is not None]
        known = bool(texts) or any(label.origin is Origin.ENCODED for arg in args[:1] for label in arg.labels)
        label = Label(Origin.ENCODED, how if known else f"{how} of data", self._source(line))
        labels = gathered(args[:1]).labels | {label}
        return Value(tuple(texts), labels)
