"""The client at a terminal: what a person sees of a denial, a question and its answer."""

import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from fcntl import ioctl
from types import TracebackType
from typing import Self

from harness import BAILIWICK, HOME, PROJECT, Room, bash

from bailiwick.service.scripted_model import Say, ScriptedModel, Turn

KEY = "sk-" + "scripted"
ENTER, ESCAPE = "\r", "\x1b"
_CONTROL = re.compile(r"\x1b(?:\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_78])")


class Terminal:
    """The client at a terminal of 140 by 45. What it draws is kept without colours, cursor moves and white space."""

    def __init__(self, room: Room, turns: Sequence[Turn], *flags: str) -> None:
        room.write(
            HOME / ".claude.json",
            {
                "hasCompletedOnboarding": True,
                "numStartups": 5,
                "theme": "dark",
                "customApiKeyResponses": {"approved": [KEY], "rejected": []},
                "projects": {str(PROJECT): {"hasTrustDialogAccepted": True}},
            },
        )
        self.room = room
        self.model = ScriptedModel(turns)
        self.drawn = ""
        self._flags = flags

    def __enter__(self) -> Self:
        self.model.__enter__()
        self._master, inner = pty.openpty()
        ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 140, 0, 0))
        through = (*BAILIWICK, "claude", "--client", str(self.room.client), "--", *self._flags)
        variables = {"ANTHROPIC_BASE_URL": self.model.url, "ANTHROPIC_API_KEY": KEY, "TERM": "xterm-256color"}
        self._process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *self.room.argv(through)],
            env=self.room.environment(variables),
            stdin=inner,
            stdout=inner,
            stderr=inner,
        )
        os.close(inner)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)
        self.model.__exit__(kind, error, trace)

    def type(self, text: str) -> None:
        """Keys, as a person presses them: the client takes a burst for pasted text."""
        for key in text:
            os.write(self._master, key.encode())
            self._read(0.03)

    def sees(self, text: str, *, seconds: float = 30) -> None:
        """Wait until ``text`` has been drawn since the last call; fails after ``seconds``."""
        wanted = _bare(text)
        deadline = time.monotonic() + seconds
        while wanted not in _bare(self.drawn):
            assert time.monotonic() < deadline, f"never drawn: {text!r}; but:\n{_plain(self.drawn)[-4000:]}"
            self._read(0.2)
        self.drawn = ""

    def waits(self, done: Callable[[], bool], *, seconds: float = 30) -> None:
        """Wait until ``done``; a client whose terminal nobody reads would stand still."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, _plain(self.drawn)[-4000:]
            self._read(0.2)

    def answers(self, key: str) -> None:
        """Answer a question; for a moment after it appears the client takes no key, so that nobody answers it by typing on."""
        self.sees("Esc to cancel")
        time.sleep(1)
        self.type(key)

    def _read(self, seconds: float) -> None:
        while select.select([self._master], [], [], seconds)[0]:
            try:
                self.drawn += os.read(self._master, 65536).decode(errors="replace")
            except OSError:
                return
            seconds = 0


def _plain(drawn: str) -> str:
    return _CONTROL.sub(" ", drawn)


def _bare(drawn: str) -> str:
    return re.sub(r"\s", "", _plain(drawn))


def _log(room: Room) -> list[tuple[str, str, str]]:
    """Call, event and what was carried out, of everything the log says of Bash."""
    return [
        (record.get("call_id", ""), record["event"], record.get("enforced", ""))
        for record in room.records()
        if record.get("tool") == "Bash"
    ]


def test_a_denial_says_why_in_the_line_that_is_shown(room: Room) -> None:
    with Terminal(room, [bash("echo x >> /etc/hosts"), Say(text="so be it")]) as terminal:
        terminal.sees("? for shortcuts")
        terminal.type("change the hosts file" + ENTER)
        terminal.sees("Machines are changed by configuration management only")
        terminal.sees("so be it")
    assert _log(room) == [("toolu_main_0_0", "PreToolUse", "deny")]


def test_a_question_is_put_to_the_person_and_the_answer_holds(room: Room) -> None:
    for name in ("yes", "no"):
        room.write(PROJECT / name, "", mode=0o600)
    with Terminal(room, [bash("chmod 755 yes"), bash("chmod 755 no"), Say(text="so be it")]) as terminal:
        terminal.sees("? for shortcuts")
        terminal.type("make them programs" + ENTER)
        terminal.answers("1")
        terminal.answers(ESCAPE)
        terminal.sees("Interrupted")
        # The client tells of no refusal: it is on record once the turn is known to be over.
        terminal.type("then leave it" + ENTER)
        terminal.sees("so be it")
        terminal.waits(lambda: any(one.get("approved_by") == "person-refused" for one in room.records()))
    assert (room.project / "yes").stat().st_mode & 0o777 == 0o755
    assert (room.project / "no").stat().st_mode & 0o777 == 0o600
    first, second = "toolu_main_0_0", "toolu_main_1_0"
    log = _log(room)
    assert (first, "PreToolUse", "ask") in log
    assert (first, "PostToolUse", "abstain") in log
    assert (second, "PreToolUse", "ask") in log
    assert (second, "PostToolUse", "abstain") not in log
    answers = [record for record in room.records() if record["kind"] == "permission-answered"]
    approved = {record["call_id"]: record["approved_by"] for record in answers}
    assert approved[first] == "person-once", approved
    assert approved == {first: "person-once", second: "person-refused"}, approved
    (asked, *_) = [record for record in room.records() if record["kind"] == "permission-asked"]
    assert (asked["tool"], asked["user"]) == ("Bash", answers[0]["user"])
    (done,) = [record for record in room.records() if record["kind"] == "tool-outcome"]
    assert done["approved_by"] == "person-once"
    assert done["elapsed_ms"] >= done["duration_ms"]


def test_who_types_on_while_an_approved_call_runs_has_not_refused_it(room: Room) -> None:
    room.write(PROJECT / "yes", "", mode=0o600)
    with Terminal(room, [bash("sleep 8; chmod 755 yes"), Say(text="so be it")]) as terminal:
        terminal.sees("? for shortcuts")
        terminal.type("make it a program" + ENTER)
        terminal.answers("1")
        terminal.sees("(ctrl+b to run in background)")
        terminal.type("and tell me" + ENTER)
        terminal.waits(lambda: [one["kind"] for one in room.records()].count("prompt") > 1)
        terminal.waits(lambda: any(one.get("event") == "Stop" for one in room.records()))
    answers = [one["approved_by"] for one in room.records() if one["kind"] == "permission-answered"]
    assert answers == ["person-once"]


def test_a_person_s_own_command_is_nobody_s_call(room: Room) -> None:
    """Declared in docs/limits.md: what a person types after `!` reaches no hook."""
    with Terminal(room, [Say(text="so be it")]) as terminal:
        terminal.sees("? for shortcuts")
        terminal.type("!")
        terminal.type("touch typed" + ENTER)
        terminal.waits((room.project / "typed").exists)
    assert _log(room) == []
