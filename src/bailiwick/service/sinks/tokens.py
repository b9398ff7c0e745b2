"""OAuth 2.0 tokens for the clouds that want them: client credentials (RFC 6749, 4.4) and a signed assertion (RFC 7523)."""

import base64
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bailiwick.service.sinks.http import Poster
from bailiwick.service.sinks.secrets import SecretError
from bailiwick.service.sinks.sink import Later, Refused

EARLY = 120
"""Seconds before its end from which a token isn't used any more."""

Token = Callable[[], Awaitable[str]]


def client_credentials(poster: Poster, url: str, *, client: str, secret: str, scope: str) -> Token:
    """Tokens for an application that has a secret."""

    def form() -> Mapping[str, str]:
        return {
            "grant_type": "client_credentials",
            "client_id": client,
            "client_secret": secret,
            "scope": scope,
        }

    return _kept(poster, url, form)


def signed_assertion(poster: Poster, account: str, *, scope: str, url: str = "") -> Token:
    """Tokens for a service account, whose key file's JSON is ``account``. Raises SecretError."""
    try:
        key = orjson.loads(account)
        private = load_pem_private_key(key["private_key"].encode(), None)
        who, audience = str(key["client_email"]), url or str(key["token_uri"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SecretError(
            "the secret is no service-account key (JSON with private_key, client_email, token_uri)"
        ) from error
    if not isinstance(private, RSAPrivateKey):
        raise SecretError("the service account's key isn't an RSA key")

    def form() -> Mapping[str, str]:
        now = int(time.time())
        claims = {"iss": who, "scope": scope, "aud": audience, "iat": now, "exp": now + 3_600}
        text = b".".join(
            (_base64(orjson.dumps({"alg": "RS256", "typ": "JWT"})), _base64(orjson.dumps(claims)))
        )
        assertion = b".".join((text, _base64(private.sign(text, PKCS1v15(), hashes.SHA256()))))
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion.decode()}

    return _kept(poster, audience, form)


def _kept(poster: Poster, url: str, form: Callable[[], Mapping[str, str]]) -> Token:
    token, ends = "", 0.0

    async def current() -> str:
        nonlocal token, ends
        if time.monotonic() < ends - EARLY and token:
            return token
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            answer = await poster.post(url, urlencode(form()).encode(), headers)
        except Refused as refused:
            # The token endpoint speaks of us, not of the records.
            raise Later(f"no token: {refused}", seconds=30) from refused
        said: Mapping[str, Any] = answer.mapping()
        got, seconds = said.get("access_token"), said.get("expires_in", 0)
        if not isinstance(got, str) or not isinstance(seconds, int):
            raise Later("no token in the answer of the token endpoint", seconds=30)
        token, ends = got, time.monotonic() + seconds
        return token

    return current


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
