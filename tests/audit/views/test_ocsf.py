"""Every event is valid against the official OCSF schema, compiled (ocsf-json-schema carries it)."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from records import BASE, SHAPES, logged

from bailiwick.audit.views.ocsf import SCHEMA, ocsf

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=30))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@cache
def compiled() -> Mapping[str, Any]:
    return get_ocsf_schema(SCHEMA)  # type: ignore[no-any-return]


@cache
def validator(class_uid: int, profiles: tuple[str, ...]) -> Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(compiled())
    name = schema.lookup_class_name_from_uid(class_uid)
    return Draft202012Validator(schema.get_class_schema(name, list(profiles)))


def faults(event: Mapping[str, Any]) -> list[str]:
    judge = validator(event["class_uid"], tuple(event["metadata"]["profiles"]))
    return [f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in judge.iter_errors(event)]


@pytest.mark.parametrize("name", SHAPES)
def test_events_are_valid(name: str) -> None:
    assert faults(ocsf(logged(SHAPES[name]))) == []


def test_the_judge_finds_faults() -> None:
    event = ocsf(logged(SHAPES["bash"]))
    assert faults({**event, "colour": "red"})
    assert faults({**event, "activity_id": 42})
    assert faults({name: value for name, value in event.items() if name != "process"})
    assert faults({**event, "process": {"name": "npm"}})


def test_profiles_are_those_of_the_class() -> None:
    for shape in SHAPES.values():
        event = ocsf(logged(shape))
        known = next(c for c in compiled()["classes"].values() if c["uid"] == event["class_uid"])["profiles"]
        assert set(event["metadata"]["profiles"]) <= set(known)


@pytest.mark.parametrize(
    ("name", "type_uid"),
    [("bash", 100701), ("bash-ended", 100702), ("read", 100102), ("write", 100101), ("fetch", 600399), ("mcp", 600399),
     ("prompt", 600399), ("session", 600399), ("detection", 200401)],
)  # fmt: skip
def test_the_most_specific_class_is_taken(name: str, type_uid: int) -> None:
    assert ocsf(logged(SHAPES[name]))["type_uid"] == type_uid


def test_what_was_decided_is_said() -> None:
    event = ocsf(logged(SHAPES["bash-denied"]))
    assert (event["action"], event["disposition"], event["status"]) == ("Denied", "Blocked", "Failure")
    assert event["firewall_rule"]["uid"] == "profiles/baseline.yaml:29"
    assert event["severity"] == "High"
    seen = ocsf(logged(SHAPES["read"]))
    assert (seen["action"], seen["disposition"]) == ("Observed", "Detected")


@given(
    st.dictionaries(
        st.sampled_from(
            [*BASE, "kind", "tool", "input", "accesses", "reasons", "findings", "techniques", "error"]
        ),
        VALUES,
    )
)
@settings(max_examples=60, deadline=None)
def test_whatever_a_record_holds_the_event_is_valid(noise: dict[str, Any]) -> None:
    for name in ("bash", "write", "mcp", "detection"):
        assert faults(ocsf(logged({**SHAPES[name], **noise}))) == []
