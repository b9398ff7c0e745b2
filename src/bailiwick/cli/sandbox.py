"""`bailiwick sandbox`: run a command where the kernel holds it to the policy."""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from bailiwick.administration.entitlement import NotEntitledError, profile_for, roles_of
from bailiwick.decision.skills import held
from bailiwick.enforcement.sandbox.confine import Where
from bailiwick.enforcement.sandbox.confinement import Confinement, Reach
from bailiwick.enforcement.sandbox.drift import Drift
from bailiwick.enforcement.sandbox.oracle import Oracle
from bailiwick.information.approvals import ActiveSkill, SkillEvidence
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.session import session_layer, with_layer
from bailiwick.policy.types import Policy
from bailiwick.service.account import principal_of
from bailiwick.service.local import ServiceError, call
from bailiwick.service.places import find
from bailiwick.service.policy_files import read_policy_files
from bailiwick.service.sandbox.runner import Backend, Choice, Sandbox, SandboxError
from bailiwick.service.sandbox.trial import try_out
from bailiwick.service.skills.lock_file import LockFile

USAGE, ENVIRONMENT = 2, 3

MAX_TOLD, MAX_REPORTED = 10, 100
"""Drifts that a person and the service are told of one command."""

_EXAMPLES = """examples:
  bailiwick sandbox run --profile frontend -- npm test
  bailiwick sandbox run --profile frontend --explain -c 'make && ./run.sh > out'
  bailiwick sandbox show --profile frontend

The command gets what the profile allows without a question. Its exit code and signals pass through; 128 + n is an end by
signal n. Exit code 2: usage or policy error; 3: nothing here can hold it, so it did not run."""


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs to the command line."""
    verb = verbs.add_parser(
        "sandbox", help="run a command where the kernel holds it to the policy", description=__doc__
    )
    _verbs(verb)


def main() -> int:
    """The verbs alone, without the rest of the command line: what a command of a session is started through."""
    top = argparse.ArgumentParser(prog="bailiwick sandbox", description=__doc__)
    _verbs(top)
    asked = top.parse_args()
    code: int = asked.func(asked)
    return code


def _verbs(verb: argparse.ArgumentParser) -> None:
    inner = verb.add_subparsers(dest="sandbox_verb", metavar="VERB", required=True)
    run = inner.add_parser(
        "run",
        help="run a command in the sandbox",
        description="Run a command in the sandbox that a profile compiles to.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _common(run)
    run.add_argument("--explain", action="store_true", help="say on standard error what holds it, and how")
    run.add_argument("--json", action="store_true", help="the same as one line of JSON")
    run.add_argument(
        "--observe", action="store_true", help="trace it, and say where kernel and policy differ (strace)"
    )
    run.add_argument("--report", metavar="STATE", help=argparse.SUPPRESS)
    run.add_argument("--session", metavar="NAME", default="", help=argparse.SUPPRESS)
    run.add_argument("--skills", metavar="JSON", default="", help=argparse.SUPPRESS)
    _command(run)
    run.set_defaults(func=_run)
    trial = inner.add_parser(
        "try",
        help="show what a command would change",
        description="Run a command in the sandbox, without network, on a copy that is thrown away: what would it change?",
    )
    _common(trial)
    _command(trial)
    trial.add_argument(
        "--seconds", type=float, default=60.0, metavar="N", help="end it after this long; 60 if left out"
    )
    trial.add_argument("--json", action="store_true", help="as JSON")
    trial.set_defaults(func=_try)
    show = inner.add_parser(
        "show",
        help="what a command could reach",
        description="What a command could reach in the sandbox, and why.",
    )
    _common(show)
    show.add_argument("--json", action="store_true", help="as JSON")
    show.set_defaults(func=_show)


def _common(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--profile", metavar="NAME", help="the profile; the first that your roles allow if left out"
    )
    verb.add_argument("--policy", metavar="DIR", help="policy repository; the installed one if left out")
    verb.add_argument("--project", metavar="DIR", help="the project root; the working directory if left out")
    verb.add_argument("--backend", choices=[one.value for one in Backend], help="this one or none")
    verb.add_argument(
        "--no-network", action="store_true", help="no network, even where policy allows every host"
    )
    for flag, shown, meaning in (
        ("--allowedTools", "TOOLS", "as for `bailiwick claude`"),
        ("--readOnlyFiles", "GLOBS", "nothing may write or delete these, comma separated"),
        ("--maxBashTimeout", "SECONDS", "as for `bailiwick claude`"),
    ):
        verb.add_argument(flag, metavar=shown, help=meaning)


def _command(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("-c", dest="line", action="store_true", help="COMMAND is one word: a line for a shell")
    verb.add_argument("--shell", metavar="PATH", default="/bin/bash", help="that shell; bash if left out")
    verb.add_argument("--revision", metavar="HEX", help="run only if the policy still has this revision")
    verb.add_argument("command", nargs="*", metavar="COMMAND", help="after --: the program and its arguments")


def _argv(asked: argparse.Namespace) -> list[str]:
    """The program and its arguments. Raises ``_UsageError``."""
    if asked.line:
        if len(asked.command) != 1:
            raise _UsageError("-c takes the whole command line as one word: -c 'make && make test'")
        line = asked.command[0]
        # A leading dash would make options of it; a space changes no command.
        return [asked.shell, "-c", f" {line}" if line[:1] in {"-", "+"} else line]
    if not asked.command:
        raise _UsageError("name a program after --, or give a command line with -c")
    return list(asked.command)


def _try(asked: argparse.Namespace) -> int:
    try:
        trial = try_out(_sandbox(asked), _argv(asked), seconds=asked.seconds)
    except (PolicyErrors, NotEntitledError, _UsageError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except (SandboxError, OSError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    if asked.json:
        changes = [{"how": one.how, "path": one.path} for one in trial.changes]
        print(json.dumps({"changes": changes, "unfinished": trial.unfinished, "code": trial.code}))
        return 0
    for one in trial.changes:
        print(f"{one.how:7} {_shown(one.path)}")
    if not trial.changes:
        print("changed no file")
    if trial.unfinished:
        print(f"bailiwick: it was ended after {asked.seconds:g} s; more may come", file=sys.stderr)
    elif trial.code:
        print(f"bailiwick: it failed in the sandbox, with exit code {trial.code}", file=sys.stderr)
    return 0


def _run(asked: argparse.Namespace) -> int:
    try:
        argv = _argv(asked)
        sandbox = _sandbox(asked)
        if asked.explain or asked.json:
            _told(sandbox, asked, sys.stderr)
        outcome = sandbox.run(argv)
    except (PolicyErrors, NotEntitledError, _UsageError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except (SandboxError, OSError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    if outcome.drift:
        _report(asked, outcome.drift)
    return outcome.code


def _show(asked: argparse.Namespace) -> int:
    try:
        _told(_sandbox(asked), asked, sys.stdout)
    except (PolicyErrors, NotEntitledError, _UsageError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except (SandboxError, OSError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    return 0


class _UsageError(Exception):
    """What was asked for can't be; the message says why and the mend."""


