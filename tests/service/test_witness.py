"""The witness: what it answers, that it remembers before it answers, and that an owner of the log's key can't cheat it."""

import asyncio
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bailiwick.audit.merkle import leaf_hash
from bailiwick.audit.note import Algorithm, Note, NoteError, Signer, TreeHead, VerifierKey, parse_keys
from bailiwick.audit.tiles import Tree, joined
from bailiwick.audit.tlog_proof import TlogProof
from bailiwick.audit.witness import Seen, Submission, add_checkpoint
from bailiwick.cli.main import main
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import StoreError
from bailiwick.service.store import Store
from bailiwick.service.witness import Witness
from bailiwick.service.witness_client import WitnessAddress, WitnessError, cosigned
from logs import numbered

NAME = "witness.example.com/1"


class Log:
    """An operator who owns the signing key and does what they like with it."""

    def __init__(self, origin: str = "log.example.com/a", seed: bytes = b"s" * 32) -> None:
        self.signer = Signer.from_seed(origin, seed)
        self.leaves = [leaf_hash(b"%d" % number) for number in range(300)]

    def tile(self, level: int, index: int, width: int) -> bytes:
        if level:
            return joined(self.tile(0, 0, 256))
        return b"".join(self.leaves[index * 256 : index * 256 + width])

    def note(self, size: int) -> str:
        head = TreeHead(self.signer.name, size, Tree(self, size).root())
        return self.signer.sign(head.text())

    def submission(self, old: int, size: int) -> bytes:
        return Submission(old, tuple(Tree(self, size).consistency(old)), self.note(size)).text().encode()


SIGNERS = tuple(
    Signer.from_seed(NAME, b"w" * 32, kind) for kind in (Algorithm.COSIGNATURE, Algorithm.ML_DSA_44)
)


class Asked:
    """A witness in memory."""

    def __init__(self, log: Log) -> None:
        self.seen: dict[str, Seen] = {}
        self.logs: dict[str, list[VerifierKey]] = {log.signer.name: [log.signer.verifier]}

    def __call__(self, body: bytes) -> tuple[int, str]:
        answer = add_checkpoint(
            body, self.logs, lambda name: self.seen.get(name, Seen()), SIGNERS, 1_700_000_000
        )
        if answer.remember:
            self.seen[answer.origin] = answer.remember
        return answer.status, answer.body


def test_successive_checkpoints_are_cosigned_with_both_keys() -> None:
    log = Log()
    witness = Asked(log)
    old = 0
    for size in (0, 1, 2, 7, 255, 256):
        status, body = witness(log.submission(old, size))
        assert status == 200
        note = Note.parse(log.note(size) + body)
        assert [note.time_of(signer.verifier) for signer in SIGNERS] == [1_700_000_000] * 2
        assert Asked.__call__(witness, log.submission(size, size))[0] == 200
        old = size
    assert witness(log.submission(7, 256)) == (409, "256\n")


def test_an_owner_of_the_key_can_not_rewrite_fork_or_roll_back() -> None:
    log = Log()
    witness = Asked(log)
    assert witness(log.submission(0, 200))[0] == 200
    rewritten = Log()
    rewritten.leaves[50] = leaf_hash(b"what should have been")
    assert witness(rewritten.submission(200, 250))[0] == 422
    assert witness(rewritten.submission(200, 200))[0] == 409
    removed = Log()
    del removed.leaves[50]
    assert witness(removed.submission(200, 250))[0] == 422
    assert witness(log.submission(150, 150)) == (409, "200\n")
    rollback = Submission(200, (), log.note(150)).text().encode()
    assert witness(rollback)[0] == 400
    assert witness(log.submission(0, 250)) == (409, "200\n")
    assert witness(log.submission(200, 250))[0] == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda body: body.replace(b"old 0", b"old 00"), 400),
        (lambda body: body.replace(b"old 0", b"new 0"), 400),
        (lambda body: body.replace(b"old 0\n", b"old 0\n!!!\n"), 400),
        (lambda body: body.replace(b"old 0\n", b"old 0\n" + b"AAAA\n" * 64), 400),
        (lambda body: body.replace(b"\n\n", b"\n", 1), 400),
        (lambda body: body.replace(b"log.example.com/a", b"log.example.com/b"), 404),
        (lambda body: body.replace("\u2014 log".encode(), "\u2014 dog".encode()), 403),
        (lambda body: body.replace(b"\n200\n", b"\n199\n"), 403),
        (lambda body: body.replace(b"old 0\n", b"old 0\n" + b"A" * 43 + b"=\n"), 422),
        (lambda body: body + b"x" * 70_000, 400),
        (lambda body: b"\xff" + body, 400),
        (lambda _: b"", 400),
    ],
)
def test_what_is_no_submission_is_refused_as_the_standard_says(change: object, status: int) -> None:
    log = Log()
    assert callable(change)
    witness = Asked(log)
    assert witness(change(log.submission(0, 200)))[0] == status
    assert witness.seen == {}


