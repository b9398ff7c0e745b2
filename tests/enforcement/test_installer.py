"""The plan of an installation: its order, its modes, the unit files."""

import json
import plistlib
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from bailiwick.enforcement.installer import (
    AwaitService,
    Command,
    Contents,
    Directory,
    File,
    Layout,
    Platform,
    Scope,
    describe,
    helper_program,
    plan,
    system_layout,
    user_layout,
)
from bailiwick.enforcement.units import (
    SOCKET_UNIT,
    UNIT,
    launchd_plist,
    system_socket,
    system_unit,
    user_unit,
)

HERE = Path(__file__).parent
CONTENTS = Contents(
    python="/opt/bailiwick/bin/python",
    policy={"organisation.yaml": b"organisation: Acme\n"},
    managed_settings={"requiredMinimumVersion": "2.1.295"},
    programs={"policy-helper": b"#!/bin/sh\n", "relay.py": b"pass\n"},
)
SYSTEM = [system_layout(platform) for platform in Platform]


@pytest.mark.parametrize("layout", SYSTEM, ids=lambda layout: str(layout.platform))
def test_the_client_is_told_last(layout: Layout) -> None:
    steps = plan(layout, CONTENTS).steps
    managed = [i for i, step in enumerate(steps) if isinstance(step, File) and step.path == layout.drop_in]
    assert managed == [len(steps) - 1]


def test_on_linux_the_client_is_told_only_of_a_service_that_answers() -> None:
    steps = plan(system_layout(), CONTENTS).steps
    waits = next(i for i, step in enumerate(steps) if isinstance(step, AwaitService))
    assert all(
        isinstance(step, Directory | File) and "claude-code" in str(step.path) for step in steps[waits + 1 :]
    )


def test_the_place_for_relays_is_there_before_the_service_starts() -> None:
    """The unit's sandbox is made when it starts: what isn't there then can't be written to later."""
    steps = [step for step in plan(system_layout(), CONTENTS).steps if isinstance(step, Command)]
    words = [" ".join(step.do) for step in steps]
    made = words.index("systemd-tmpfiles --create /etc/tmpfiles.d/bailiwick.conf")
    assert words.index("systemd-sysusers /etc/sysusers.d/bailiwick.conf") < made
    assert made < min(
        place for place, line in enumerate(words) if "start" in line.split() or "restart" in line.split()
    )
    assert system_unit(["x"]).count("ReadWritePaths=-/var/lib/bailiwick-segments\n") == 1
    assert steps[made].undo == ("rmdir", "--ignore-fail-on-non-empty", "/var/lib/bailiwick-segments")


@pytest.mark.parametrize("layout", SYSTEM, ids=lambda layout: str(layout.platform))
def test_everybody_reads_what_the_client_reads_and_nobody_else_writes_it(layout: Layout) -> None:
    for step in plan(layout, CONTENTS).steps:
        if isinstance(step, Directory | File):
            assert step.mode & 0o022 == 0
            if layout.managed and step.path.is_relative_to(layout.managed):
                assert step.mode == (0o755 if isinstance(step, Directory) else 0o644)


def test_a_user_installation_has_no_managed_settings_and_says_so() -> None:
    made = plan(user_layout(PurePosixPath("/home/dev")), CONTENTS)
    paths = [str(step.path) for step in made.steps if isinstance(step, Directory | File)]
    assert all(path.startswith("/home/dev/.config/") for path in paths)
    assert "need root" in made.notes[0]
    assert all(step.optional for step in made.steps if isinstance(step, Command))


def test_the_managed_settings_are_a_drop_in_that_sorts_late() -> None:
    drop_in = system_layout().drop_in
    assert drop_in is not None
    assert drop_in.parent.name == "managed-settings.d"
    assert max("10-it.json", "50-security.json", drop_in.name) == drop_in.name


def test_the_helper_program_asks_this_installations_socket() -> None:
    layout = system_layout()
    text = helper_program(layout).decode()
    words = shlex.split(text.splitlines()[1])
    assert text.startswith("#!/bin/sh\n")
    assert words[:3] == ["exec", "/usr/bin/python3", "-IBS"]
    assert words[-2:] == ["--socket", str(layout.socket)]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["/usr/bin/python3", "-m", "x"], "/usr/bin/python3 -m x"),
        (["/opt/my python", "a;b"], '"/opt/my python" "a;b"'),
        (["/p", 'a"b', "c\\d"], '/p "a\\"b" "c\\\\d"'),
        (["/p", "50%", "$HOME"], "/p 50%% $$HOME"),
    ],
)
def test_words_reach_the_service_as_they_are(words: list[str], line: str) -> None:
    assert f"ExecStart={line}\n" in system_unit(words)
    assert f"ExecStart={line}\n" in user_unit(words)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here to ask")
@pytest.mark.parametrize("render", [system_unit, user_unit])
def test_systemd_accepts_the_units(render: Callable[[list[str]], str], tmp_path: Path) -> None:
    unit = tmp_path / UNIT
    unit.write_text(render(["/bin/true", "--state", "/var/lib/bailiwick"]))
    (tmp_path / SOCKET_UNIT).write_text(system_socket("/run/bailiwick/service.sock"))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_would_make_the_service_judge_wrongly_stays_off() -> None:
    lines = system_unit(["/bin/true"]).splitlines()
    names = {line.partition("=")[0] for line in lines}
    assert names.isdisjoint({"PrivateTmp", "PrivateUsers", "ProtectProc", "PrivateNetwork", "DynamicUser"})
    assert "ProtectHome=read-only" in lines
    assert "Restart=always" in lines


def test_the_property_list_is_one() -> None:
    value = plistlib.loads(launchd_plist(["/p", "-m", "x"], log="/var/log/x"))
    assert value["ProgramArguments"] == ["/p", "-m", "x"]
    assert value["KeepAlive"] is True


def test_what_a_dry_run_shows(golden: Callable[[Path, str], None]) -> None:
    text = "".join(describe(step) for step in plan(system_layout(), CONTENTS).steps)
    golden(HERE / "installer/fresh.txt", text)


def test_what_a_dry_run_shows_of_a_change(golden: Callable[[Path, str], None]) -> None:
    old = json.dumps({"requiredMinimumVersion": "2.1.200"}, indent=2).encode() + b"\n"
    text = "".join(
        describe(step, old if isinstance(step, File) else None, 0o600 if isinstance(step, File) else 0o700)
        for step in plan(system_layout(), CONTENTS).steps
        if isinstance(step, Directory | File) and "claude-code" in str(step.path)
    )
    own = File(path=PurePosixPath("/p/organisation.yaml"), content=b"a", mode=0o644, reason="yours", own=True)
    golden(HERE / "installer/change.txt", text + describe(own, b"b", 0o644))


def test_scopes_are_what_the_command_line_calls_them() -> None:
    assert {scope.value for scope in Scope} == {"system", "user"}
