"""`bailiwick policy`: policy as code, from checking its text to what a change of it would do."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from bailiwick.administration.compile import compile_set, run_examples
from bailiwick.administration.importer import Source, import_settings, summary
from bailiwick.administration.targets.claude_settings import ServiceAddress, Tier, compile_settings
from bailiwick.administration.targets.native import unexpressed
from bailiwick.cli.policy_text import policy_item, policy_lines
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.types import Policy, PolicySet
from bailiwick.service.policy_files import read_policy_files

DONE, FINDINGS, USAGE, ENVIRONMENT = 0, 1, 2, 3
SERVICE = "http://127.0.0.1:7878"
"""The service's address in a compiled document unless another is given."""

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
    compiled.add_argument("--profile", required=True, metavar="NAME")
    compiled.add_argument("--target", choices=["claude-settings"], default="claude-settings")
    compiled.add_argument("--tier", choices=[tier.value for tier in Tier], default=Tier.MANAGED.value)
    compiled.add_argument(
        "--service", metavar="URL", default=SERVICE, help=f"the policy service; {SERVICE} if left out"
    )
    imported = inner.add_parser("import", help="a profile from the client's own permission rules")
    imported.add_argument("file", type=Path, metavar="SETTINGS.JSON")
    imported.add_argument("--profile", metavar="NAME", default="imported", help="the profile's name")
    imported.add_argument(
        "--source",
        choices=[source.value for source in Source],
        default=Source.PROJECT.value,
        help="whose settings they are; decides what `/path` means",
    )
    imported.add_argument("--json", action="store_true")
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
    except UsageError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
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
    policies = compile_set(_read(asked.directory))
    if asked.json:
        _print_json({"revision": policies.revision, "profiles": list(policies.policies), "findings": []})
    else:
        print(f"sound: {len(policies.policies)} profiles, revision {policies.revision[:12]}")
    return DONE


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


def _compile(asked: argparse.Namespace) -> int:
    policy = _profile(compile_set(_read(asked.directory)), asked.profile)
    document = compile_settings(policy, service=ServiceAddress(url=asked.service), tier=Tier(asked.tier))
    print(json.dumps(document, indent=2, ensure_ascii=False))
    if left := unexpressed(policy):
        print(f"bailiwick: {len(left)} rules hold through the hook alone", file=sys.stderr)
    return DONE


def _import(asked: argparse.Namespace) -> int:
    try:
        text = asked.file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{asked.file} is not UTF-8: save it as UTF-8") from None
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
