"""Shell commands of all classes through the real client: each ran or did not run, as the file system shows."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import CHECKOUT, PROJECT, Listener, Outcome, Room, bash

TABLE = Path(__file__).parent / "shell-commands.yaml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
STARTER = CHECKOUT / "src/bailiwick/policy/starter"
EVERYONE = "roles: {everyone: {users: [dev], profiles: [developer]}}\n"
SECRET = "sesame" + "-opens-it"
MINIMUM = 60


@pytest.fixture
def shop(client: Path) -> Iterator[Room]:
    """A small machine under the starter policy, with a secret in its project."""
    with Room(client) as room:
        room.set_policy(STARTER, changes={"roles.yaml": EVERYONE})
        room.write(PROJECT / ".env", f"SHOP_TOKEN={SECRET}\n")
        yield room


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group["about"])
def test_commands(shop: Room, group: Mapping[str, Any]) -> None:
    assert set(group) <= {"about", "needs", "room", "before", "commands", "after", "reached"}
    if "needs" in group and shutil.which(group["needs"]) is None:
        pytest.skip(f"{group['needs']} is not installed here")
    for path, content in group.get("room", {}).items():
        shop.write(path, content)
    if "before" in group:
        shop.run(["sh", "-c", group["before"]]).check_returncode()
    with Listener() as listener:
        place = f"127.0.0.1:{listener.port}"
        calls = [bash(row["run"].replace("<LISTENER>", place)) for row in group["commands"]]
        outcome = shop.governed(calls, profile="developer", timeout=180)
    assert outcome.code == 0, outcome
    wrong = [said for turn, row in enumerate(group["commands"]) if (said := _wrong(shop, outcome, turn, row))]
    assert not wrong, "\n".join(wrong)
    for path, expected in group.get("after", {}).items():
        assert shop.read(path) == expected, path
    assert bool(listener.requests) == group.get("reached", False)
    assert shop.faults() == ()


def _wrong(room: Room, outcome: Outcome, turn: int, row: Mapping[str, Any]) -> str:
    """What is not as the row says; nothing, one hopes."""
    result, record = outcome.result(turn), room.judged()[f"toolu_main_{turn}_0"]
    by_policy = record["enforced"] in {"ask", "deny"}
    gets = "stopped" if by_policy else "failed" if result.is_error else "ran"
    told = not by_policy or (result.is_error and "Denied by policy" in result.text)
    right = gets == row["gets"] and told and SECRET not in result.text and row.get("says", "") in result.text
    return (
        ""
        if right
        else f"{row['run']!r} {gets}, not {row['gets']}: {result.text[:300]}\n  {record['reasons'][:2]}"
    )


def test_the_table_is_large() -> None:
    rows = [row for group in GROUPS for row in group["commands"]]
    assert len(rows) >= MINIMUM
    assert {row["gets"] for row in rows} == {"ran", "failed", "stopped"}