def _sandbox(asked: argparse.Namespace) -> Sandbox:
    places = find(None, asked.policy)
    account = principal_of(os.getuid())
    project = os.path.realpath(asked.project or os.getcwd())  # noqa: PTH109 - as the kernel sees it
    policy = _policy(asked, places.policy)
    where = Where(
        project=project,
        home=os.path.realpath(account.home),
        cwd=os.path.realpath(os.getcwd()),  # noqa: PTH109
        temporary=os.path.realpath(os.environ.get("TMPDIR") or "/tmp"),  # noqa: S108 - where everybody looks
    )
    return Sandbox(
        oracle=Oracle(policy, account, project, int(time.time())),
        where=where,
        home=Path(account.home) / ".local/state/bailiwick/sandbox",
        wanted=Backend(asked.backend) if asked.backend else None,
        without_network=asked.no_network,
        observe=getattr(asked, "observe", False),
    )


def _policy(asked: argparse.Namespace, directory: Path) -> Policy:
    policies = load_policy_set(read_policy_files(directory))
    if asked.profile is None:
        name = profile_for(policies, principal_of(os.getuid()), None)
    elif asked.profile in policies.policies:
        name = asked.profile
    else:
        known = ", ".join(sorted(policies.policies))
        raise _UsageError(f"no profile {asked.profile!r} in {directory}; it has: {known}")
    policy = policies.policies[name]
    if (asked.allowedTools, asked.readOnlyFiles, asked.maxBashTimeout) != (None, None, None):
        layer = session_layer(
            allowed_tools=None if asked.allowedTools is None else [asked.allowedTools],
            read_only_files=[asked.readOnlyFiles] if asked.readOnlyFiles else None,
            max_bash_timeout=asked.maxBashTimeout,
        )
        policy = with_layer(policy, layer)
    pinned = getattr(asked, "revision", None)
    if pinned is not None and policy.revision != pinned:
        raise _UsageError(
            f"the policy in {directory} has changed since this command was judged ({policy.revision[:12]}, not "
            f"{pinned[:12]}), so it does not run; ask for it again"
        )
    if skills := getattr(asked, "skills", ""):
        who, now = principal_of(os.getuid()), int(time.time())
        approvals = LockFile(directory).approvals(policies.approvers, now)
        roles = frozenset(role.id for role in roles_of(policies, who))
        active = _active(skills)
        policy = held(policy, SkillEvidence(approvals=approvals.for_roles(roles, now), active=active))
    return policy


