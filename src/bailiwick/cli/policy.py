"""`bailiwick policy`: policy as code, from checking its text to what a change of it would do."""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, TypeAlias

from bailiwick.administration import check, difference, explain, simulate
from bailiwick.administration.compile import compile_set, run_examples
from bailiwick.administration.example import ExampleError, parse_call
from bailiwick.administration.importer import Source, import_settings, summary
from bailiwick.administration.place import request_of
from bailiwick.administration.recorded import read_recorded
from bailiwick.administration.skill_policy import load_scan_policy
from bailiwick.administration.skills.lock import LOCK, SIGNATURE, LockError
from bailiwick.administration.skills.statements import time_text
from bailiwick.administration.targets.claude_settings import ServiceAddress, Tier, compile_settings
from bailiwick.administration.targets.native import unexpressed
from bailiwick.cli.policy_text import policy_item, policy_lines
from bailiwick.enforcement.installer import relay_command, system_layout
from bailiwick.enforcement.units import PORT
from bailiwick.model.decision import Origin
from bailiwick.model.event import Event, ToolCall
from bailiwick.model.request import Request, Session
from bailiwick.model.verdict import Verdict
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.load import SCAN_POLICY, load_policy_set
from bailiwick.policy.types import Policy, PolicySet
from bailiwick.service.account import principal_of
from bailiwick.service.files import OsFiles, folds_case
from bailiwick.service.listening import HOST
from bailiwick.service.named_file import UnfitFileError, bounded_lines, read_named_text
from bailiwick.service.policy_files import NotAPolicyError, read_policy_files
from bailiwick.service.skills.lock_file import load
from bailiwick.service.skills.supposed import SupposedError, as_recorded, supposed

DONE, FINDINGS, USAGE, ENVIRONMENT = 0, 1, 2, 3
SERVICE = f"http://{HOST}:{PORT}"
"""The service's address in a compiled document unless another is given: that of a machine-wide service."""

_ADDRESS = re.compile(r"http://[\w.-]+:[0-9]{1,5}/?")

_Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 (argparse gives it no public name)
_Run: TypeAlias = Callable[[argparse.Namespace], int]


class UsageError(Exception):
    """What was asked can't be done as asked; the message names the mend."""


