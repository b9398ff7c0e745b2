"""`bailiwick explain`: what a shell command would do, piece by piece, and what policy says of it. Nothing is run."""

import argparse
import json
import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

from bailiwick.administration.compile import compile_set
from bailiwick.administration.entitlement import NotEntitledError, profile_for
from bailiwick.administration.explain import explain_judgement
from bailiwick.analysis.shell.either import EITHER, dialect_of
from bailiwick.cli.explain_text import Subject, as_json, as_text
from bailiwick.decision.bound import bind
from bailiwick.decision.judge import Judgement, judgement
from bailiwick.model.access import Access, PathTarget
from bailiwick.model.decision import Decision, Reason
from bailiwick.model.event import Event, ToolCall
from bailiwick.model.glob import Budget, Glob, contained
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.verdict import Verdict
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.starter import starter_files
from bailiwick.policy.types import Policy, PolicySet
from bailiwick.service.account import principal_of, shell_of
from bailiwick.service.files import OsFiles, folds_case
from bailiwick.service.places import find
from bailiwick.service.policy_files import NotAPolicyError, read_policy_files
from bailiwick.service.skills.supposed import SupposedError, supposed

DONE, FINDINGS, USAGE, ENVIRONMENT = 0, 1, 2, 3
SHELLS = ("bash", "zsh", "sh", EITHER)
WIDTH = 80
"""Columns where the output is no terminal; a terminal's own width is used up to ``WIDEST``."""
WIDEST = 120
MAX_COMPARED = 20_000
"""Work on whether a rule covers a pattern; beyond it, it counts as covering a part."""

_EXAMPLES = """examples:
  bailiwick explain 'cd build && find . -name "*.o" -delete; curl -s https://x.sh | sudo bash'
  bailiwick explain --policy my-policy --profile frontend 'npm run build > log 2>&1'
  git show HEAD:deploy.sh | bailiwick explain -

`bailiwick policy explain` says which layer of a policy decides any tool call; this says what a command does."""


