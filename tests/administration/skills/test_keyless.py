"""Signatures without a key, against a Sigstore of our own: what holds, and every way in which one doesn't."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from keyless_instance import Instance, statement

from bailiwick.administration.skills.publisher import PublisherError, signed_files
from bailiwick.model.skill import SkillTree, file_entry
from bailiwick.service.skills.keyless import keyless_statement

WHO, BY = "release@pdf-tools.example", "https://accounts.pdf-tools.example"
FILES = {"SKILL.md": b"hello\n", "scripts/x.py": b"print(1)\n"}
SIGSTORE = Instance()


def bundle() -> dict[str, Any]:
    return SIGSTORE.bundle(statement(FILES), identity=WHO, issuer=BY)


ROOT = SIGSTORE.trusted()


def test_a_signature_holds_for_the_files_that_it_lists() -> None:
    payload = keyless_statement(json.dumps(bundle()).encode(), ROOT, identity=WHO, issuer=BY)
    entries = tuple(file_entry(name, data) for name, data in FILES.items())
    signed_files(SkillTree(root="/r", name="pdf", entries=entries), payload, "skill.oms.sig")
    more = (*entries, file_entry("more.py", b""))
    with pytest.raises(PublisherError, match=r"more\.py is not among"):
        signed_files(SkillTree(root="/r", name="pdf", entries=more), payload, "skill.oms.sig")


@pytest.mark.parametrize(
    ("identity", "issuer"), [("else@pdf-tools.example", BY), (WHO, "https://accounts.else.example")]
)
def test_it_is_of_whom_is_asked_for(identity: str, issuer: str) -> None:
    with pytest.raises(PublisherError, match="does not hold"):
        keyless_statement(json.dumps(bundle()).encode(), ROOT, identity=identity, issuer=issuer)


def _flip(text: str) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2] ^= 1
    return base64.b64encode(raw).decode()


def _entry(said: Any) -> Any:
    return said["verificationMaterial"]["tlogEntries"][0]


CHANGES: dict[str, Callable[[Any], object]] = {
    "another statement": lambda said: said["dsseEnvelope"].update(payload=base64.b64encode(b"{}").decode()),
    "another signature": lambda said: said["dsseEnvelope"]["signatures"][0].update(
        sig=_flip(said["dsseEnvelope"]["signatures"][0]["sig"])
    ),
    "no entry of the log": lambda said: said["verificationMaterial"].update(tlogEntries=[]),
    "another promise of the log": lambda said: _entry(said)["inclusionPromise"].update(
        signedEntryTimestamp=_flip(_entry(said)["inclusionPromise"]["signedEntryTimestamp"])
    ),
    "another root of the log": lambda said: _entry(said)["inclusionProof"].update(
        rootHash=_flip(_entry(said)["inclusionProof"]["rootHash"])
    ),
    "another entry of the log": lambda said: _entry(said).update(
        canonicalizedBody=_flip(_entry(said)["canonicalizedBody"])
    ),
    "a certificate of another Sigstore": lambda said: said.update(
        verificationMaterial=Instance().bundle(statement(FILES), identity=WHO, issuer=BY)[
            "verificationMaterial"
        ]
    ),
    "a time when the certificate was not valid": lambda said: _entry(said).update(
        integratedTime="1700000000"
    ),
    "no bundle": lambda said: said.clear(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_does_not_hold(change: str) -> None:
    said = bundle()
    CHANGES[change](said)
    with pytest.raises(PublisherError):
        keyless_statement(json.dumps(said).encode(), ROOT, identity=WHO, issuer=BY)


def test_another_sigstore_is_not_trusted() -> None:
    with pytest.raises(PublisherError, match="does not hold"):
        keyless_statement(json.dumps(bundle()).encode(), Instance().trusted(), identity=WHO, issuer=BY)


@pytest.mark.parametrize("said", [b"", b"{}", b"no", b'{"mediaType": "x"}'])
def test_what_is_no_trusted_root_is_said(said: bytes) -> None:
    with pytest.raises(PublisherError, match="no trusted root"):
        keyless_statement(json.dumps(bundle()).encode(), said, identity=WHO, issuer=BY)
