"""The thirteen encodings of issue 5 in which agents' traffic carries a text."""

import base64
import codecs
import gzip
import json
from collections.abc import Callable
from urllib.parse import quote

Disguise = Callable[[str, str], str]
"""From a text and the secret in it to the text as it travels."""


def streamed(text: str) -> str:
    """As the Messages API streams it: six characters in each event."""
    pieces = [text[i : i + 6] for i in range(0, len(text), 6)]
    events = (
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": p}}
        for p in pieces
    )
    return "".join(f"event: content_block_delta\ndata: {json.dumps(event)}\n\n" for event in events)


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


DISGUISES: dict[str, Disguise] = {
    "raw": lambda text, _: text,
    "JSON": lambda text, _: json.dumps({"messages": [{"role": "user", "content": text}]}),
    "JSON in JSON": lambda text, _: json.dumps({"body": json.dumps({"content": text})}),
    "base64": lambda text, _: base64_of(text),
    "hexadecimal": lambda text, _: text.encode().hex(),
    "base64 of the bare secret": lambda _, secret: base64_of(secret),
    "percent": lambda text, _: quote(text, safe=""),
    "gzip in base64": lambda text, _: base64.b64encode(gzip.compress(text.encode())).decode(),
    "UTF-16LE": lambda text, _: text.encode("utf-16-le").decode("latin-1"),
    "zero width": lambda text, _: "\u200b".join(text),
    "streamed": lambda text, _: streamed(text),
    "split": lambda text, secret: text.replace(
        secret, secret[: len(secret) // 2] + '" + "' + secret[len(secret) // 2 :]
    ),
    "reversed": lambda text, _: text[::-1],
    "rot13": lambda text, _: codecs.encode(text, "rot13"),
}