def _active(text: str) -> tuple[ActiveSkill, ...]:
    """The skills under which a command runs, as the hook pinned them. Raises ``_UsageError``."""
    try:
        return tuple(
            ActiveSkill(
                name=str(one["name"]),
                places=tuple((str(root), str(digest)) for root, digest in one["places"]),
                called=one["called"] is True,
            )
            for one in json.loads(text)
        )
    except (ValueError, TypeError, KeyError):
        raise _UsageError("--skills is for the hook, which writes JSON into it") from None


def _told(sandbox: Sandbox, asked: argparse.Namespace, stream: Any) -> None:
    confinement, disk = sandbox.plan()
    choice = sandbox.choose(confinement, disk)
    _, withheld = sandbox.passed_on(confinement)
    network = confinement.network and not asked.no_network
    why = "--no-network" if confinement.network and asked.no_network else confinement.network_why
    if asked.json:
        said = {
            "backend": choice.backend.value,
            "why": choice.why,
            "narrower": list(choice.narrower),
            "network": {"reachable": network, "why": why},
            "places": [
                {"path": one.path, "reach": one.reach.label, "kind": one.entry.value, "why": one.why}
                for one in confinement.places
            ],
            "absent": [{"path": path, "why": rule} for path, rule in confinement.absent],
            "unheld": list(confinement.unheld),
            "variables_withheld": list(withheld),
        }
        print(json.dumps(said), file=stream)
        return
    print("\n".join(_lines(confinement, choice, network=network, why=why, withheld=withheld)), file=stream)


def _lines(
    confinement: Confinement, choice: Choice, *, network: bool, why: str, withheld: tuple[str, ...]
) -> list[str]:
    lines = [f"held by {choice.backend} ({choice.why})"]
    lines += [f"  narrower than the policy: {one}" for one in choice.narrower]
    for reach in reversed(Reach):
        placed = [one for one in confinement.places if one.reach is reach]
        lines += [f"{reach.label:7} {_shown(one.path):44} {_shown(one.why)}".rstrip() for one in placed]
    lines += [f"absent  {_shown(path):44} {_shown(rule)}" for path, rule in confinement.absent]
    lines.append("hidden  everything else")
    lines.append(f"network {'every host' if network else 'none'} ({why})")
    if withheld:
        lines.append(f"without the variables {', '.join(map(_shown, withheld))}")
    if confinement.unheld:
        lines.append(f"only looked for afterwards: {', '.join(map(_shown, confinement.unheld))}")
    return lines


def _shown(text: str) -> str:
    """Names come from the disk: nothing in them may reach the terminal as a command."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def _report(asked: argparse.Namespace, drift: tuple[Drift, ...]) -> None:
    """Say where kernel and policy did not say the same, here and to the service."""
    for one in drift[:MAX_TOLD]:
        print(f"bailiwick: drift: {_shown(str(one))}", file=sys.stderr)
    if len(drift) > MAX_TOLD:
        print(f"bailiwick: drift: and {len(drift) - MAX_TOLD} more", file=sys.stderr)
    if asked.report:
        found = [
            {"what": one.what, "kind": one.kind.value, "path": _sendable(one.path)}
            for one in drift[:MAX_REPORTED]
        ]
        told = {"session": asked.session, "command": _sendable(" ".join(asked.command)), "drift": found}
        try:
            call(find(asked.report), "POST", "/v1/drift", told)
        except ServiceError as error:
            print(f"bailiwick: the service was not told: {error}", file=sys.stderr)


def _sendable(text: str) -> str:
    """A name may be any bytes; a message is Unicode."""
    return text.encode("utf-8", "backslashreplace").decode()


if __name__ == "__main__":
    sys.exit(main())
