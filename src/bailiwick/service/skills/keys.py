"""The private key of whoever approves skills: a PEM file (PKCS #8, Ed25519), with or without a passphrase."""

import base64
import getpass
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from bailiwick.administration.skills.dsse import public_of

MAX_KEY = 64 * 1024
"""Bytes of a key file that are read."""


class KeyFileError(Exception):
    """The key can't be used; the message names the file and the mend."""


def read_key(path: Path, *, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """The key in a file, which asks for a passphrase at the terminal where it needs one. Raises ``KeyFileError``."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise KeyFileError(f"{path} can be read by other accounts: chmod 600 {path}")
            text = file.read(MAX_KEY)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}; `bailiwick skill key {path}` makes a key") from None
    try:
        key = load_pem_private_key(text, passphrase)
    except TypeError:
        return read_key(path, passphrase=getpass.getpass(f"Passphrase of {path}: ").encode())
    except ValueError:
        raise KeyFileError(f"{path} is no private key, or the passphrase is wrong") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} is no Ed25519 key; `bailiwick skill key FILE` makes one")
    return key


def make_key(path: Path, *, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """A new key in a new file that only this account may read. Raises ``KeyFileError``."""
    key = Ed25519PrivateKey.generate()
    form = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, form))
    return key


def key_text(key: Ed25519PrivateKey) -> str:
    """The public key as organisation.yaml names it."""
    return "ed25519:" + base64.b64encode(public_of(key)).decode()