def register(verbs: _Verbs) -> None:
    """Add the verbs to the command line."""
    group = verbs.add_parser(
        "policy", help="check, test, explain, compare and compile policy", description=__doc__
    )
    group.set_defaults(func=run)
    inner = group.add_subparsers(dest="policy_verb", metavar="VERB", required=True)
    _verb(
        inner,
        "check",
        _check,
        "is the policy sound? errors, failing examples, unreachable and shadowed rules",
    )
    _verb(inner, "test", _test, "do the policy's examples and tests hold?")
    show = _verb(inner, "show", _show, "the rules that are in force, with where each was written")
    show.add_argument("--profile", metavar="NAME", help="one profile; all by name if left out")
    compiled = _verb(inner, "compile", _compile, "the client's own settings that enforce the policy")
    compiled.add_argument("--profile", required=True, metavar="NAME", help="the profile to compile")
    compiled.add_argument(
        "--target",
        choices=["claude-settings"],
        default="claude-settings",
        help="what it is compiled to; claude-settings is the only one",
    )
    compiled.add_argument(
        "--tier",
        choices=[tier.value for tier in Tier],
        default=Tier.MANAGED.value,
        help="where the settings will stand: managed (a machine's file), helper (the answer of a `policyHelper`) or session",
    )
    compiled.add_argument(
        "--service", metavar="URL", default=SERVICE, help=f"the policy service; {SERVICE} if left out"
    )
    compiled.add_argument(
        "--relay",
        action="store_true",
        help="hooks by the relay that `install --system` puts on the machine: slower, and what it stops while the service "
        "is away gets on record; so it is too where the policy itself says `audit: {fallback: relay}`",
    )
    explained = _verb(
        inner, "explain", _explain, "why a call gets what it gets, access by access, layer by layer"
    )
    explained.add_argument(
        "call", metavar="CALL", help="as the client shows it: 'Bash(git push)', 'Read(.env)'"
    )
    explained.add_argument("--profile", required=True, metavar="NAME", help="the profile to judge it by")
    explained.add_argument(
        "--project",
        type=Path,
        metavar="PATH",
        help="judge it there, by its links and files; an imagined one if left out",
    )
    explained.add_argument(
        "--skill",
        action="append",
        default=[],
        metavar="NAME",
        help="as if this skill were active; may be repeated",
    )
    explained.add_argument("--unattended", action="store_true", help="as if nobody could be asked")
    differ = _verb(
        inner, "diff", _diff, "what a change newly allows, asks about and denies, with an example of each"
    )
    differ.add_argument("after", type=Path, metavar="DIR2", help="the changed policy repository")
    differ.add_argument(
        "--profile", action="append", default=[], metavar="NAME", help="only this profile; may repeat"
    )
    replay = _verb(
        inner, "simulate", _simulate, "what this policy would have done to calls that were really made"
    )
    replay.add_argument(
        "records",
        nargs="?",
        default="-",
        metavar="FILE",
        help="recorded calls: `bailiwick log search --json`, hook inputs or an OTLP export; standard input if left out",
    )
    replay.add_argument(
        "--before",
        type=Path,
        metavar="DIR0",
        help="compare with this policy rather than with what was recorded",
    )
    replay.add_argument("--profile", metavar="NAME", help="judge every call under this profile")
    what = "a profile from the client's own permission rules"
    imported = inner.add_parser("import", help=what, description=what)
    imported.add_argument("file", type=Path, metavar="SETTINGS.JSON", help="a settings file of the client")
    imported.add_argument("--profile", metavar="NAME", default="imported", help="the profile's name")
    imported.add_argument(
        "--source",
        choices=[source.value for source in Source],
        default=Source.PROJECT.value,
        help="whose settings they are; decides what `/path` means",
    )
    imported.add_argument("--json", action="store_true", help="print the profile and the notes as JSON")
    imported.set_defaults(action=_import)


def _verb(inner: _Verbs, name: str, action: _Run, what: str) -> argparse.ArgumentParser:
    verb = inner.add_parser(name, help=what, description=what)
    verb.add_argument("directory", type=Path, metavar="DIR", help="the policy repository")
    verb.add_argument("--json", action="store_true", help="print the result as JSON")
    verb.set_defaults(action=action)
    return verb


def run(asked: argparse.Namespace) -> int:
    """Run one verb; 0 done, 1 findings, 2 usage or policy error, 3 environment."""
    action: _Run = asked.action
    try:
        return action(asked)
    except PolicyErrors as errors:
        if asked.json:
            _print_json({"errors": [_error_item(error) for error in errors.errors]})
        else:
            print(errors, file=sys.stderr)
        return USAGE
    except (UsageError, SupposedError, UnfitFileError, NotAPolicyError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        raise
    except OSError as error:
        print(
            f"bailiwick: {error.filename or ''}: {error.strerror or error}".replace(" : ", " "),
            file=sys.stderr,
        )
        return ENVIRONMENT


def _error_item(error: Any) -> dict[str, Any]:
    names = ("file", "line", "column", "message", "mend")
    return {name: getattr(error, name) for name in names}


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))


def _read(directory: Path) -> Mapping[str, str]:
    return read_policy_files(directory)


def _profile(policies: PolicySet, name: str) -> Policy:
    if name not in policies.policies:
        raise UsageError(f"there is no profile {name!r}; it has {', '.join(policies.policies)}")
    return policies.policies[name]


