"""Who is paid, where the code says it: an account in pieces, or one given as the receiver that no document names."""

import re
from collections.abc import Iterable

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import meant, place
from bailiwick.analysis.skill.scripts.safeguards import Found
from bailiwick.analysis.skill.sensitive import is_account
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_FOUND = 40
"""Matches of one kind in one script that are looked at."""

_PIECE = r"[\"'`][A-Za-z0-9_ ]{1,24}[\"'`]"
_PIECES = Wide(
    rf"\[\s*{_PIECE}(?:\s*,\s*{_PIECE}){{1,11}}\s*,?\s*\]\s*\.join\(\s*[\"'`]{{2}}\s*\)|[\"']{{2}}\.join\(\s*[\[(]\s*{_PIECE}(?:\s*,\s*{_PIECE}){{1,11}}|{_PIECE}(?:\s*(?:\+|\.\.|\.(?=\s*[\"'])|<<)\s*{_PIECE}){{1,11}}"
)
_SAID = re.compile(r"[\"'`]([A-Za-z0-9_ ]{1,24})[\"'`]")
_CONNECTED = re.compile(r"acct_[A-Za-z0-9]{14,24}")
"""An account of a payment service."""

_RECEIVER = Wide(
    r"(?<![\w-])[\"']?(?:\w{0,20}_)?(?:destination|pay_?to|payout_?(?:account|address|wallet)|recipient|beneficiary|payee|fee_?(?:recipient|receiver|wallet|account|collector|address)|payment_?(?:address|account|wallet)|settlement_?(?:account|iban)|on_?behalf_?of|iban|creditor_?account)\w{0,12}[\"']?\]?\s{0,3}(?::|=(?!=)|=>)\s{0,3}[\"'`]([A-Za-z0-9_ ]{14,64})[\"'`]",
    re.IGNORECASE,
)
_DOCUMENTS_USE = re.compile(
    r"DE89370400440532013000|GB29NWBK60161331926819|GB82WEST12345698765432|GB33BUKB20201555555555|FR1420041010050500013M02606|FR7630006000011234567890189|NL91ABNA0417164300|ES9121000418450200051332|IT60X0542811101000000123456|BE68539007547034|CH9300762011623852957|AT611904300234573201|acct_(?:1234\w*|x+\w*|test\w*|\w*(?:example|placeholder)\w*|1032D82eZvKYlo2C)|0x(?:([0-9a-f])\1{39}|1234567890\w*|d8da6bf26964af9d7eed9e03e53415d37aa96045|dead\w*|\w*dead)",
    re.IGNORECASE,
)
"""Accounts that documents use."""


_BY_CHANCE = Wide(
    r"\b\w{0,20}(?:addr(?:ess)?|wallet|iban|account|recipient|payee|destination|beneficiary)\w{0,12}\s*=(?!=)[^\n;]{0,160}?(?:\brandom(?:\.random)?\(\)|\bMath\.random\(\)|\brand\(\)|\brand\b|\brandint\(|\bmt_rand\(|\bGet-Random\b|\$RANDOM)[^\n;]{0,80}?(?:[<>%]|==)[^\n;]{0,120}(?:\belse\b|\?|:)"
)
"""A receiver that is one or the other by chance."""


_CONSTANT = Wide(
    r"\baddress\s+(?:(?:public|private|internal|payable|immutable|constant)\s+){0,3}(\w{1,40})\s*=\s*(?:payable\()?(?:address\()?(0x[0-9a-fA-F]{40})\b"
)
"""An address that stands in a contract."""
_INSTEAD = Wide(r"\bif\b[^\n]{0,120}?[\n{:]\s*\$?(\w{2,40})\s*=\s*[\"']([^\"'\s]{6,64})[\"']")
_PAYS = Wide(r"pay|invoice|bank|iban|wallet|billing|donat|transfer", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def _constants(text: str, path: str, into: Inventory) -> Found:
    """Tokens that go to an address of the contract's author whenever somebody else's are moved."""
    for match in into.first(_CONSTANT.finditer(text), MAX_FOUND, path):
        name = re.escape(match[1])
        credited = re.search(
            rf"\bbalances?\w*\[\s*{name}\s*\]\s*\+=|\b_(?:transfer|mint|update)\([^;\n]{{0,60}}\b{name}\b|\bpayable\(\s*{name}\s*\)\.|\b{name}\.(?:transfer|send|call)\b",
            text,
        )
        if credited:
            yield match, f"moves tokens to an address that stands in the code: {match[2]!r}"


def _instead(text: str, path: str, into: Inventory) -> Found:
    """A receiver that was given, and that a condition puts somebody else's in the place of."""
    for match in into.first(_INSTEAD.finditer(text) if _PAYS.search(text) else (), MAX_FOUND, path):
        given = re.search(
            rf"(?m)^[^\n]{{0,40}}\b{re.escape(match[1])}\s*=(?!=)\s*(?:getenv|os\.|process\.env|ENV|\$_|config|settings|argv|sys\.|params|\w+\.(?:iban|account|email|business|wallet|address))",
            text[: match.start()],
        )
        if given and (is_account(match[2]) or _MAIL.fullmatch(match[2])):
            yield match, f"puts another receiver in the place of the one that was given: {match[2]!r}"


def payees(text: str, path: str, role: Role, into: Inventory, documents: Iterable[str]) -> None:
    """Notice an account that is put together, and a receiver that stands in the code alone."""
    for match in into.first(_PIECES.finditer(text), MAX_FOUND, path):
        whole = "".join(_SAID.findall(match[0])).replace(" ", "")
        if (is_account(whole) or _CONNECTED.fullmatch(whole)) and meant(text, match):
            _notice(
                f"keeps an account in pieces, so that nobody finds it: {whole!r}",
                match,
                text,
                path,
                role,
                into,
            )
            break
    for match, said in (*_constants(text, path, into), *_instead(text, path, into)):
        if meant(text, match) and not any(match[2] in one for one in documents):
            _notice(said, match, text, path, role, into)
            break
    if (drawn := _BY_CHANCE.search(text)) is not None:
        _notice("pays one or the other by chance", drawn, text, path, role, into)
    for match in into.first(_RECEIVER.finditer(text), MAX_FOUND, path):
        account = match[1].replace(" ", "")
        if not (is_account(account) or _CONNECTED.fullmatch(account)) or _DOCUMENTS_USE.fullmatch(account):
            continue
        if meant(text, match) and not any(account in one.replace(" ", "") for one in documents):
            said = f"has money go to an account that stands in the code and in no document: {account!r}"
            _notice(said, match, text, path, role, into)
            break


def _notice(said: str, at: re.Match[str], text: str, path: str, role: Role, into: Inventory) -> None:
    into.notice(Mark.TAMPER, said, place(path, text, at.start()), role, target="data")
