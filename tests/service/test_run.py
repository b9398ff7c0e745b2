"""What the service does when it can't start, and what it remembers and forgets."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bailiwick.information.sessions import to_json
from bailiwick.policy.types import PolicySet
from bailiwick.service import policies as policies_module
from bailiwick.service import proven
from bailiwick.service.local import RefusedError, ServiceError, call, ensure_running
from bailiwick.service.peer import process_started
from bailiwick.service.places import Places, find
from bailiwick.service.registry import KEY_BYTES, Registry, service_key
from bailiwick.service.resident import KEEP_SECONDS, Service
from bailiwick.service.state_directory import StoreError
from bailiwick.service.store import Store
from governed import (
    BUSY,
    POLICY,
    READ,
    TIGHTER,
    Running,
    desk_at,
    event,
    opened,
    records,
    running,
    verdict,
    write_policy,
)


@pytest.fixture
def service(tmp_path: Path) -> Running:
    made = Running(tmp_path)
    write_policy(made.policy)
    return made


def test_two_services_do_not_share_a_state_directory(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        said = first.refused()
        assert str(first.places.state) in said
        assert str(first.process.pid if first.process else "") in said
        assert "--state" in said
        assert first.call("GET", "/v1/status")["pid"] == (first.process.pid if first.process else 0)


def test_a_taken_port_is_named_with_the_mend(service: Running) -> None:
    service.start()
    port = service.open().port
    service.kill(signal.SIGTERM)
    with closing(socket.create_server(("127.0.0.1", port))):
        said = service.refused()
    assert f"port {port}" in said
    assert "end that process" in said


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_a_state_directory_open_to_others_is_refused(service: Running, mode: int) -> None:
    service.places.state.mkdir()
    service.places.state.chmod(mode)
    said = service.refused()
    assert f"{service.places.state}: mode 0{mode:o}" in said
    assert "chmod 0700" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_state_directory_of_another_account_is_refused(service: Running) -> None:
    service.places.state.mkdir(mode=0o700)
    os.chown(service.places.state, 12345, 12345)
    assert "owned by uid 12345" in service.refused()


def test_a_state_directory_that_is_a_file_is_refused(service: Running) -> None:
    service.places.state.write_text("x")
    assert str(service.places.state) in service.refused()


def test_a_socket_path_too_long_is_refused_with_the_mend(tmp_path: Path) -> None:
    root = tmp_path / ("x" * 100)
    write_policy(root / "policy")
    assert "shorter --state" in Running(root).refused()


def test_a_key_cut_short_is_refused_by_name(service: Running) -> None:
    service.places.state.mkdir(mode=0o700)
    (service.places.state / "service.key").write_bytes(b"")
    said = service.refused()
    assert "service.key: 0 bytes instead of 32" in said
    assert "remove it" in said


def test_the_key_is_private_whole_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "service.key"
    first = service_key(path)
    assert len(first) == KEY_BYTES
    assert path.stat().st_mode & 0o777 == 0o600
    assert service_key(path) == first
    path.unlink()
    path.with_name("service.key.new").write_bytes(b"interrupted")
    assert service_key(path) != first


def test_a_session_row_that_cannot_be_read_stops_nothing_but_that_session(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        good, bad, odd = service.open(), service.open(), service.open()
        service.kill()
        with Store.open(service.places.state) as store:
            future = {**json.loads(store.states(odd.key)[odd.key]), "narrowed_by": "a later version"}
            rows = {bad.key: b"\xff{", odd.key: json.dumps(future).encode()}
            asyncio.run(store.put_state(rows))
        service.start()
        assert verdict(good.hook(READ)) == "allow"
        assert verdict(bad.hook(READ)) == "deny"
        assert verdict(odd.hook(READ)) == "deny"
        assert bad.key in service.printed()


def test_sighup_reads_the_policy_and_sigterm_ends_in_order(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        assert service.process is not None
        write_policy(service.policy, {"profiles/dev.yaml": TIGHTER})
        before = service.call("GET", "/v1/status")["revision"]
        service.process.send_signal(signal.SIGHUP)
        service.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + BUSY
        while service.call("GET", "/v1/status")["revision"] == before:
            assert time.monotonic() < deadline
        assert service.kill(signal.SIGTERM) == 0
        assert records(service.places.state)[-1]["kind"] == "service-stop"


def test_ended_sessions_are_forgotten_with_their_documents_and_living_ones_are_not(tmp_path: Path) -> None:
    """A session is over when its client's process is gone; a young one is left alone."""
    now = [1_700_000_000.0]
    with desk_at(tmp_path, clock=lambda: now[0]) as desk:
        places = Places(state=tmp_path / "state", policy=tmp_path / "policy")
        service = Service(places=places, desk=desk)
        mine, started = os.getpid(), process_started(os.getpid()) or 0
        alive = opened(desk, client_pid=mine, client_started=started)
        gone = opened(desk, client_pid=mine, client_started=started - 1)
        ended = replace(opened(desk), ended=True)
        unknown = opened(desk)
        desk.registry.put(ended)
        rows = {state.key: json.dumps(to_json(state)).encode() for state in desk.registry}
        token = desk.registry.token(gone)
        (places.sessions / gone.key / "plugin").mkdir(parents=True)

        async def lifetime() -> None:
            await desk.store.put_state(rows)
            await service.tidy()
            assert len(list(desk.registry)) == 4, "all are young"
            now[0] += KEEP_SECONDS
            await service.tidy()

        asyncio.run(lifetime())
        assert {state.key for state in desk.registry} == {alive.key, unknown.key}
        assert set(desk.store.states("s-")) == {alive.key, unknown.key}
        assert desk.registry.by_token(token) is None
        assert not (places.sessions / gone.key).exists()
        assert set(desk._resolved) == {alive.key, unknown.key}


