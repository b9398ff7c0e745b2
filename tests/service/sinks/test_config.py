"""`sinks.yaml`: mistakes are told with their place and mend (golden files), and the command line around it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from posts import answered, filled, receiving

from bailiwick.audit.views.render import View
from bailiwick.cli.main import main
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.sinks import KEYS, load_sinks
from bailiwick.service.log_reader import LogReader
from bailiwick.service.sinks.build import SinkError, build
from bailiwick.service.sinks.run import deliver

GOLDEN = Path(__file__).parent / "golden"
MISTAKES = sorted(GOLDEN.glob("*.yaml"))


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_mistakes_are_told(path: Path, golden: Callable[[Path, str], None]) -> None:
    with pytest.raises(PolicyErrors) as caught:
        load_sinks("sinks.yaml", path.read_text())
    golden(path.with_suffix(".txt"), f"{caught.value}\n")


def test_it_has_its_place_in_a_policy_repository() -> None:
    files = {
        "organisation.yaml": 'organisation: "X"\n',
        "profiles/a.yaml": "profile: a\n",
        "sinks.yaml": "sinks:\n  - {name: a, to: syslog}\n",
    }
    with pytest.raises(PolicyErrors, match=r"sinks\.yaml:2:5: the key `address` is missing"):
        load_policy_set(files)


VALUES = {
    "path": "/tmp/x", "address": "localhost:1", "url": "http://127.0.0.1:1", "secret": "{environment: SINK_SECRET}", "index": "i",
    "tenant": "t", "client": "c", "rule": "r", "stream": "s", "instance": "projects/p/locations/l/instances/i", "forwarder": "f",
    "brokers": '"127.0.0.1:1"', "topic": "t",
}  # fmt: skip


@pytest.mark.parametrize("kind", KEYS)
def test_every_kind_can_be_made_of_what_it_needs(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"    {key}: {VALUES[key]}" for key in KEYS[kind][0]]
    (entry,) = load_sinks("sinks.yaml", "\n".join(["sinks:", "  - name: a", f"    to: {kind}", *lines, ""]))
    if entry.secret:
        with pytest.raises(SinkError, match="SINK_SECRET is not set"):
            build(entry)
    if kind == "secops":
        monkeypatch.setenv("SINK_SECRET", "no key")
        with pytest.raises(SinkError, match="service-account key"):
            build(entry)
        return
    monkeypatch.setenv("SINK_SECRET", "x")
    sink = build(entry)
    assert sink.acknowledges == (kind not in {"syslog", "stdout"})
    asyncio.run(sink.close())


def test_a_secret_that_everybody_reads_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("x")
    secret.chmod(0o644)
    text = f"sinks:\n  - name: a\n    to: datadog\n    url: https://x\n    secret: {{file: {secret}}}\n"
    with pytest.raises(SinkError, match="chmod o="):
        build(load_sinks("sinks.yaml", text)[0])
    secret.chmod(0o640)
    build(load_sinks("sinks.yaml", text)[0])


def test_an_own_certificate_authority_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    text = f"sinks:\n  - name: a\n    to: relp\n    address: x:1\n    ca: {tmp_path}/ca.pem\n"
    with pytest.raises(SinkError, match=r"ca\.pem"):
        build(load_sinks("sinks.yaml", text)[0])


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    """A log of five records, and sinks to a file and to nobody."""
    filled(tmp_path / "state", 5)
    (tmp_path / "sinks.yaml").write_text(
        f"sinks:\n  - {{name: lines, to: file, path: {tmp_path}/out.jsonl, view: ecs}}\n"
        '  - {name: nobody, to: otlp, url: "http://127.0.0.1:9"}\n'
    )
    return ["--state", str(tmp_path / "state"), "--config", str(tmp_path / "sinks.yaml")]


def test_the_way_of_an_operator(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sink", "check", *places]) == 0
    assert "sound  lines  to file, view ecs, acknowledged" in capsys.readouterr().out
    assert main(["sink", "check", "--send", *places]) == 1
    assert "can't be reached" in capsys.readouterr().out
    assert main(["sink", "check", "--send", "--json", *places]) == 1
    lines, nobody = map(orjson.loads, capsys.readouterr().out.splitlines())
    assert lines == {"name": "lines", "to": "file", "view": "ecs", "acknowledges": True, "wrong": ""}
    assert "can't be reached" in nobody["wrong"]
    (tmp_path / "out.jsonl").unlink()
    assert main(["sink", "run", "--once", *places]) == 1
    assert "nobody: can't be reached" in capsys.readouterr().err
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [orjson.loads(line)["event"]["sequence"] for line in lines] == [0, 1, 2, 3, 4, 4]
    assert main(["sink", "run", "--once", "--json", *places]) == 1
    assert "can't be reached" in orjson.loads(capsys.readouterr().out)["behind"]
    assert main(["sink", "status", *places]) == 1
    told = capsys.readouterr().out
    assert "lines                0 behind, 5 sent" in told
    assert "can't be reached" in told
    assert main(["sink", "status", "--json", *places]) == 1
    assert orjson.loads(capsys.readouterr().out.splitlines()[1])["behind"] == 5
    assert main(["sink", "retry", "other", *places]) == 2
    assert main(["sink", "check", *places[:2], "--config", "/nonexistent"]) == 3
    capsys.readouterr()
    assert main(["sink", "check", *places[:2], "--policy", str(tmp_path / "none")]) == 3
    told = capsys.readouterr().err
    assert "none/sinks.yaml: there is no such file" in told
    assert "or name one with --config" in told
    assert main(["sink", "run", "--once", "--state", str(tmp_path / "empty"), *places[2:]]) == 3
    assert (tmp_path / "state" / "sinks").stat().st_mode & 0o777 == 0o700


def test_what_was_refused_is_sent_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = filled(tmp_path / "state", 5)
    refusing = True

    async def scenario() -> None:
        nonlocal refusing
        picky = lambda _, body: answered({}, 400 if refusing and b"echo 3 |" in body else 202)  # noqa: E731
        async with receiving(picky) as receiver:
            (tmp_path / "key").write_text("k")
            (tmp_path / "key").chmod(0o600)
            text = f"sinks:\n  - name: dd\n    to: datadog\n    url: {receiver.url}\n    secret: {{file: {tmp_path}/key}}\n"
            (tmp_path / "sinks.yaml").write_text(text)
            words = ["--state", str(state), "--config", str(tmp_path / "sinks.yaml")]
            assert await deliver(state, load_sinks("sinks.yaml", text), once=True) == []
            assert await asyncio.to_thread(main, ["sink", "status", *words]) == 1
            assert "entry 3 refused: answers 400" in capsys.readouterr().out
            assert await asyncio.to_thread(main, ["sink", "retry", "dd", *words]) == 1
            capsys.readouterr()
            assert await asyncio.to_thread(main, ["sink", "retry", "dd", "--json", *words]) == 1
            said = orjson.loads(capsys.readouterr().out)
            assert (said["taken"], list(said["refused"])) == (0, ["3"])
            refusing = False
            assert await asyncio.to_thread(main, ["sink", "retry", "dd", *words]) == 0
            assert "1 taken, 0 still refused" in capsys.readouterr().out
            assert await asyncio.to_thread(main, ["sink", "status", *words]) == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("view", View)
def test_what_a_sink_sent_is_held_against_the_log(
    view: View, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, out = filled(tmp_path / "state", 5), tmp_path / "out"
    text = f"sinks:\n  - {{name: a, to: file, path: {out}, view: {view}}}\n"
    assert asyncio.run(deliver(state, load_sinks("s", text), once=True)) == []
    words = ["log", "verify", "--export", str(out), "--state", str(state)]
    assert main(words) == 0
    assert "intact: 5 records are those of the log" in capsys.readouterr().out
    lines = out.read_bytes().splitlines(keepends=True)
    assert len(lines) == 6
    out.write_bytes(b"".join(lines[:2] + lines[3:]))
    assert main(words) == 0
    assert "lacks 1, the first of them 2" in capsys.readouterr().out
    with LogReader(state) as reader:
        leaf = reader.last(1)[0].sealed.leaf.hex().encode()
    out.write_bytes(b"".join(lines).replace(leaf, b"00" * 32))
    assert main(words) == 1