def _check(asked: argparse.Namespace) -> int:
    files = _read(asked.directory)
    policies = compile_set(files)
    if SCAN_POLICY in files:
        load_scan_policy(SCAN_POLICY, files[SCAN_POLICY], now=int(time.time()))
    found = (*_lock(asked.directory, policies), *check.check(policies, now=int(time.time())))
    if asked.json:
        _print_json(
            {
                "revision": policies.revision,
                "profiles": list(policies.policies),
                "findings": check.as_json(found),
            }
        )
    elif found:
        sys.stdout.write(check.as_text(found))
    else:
        print(f"sound: {len(policies.policies)} profiles, revision {policies.revision[:12]}")
    return FINDINGS if found else DONE


def _lock(directory: Path, policies: PolicySet) -> Iterator[check.CheckFinding]:
    """What is wrong with the skill lock, where there is one: with a broken one no skill loads anywhere."""
    if not any((directory / name).exists() for name in (LOCK, SIGNATURE)):
        return
    origin, now = Origin(file=LOCK, line=1), int(time.time())
    try:
        lock = load(directory, policies.approvers, now=now)
    except LockError as error:
        message, _, mend = str(error).removeprefix(f"{LOCK} ").partition("; ")
        yield check.CheckFinding(kind=check.Kind.BROKEN_LOCK, origin=origin, message=message, mend=mend)
        return
    if lock.expires < now + check.SOON:
        yield check.CheckFinding(
            kind=check.Kind.ENDING_LOCK,
            origin=origin,
            message=f"the skill lock ends on {time_text(lock.expires)[:10]}, and then no skill loads",
            mend="`bailiwick skill renew` signs it again",
        )


def _test(asked: argparse.Namespace) -> int:
    policies = load_policy_set(_read(asked.directory))
    results = [*run_examples(policies, policies.examples), *run_examples(policies, policies.tests)]
    failed = [result for result in results if result.failure]
    if asked.json:
        items = [
            {
                "profile": result.profile,
                "call": result.example.call,
                "origin": str(result.example.origin),
                "expected": result.example.verdict.label,
                "got": None if result.decision is None else result.decision.verdict.label,
                "failure": result.failure,
            }
            for result in results
        ]
        _print_json({"revision": policies.revision, "failed": len(failed), "results": items})
    else:
        for result in failed:
            print(f"{result.example.origin}: {result.failure}\n  mend: {result.mend}\n")
        print(f"{len(results) - len(failed)} of {len(results)} cases hold")
    return FINDINGS if failed else DONE


def _show(asked: argparse.Namespace) -> int:
    policies = load_policy_set(_read(asked.directory))
    chosen = [_profile(policies, asked.profile)] if asked.profile else list(policies.policies.values())
    if asked.json:
        _print_json({"revision": policies.revision, "policies": [policy_item(policy) for policy in chosen]})
    elif asked.profile:
        print("\n".join(policy_lines(chosen[0])))
    else:
        for policy in chosen:
            print(f"{policy.profile:<20} {policy.mode.value:<8} {policy.description}")
        for role in policies.roles:
            who = ", ".join([*sorted(role.groups), *sorted(role.users)])
            print(f"role {role.id}: {who} -> {', '.join(role.profiles)}")
        print("\n`--profile NAME` lists its rules.")
    return DONE


def _explain(asked: argparse.Namespace) -> int:
    policies = load_policy_set(_read(asked.directory))
    policy = _profile(policies, asked.profile)
    try:
        call = parse_call(asked.call)
    except ExampleError as error:
        raise UsageError(f"{error}; {error.mend}") from None
    if asked.project is None:
        request, files = request_of(policy, call), None
    else:
        request, files = _request(policy, call, asked.project.resolve()), OsFiles()
    if asked.unattended:
        request = replace(request, session=replace(request.session, unattended=True))
    known = supposed(
        asked.skill,
        directory=asked.directory,
        policies=policies,
        policy=policy,
        who=principal_of(os.getuid()),
        project=str(asked.project.resolve() if asked.project else Path.cwd()),
        cwd=str(Path.cwd()),
    )
    explanation = explain.explain(policy, call, asked.call, request=request, files=files, known=known)
    if asked.json:
        _print_json(explain.as_json(explanation))
    else:
        sys.stdout.write(explain.as_text(explanation))
    return FINDINGS if explanation.decision.verdict > Verdict.ALLOW else DONE


