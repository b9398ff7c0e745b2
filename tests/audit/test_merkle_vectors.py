"""The Merkle test vectors of transparency-dev, whose verifier certificate transparency and Sigstore run on.

`merkle_vectors.json` (Apache-2.0, see there) holds the 196 cases of its inclusion and consistency test data. They were made anew, case by case, as its
`cmd/proofgen` makes them; three were held against the published files.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from bailiwick.audit.merkle import ProofError, verify_consistency, verify_inclusion

VECTORS = json.loads((Path(__file__).parent / "merkle_vectors.json").read_bytes())


def told(case: dict[str, Any], *names: str) -> list[bytes]:
    return [base64.b64decode(case[name]) for name in names]


def named(kind: str) -> list[Any]:
    return [pytest.param(case, id=case["file"]) for case in VECTORS[kind]]


@pytest.mark.parametrize("case", named("inclusion"))
def test_inclusion(case: dict[str, Any]) -> None:
    leaf, root = told(case, "leafHash", "root")
    proof = [base64.b64decode(one) for one in case["proof"]]
    try:
        verify_inclusion(leaf, case["leafIdx"], case["treeSize"], proof, root)
    except ProofError:
        assert case["wantErr"]
    else:
        assert not case["wantErr"]


@pytest.mark.parametrize("case", named("consistency"))
def test_consistency(case: dict[str, Any]) -> None:
    before, root = told(case, "root1", "root2")
    proof = [base64.b64decode(one) for one in case["proof"]]
    try:
        verify_consistency(case["size1"], case["size2"], proof, before, root)
    except ProofError:
        assert case["wantErr"]
    else:
        assert not case["wantErr"]


def test_none_is_missing() -> None:
    assert [len(VECTORS[kind]) for kind in ("inclusion", "consistency")] == [98, 98]