def test_a_session_is_found_by_its_process_and_not_by_a_reused_number(tmp_path: Path) -> None:
    with desk_at(tmp_path) as desk:
        state = opened(desk, client_pid=7, client_started=100)
        registry = desk.registry
        assert registry.by_process(state.uid, 7, 100) == state
        assert registry.by_process(state.uid, 7, 101) is None
        assert registry.by_process(state.uid + 1, 7, 100) is None
        registry.put(replace(state, ended=True))
        assert registry.by_process(state.uid, 7, 100) is None


def test_secrets_are_of_the_session_and_of_the_key(tmp_path: Path) -> None:
    with desk_at(tmp_path) as desk:
        one, two = opened(desk), opened(desk)
        other = Registry(key=b"\1" * KEY_BYTES)
        other.put(one)
        assert desk.registry.token(one) != desk.registry.token(two)
        assert desk.registry.token(one) != other.token(one)
        assert desk.registry.by_token(desk.registry.token(one)) == one
        for wrong in ("", one.key, other.token(one)):
            assert desk.registry.by_token(wrong) is None


def test_the_watch_goes_on_after_a_reload_could_not_be_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies_module, "WATCH_SECONDS", 0.01)
    with desk_at(tmp_path) as desk:
        policies = desk.policies
        before = policies.in_force
        told: list[str] = []
        again = asyncio.Event()

        async def changed() -> None:
            told.append("tried")
            if len(told) == 1:
                raise StoreError("the disk is full")
            again.set()

        async def watched() -> None:
            watch = asyncio.create_task(policies.watch(changed))
            await asyncio.sleep(0.03)
            assert told == [], "nothing changed yet"
            write_policy(policies.directory, {"profiles/dev.yaml": TIGHTER})
            await asyncio.wait_for(again.wait(), BUSY)
            watch.cancel()

        asyncio.run(watched())
        assert policies.in_force is not before
        assert policies.problem is None


