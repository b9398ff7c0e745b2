"""What a client may send, all the way: hook event, record, log, every view, a sink's file, the terminal; nothing forges a line or breaks."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from bailiwick.audit.views.render import View
from bailiwick.cli.main import main
from bailiwick.service.answer import answer
from bailiwick.service.log_reader import LogReader
from governed import desk_at, event, opened, verdict

FORGED = "x\n<134>1 2026-01-01T00:00:00Z h app - - - forged\r\nCEF:0|Bailiwick|x|1|tool-call|forged|0|act=allow\tcat=forged|=\\\\=\x00\x1b[2J\x7f\x85\u2028\u2029\u202e"

HOSTILE: dict[str, bytes] = {
    "forged lines": event(tool_name="Bash", tool_input={"command": FORGED}),
    "forged names": event(tool_name=FORGED, tool_input={FORGED: FORGED}, tool_use_id=FORGED, agent_id=FORGED),
    "unknown event": event(FORGED, tool_name="Bash", tool_input={"command": "ls"}),
    "half a character": event(tool_name="Bash", tool_input={"command": "echo \ud800"}).replace(
        b"\xed\xa0\x80", b"\\ud800"
    ),
    "not UTF-8": b'{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"\xff\xfe\xc3"}}',
    "not JSON": b"\x00\x01" * 500,
    "deep": b'{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"a":'
    + b"[" * 50_000
    + b"]" * 50_000
    + b"}}",
    "deep but readable": event(tool_name="mcp__a__b", tool_input=json.loads("[" * 200 + "]" * 200)),
    "half a megabyte": event(
        "PostToolUse", tool_name="Bash", tool_input={"command": "ls"}, tool_response=FORGED * 3_000
    ),
    "a thousand keys": event(
        tool_name="mcp__a__b", tool_input={f"k{number}": FORGED for number in range(1_000)}
    ),
    "numbers": event(tool_name="mcp__a__b", tool_input={"a": 10**400, "b": -0.0, "c": 1e308}),
}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of all of them; each got an answer."""
    root = tmp_path_factory.mktemp("hostile")
    with desk_at(root) as desk:
        session = opened(desk)
        for name, body in HOSTILE.items():
            said = asyncio.run(answer(desk, session, body))
            assert isinstance(json.loads(said), dict), name
            if name in {"not UTF-8", "not JSON", "deep"}:
                assert verdict(said) == "deny", name
    with LogReader(root / "state") as reader:
        assert reader.verify().faults == ()
    return root / "state"


@pytest.mark.parametrize("view", View)
def test_each_record_is_one_line_in_a_sink_s_file(
    state: Path, tmp_path: Path, view: View, capsys: pytest.CaptureFixture[str]
) -> None:
    config, copy = tmp_path / "sinks.yaml", tmp_path / "copy"
    config.write_text(f"sinks:\n  - name: copy-{view}\n    to: file\n    path: {copy}\n    view: {view}\n")
    with LogReader(state) as reader:
        size = reader.size()
    assert main(["sink", "run", "--once", "--config", str(config), "--state", str(state)]) == 0
    data = copy.read_bytes()
    lines = data.decode("utf-8").split("\n")[:-1]
    assert len([line for line in lines if "delivery-count" not in line]) == size
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2\x85|\xe2\x80[\xa8\xa9]", data)
    assert not [line for line in lines if line.startswith(("<134>", "CEF:0|Bailiwick|x|", "forged"))]
    if view not in {View.CEF, View.LEEF}:
        assert all(isinstance(json.loads(line), dict) for line in lines)
    capsys.readouterr()
    assert main(["log", "verify", "--export", str(copy), "--state", str(state)]) == 0
    assert capsys.readouterr().out.startswith(f"intact: {size} records are those of the log")


@pytest.mark.parametrize("words", [["tail"], ["search", "--kind", "tool-*"], ["show", "0"], ["show", "2"]])
def test_nothing_of_it_reaches_the_terminal_as_it_is(
    state: Path, words: list[str], capsysbinary: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bailiwick.cli.log_search.note", lambda *_: None)
    assert main(["log", *words, "--state", str(state)]) == 0
    printed = capsysbinary.readouterr().out
    assert printed
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2\x85", printed)
    assert not re.search(rb"\xe2\x80[\xa8\xa9\xae]", printed)
