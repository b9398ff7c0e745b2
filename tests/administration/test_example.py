from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.administration.example import ExampleError, parse_call

TABLE = yaml.safe_load((Path(__file__).parent / "examples.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", TABLE["calls"], ids=lambda row: row["text"])
def test_calls(row: dict[str, Any]) -> None:
    call = parse_call(row["text"])
    assert call.tool == row["tool"]
    assert dict(call.input) == row["input"]
    assert call.server == row.get("server")


@pytest.mark.parametrize("row", TABLE["errors"], ids=lambda row: row["text"] or "empty")
def test_errors_say_what_to_write(row: dict[str, Any]) -> None:
    with pytest.raises(ExampleError) as raised:
        parse_call(row["text"])
    assert row["mend"] in raised.value.mend


@given(st.text())
def test_any_text_is_a_call_or_an_error(text: str) -> None:
    try:
        assert parse_call(text).tool
    except ExampleError as error:
        assert error.mend  # noqa: PT017 (either outcome is right)