def _request(policy: Policy, call: ToolCall, project: Path) -> Request:
    """This account making ``call`` in ``project`` now."""
    who = principal_of(os.getuid())
    return Request(
        principal=who,
        event=Event(name="PreToolUse", session="", cwd=str(project), what=call),
        session=Session(
            key="",
            profile=policy.profile,
            project=str(project),
            folds_case=folds_case(str(project), who.home),
        ),
        now=int(time.time()),
    )


def _diff(asked: argparse.Namespace) -> int:
    before, after = load_policy_set(_read(asked.directory)), load_policy_set(_read(asked.after))
    for name in asked.profile:
        if name not in before.policies:
            _profile(after, name)
    found = difference.difference(before, after, asked.profile)
    if asked.json:
        _print_json(
            {"before": before.revision, "after": after.revision, "profiles": difference.as_json(found)}
        )
    else:
        sys.stdout.write(difference.as_text(found))
    return FINDINGS if found else DONE


def _simulate(asked: argparse.Namespace) -> int:
    after = load_policy_set(_read(asked.directory))
    before = None if asked.before is None else load_policy_set(_read(asked.before))
    if asked.profile:
        _profile(after, asked.profile)
    if asked.records == "-" and sys.stdin.isatty():
        raise UsageError(
            "name a file of recorded calls, or pipe them in: "
            f"bailiwick log search --json | bailiwick policy simulate {asked.directory}"
        )
    with ExitStack() as stack:
        file: IO[bytes] = sys.stdin.buffer
        if asked.records != "-":
            file = stack.enter_context(Path(asked.records).open("rb"))
        lines = (line.decode("utf-8", "replace") for line in bounded_lines(file, asked.records))
        now = int(time.time())
        directories = {after.revision: asked.directory}
        if before is not None:
            directories.setdefault(before.revision, asked.before)
        told = simulate.simulate(
            read_recorded(lines),
            after,
            before=before,
            profile=asked.profile,
            skills=as_recorded(directories, now),
            now=now,
        )
    if asked.json:
        _print_json(simulate.as_json(told))
    else:
        sys.stdout.write(simulate.as_text(told, "<stdin>" if asked.records == "-" else asked.records))
    return FINDINGS if told.changed else DONE


def _compile(asked: argparse.Namespace) -> int:
    if not _ADDRESS.fullmatch(asked.service):
        raise UsageError(f"--service {asked.service}: write http://HOST:PORT, as `bailiwick status` shows it")
    whole = compile_set(_read(asked.directory))
    policy = _profile(whole, asked.profile)
    relay = relay_command(system_layout()) if asked.relay or whole.audit.relay else ()
    service = ServiceAddress(url=asked.service, relay=relay)
    tier = Tier(asked.tier)
    document = compile_settings(policy, service=service, tier=tier)
    if tier is Tier.HELPER:
        document = {"managedSettings": document}  # what the client takes from a `policyHelper`
    print(json.dumps(document, indent=2, ensure_ascii=False))
    if left := unexpressed(policy):
        print(f"bailiwick: {len(left)} rules hold through the hook alone", file=sys.stderr)
    return DONE


def _import(asked: argparse.Namespace) -> int:
    text = read_named_text(asked.file)
    imported = import_settings(text, profile=asked.profile, source=Source(asked.source), name=asked.file.name)
    load_policy_set(
        {"organisation.yaml": "organisation: import\n", "profiles/imported.yaml": imported.profile}
    )
    if asked.json:
        notes = [{"text": note.text, "why": note.why, "imported": note.imported} for note in imported.notes]
        _print_json({"profile": imported.profile, "notes": notes})
    else:
        sys.stdout.write(imported.profile)
        print(summary(imported.notes), file=sys.stderr)
    return DONE
