"""What the service does with the sandbox for a session's commands: have them run in it, and try them before asking."""

import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cache
from typing import Any, Final

from bailiwick.audit.kinds import Kind
from bailiwick.audit.recording import service_record
from bailiwick.enforcement.sandbox.changes import Change, summary, unforeseen
from bailiwick.enforcement.sandbox.drift import Drift
from bailiwick.enforcement.sandbox.landlock import MINIMUM_ABI
from bailiwick.information.sessions import SessionState
from bailiwick.model.access import AccessKind, Facts
from bailiwick.model.decision import Contain, Decision, Origin, Reason
from bailiwick.model.event import ToolCall
from bailiwick.model.request import Request
from bailiwick.model.value import value
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import Policy
from bailiwick.service.desk import Desk
from bailiwick.service.sandbox.command import COMMAND
from bailiwick.service.sandbox.kernel import landlock_abi
from bailiwick.service.store import StoreError
from bailiwick.service.trace import report

LOG = logging.getLogger(__name__)

TRIAL_SECONDS: Final = 5.0
"""How long a trial run may take; the client waits ten seconds for an answer, and a person for the question."""

MAX_TRIALS: Final = 2
"""Trial runs at once; a call that would be one more is asked about without."""

MAX_DRIFTS: Final = 100
"""Drifts of one command that are recorded."""

MAX_COMMAND: Final = 100_000
"""Characters of a command that is tried: an argument of a program has 128 kB at most."""

_running: set[asyncio.Task[Any] | None] = set()


@cache
def can_contain() -> bool:
    """Whether this machine has anything that could hold a command; whether it does shows when one is run."""
    return sys.platform == "linux" and (shutil.which("bwrap") is not None or landlock_abi() >= MINIMUM_ABI)


def runner_for(desk: Desk, state: SessionState, decision: Decision) -> tuple[str, ...]:
    """The command line that runs a shell command, as its last argument, in the sandbox that ``decision`` wants.

    Profile, revision and narrowing flags are pinned in it: a policy that has changed since runs nothing.
    """
    for duty in decision.obligations:
        if isinstance(duty, Contain):
            told = ("--report", str(desk.store.directory.path), "--session", state.key)
            held = _held(duty)
            return (*COMMAND, "run", *_pinned(desk, state, duty.revision), *held, *told, "-c", "--")
    return ()


def _held(duty: Contain) -> tuple[str, ...]:
    """What narrows the sandbox besides the policy: the skills under which the command runs, and what it may not reach."""
    skills = [{"name": one.name, "places": one.places, "called": one.called} for one in duty.skills]
    pinned = ("--skills", json.dumps(skills)) if skills else ()
    return (*pinned, *(("--no-network",) if duty.offline else ()))


def _pinned(desk: Desk, state: SessionState, revision: str) -> tuple[str, ...]:
    flags = state.flags
    given: dict[str, str | None] = {
        "--shell": state.shell or None,
        "--allowedTools": None if flags.allowed_tools is None else ",".join(flags.allowed_tools),
        "--readOnlyFiles": ",".join(flags.read_only_files) or None,
        "--maxBashTimeout": None if flags.max_bash_timeout is None else str(flags.max_bash_timeout),
    }
    return (
        *("--policy", str(desk.policies.directory), "--profile", state.profile, "--revision", revision),
        *("--project", state.project),
        *(word for flag, value in given.items() if value is not None for word in (flag, value)),
    )


