"""`bailiwick why`: what the person who was stopped reads."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bailiwick.cli.main import main
from governed import READ, Running, running, tool

GOLDEN = Path(__file__).parent / "why.txt"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("why")) as started:
        yield started


def why(service: Running, *arguments: str) -> int:
    return main(["why", "--state", str(service.places.state), *arguments])


def test_the_last_denial_is_told_with_rule_reason_alternative_and_whom_to_ask(
    service: Running, capsys: pytest.CaptureFixture[str], golden: Callable[[Path, str], None]
) -> None:
    client = service.open()
    client.hook(tool("Write", file_path="/etc/hosts", content="x"))
    client.hook(READ)
    assert why(service, client.key) == 1
    told = capsys.readouterr().out.replace(client.key, "s-0123456789")
    told = re.sub(r"at \S+ ?\S* UTC", "at TIME UTC", told)
    golden(GOLDEN, re.sub(r"entry \d+", "entry N", told))


def test_the_session_is_this_shell_s_when_none_is_named(
    service: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, loud = service.open(), service.open()
    loud.hook(tool("Skill", skill="asked"))
    monkeypatch.setenv("BAILIWICK_SESSION", quiet.key)
    assert why(service) == 0
    assert f"No denial is recorded for session {quiet.key};" in capsys.readouterr().out
    monkeypatch.setenv("BAILIWICK_SESSION", loud.key)
    assert why(service, "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["denied"]["session"] == loud.key
    assert said["contact"] == "the platform team"
    assert why(service) == 1
    assert capsys.readouterr().out.startswith("Held for approval at ")


def test_without_a_service_it_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["why", "--state", str(tmp_path)]) == 3
    assert "bailiwick service start" in capsys.readouterr().err
