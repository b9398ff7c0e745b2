"""Finding the client, telling its version, and becoming it. The scripts here stand for absent, old and odd clients."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bailiwick.service.launch import ClientError, client_version, find_client
from governed import POLICY, Running, running, write_policy

ECHO = """#!/bin/sh
if [ "$1" = --version ]; then echo "2.1.330 (Claude Code)"; exit; fi
printf '%s\\n' "session=$BAILIWICK_SESSION" "options=$NODE_OPTIONS" "pid=$$" "$@"
"""


def script(path: Path, text: str, mode: int = 0o755) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def version(tmp_path: Path, printed: str) -> str:
    return client_version(script(tmp_path / "client", f"#!/bin/sh\nprintf '{printed}'\n"))


@pytest.mark.parametrize(
    ("printed", "told"),
    [("2.1.330 (Claude Code)\\n", "2.1.330"), ("2.1.295", "2.1.295"), ("3.0.0-beta.1\\n", "3.0.0")],
)
def test_a_version_that_can_be_governed(tmp_path: Path, printed: str, told: str) -> None:
    assert version(tmp_path, printed) == told


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("2.1.294", "install 2.1.295 or newer"),
        ("1.99.999 (Claude Code)", "fail open"),
        ("", "which is no version"),
        ("hello 2.1.330", "which is no version"),
        ("\\377\\376", "which is no version"),
    ],
)
def test_a_version_that_cannot(tmp_path: Path, printed: str, said: str) -> None:
    with pytest.raises(ClientError, match=said) as raised:
        version(tmp_path, printed)
    assert str(tmp_path / "client") in str(raised.value)


def test_a_client_that_does_not_run(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="client"):
        client_version(script(tmp_path / "client", "#!/nonexistent\n"))
    with pytest.raises(ClientError, match=r"can't be run here \(Exec format error\); install it again"):
        client_version(script(tmp_path / "stub", "\0"))
    with pytest.raises(ClientError, match="no version"):
        client_version(script(tmp_path / "crash", "#!/bin/sh\nexit 7\n"))


def test_the_client_is_found_where_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, variable, path = (tmp_path / name for name in ("given", "variable", "claude"))
    for one in (given, variable, path):
        script(one, ECHO)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BAILIWICK_CLIENT", raising=False)
    assert find_client(None) == str(path)
    monkeypatch.setenv("BAILIWICK_CLIENT", str(variable))
    assert find_client(None) == str(variable)
    assert find_client(str(given)) == str(given)


def test_an_absent_client_is_told_with_the_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BAILIWICK_CLIENT", raising=False)
    with pytest.raises(ClientError, match="npm install -g @anthropic-ai/claude-code"):
        find_client(None)
    with pytest.raises(ClientError, match="--client"):
        find_client(script(tmp_path / "plain", ECHO, 0o644))


def governed(
    service: Running, *arguments: str, cwd: Path | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """`bailiwick claude` with a client that prints how it was started."""
    client = script(service.root / "claude", ECHO)
    command = [sys.executable, "-m", "bailiwick.cli.main", "claude", "--client", client]
    command += ["--state", str(service.places.state), "--policy", str(service.policy), *arguments]
    variables = {
        "PATH": "/bin:/usr/bin",
        "HOME": str(service.root),
        "NODE_OPTIONS": "--require x",
        **environment,
    }
    return subprocess.run(
        command, capture_output=True, text=True, env=variables, cwd=cwd, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("launch")) as started:
        yield started


def test_the_client_takes_the_launcher_s_place_with_a_session_of_its_own(service: Running) -> None:
    done = governed(service, "--profile", "open", "--", "-p", "hi")
    assert done.returncode == 0, done.stderr
    session, options, _, *arguments = done.stdout.splitlines()
    key = session.removeprefix("session=")
    assert options == "options="
    assert arguments[-2:] == ["-p", "hi"]
    (opened,) = (one for one in service.call("GET", "/v1/status")["sessions"] if one["key"] == key)
    assert opened["profile"] == "open"
    home = service.places.sessions / key
    assert arguments[arguments.index("--settings") + 1] == str(home / "settings.json")
    assert arguments[arguments.index("--plugin-dir") + 1] == str(home / "plugin")
    for path in [home, *home.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_session_is_named_for_programs(service: Running) -> None:
    done = governed(service, "--json", "--profile", "open", "--", "-p", "hi")
    said = json.loads(done.stderr)
    assert (said["profile"], said["client_version"]) == ("open", "2.1.330")
    assert f"session={said['session']}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--", "--bare"], 2, "--bare can't be used"),
        (["--", "--verbose", "update"], 2, "`update`"),
        (["--profile", "nobody's"], 2, "roles.yaml"),
        (["--readOnlyFiles", "[z-a]"], 2, "--readOnlyFiles"),
        (["--readOnlyFiles", ","], 2, "empty name"),
        (["--maxBashTimeout", "0"], 2, "whole number of seconds"),
        (["--maxBashTimeout", "soon"], 2, "whole number of seconds"),
        (["--client", "/nonexistent/claude"], 3, "npm install"),
        (["--policy", "/elsewhere"], 3, "the running service decides by"),
    ],
)
def test_what_is_wrong_is_told_with_the_exit_code_of_its_kind(
    service: Running, arguments: list[str], code: int, said: str
) -> None:
    done = governed(service, *arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_policy_in_force_may_be_named_in_any_way(service: Running) -> None:
    around = f"{service.policy}/../{service.policy.name}"
    done = governed(service, "--policy", around, "--profile", "open", "--", "-p", "hi")
    assert done.returncode == 0, done.stderr


def test_a_client_too_old_is_refused_before_anything_starts(tmp_path: Path) -> None:
    old = script(tmp_path / "old", "#!/bin/sh\necho 2.1.200\n")
    idle = Running(tmp_path)
    write_policy(idle.policy)
    done = governed(idle, "--client", old)
    assert done.returncode == 3
    assert "hooks of clients before 2.1.295 fail open" in done.stderr
    assert not idle.places.state.exists()


def test_skills_that_the_client_leaves_out_are_named(tmp_path: Path) -> None:
    """The client says only that some setting is to blame; asked for by a program, the line is that program's alone."""
    held = {
        "profiles/held.yaml": "profile: held\nextends: [dev]\ndescription: d\nskills: {require: approval}\n"
    }
    roles = {"roles.yaml": POLICY["roles.yaml"].replace("[dev, open]", "[dev, held]")}
    write_policy(Running(tmp_path).policy, POLICY | held | roles)
    with running(tmp_path) as service:
        for name in ("pdf", *(f"s{number}" for number in range(6))):
            (tmp_path / ".claude/skills" / name).mkdir(parents=True)
            (tmp_path / ".claude/skills" / name / "SKILL.md").write_text(
                f"---\nname: {name}\ndescription: d\n---\n"
            )
        said = governed(service, "--profile", "held", "--", "-p", "hi", cwd=tmp_path).stderr
        assert "off in this session: pdf, s0, s1, s2, s3 and 2 more; `bailiwick skill verify --policy" in said
        assert governed(service, "--profile", "dev", "--", "-p", "hi", cwd=tmp_path).stderr == ""
        json.loads(governed(service, "--json", "--profile", "held", "--", "-p", "hi", cwd=tmp_path).stderr)
