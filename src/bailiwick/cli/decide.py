"""`bailiwick decide`: hook inputs in, decisions out, one JSON object per line. For batch use; kept stable."""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import orjson

from bailiwick.administration.compile import compile_set
from bailiwick.administration.place import PROJECT
from bailiwick.audit.describe import item_of_access, item_of_obligation
from bailiwick.decision.judge import judge
from bailiwick.enforcement.claude_code import MAX_BODY, MalformedEventError, parse_event
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.verdict import Verdict
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.types import Policy, PolicySet
from bailiwick.service.account import principal_of
from bailiwick.service.files import OsFiles, folds_case
from bailiwick.service.named_file import UnfitFileError, bounded_lines
from bailiwick.service.policy_files import read_policy_files
from bailiwick.service.skills.supposed import SupposedError, supposed

_INPUT = "send one hook input per line, as the client would post it"

DONE, DENIALS, USAGE, ENVIRONMENT = 0, 1, 2, 3


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    verb = verbs.add_parser("decide", help="decide hook inputs in batch", description=__doc__)
    verb.add_argument("--policy", type=Path, required=True, metavar="DIR", help="the policy repository")
    verb.add_argument("--profile", required=True, metavar="NAME", help="the profile to decide by")
    verb.add_argument("--jsonl", action="store_true", help="one JSON object per line (the only form)")
    verb.add_argument("--json", action="store_true", help="the same as --jsonl")
    verb.add_argument(
        "--project",
        metavar="DIR",
        help="the project root; each input's own cwd if left out, an imagined one where it has none",
    )
    verb.add_argument("--home", metavar="DIR", help="the home directory; this account's if left out")
    verb.add_argument(
        "--skill",
        action="append",
        default=[],
        metavar="NAME",
        help="as if this skill were active; may be repeated",
    )
    verb.add_argument("--unattended", action="store_true", help="decide as if nobody could be asked")
    verb.add_argument("file", nargs="?", default="-", help="the inputs; standard input if left out")
    verb.set_defaults(func=run)


def run(asked: argparse.Namespace) -> int:
    """Exit code 1 when any input was denied or asked about, 0 when none was."""
    try:
        policies = compile_set(read_policy_files(asked.policy))
    except PolicyErrors as error:
        print(error, file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    policy = policies.policies.get(asked.profile)
    if policy is None:
        names = ", ".join(sorted(policies.policies))
        print(f"bailiwick: no profile {asked.profile!r} in {asked.policy}; it has: {names}", file=sys.stderr)
        return USAGE
    account = principal_of(os.getuid())
    who = Principal(
        user=account.user, uid=account.uid, groups=account.groups, home=asked.home or account.home
    )
    stopped = False
    try:
        with _opened(asked.file) as lines:
            for said in _decisions(lines, policies, policy, who, asked):
                stopped = stopped or said["verdict"] in {"ask", "deny"}
                sys.stdout.write(orjson.dumps(said).decode() + "\n")
    except BrokenPipeError:
        raise
    except SupposedError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except UnfitFileError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"bailiwick: {asked.file}: {error.strerror}", file=sys.stderr)
        return ENVIRONMENT
    return DENIALS if stopped else DONE


def _opened(name: str) -> IO[bytes]:
    return os.fdopen(os.dup(0), "rb") if name == "-" else Path(name).open("rb")


def _decisions(
    lines: IO[bytes], policies: PolicySet, policy: Policy, who: Principal, asked: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """One answer per input line; a line that is no hook input is a denial that says so."""
    files = OsFiles()
    for number, line in enumerate(bounded_lines(lines, asked.file, most=MAX_BODY), start=1):
        if not line.strip():
            continue
        try:
            event = parse_event(line)
        except MalformedEventError as error:
            origin = f"{asked.file}:{number}"
            yield {
                "id": _id_of(line),
                "verdict": Verdict.DENY.label,
                "reasons": [{"rule": "input", "origin": origin, "message": str(error), "instead": _INPUT}],
                "accesses": [],
                "obligations": [],
                "micros": 0,
            }
            continue
        project = os.path.abspath(asked.project) if asked.project else event.cwd or PROJECT  # noqa: PTH100 - resolves no link
        event = replace(event, cwd=event.cwd or project)
        started = time.perf_counter_ns()
        session = Session(
            key="batch",
            profile=policy.profile,
            project=project,
            unattended=asked.unattended,
            environment=(("HOME", who.home),),
            folds_case=folds_case(project, who.home),
        )
        request = Request(principal=who, event=event, session=session, now=int(time.time()))
        known = supposed(
            asked.skill,
            directory=asked.policy,
            policies=policies,
            policy=policy,
            who=who,
            project=session.project,
            cwd=event.cwd,
        )
        facts, decision = judge(policy, request, files, known)
        micros = (time.perf_counter_ns() - started) // 1000
        yield {
            "id": event.raw.get("id"),
            "verdict": decision.enforced.label,
            "reasons": [
                {"rule": r.rule, "origin": str(r.origin), "message": r.message, "instead": r.instead}
                for r in decision.reasons
            ],
            "accesses": [dict(item_of_access(access)) for access in facts.accesses],
            "obligations": [dict(item_of_obligation(duty)) for duty in decision.obligations],
            "micros": micros,
        }


def _id_of(line: bytes) -> Any:
    """The id of a line that is JSON but no hook input, so that its answer can be told apart."""
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return said.get("id") if isinstance(said, dict) else None
