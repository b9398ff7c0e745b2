"""CEF, LEEF and the JSON views: read back as another program reads them, and never more than one line."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pycef
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import SHAPES, T0, logged

from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import FIELD_NAMES, Record
from bailiwick.audit.views.ecs import ecs
from bailiwick.audit.views.lines import LONGEST, cef, leef
from bailiwick.audit.views.otel import otel
from bailiwick.audit.views.render import View, render

HOSTILE = st.text(st.sampled_from('a =|\\\n\r\t\x00\x1b\x85\u2028\u202eé<>"'), max_size=60) | st.text(
    max_size=60
)
FIELDS = st.sampled_from(
    [
        "user",
        "host",
        "tool",
        "session",
        "call_id",
        "kind",
        "error",
        "text",
        "policy",
        "input",
        "epoch",
        "enforced",
    ]
)


@pytest.mark.parametrize("view", View)
def test_views_are_reviewed_as_golden_files(view: View, golden: Callable[[Path, str], None]) -> None:
    lines = [render(view, logged(shape, number)).decode() for number, shape in enumerate(SHAPES.values())]
    suffix = "txt" if view in {View.CEF, View.LEEF} else "jsonl"
    golden(Path(__file__).parent / "golden" / f"{view}.{suffix}", "\n".join([*lines, ""]))


@given(st.dictionaries(FIELDS, HOSTILE), st.sampled_from(sorted(SHAPES)))
@settings(max_examples=300, deadline=None)
def test_nothing_forges_a_line_or_a_field(noise: dict[str, str], name: str) -> None:
    entry = logged({**SHAPES[name], **noise})
    for view in View:
        line = render(view, entry)
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]|\xc2\x85|\xe2\x80[\xa8\xa9]", line)
        assert view not in {View.CEF, View.LEEF} or line.decode().replace("\t", "").isprintable()
    read = read_cef(cef(entry))
    assert read["logIndex"] == "41"
    assert read["leafHash"] == entry.leaf.hex()
    assert read["rt"] == str(T0) or name == "damaged"
    fields = dict(part.split("=", 1) for part in leef(entry).split("|", 6)[6].split("\t"))
    assert fields["logIndex"] == "41"
    assert len(leef(entry).split("|", 6)) == 7


def read_cef(line: str) -> dict[str, Any]:
    read = pycef.parse(line)
    assert read is not None, line
    assert read["DeviceVendor"] == "Bailiwick"
    return dict(read)


def test_cef_reads_back() -> None:
    read = read_cef(cef(logged(SHAPES["bash-denied"])))
    assert read["suser"] == "alice"
    assert read["act"] == "deny"
    assert read["rule"] == "baseline.files.read_only.system.1"
    assert read["Severity"] == "8"
    assert (
        read["msg"].replace("\\=", "=").replace("\\\\", "\\")
        == 'Bash echo "10.0.0.1 api" >> /etc/hosts | tee =x'
    )


def test_half_a_character_is_replaced() -> None:
    entry = logged({**SHAPES["bash"], "input": '{"command":"echo \\ud800"}'})
    for view in View:
        assert render(view, entry).decode()


def test_ten_megabytes_make_a_short_line() -> None:
    huge = dict.fromkeys(("user", "text", "error", "input"), "\n=|é" * 2500000)
    for line in (cef(logged({**SHAPES["prompt"], **huge})), leef(logged({**SHAPES["prompt"], **huge}))):
        assert len(line) < 25 * LONGEST


def test_every_view_says_where_the_record_stands_in_the_log() -> None:
    for shape in SHAPES.values():
        for view in View:
            line = render(view, logged(shape, 12_345)).decode()
            assert "12345" in line
            assert bytes(range(32)).hex() in line


def test_ecs_has_gen_ai_fields() -> None:
    event = ecs(logged(SHAPES["bash"]))
    assert event["gen_ai"]["tool"] == {"name": "Bash", "call": {"id": "toolu_1"}}
    assert event["process"]["command_line"] == "npm test"
    assert event["@timestamp"] == "2026-10-14T17:46:40.123Z"


def test_otel_attributes_are_typed() -> None:
    attributes = {item["key"]: item["value"] for item in otel(logged(SHAPES["bash"]))["attributes"]}
    assert attributes["gen_ai.tool.name"] == {"stringValue": "Bash"}
    assert attributes["bailiwick.log_index"] == {"intValue": "41"}
    assert orjson.loads(attributes["bailiwick.accesses"]["stringValue"])[0]["program"] == "/usr/bin/npm"


@pytest.mark.parametrize("view", [View.RECORD, View.OCSF, View.ECS, View.OTEL])
@pytest.mark.parametrize("tool", ["Bash", "Read", "mcp__jira__create"])
def test_no_field_of_a_record_is_lost_on_the_way(view: View, tool: str) -> None:
    """Into the views that can carry everything; ``salt`` says nothing by itself and ``v`` is about the record's form."""
    lost = []
    for name in sorted(set(FIELD_NAMES) - {"salt", "v", "kind", "tool", "time_ms", "verdict", "enforced"}):
        kind = str(Record.__annotations__[name])
        known: tuple[Any, str] = ("unlikely", "unlikely")
        if "Mapping" in kind:
            known = (
                [{"rule": "unlikely", "message": "unlikely", "kind": "read", "path": "unlikely"}],
                "unlikely",
            )
        elif "tuple" in kind:
            known = (["unlikely"], "unlikely")
        elif "int" in kind:
            known = (987_654_321, "987654321")
        elif name == "input":
            known = ('{"command":"unlikely","file_path":"unlikely","a":"unlikely"}', "unlikely")
        shape = {
            "kind": Kind.TOOL_OUTCOME,
            "time_ms": T0,
            "host": "h",
            "epoch": "e",
            "enforced": "allow",
            name: known[0],
        }
        if known[1] not in render(view, logged({**shape, "tool": tool})).decode():
            lost.append(name)
    assert lost == []


def test_cef_and_leef_say_who_approved_and_what_triggered() -> None:
    shape = {**SHAPES["bash-ended"], "approved_by": "person-once", "trigger": "/deploy", "skills": ["a", "b"]}
    read = read_cef(cef(logged(shape)))
    assert (read["BailiwickBailiwickApprovedBy"], read["BailiwickBailiwickTrigger"]) == (
        "person-once",
        "/deploy",
    )
    fields = dict(part.split("=", 1) for part in leef(logged(shape)).split("|", 6)[6].split("\t"))
    assert (fields["approvedBy"], fields["skills"], fields["durationMs"]) == ("person-once", "a,b", "7312")
