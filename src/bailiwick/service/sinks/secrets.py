"""Secrets of sinks: read where the configuration says they are, kept in memory only, never shown."""

import os
from pathlib import Path

from bailiwick.policy.sinks import Secret

LONGEST = 64 * 1024
"""Bytes of a secret at most; a service-account key has two thousand."""


class SecretError(Exception):
    """A secret can't be had; the message names where it was looked for, never what it is."""


def read_secret(secret: Secret) -> str:
    """The secret. Raises SecretError."""
    if secret.environment is not None:
        value = os.environ.get(secret.environment.text, "").strip()
        if not value:
            raise SecretError(f"{secret.at}: the environment variable {secret.environment} is not set")
        return value
    if secret.file is None:
        raise SecretError(f"{secret.at}: neither `file:` nor `environment:`")
    path = Path(secret.file.text)
    try:
        with path.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            text = opened.read(LONGEST + 1)
    except OSError as error:
        raise SecretError(f"{secret.at}: {path}: {error.strerror}") from error
    if mode & 0o007:
        raise SecretError(f"{secret.at}: every account may read or change {path}: chmod o= {path}")
    try:
        value = text.decode().strip()
    except UnicodeDecodeError:
        value = ""
    if not value or len(text) > LONGEST:
        raise SecretError(f"{secret.at}: {path} holds no text of at most {LONGEST} bytes")
    return value
