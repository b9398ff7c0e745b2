"""Examples of every kind of secret, made up when asked for, and the check that its rule knows them and not their look-alikes."""

import base64
import hashlib
import json
import string
from collections.abc import Callable, Iterator
from typing import Final

from bailiwick.analysis.text.draw import Draw
from bailiwick.analysis.text.kind import Kind
from bailiwick.analysis.text.verify import BASE58, in_base

_ALNUM = string.ascii_letters + string.digits


def example_of(kind: Kind, seed: int = 0) -> str:
    """A text in which a secret of ``kind`` stands. The same for the same seed; empty where a kind has none."""
    draw = Draw(f"{kind.rule} {seed}")
    made = kind.shapes[0].example(draw) if kind.shapes else ""
    if kind.rule in _MADE:
        made = _MADE[kind.rule](draw)
    if not kind.example:
        return made
    return _filled(kind.example.replace("{shape}", made), draw)


def _filled(template: str, draw: Draw) -> str:
    """``template`` with ``{a16}`` replaced by sixteen letters and digits, and so on."""
    text = template.replace("{{", "\x01").replace("}}", "\x02")
    while (start := text.find("{")) >= 0:
        end = text.index("}", start)
        name = text[start + 1 : end]
        text = text[:start] + _value(name, draw) + text[end + 1 :]
    return text.replace("\x01", "{").replace("\x02", "}")


def _value(name: str, draw: Draw) -> str:
    match name:
        case "pem":
            return "PRIVATE"
        case "jwt":
            return _jwt(draw)
        case "basic":
            return base64.b64encode(f"ci:{draw.of(_ALNUM, 18)}".encode()).decode()
        case "sig":
            return (
                base64.b64encode(draw.bytes(32))
                .decode()
                .replace("+", "%2B")
                .replace("/", "%2F")
                .replace("=", "%3D")
            )
        case _ if name[0] == "h":
            return draw.of("0123456789abcdef", int(name[1:]))
        case _:
            return draw.of(_ALNUM, int(name[1:]))


def _jwt(draw: Draw) -> str:
    parts = (json.dumps({"alg": "HS256", "typ": "JWT"}), json.dumps({"sub": draw.of(string.digits, 10)}))
    head = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    return f"{head}.{draw.of(_ALNUM, 43)}"


def _wif(draw: Draw, version: bytes = b"\x80", size: int = 32, end: bytes = b"\x01") -> str:
    payload = version + draw.bytes(size) + end
    raw = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number = int.from_bytes(raw)
    return in_base(number, BASE58, len(raw) * 2).lstrip("1")


_MADE: Final[dict[str, Callable[[Draw], str]]] = {
    "secret/bitcoin-key": _wif,
    "secret/extended-private-key": lambda draw: _wif(draw, b"\x04\x88\xad\xe4", 74, b""),
    "secret/aws-access-key": lambda draw: "AK" + "IA" + "Q" + draw.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 15),
}


def look_alikes(text: str, secret: str, *, anchored: bool) -> Iterator[str]:
    """What looks like an example and holds nothing: the secret's letters replaced by x or left out, a token cut off."""
    yield text.replace(secret, secret[:4] + "x" * (len(secret) - 4))
    yield text.replace(secret, "")
    if anchored:
        yield text.replace(secret, secret[:6])