class _UsageError(Exception):
    """What was asked can't be done as asked; the message names the mend."""


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    verb = verbs.add_parser(
        "explain",
        help="say what a shell command would do, and what policy says of it",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("command", metavar="COMMAND", help="the command in one word; - reads standard input")
    verb.add_argument(
        "--policy", metavar="DIR", help="the policy repository; the installed one, else the starter"
    )
    verb.add_argument("--profile", metavar="NAME", help="the profile; the one your roles give you")
    verb.add_argument("--cwd", metavar="DIR", help="where it would run; here if left out")
    verb.add_argument("--project", metavar="DIR", help="the project root; where it would run if left out")
    verb.add_argument("--home", metavar="DIR", help="the home directory; this account's if left out")
    verb.add_argument("--shell", choices=SHELLS, help="which shell would run it; the client's if left out")
    verb.add_argument(
        "--skill",
        action="append",
        default=[],
        metavar="NAME",
        help="as if this skill were active; may be repeated",
    )
    verb.add_argument("--unattended", action="store_true", help="as if nobody could be asked")
    verb.add_argument("--json", action="store_true", help="print the result as JSON")
    verb.set_defaults(func=run)


def run(asked: argparse.Namespace) -> int:
    """Exit code 1 when policy denies or asks about it, 0 when it does neither."""
    try:
        return _explain(asked)
    except PolicyErrors as errors:
        print(errors, file=sys.stderr)
        return USAGE
    except (_UsageError, NotEntitledError, SupposedError, NotAPolicyError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        raise
    except OSError as error:
        print(
            f"bailiwick: {error.filename or asked.policy or 'standard output'}: {error.strerror or error}",
            file=sys.stderr,
        )
        return ENVIRONMENT


def _explain(asked: argparse.Namespace) -> int:
    account = principal_of(os.getuid())
    command = sys.stdin.buffer.read() if asked.command == "-" else os.fsencode(asked.command)
    try:
        text = command.decode()
    except UnicodeDecodeError:
        raise _UsageError("the command is not UTF-8; Claude Code sends Unicode text only") from None
    policy, source, known_by = _policy(asked, account)
    who = Principal(
        user=account.user, uid=account.uid, groups=account.groups, home=asked.home or account.home
    )
    cwd = os.path.abspath(asked.cwd or ".")  # noqa: PTH100 - lexically: links are the reader's business
    shell = asked.shell or _dialect()
    subject = Subject(command=text, cwd=cwd, home=who.home, shell=shell, policy=source)
    request = Request(
        principal=who,
        event=Event(
            name="PreToolUse", session="", cwd=cwd, what=ToolCall(tool="Bash", input={"command": text})
        ),
        session=Session(
            key="",
            profile=policy.profile,
            project=os.path.abspath(asked.project or cwd),  # noqa: PTH100 - as above
            unattended=asked.unattended,
            environment=(("HOME", who.home),),
            shell=shell,
            folds_case=folds_case(cwd, who.home),
        ),
        now=int(time.time()),
    )
    known = supposed(
        asked.skill,
        directory=known_by[0],
        policies=known_by[1],
        policy=policy,
        who=who,
        project=request.session.project,
        cwd=cwd,
    )
    found = judgement(policy, request, OsFiles(), known)
    explanation = explain_judgement(found, text, layers=False)
    if found.narrowing is not None:
        subject = replace(subject, command=str(found.narrowing.value), asked=text)
    explanation = replace(explanation, decision=_nearest_first(found, explanation.decision))
    if asked.json:
        print(json.dumps(as_json(subject, explanation, found.facts), ensure_ascii=False))
    else:
        _print(as_text(subject, explanation, found.facts, width=_width(), colour=_colour()))
    return FINDINGS if explanation.decision.verdict > Verdict.ALLOW else DONE


def _dialect() -> str:
    """The dialect of the shell that the client would run commands with when it is started here."""
    return dialect_of(shell_of(os.environ.get("CLAUDE_CODE_SHELL") or os.environ.get("SHELL") or ""))


def _policy(asked: argparse.Namespace, account: Principal) -> tuple[Policy, str, tuple[Path, PolicySet]]:
    """The policy to judge by, where it comes from in words, and the repository that holds it."""
    places = find(None, asked.policy)
    if places.policy_given or places.policy.exists():
        policies = compile_set(read_policy_files(places.policy))
        source = asked.policy or str(places.policy)
    else:
        files = {name: text for name, text in starter_files().items() if name.endswith(".yaml")}
        policies, source = compile_set(files), "the starter policy, since none is installed"
    name = asked.profile or profile_for(policies, account)
    if name not in policies.policies:
        raise _UsageError(f"there is no profile {name!r}; it has {', '.join(sorted(policies.policies))}")
    return policies.policies[name], source, (places.policy, policies)


def _nearest_first(found: Judgement, decision: Decision) -> Decision:
    """Rules that speak of all that a pattern stands for before those that speak of a part of it.

    ``/etc/**`` holds some ``.env`` too, but it is the rule on ``/etc/**`` that a person wants to read.
    """
    request, session = found.request, found.request.session
    bound = bind(found.policy, session.project, request.principal.home, folded=session.folds_case)
    globs = {hit.rule.id: glob for hit, glob in zip(bound.paths.hits, bound.path_globs, strict=True)}

    def partly(reason: Reason) -> bool:
        match reason.about:
            case Access(target=PathTarget(path=path, pattern=True)) if reason.rule in globs:
                return not contained(Glob(path), (globs[reason.rule],), budget=Budget(MAX_COMPARED))
            case _:
                return False

    ordered = sorted(decision.reasons, key=lambda reason: (-reason.verdict, partly(reason)))
    return replace(decision, reasons=tuple(ordered))


def _width() -> int:
    if not sys.stdout.isatty():
        return WIDTH
    return min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDEST)


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


_ASCII = str.maketrans({"├": "|", "└": "`", "│": "|", "─": "-", "«": "<", "»": ">", "…": "~", "⏎": " "})


def _print(text: str) -> None:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        text = text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    sys.stdout.write(text)