def test_a_directory_that_keeps_changing_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies_module, "SETTLE_SECONDS", 0)
    read = policies_module.read_policy_files
    with desk_at(tmp_path) as desk:
        before = desk.policies.in_force
        count = iter(range(100))

        def while_written(directory: Path) -> dict[str, str]:
            files = read(directory)
            write_policy(directory, {"profiles/dev.yaml": TIGHTER + f"# {next(count)}\n"})
            return files

        monkeypatch.setattr(policies_module, "read_policy_files", while_written)
        desk.policies.reload()
        assert desk.policies.in_force is before
        assert "keeps changing" in str(desk.policies.problem)
        monkeypatch.undo()
        desk.policies.reload()
        assert desk.policies.problem is None


def test_a_policy_that_breaks_the_compiler_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object, *, prove: bool) -> None:
        raise ZeroDivisionError(f"AKIA {prove}")

    with desk_at(tmp_path) as desk:
        before = desk.policies.in_force
        monkeypatch.setattr(proven, "compile_set", broken)
        desk.policies.reload()
        assert desk.policies.in_force is before
        assert "internal error" in str(desk.policies.problem)


def whether_proven(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each policy that is compiled from now on is proven."""
    asked: list[bool] = []
    compile_set = proven.compile_set

    def counted(files: Mapping[str, str], *, prove: bool) -> PolicySet:
        asked.append(prove)
        return compile_set(files, prove=prove)

    monkeypatch.setattr(proven, "compile_set", counted)
    return asked


def test_a_text_that_was_proven_is_not_proven_again_unless_anything_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = whether_proven(monkeypatch)
    with desk_at(tmp_path) as desk:
        desk.policies.reload()
        assert asked == [True, False]
        profile = POLICY["profiles/dev.yaml"] + "examples: {allow: ['Write(/etc/hosts)']}\n"
        write_policy(tmp_path / "policy", {"profiles/dev.yaml": profile})
        desk.policies.reload()
        assert asked[2:] == [True]
        assert "must get allow" in str(desk.policies.problem)
        write_policy(tmp_path / "policy", POLICY)
        monkeypatch.setattr(proven, "_program", lambda: "another Bailiwick")
        desk.policies.reload()
        assert asked[3:] == [True]
        assert desk.policies.problem is None


def test_what_was_proven_is_known_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        pass
    with closing(Store.open(service.places.state)) as store:
        assert store.get_state("proven") == proven.mark_of(POLICY)


def test_what_an_installation_proved_is_known_only_if_nobody_else_can_have_written_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = whether_proven(monkeypatch)
    directory = write_policy(tmp_path / "policy")
    mark = tmp_path / "proven"
    assert proven.installed(directory) is None
    mark.write_bytes(proven.mark_of(POLICY))
    mark.chmod(0o664)
    assert proven.installed(directory) is None
    mark.chmod(0o644)
    if os.geteuid() != 0:
        assert proven.installed(directory) is None
        return
    policies = policies_module.Policies(directory=directory, installed=proven.installed(directory))
    policies.reload()
    assert asked == [False]
    write_policy(directory, {"profiles/dev.yaml": POLICY["profiles/dev.yaml"] + "# changed\n"})
    policies.reload()
    assert asked == [False, True]
    os.chown(mark, 1, 1)
    assert proven.installed(directory) is None
    mark.rename(tmp_path / "elsewhere")
    mark.symlink_to(tmp_path / "elsewhere")
    assert proven.installed(directory) is None


def test_equal_text_is_the_same_policy(tmp_path: Path) -> None:
    with desk_at(tmp_path) as desk:
        first = desk.policies.in_force
        (tmp_path / "policy" / ".git").mkdir()
        (tmp_path / "policy" / ".git" / "x.yaml").write_text("not: [policy")
        write_policy(tmp_path / "policy", POLICY)
        desk.policies.reload()
        assert first is not None
        assert desk.policies.in_force is not None
        assert desk.policies.in_force.revision == first.revision


LAUNCHER = """
import sys
from pathlib import Path
from bailiwick.service.local import call, ensure_running
from bailiwick.service.places import Places
places = Places(state=Path(sys.argv[1]), policy=Path(sys.argv[2]))
ensure_running(places)
print(call(places, "GET", "/v1/status")["pid"])
"""


def test_launchers_at_the_same_moment_start_one_service(tmp_path: Path) -> None:
    places = Places(state=tmp_path / "state", policy=write_policy(tmp_path / "policy"))
    command = [sys.executable, "-c", LAUNCHER, str(places.state), str(places.policy)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    pids = {process.communicate(timeout=BUSY)[0].strip() for process in started}
    try:
        assert len(pids) == 1
        assert pids != {""}
    finally:
        for pid in pids - {""}:
            os.kill(int(pid), signal.SIGTERM)


def test_a_service_that_cannot_start_is_told_with_its_reason(tmp_path: Path) -> None:
    places = Places(state=tmp_path / "state", policy=tmp_path / "policy")
    places.state.mkdir(mode=0o755)
    with pytest.raises(ServiceError, match="chmod 0700"):
        ensure_running(places)
    with pytest.raises(ServiceError, match="systemctl restart"):
        ensure_running(replace(places, runtime=tmp_path / "run"))
    with pytest.raises(ServiceError, match="blocked"):
        ensure_running(Places(state=write(tmp_path / "blocked") / "state", policy=tmp_path))


def test_a_policy_that_is_not_there_starts_no_service(tmp_path: Path) -> None:
    """It would stay, and be in the way of whoever then spells the name right."""
    places = find(str(tmp_path / "state"), str(tmp_path / "nowhere"))
    with pytest.raises(RefusedError, match="nowhere is not a directory"):
        ensure_running(places)
    assert not places.state.exists()


def test_a_policy_is_known_by_its_directory_not_by_the_spelling(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "current").symlink_to("inner")
    assert find(policy=f"{tmp_path}/inner/../current").policy == tmp_path / "inner"
    assert find(policy=f"{tmp_path}/current").policy == tmp_path / "current"  # a link may be switched


def write(path: Path) -> Path:
    path.write_text("x")
    return path


def test_what_answers_but_is_no_service_is_told_apart(tmp_path: Path) -> None:
    places = Places(state=tmp_path, policy=tmp_path)
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(places.socket))
        listener.listen()
        for answer in (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{",
            b"",
            b"hi",
        ):
            code = f"import socket,sys;c,_=socket.socket(fileno={listener.fileno()}).accept();c.recv(9999);c.sendall({answer!r})"
            with subprocess.Popen([sys.executable, "-c", code], pass_fds=[listener.fileno()]):
                with pytest.raises(ServiceError) as raised:
                    call(places, "GET", "/v1/status")
                assert not isinstance(raised.value, RefusedError)
                assert str(places.socket) in str(raised.value)


def test_events_of_every_name_survive_a_restart_of_the_desk(tmp_path: Path) -> None:
    """The state row that an answer commits is the state that a new service starts with."""
    from bailiwick.service.answer import answer  # noqa: PLC0415 - used here only
    from bailiwick.service.resident import _restored  # noqa: PLC0415

    with desk_at(tmp_path) as desk:
        state = opened(desk)
        bodies = [
            event("SessionStart", source="startup"),
            event("SubagentStart", agent_id="a-1", agent_type="x"),
            event(tool_name="Skill", tool_input={"skill": "pdf"}, agent_id="a-1"),
            event("SessionEnd", reason="exit"),
        ]
        for body in bodies:
            asyncio.run(answer(desk, state, body))
        (kept,) = _restored(desk.store.states(state.key))
        assert kept == desk.registry.by_key(state.key)
        assert kept.ended
        assert kept.active_skills("a-1") == ("pdf",)