async def tried(
    desk: Desk, state: SessionState, request: Request, facts: Facts, decision: Decision
) -> Decision:
    """``decision``, with what a trial run of the command changed told in the question, where policy wants that.

    Only a question is tried, never what is denied, and only for the account that this service runs as. A trial that
    fails in any way leaves the question as it was.
    """
    if decision.enforced is not Verdict.ASK:
        return decision
    policy, call = desk.policy_for(state), request.event.what
    if not (
        policy.client.dry_run
        and isinstance(call, ToolCall)
        and call.tool == "Bash"
        and state.uid == os.getuid()
        and len(_running) < MAX_TRIALS
    ):
        return decision
    command = str(call.input.get("command", ""))
    if not command or "\0" in command or len(command) > MAX_COMMAND:
        return decision
    task = asyncio.current_task()
    _running.add(task)
    try:
        trial = await _trial(desk, state, policy, request, command)
    except Exception as error:  # noqa: BLE001 - a question is asked with and without it
        report(LOG, "a trial run failed", error)
        return decision
    finally:
        _running.discard(task)
    if trial is None:
        return decision
    if missed := unforeseen(facts, trial.changes):
        await drifted(
            desk,
            state.key,
            f"a trial run changed what analysis did not foresee: {', '.join(missed[:10])}",
            {"tool_use_id": call.call_id, "changed": list(missed[:100])},
        )
    reason = Reason(
        rule="sandbox.trial",
        origin=Origin(file="builtin:sandbox", line=1),
        verdict=Verdict.ASK,
        message=summary(trial.changes, project=state.project, home=state.home, unfinished=trial.unfinished),
    )
    first, rest = decision.reasons[:1], decision.reasons[1:]
    return replace(decision, reasons=(*first, reason, *rest))


@value(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What a trial run changed, and whether its time was up before it ended."""

    changes: tuple[Change, ...] = field(default=())
    unfinished: bool = False


async def _trial(
    desk: Desk, state: SessionState, policy: Policy, request: Request, command: str
) -> _Trial | None:
    """Run the command where nothing it does lasts; None when that can't be done here."""
    argv = (
        *(*COMMAND, "try", *_pinned(desk, state, policy.revision)),
        *("--seconds", str(TRIAL_SECONDS - 1), "--json", "-c", "--", command),
    )
    cwd = request.event.cwd or state.project
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=cwd,
        env=_environment(os.environ, state),
        start_new_session=True,
    )
    try:
        told, _ = await asyncio.wait_for(process.communicate(), TRIAL_SECONDS)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode != 0:
        return None
    said = json.loads(told)
    changes = tuple(Change(path=one["path"], how=one["how"]) for one in said["changes"])
    return _Trial(changes=changes, unfinished=said["unfinished"])


def _environment(own: Mapping[str, str], state: SessionState) -> dict[str, str]:
    kept = {name: own[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in own}
    return kept | {"HOME": state.home, "USER": state.user, "LOGNAME": state.user}


def told_of(drift: object) -> str:
    """What a runner reports, in a sentence. Raises ``ValueError`` when it is no report of one."""
    if not isinstance(drift, list) or not 0 < len(drift) <= MAX_DRIFTS:
        raise ValueError(f"drift must be a list of 1 to {MAX_DRIFTS} entries")
    told = []
    for one in drift:
        match one:
            case {"what": "made" | "reached" | "refused" as what, "kind": str(kind), "path": str(path)} if (
                kind in set(AccessKind)
            ):
                told.append(str(Drift(what=what, kind=AccessKind(kind), path=path)))
            case _:
                raise ValueError("each drift has what (made, reached, refused), kind and path")
    return "; ".join(told[:10])


async def drifted(
    desk: Desk, session: str, message: str, details: Mapping[str, Any], kind: Kind = Kind.DRIFT
) -> None:
    """Record that another source, mostly the kernel, and the analysis do not say the same. Never raises."""
    state = desk.registry.by_key(session)
    try:
        await desk.save(
            service_record(
                kind,
                desk.stamp(),
                desk.masking,
                message=message,
                user=state.user if state else "",
                uid=state.uid if state else None,
                session=session,
                details=details,
            )
        )
    except StoreError as error:
        report(LOG, "a drift could not be recorded", error)


__all__: Sequence[str] = ("can_contain", "drifted", "runner_for", "told_of", "tried")