def test_keys_and_cosignatures_are_read_strictly() -> None:
    for signer in SIGNERS:
        assert VerifierKey.parse(str(signer.verifier)) == signer.verifier
    with pytest.raises(NoteError, match="unknown kind"):
        VerifierKey.parse("x+00000000+Bw==")
    note = Note.parse(Log().note(3) + SIGNERS[1].line(Note.parse(Log().note(3)).text, time_s=7))
    assert note.time_of(SIGNERS[1].verifier) == 7
    other = Note.parse(
        str(Log().note(4)).rsplit("\n\n", 1)[0] + "\n\n" + SIGNERS[1].line(note.text, time_s=7)
    )
    with pytest.raises(NoteError, match="doesn't verify"):
        other.time_of(SIGNERS[1].verifier)


@contextmanager
def serving(path: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    command = [
        sys.executable,
        "-m",
        "bailiwick.cli.main",
        "witness",
        "serve",
        "--state",
        str(path),
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().split()[-1], process
        finally:
            process.send_signal(signal.SIGKILL)


def post(url: str, body: bytes) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request("POST", "/add-checkpoint", body=body)
    reply = connection.getresponse()
    told = reply.status, reply.headers["Content-Type"], reply.read().decode()
    connection.close()
    return told


def test_a_witness_speaks_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, path = Log(), tmp_path / "witness"
    (tmp_path / "log.pub").write_text(f"{log.signer.verifier}\n")
    said = []
    for words in (["init", "--name", NAME], ["trust", str(tmp_path / "log.pub")], ["show"]):
        assert main(["witness", *words, "--state", str(path), "--json"]) == 0
        said += map(json.loads, capsys.readouterr().out.splitlines())
    assert said == [
        {"witness": NAME, "public_keys": str(path / "witness.pub")},
        {"origin": log.signer.name},
        {"origin": log.signer.name, "cosigned": 0},
    ]


def test_a_witness_that_is_killed_remembers_what_it_cosigned(tmp_path: Path) -> None:
    log, path = Log(), tmp_path / "witness"
    (tmp_path / "log.pub").write_text(f"{log.signer.verifier}\n")
    assert main(["witness", "init", "--state", str(path), "--name", NAME]) == 0
    assert main(["witness", "trust", "--state", str(path), str(tmp_path / "log.pub")]) == 0
    keys = parse_keys((path / "witness.pub").read_text())
    old = 0
    for size in (10, 20, 200):
        with serving(path) as (url, _):
            status, _, body = post(url, log.submission(old, size))
            assert status == 200
            note = Note.parse(log.note(size) + body)
            assert all(note.time_of(key) for key in keys)
            assert post(url, log.submission(0, size))[:2] == (409, "text/x.tlog.size")
        old = size
    with serving(path) as (url, _):
        forked = Log()
        forked.leaves[7] = leaf_hash(b"x")
        assert post(url, forked.submission(200, 250))[0] == 422
        with pytest.raises(StoreError, match="in use by another witness"), Witness.open(path).held():
            pass
    assert {file.stat().st_mode & 0o077 for file in path.rglob("*")} == {0}


def test_what_can_not_be_remembered_is_not_cosigned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    Witness.create(tmp_path, NAME).trust(f"{log.signer.verifier}\n")
    witness = Witness.open(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bailiwick.service.witness.write_private", full)
    with pytest.raises(StoreError, match="No space left"):
        witness.answer(log.submission(0, 10))
    monkeypatch.undo()
    assert witness.seen(log.signer.name) == Seen()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state"
    with Store.open(path) as store:
        asyncio.run(store.append_all(tuple(map(numbered, range(300)))))
    return path


def cli(capsys: pytest.CaptureFixture[str], state: Path, *words: object) -> tuple[int, str]:
    code = main(["log", *map(str, words), "--state", str(state)])
    told = capsys.readouterr()
    return code, told.out + told.err


def test_a_log_is_witnessed_and_its_proofs_say_so(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "witness"
    Witness.create(path, NAME).trust((state / "log.pub").read_text())
    older = shutil.copytree(state, tmp_path / "older")
    with serving(path) as (url, _):
        assert cli(capsys, state, "witness")[0] == 2
        code, out = cli(capsys, state, "witness", "--add", url, "--keys", path / "witness.pub")
        assert (code, out) == (0, f"{NAME} at {url} is known\n")
        code, out = cli(capsys, state, "witness")
        assert (code, out) == (0, f"cosigned by {NAME} at {url}\ncheckpoint of 301 entries\n")
        assert cli(capsys, state, "witness", "--list") == (0, f"{url}\n")
        proof = tmp_path / "p"
        assert cli(capsys, state, "proof", 5, "-o", proof)[0] == 0
        proven = TlogProof.parse(proof.read_text()).verify(
            parse_keys((state / "log.pub").read_text()), parse_keys((path / "witness.pub").read_text())
        )
        assert proven.size == 301
        assert set(proven.witnessed) == {NAME}
        words = [
            "verify",
            "--proof",
            proof,
            "--key-file",
            state / "log.pub",
            "--witness",
            path / "witness.pub",
        ]
        code, out = cli(capsys, state, *words)
        assert (code, f"cosigned by {NAME}" in out) == (0, True)
        # The operator goes back to an older copy, key and all, and goes on from there.
        assert cli(capsys, older, "witness", "--add", url, "--keys", path / "witness.pub")[0] == 0
        assert cli(capsys, older, "hold", "add", "x", "--reason", "a different history")[0] == 0
        code, out = cli(capsys, older, "witness")
        assert (code, out.startswith("ALARM: ")) == (1, True), out
        with LogReader(older) as reader:
            assert reader.last(1)[0].record["kind"] == "alarm"
        code, out = cli(capsys, state, "witness", "--json")
        assert json.loads(out)["witnesses"][0]["cosigned"]
    code, out = cli(capsys, state, "witness")
    assert (code, "does not answer" in out) == (1, True)
    with LogReader(state) as reader:
        assert reader.verify().intact
        assert [
            entry.record["upto"] for entry in reader.entries() if entry.record["kind"] == "witnessed"
        ] == [301, 302]
    assert cli(capsys, state, "witness", "--remove", url)[0] == 0


def test_a_stranger_in_the_witness_place_is_not_believed(tmp_path: Path) -> None:
    log = Log()
    Witness.create(tmp_path, NAME).trust(f"{log.signer.verifier}\n")
    stranger = Signer.from_seed(NAME, os.urandom(32), Algorithm.COSIGNATURE)
    with serving(tmp_path) as (url, _):
        with pytest.raises(WitnessError, match="a key that isn't known of it"):
            cosigned(WitnessAddress(url=url, keys=(stranger.verifier,)), log.note(9), lambda *_: [])
        for wrong in ("ftp://x", "nonsense"):
            with pytest.raises(WitnessError, match="no address of a witness"):
                cosigned(WitnessAddress(url=wrong, keys=()), log.note(9), lambda *_: [])
