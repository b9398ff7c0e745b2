"""Law 9 through the real path: a secret of any rule, in any field of any event, reaches neither disk, answer nor log.

What the client is told to do in place of a call (``updatedInput``) is the call itself and is left out of the search.
"""

import asyncio
import io
import json
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bailiwick.analysis.text.secrets import SECRET_RULES, scan
from bailiwick.service.answer import answer
from governed import desk_at, opened
from planted import BODIES, maker_of

EVENTS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "enforcement" / "wire" / "events.json").read_text(encoding="utf-8")
)
Route = tuple[str | int, ...]
TELLING = 12
"""Characters of a line of a secret that nothing else says by chance."""


def routes(value: Any, before: Route = ()) -> Iterator[Route]:
    """Where the strings of a JSON value are."""
    match value:
        case str():
            yield before
        case dict():
            for key, item in value.items():
                yield from routes(item, (*before, key))
        case list():
            for number, item in enumerate(value):
                yield from routes(item, (*before, number))
        case _:
            return


FIELDS = [(name, route) for name, one in EVENTS.items() for route in (*routes(one["event"]), ("new_field",))]
PLANTS = st.lists(
    st.tuples(st.sampled_from(FIELDS), st.sampled_from(sorted(SECRET_RULES)), BODIES, st.booleans()),
    min_size=1,
    max_size=40,
)


def planted(name: str, route: Route, text: str, *, beside: bool) -> bytes:
    """The event ``name`` with ``text`` in place of, or beside, what stands at ``route``."""
    event = json.loads(json.dumps(EVENTS[name]["event"]))
    holder = event
    for step in route[:-1]:
        holder = holder[step]
    old = holder.get(route[-1], "") if isinstance(holder, dict) else holder[route[-1]]
    holder[route[-1]] = f"{old} {text}" if beside else text
    return json.dumps(event).encode()


def told(said: bytes) -> str:
    """What an answer says of its own, with the escapes of JSON undone."""
    answered = json.loads(said)
    answered.get("hookSpecificOutput", {}).pop("updatedInput", None)
    return json.dumps(answered, ensure_ascii=False)


def search(plants: list[tuple[tuple[str, Route], str, str, bool]]) -> None:
    """Put every plant to one service and look for each."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    root.addHandler(handler)
    looked: list[tuple[str, str]] = []
    try:
        with tempfile.TemporaryDirectory() as place, desk_at(Path(place)) as desk:
            state = opened(desk)
            for (name, route), rule, body, beside in plants:
                text, secret = maker_of(rule)(body)
                if not scan(text):  # law 9 is of what a rule can find
                    continue
                said = asyncio.run(answer(desk, state, planted(name, route, text, beside=beside)))
                where = f"{rule} in {name} {route}{' beside' if beside else ''}"
                lines = [line for line in secret.split("\n") if len(line) >= TELLING] or [secret]
                looked.extend((where, line) for line in lines)
                for line in lines:
                    assert json.dumps(line, ensure_ascii=False)[1:-1] not in told(said), (
                        f"{where}: the answer"
                    )
            assume(looked)
            desk.store.close()
            kept = {
                file.name: file.read_bytes() for file in (Path(place) / "state").rglob("*") if file.is_file()
            }
    finally:
        root.removeHandler(handler)
    for where, line in looked:
        assert line not in heard.getvalue(), f"{where}: the log"
        spellings = {line.encode(), json.dumps(line)[1:-1].encode()}
        for file, content in kept.items():
            assert not any(spelling in content for spelling in spellings), f"{where}: {file}"


@given(PLANTS)
@settings(max_examples=25, deadline=None)
def test_no_secret_of_any_rule_leaves(plants: list[tuple[tuple[str, Route], str, str, bool]]) -> None:
    search(plants)


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@given(PLANTS)
@settings(max_examples=2_000, deadline=None)
def test_no_secret_of_any_rule_leaves_at_length(
    plants: list[tuple[tuple[str, Route], str, str, bool]],
) -> None:
    search(plants)
