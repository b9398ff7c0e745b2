"""What a session does when its service dies, stalls, is replaced, reloads, or serves two at once."""

import json
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import HOME, SMALL, Listener, Room, bash

from bailiwick.service.scripted_model import Answer, Received, Script, Use

CURL = "curl -s http://127.0.0.1:{}/"


def first(act: Callable[[], object], answer: Answer) -> Callable[[Received], Answer]:
    """A turn before which something happens."""

    def turn(_: Received) -> Answer:
        act()
        return answer

    return turn


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_when_the_service_is_gone_nothing_runs(room: Room, number: int) -> None:
    outcome = room.governed(
        [
            bash("touch before"),
            first(lambda: room.kill_service(number), bash("touch after")),
            Use(tool="Write", input={"file_path": "/scratch/project/written", "content": "x"}),
            Use(tool="Read", input={"file_path": "/scratch/project/before"}),
        ],
        "--permission-mode",
        "acceptEdits",
        profile="open",
    )
    assert [outcome.ran(turn) for turn in range(4)] == [True, False, False, False], outcome
    assert sorted(p.name for p in room.project.iterdir()) == ["before"]


def test_when_the_service_is_gone_before_the_first_call_the_model_is_not_even_asked(room: Room) -> None:
    room.governed([])
    room.kill_service()
    settings = next((room.state / "sessions").glob("*/settings.json"))
    plugin = str(HOME / settings.parent.relative_to(room.home) / "plugin")
    # The client alone, with the documents of the session that is over and nobody to answer for it.
    outcome = room.session(
        [bash("touch made")],
        *("--plugin-dir", plugin, "--settings", str(HOME / settings.relative_to(room.home))),
        *("--permission-mode", "acceptEdits"),
    )
    assert outcome.model.conversation == (), outcome
    assert not (room.project / "made").exists(), outcome


def test_a_service_that_dies_while_it_judges_lets_nothing_run(room: Room) -> None:
    def freeze_then_kill() -> None:
        room.kill_service(signal.SIGSTOP)
        threading.Timer(1.5, room.kill_service).start()

    outcome = room.governed([first(freeze_then_kill, bash("touch made"))], "--permission-mode", "acceptEdits")
    assert not outcome.ran(0), outcome
    assert not (room.project / "made").exists(), outcome


def test_a_service_that_stalls_lets_nothing_run(room: Room) -> None:
    outcome = room.governed(
        [first(lambda: room.kill_service(signal.SIGSTOP), bash("touch made"))],
        "--permission-mode",
        "acceptEdits",
        timeout=90,
    )
    room.kill_service(signal.SIGCONT)
    assert not outcome.ran(0), outcome
    assert not (room.project / "made").exists(), outcome


def test_a_new_service_knows_the_session_and_the_log_goes_on(room: Room) -> None:
    def restart() -> None:
        room.kill_service()
        room.start_service()

    with Listener() as listener:
        outcome = room.governed(
            [bash("touch one"), first(restart, bash("touch two")), bash(CURL.format(listener.port))]
        )
    assert [outcome.ran(turn) for turn in range(3)] == [True, True, False], outcome
    assert listener.requests == []
    judged = room.judged()
    assert len({judged[f"toolu_main_{turn}_0"]["session"] for turn in range(3)}) == 1
    assert room.faults() == ()


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\n{bad",
        b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nallowed",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]",
        b"not http at all\r\n\r\n",
    ],
    ids=["cut", "500", "broken JSON", "text", "no object", "no HTTP"],
)
def test_garbage_in_the_service_s_place_lets_nothing_run(room: Room, reply: bytes) -> None:
    impostors: list[_Impostor] = []

    def replace() -> None:
        port = int(json.loads((room.state / "service.json").read_bytes())["url"].rsplit(":", 1)[1])
        room.kill_service()
        impostors.append(_Impostor(port, reply))

    outcome = room.governed(
        [first(replace, bash("touch made"))], "--permission-mode", "acceptEdits", timeout=90
    )
    for impostor in impostors:
        impostor.close()
    assert impostors[0].asked, outcome
    assert not outcome.ran(0), outcome
    assert not (room.project / "made").exists(), outcome


def _take(port: int, seconds: float = 10) -> socket.socket:
    """Listen on a port that somebody who was just killed is still leaving."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class _Impostor:
    """Somebody else on the service's port who says ``reply`` to everything."""

    def __init__(self, port: int, reply: bytes) -> None:
        self.asked = 0
        self._reply = reply
        self._socket = _take(port)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                self.asked += 1
                connection.sendall(self._reply)


