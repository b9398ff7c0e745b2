"""A witness that others wrote cosigns our checkpoints, and refuses an operator who owns the key what ours refuses them.

`sigsum-witness` of the Sigsum project, as Debian packages it (`scripts/witness` unpacks it): C2SP tlog-witness and tlog-cosignature.
"""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bailiwick.audit.merkle import leaf_hash
from bailiwick.audit.note import Algorithm, Note, Signer, TreeHead, VerifierKey
from bailiwick.audit.tiles import Tree, joined
from bailiwick.service.witness_client import WitnessAddress, WitnessError, cosigned

ROOM = Path(__file__).parents[2] / ".cache/witness"
SEED = b"s" * 32

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not (ROOM / "complete").exists(), reason="scripts/witness could not fetch it"),
]


class Log:
    """A log whose operator owns the key; its leaves can be changed under it."""

    def __init__(self) -> None:
        public = Signer.from_seed("x", SEED).verifier.public
        self.signer = Signer.from_seed(f"sigsum.org/v1/tree/{sha256(public).hexdigest()}", SEED)
        self.leaves = [leaf_hash(b"%d" % number) for number in range(700)]

    def tile(self, level: int, index: int, width: int) -> bytes:
        low = index * 256
        if level:
            return b"".join(
                joined(b"".join(self.leaves[i * 256 : i * 256 + 256])) for i in range(low, low + width)
            )
        return b"".join(self.leaves[low : low + width])

    def note(self, size: int) -> str:
        return self.signer.sign(TreeHead(self.signer.name, size, Tree(self, size).root()).text())

    def consistency(self, old: int, size: int) -> list[bytes]:
        return Tree(self, size).consistency(old)


def openssh(signer: Signer) -> bytes:
    return signer.private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)  # type: ignore[arg-type]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def witness(log: Log, tmp_path: Path) -> Iterator[WitnessAddress]:
    programs = ROOM / "usr/bin"
    key, log_key = tmp_path / "witness.key", tmp_path / "log.pub"
    subprocess.run([programs / "sigsum-key", "generate", "-o", key], check=True)
    log_key.write_bytes(openssh(log.signer) + b"\n")
    told = subprocess.run(
        [programs / "sigsum-key", "to-hex", "-k", f"{key}.pub"], check=True, capture_output=True, text=True
    )
    public = bytes.fromhex(told.stdout.strip())
    name = f"sigsum.org/v1/witness/{sha256(public).hexdigest()}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-k", str(key), "--log-key", str(log_key), "--state-file", str(tmp_path / "state")]
    process = subprocess.Popen(
        [programs / "sigsum-witness", *words, f"127.0.0.1:{port}"], env={"GODEBUG": "httpmuxgo121=0"}
    )
    try:
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
        yield WitnessAddress(
            url=f"http://127.0.0.1:{port}", keys=(VerifierKey(name, public, Algorithm.COSIGNATURE),)
        )
    finally:
        process.kill()
        process.wait()


def test_it_cosigns_what_continues_and_we_read_it(log: Log, witness: WitnessAddress) -> None:
    for size in (1, 2, 255, 256, 257, 600, 700):
        note = Note.parse(cosigned(witness, log.note(size), log.consistency))
        when = note.time_of(witness.keys[0])
        assert when is not None
        assert abs(when - time.time()) < 60
        assert note.time_of(log.signer.verifier) == 0


def rewritten(log: Log) -> int:
    log.leaves[3] = leaf_hash(b"other")
    return 600


def removed(log: Log) -> int:
    del log.leaves[10]
    return 600


def inserted(log: Log) -> int:
    log.leaves.insert(10, leaf_hash(b"more"))
    return 600


def swapped(log: Log) -> int:
    log.leaves[1], log.leaves[2] = log.leaves[2], log.leaves[1]
    return 600


def forked(log: Log) -> int:
    log.leaves[499] = leaf_hash(b"other")
    return 500


def rolled_back(_: Log) -> int:
    return 300


@pytest.mark.parametrize("act", [rewritten, removed, inserted, swapped, forked, rolled_back])
def test_the_owner_of_the_key_is_refused(
    log: Log, witness: WitnessAddress, act: Callable[[Log], int]
) -> None:
    cosigned(witness, log.note(500), log.consistency)
    size = act(log)
    with pytest.raises(WitnessError) as refused:
        cosigned(witness, log.note(size), log.consistency)
    assert refused.value.alarm