def test_what_the_client_s_own_rules_can_say_holds_even_under_an_impostor(room: Room) -> None:
    """An impostor that empties the reply fails open (a limit of the client): the native rules still stand."""
    impostors: list[_Impostor] = []

    def replace() -> None:
        port = int(json.loads((room.state / "service.json").read_bytes())["url"].rsplit(":", 1)[1])
        room.kill_service()
        impostors.append(
            _Impostor(port, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        )

    room.write("/scratch/project/.env", "KEY=hunter2")
    with Listener() as listener:
        outcome = room.governed(
            [
                first(replace, Use(tool="Read", input={"file_path": "/scratch/project/.env"})),
                bash(CURL.format(listener.port)),
                Use(tool="Write", input={"file_path": "/etc/new", "content": "x"}),
                bash("cat .env"),
                bash("install -m 644 /dev/null asked"),
            ],
            "--permission-mode",
            "acceptEdits",
        )
    for impostor in impostors:
        impostor.close()
    assert impostors[0].asked, outcome
    assert not any(outcome.ran(turn) for turn in range(5)), outcome
    assert listener.requests == []
    assert room.read("/etc/new") is None


def test_a_changed_policy_holds_from_the_next_call_on(room: Room) -> None:
    profile = room.home / ".config/bailiwick/policy/profiles/dev.yaml"

    def forbid_touch() -> None:
        profile.write_text(profile.read_text().replace("match: [curl, wget]", "match: [curl, wget, touch]"))
        room.wait_for(lambda: any(r["kind"] == "policy-reload" for r in room.records()[-3:]))

    def break_it() -> None:
        profile.write_text(profile.read_text().replace("commands:", "comands:"))
        room.wait_for(lambda: any(r["kind"] == "policy-refused" for r in room.records()[-3:]))

    outcome = room.governed(
        [
            bash("touch one"),
            first(forbid_touch, bash("touch two")),
            first(break_it, bash("touch three")),
            bash("true"),
        ]
    )
    assert [outcome.ran(turn) for turn in range(4)] == [True, False, False, True], outcome
    assert sorted(p.name for p in room.project.iterdir()) == ["one"]


def test_two_sessions_at_once_each_have_their_profile(room: Room) -> None:
    meet = threading.Barrier(2, timeout=30)
    made = 'python3 -c \'open("{}", "w")\''

    def run(profile: str) -> object:
        script = [bash("true"), first(meet.wait, bash(made.format(profile))), first(meet.wait, bash("true"))]
        return room.governed(script, profile=profile)

    room.governed([])  # the service is there before both
    with ThreadPoolExecutor(2) as pool:
        dev, open_ = pool.map(run, ["dev", "open"])
    assert (room.project / "open").exists(), open_
    assert not (room.project / "dev").exists(), dev
    verdicts = {
        r["profile"]: r["enforced"]
        for r in room.records()
        if "python3" in r.get("input", "") and r.get("event") == "PreToolUse"
    }
    assert verdicts == {"dev": "deny", "open": "allow"}


def test_parallel_calls_of_one_message_are_all_judged(room: Room) -> None:
    with Listener() as listener:
        turn = tuple(
            bash(f"sleep 0.1; touch p{n}") if n % 2 else bash(CURL.format(listener.port)) for n in range(8)
        )
        outcome = room.governed([turn])
    assert [outcome.result(0, n).is_error for n in range(8)] == [True, False] * 4, outcome
    assert listener.requests == []
    assert {f"toolu_main_0_{n}" for n in range(8)} <= set(room.judged())


def test_many_agents_at_once_are_all_judged(room: Room) -> None:
    with Listener() as listener:
        agents = [
            Script(
                name=f"a{n}",
                turns=[bash(CURL.format(listener.port)), bash(f"touch by-{n}")],
                when=lambda r, n=n: f"AGENT-{n}" in r.opening,
            )
            for n in range(3)
        ]
        call = {"description": "help", "subagent_type": "general-purpose"}
        turn = tuple(Use(tool="Agent", input={**call, "prompt": f"AGENT-{n}"}) for n in range(3))
        outcome = room.governed([turn, bash("sleep 1")], agents=agents)
    for n in range(3):
        assert outcome.result(0, script=f"a{n}").is_error, outcome
        assert (room.project / f"by-{n}").exists(), outcome
    assert listener.requests == []
    agents_seen = {r.get("agent") for r in room.records() if r.get("event") == "PreToolUse"} - {None, ""}
    assert len(agents_seen) == 3


def test_the_last_denial_is_explained(room: Room) -> None:
    outcome = room.governed([bash("curl http://127.0.0.1:9/")])
    told = outcome.result(0).text
    assert "dev.commands.deny.network-tools" in told
    assert "profiles/dev.yaml:" in told
    assert "Ask for the file to be put there." in told
    assert "the platform team" in told
    why = room.bailiwick("why")
    assert why.returncode == 1, why
    assert "dev.commands.deny.network-tools" in why.stdout
    assert "Ask for the file to be put there" in why.stdout


def test_a_secret_does_not_reach_the_log(room: Room) -> None:
    key = "AKIA" + "QYLPMN5HFIQR7BBB"
    room.governed([bash(f"echo {key}")], profile="open", prompt=f"use {key}")
    room.governed([bash(f"echo {key}")], profile="open")
    raw = b"".join(p.read_bytes() for p in room.state.glob("log.db*"))
    assert key.encode() not in raw
    assert len(room.records()) > 5


def test_a_disk_that_is_full_stops_the_session_until_there_is_room(room: Room) -> None:
    """The record can't be written, so the call doesn't run (law 7)."""

    def fill() -> None:
        room.run(["sh", "-c", f"cat /dev/zero > {SMALL}/filler"])

    def empty() -> None:
        room.run(["rm", f"{SMALL}/filler"]).check_returncode()

    keep_going = [first(empty, bash("touch three"))]
    outcome = room.governed(
        [bash("touch one"), first(fill, bash("touch two")), *keep_going],
        "--permission-mode",
        "acceptEdits",
        env={"BAILIWICK_STATE": f"{SMALL}/state"},
    )
    assert outcome.ran(0), outcome
    assert not outcome.ran(1), outcome
    assert not (room.project / "two").exists(), outcome
    empty() if not outcome.model.results.get("toolu_main_2_0") else None
    after = room.governed([bash("touch four")], env={"BAILIWICK_STATE": f"{SMALL}/state"})
    assert after.ran(0), after
