"""`bailiwick skill approve`, `revoke`, `list`, `verify`, `renew` and `key`: which skills may be loaded, signed."""

import argparse
import getpass
import hashlib
import json
import os
import re
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bailiwick import __version__
from bailiwick.administration.skills import statements
from bailiwick.administration.skills.dsse import STATEMENT, public_of, sign
from bailiwick.administration.skills.lock import LOCK, SIGNATURE, Entry, Lock, LockError, Revoked
from bailiwick.administration.skills.plan import Plan, files_of, planned
from bailiwick.administration.skills.publisher import SIGNATURES, PublisherError, verify_publisher
from bailiwick.analysis.skill.digest import UnsoundTreeError, tree_digest
from bailiwick.cli.skill_audit import Inspected, inspected
from bailiwick.information.approvals import Approval, Grant, grant_of
from bailiwick.model.decision import Origin
from bailiwick.model.skill import SkillTree
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.types import Approver, PolicySet
from bailiwick.service.places import find
from bailiwick.service.policy_files import read_policy_files
from bailiwick.service.skills.copies import MANAGED, Copies, read_tree
from bailiwick.service.skills.keys import KeyFileError, key_text, make_key, read_key
from bailiwick.service.skills.lock_file import load, save

DONE, FINDINGS, USAGE, ENVIRONMENT = 0, 1, 2, 3

DAYS = 180
"""How long an approval holds where nobody says otherwise."""

KEY = "~/.config/bailiwick/approver.pem"
"""Where the approver's private key is looked for."""

_EXAMPLES = """examples:
  bailiwick skill approve ./pdf --as role:frontend
  bailiwick skill approve pdf --as role:frontend --without 'net *' --grant 'fs.write ${project}/out/**'
  bailiwick skill approve pdf --as role:frontend --grant 'net api.example.com:443'

What is granted is what the audit found, without what it could not name. A later approval of the same skill keeps what
was granted by hand. Somebody has to agree where it is the first, or allows more than before; otherwise what changed is
shown and signed."""


def register(inner: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs below ``bailiwick skill``."""
    approve = _verb(
        inner, "approve", "allow a skill to be loaded, byte for byte, and say what it may do", _approve
    )
    approve.epilog, approve.formatter_class = _EXAMPLES, argparse.RawDescriptionHelpFormatter
    approve.add_argument(
        "skill", metavar="NAME|PATH", help="its directory, or its name among the skills here"
    )
    approve.add_argument(
        "--as",
        dest="roles",
        action="append",
        required=True,
        metavar="role:NAME",
        help="for whom; may be repeated",
    )
    approve.add_argument(
        "--grant", action="append", default=[], metavar="GRANT", help="grant this too: 'net host'"
    )
    approve.add_argument("--without", action="append", default=[], metavar="GRANT", help="don't grant this")
    approve.add_argument("--only", action="store_true", help="grant what --grant says and nothing else")
    approve.add_argument("--fork", action="store_true", help="only in a sub-agent of its own (context: fork)")
    approve.add_argument("--days", type=int, default=DAYS, metavar="N", help=f"how long it holds ({DAYS})")
    approve.add_argument("--source", metavar="ADDRESS", help="where it comes from; its path if left out")
    approve.add_argument(
        "--publisher",
        metavar="PEM",
        help="require the publisher's signature (OMS bundle) by this key or root certificate",
    )
    approve.add_argument("--reason", default="", metavar="TEXT", help="why, where the audit says block")
    approve.add_argument("-y", "--yes", action="store_true", help="agree without being asked")
    _signing(approve)
    revoke = _verb(inner, "revoke", "withdraw an approval; running sessions lose it at once", _revoke)
    revoke.add_argument("skill", metavar="NAME|APPROVAL", help="a skill, or one approval's id")
    revoke.add_argument("--reason", default="", metavar="TEXT", help="why")
    _signing(revoke)
    renew = _verb(inner, "renew", "sign the lock again, so that it goes on holding", _renew)
    renew.add_argument(
        "--above",
        type=int,
        default=0,
        metavar="VERSION",
        help="with a version above this, after a rollback that was meant",
    )
    _signing(renew)
    listed = _verb(inner, "list", "which skills are approved, for whom, until when", _list)
    listed.add_argument("--json", action="store_true", help="as JSON")
    verify = _verb(
        inner, "verify", "check every signature, and the skills on this machine against the lock", _verify
    )
    verify.add_argument(
        "path", nargs="*", metavar="PATH", help="skills to check; those installed here if left out"
    )
    verify.add_argument("--json", action="store_true", help="as JSON")
    key = inner.add_parser("key", help="make an approver's key, or show its public part")
    key.add_argument("file", nargs="?", default=KEY, metavar="FILE", help=f"the private key ({KEY})")
    key.set_defaults(func=_key)


def _verb(inner: Any, name: str, text: str, run: Any) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = inner.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}."
    )
    verb.add_argument("--policy", metavar="DIR", help="policy repository; the installed one if left out")
    verb.set_defaults(func=_guarded(run))
    return verb


def _signing(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--key",
        default=os.environ.get("BAILIWICK_APPROVER_KEY") or KEY,
        metavar="FILE",
        help=f"your private key ({KEY})",
    )


class _Problem(Exception):  # noqa: N818 - private, and what a person made
    """What was asked for can't be; the message says why and the mend."""


def _guarded(run: Any) -> Any:
    def guarded(asked: argparse.Namespace) -> int:
        try:
            code: int = run(asked)
        except (_Problem, ValueError, PolicyErrors, LockError) as error:
            print(f"bailiwick: {error}", file=sys.stderr)
            return USAGE
        except (KeyFileError, UnsoundTreeError) as error:
            print(f"bailiwick: {error}", file=sys.stderr)
            return ENVIRONMENT
        except OSError as error:
            print(f"bailiwick: {error.filename or 'the policy'}: {error.strerror}", file=sys.stderr)
            return ENVIRONMENT
        return code

    return guarded


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """Whoever signs, with what, into which policy."""

    directory: Path
    policies: PolicySet
    lock: Lock
    key: Ed25519PrivateKey
    approver: Approver
    now: int

    def save(self, lock: Lock) -> None:
        save(self.directory, lock, self.key, now=self.now)


def _opened(asked: argparse.Namespace, *, renewing: bool = False) -> _Desk:
    directory = find(None, asked.policy).policy
    policies = load_policy_set(read_policy_files(directory))
    key = read_key(Path(asked.key).expanduser())
    public = public_of(key)
    approver = next((one for one in policies.approvers if one.key == public), None)
    if approver is None:
        raise _Problem(
            f"organisation.yaml does not name this key under skill_approvers; add\n"
            f'  - {{name: {getpass.getuser()}, key: "{key_text(key)}"}}'
        )
    now = int(time.time())
    lock = Lock()
    if any((directory / name).exists() for name in (LOCK, SIGNATURE)):
        # A lock that has ended is what renewing is for; everything else about it must still be true.
        lock = load(directory, policies.approvers, now=0 if renewing else now)
    return _Desk(directory=directory, policies=policies, lock=lock, key=key, approver=approver, now=now)


def _approve(asked: argparse.Namespace) -> int:
    desk = _opened(asked)
    roles = _roles(asked.roles, desk)
    if not 1 <= asked.days <= statements.MAX_DAYS:
        raise _Problem(f"--days is from 1 to {statements.MAX_DAYS}")
    root = located(asked.skill)
    tree = read_tree(root)
    digest, name = tree_digest(tree), _name(root)
    found = inspected(tree)
    before = next(
        (one for one in desk.lock.entries if (one.approval.name, one.approval.roles) == (name, roles)), None
    )
    signer = _publisher(tree, asked.publisher, desk.now)
    grants = _grants(asked, found, before)
    plan = planned(grants, files_of(tree), before)
    print("\n".join(_told(name, root, digest, found, grants, plan)))
    if signer:
        print(f"signed   {shown(signer)}")
    if found.verdict == "block" and not asked.reason:
        raise _Problem("the audit says block; to approve it all the same, give a --reason")
    if not _agreed(plan, asked):
        print("bailiwick: not approved", file=sys.stderr)
        return FINDINGS
    if tree_digest(read_tree(root)) != digest:
        raise _Problem(f"{root} changed meanwhile; look at it again")
    approval = Approval(
        id=f"a-{secrets.token_hex(6)}",
        name=name,
        digest=digest,
        grants=grants,
        roles=roles,
        approved_by=desk.approver.name,
        approved_on=desk.now,
        expires=desk.now + asked.days * 86_400,
        fork=asked.fork or (before is not None and before.approval.fork),
        origin=Origin(file=LOCK, line=1),
    )
    entry = _signed(approval, found, tree, asked, desk, before, signer)
    desk.save(desk.lock.with_entry(entry))
    until = statements.time_text(approval.expires)[:10]
    print(f"approved as {approval.id} for {', '.join(roles)} until {until}, signed by {desk.approver.name}")
    print(f"written to {desk.directory / LOCK}; commit it with {SIGNATURE}")
    return DONE


def _publisher(tree: SkillTree, trusted: str | None, now: int) -> str:
    """Who published the tree, where a key was given to tell by; where one could be given, that it was not."""
    signature = next((one for name in SIGNATURES if (one := tree.file(name)) is not None), None)
    if trusted is None:
        return (
            ""
            if signature is None
            else f"{signature.path}, not verified: name the publisher's key with --publisher"
        )
    if signature is None or signature.data is None:
        raise _Problem(f"there is no signature of a publisher here: none of {', '.join(SIGNATURES)}")
    try:
        key = Path(trusted).expanduser().read_bytes()
        return f"by {verify_publisher(tree, signature.data, key, signature=signature.path, now=now)}"
    except PublisherError as error:
        raise _Problem(f"the publisher's signature does not hold: {error}") from None


def _roles(said: Sequence[str], desk: _Desk) -> tuple[str, ...]:
    known = {role.id for role in desk.policies.roles}
    roles = tuple(sorted({one.removeprefix("role:") for text in said for one in text.split(",")}))
    for role in roles:
        if role not in known and role != "*":
            raise _Problem(
                f"there is no role {role!r} in roles.yaml; it has: {', '.join(sorted(known)) or 'none'}"
            )
    if desk.approver.roles and not set(roles) <= set(desk.approver.roles):
        raise _Problem(
            f"{desk.approver.name} may approve skills for {', '.join(desk.approver.roles)} only ({desk.approver.origin})"
        )
    return roles


def located(text: str) -> Path:
    """The skill that a path or a name means. Raises ``_Problem``."""
    path = Path(text).expanduser()
    if path.name.lower() == "skill.md":
        path = path.parent
    if path.exists():
        return path.absolute()
    found = installed_at(text)
    if not found:
        raise _Problem(
            f"there is no skill {text!r} in .claude/skills here, in ~/.claude/skills or in {MANAGED}/skills"
        )
    if len(found) > 1:
        raise _Problem(f"{text!r} is the name of several: {', '.join(map(str, found))}; give the path of one")
    return found[0]


def installed_at(name: str) -> list[Path]:
    """Where a skill or command of that name stands here."""
    places = [Path.cwd() / ".claude", Path.home() / ".claude", MANAGED]
    return [
        one
        for place in places
        for one in (place / "skills" / name, place / "commands" / f"{name}.md")
        if "/" not in name and one.exists()
    ]


def _name(root: Path) -> str:
    return root.stem if root.is_file() else root.resolve().name


def _grants(asked: argparse.Namespace, found: Inspected, before: Entry | None) -> tuple[Grant, ...]:
    """What the audit found, and what people added by hand before or now."""
    more = {grant_of(text) for text in asked.grant}
    less = {grant_of(text) for text in asked.without}
    kept: set[Grant] = set()
    if not asked.only:
        kept |= set(found.grants)
        if before is not None:
            kept |= set(before.approval.grants) - set(before.audit.capabilities)
            dropped = set(before.audit.capabilities) - set(before.approval.grants)
            kept -= dropped
    unknown = less - kept - more
    if unknown:
        listed = ", ".join(map(str, sorted(kept))) or "nothing"
        raise _Problem(f"--without {str(min(unknown))!r} names nothing that is granted; granted: {listed}")
    return tuple(sorted((kept | more) - less))


def _told(  # noqa: PLR0913, PLR0917 - what a person has to see before agreeing
    name: str, root: Path, digest: str, found: Inspected, grants: Sequence[Grant], plan: Plan
) -> list[str]:
    lines = [
        f"skill    {shown(name)} at {shown(str(root))}",
        f"digest   {digest}",
        f"audit    {found.summary()}",
    ]
    lines += [f"         {shown(line)}" for line in found.findings[:20]]
    if plan.first:
        lines += ["grants   nothing beyond reading its own files"] if not grants else []
        lines += [
            f"{'grants' if not number else '':8} {shown(str(one))}" for number, one in enumerate(grants)
        ]
    else:
        lines += [f"{kind:8} {shown(path)}" for kind, path in plan.files[:50]]
        lines += [f"         and {len(plan.files) - 50} more files"] if len(plan.files) > 50 else []  # noqa: PLR2004
        lines += [f"narrower {shown(str(one))}" for one in plan.narrows]
        lines += [f"WIDER    {shown(str(one))}" for one in plan.widens]
        if not plan.widens:
            lines.append("grants   nothing that was not granted before")
    lines += [f"left out {shown(str(one))}" for one in found.left[:20]]
    return lines


def shown(text: str) -> str:
    """Names come from strangers: nothing in them may reach the terminal as a command."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def _agreed(plan: Plan, asked: argparse.Namespace) -> bool:
    if asked.yes or not plan.asks:
        return True
    if not sys.stdin.isatty():
        raise _Problem("somebody has to agree: run it at a terminal, or say --yes")
    what = "Approve this skill" if plan.first else f"Allow {len(plan.widens)} more than before"
    return input(f"{what}? [y/N] ").strip().lower() in {"y", "yes"}


def _signed(  # noqa: PLR0913, PLR0917 - the parts of three statements
    approval: Approval,
    found: Inspected,
    tree: SkillTree,
    asked: argparse.Namespace,
    desk: _Desk,
    before: Entry | None,
    signer: str,
) -> Entry:
    name, digest = approval.name, approval.digest
    source = asked.source or Path(tree.root).absolute().as_uri()
    audited = statements.Audit(
        scanner=found.scanner,
        rules=found.rules,
        verdict=found.verdict,
        findings=found.findings,
        capabilities=found.grants,
        audited_on=desk.now,
        files=files_of(tree),
    )
    audit = statements.audit(name, digest, audited)
    payloads = {
        "provenance": statements.provenance(
            name,
            digest,
            statements.Provenance(source=source, signer=signer if asked.publisher else ""),
            version=__version__,
            now=desk.now,
        ),
        "audit": audit,
        "approval": statements.approval(
            approval,
            audit_digest=hashlib.sha256(audit).hexdigest(),
            supersedes=before.approval.id if before else "",
            reason=asked.reason,
        ),
    }
    envelopes = {kind: sign(STATEMENT, payload, desk.key) for kind, payload in payloads.items()}
    return Entry(approval=approval, audit=audited, envelopes=envelopes, source=source)


def _revoke(asked: argparse.Namespace) -> int:
    desk = _opened(asked)
    fitting = [
        one.approval for one in desk.lock.entries if asked.skill in {one.approval.name, one.approval.id}
    ]
    if not fitting:
        known = ", ".join(sorted({one.approval.name for one in desk.lock.entries})) or "none"
        raise _Problem(f"no approval is called {asked.skill!r}; approved: {known}")
    withdrawn = [
        Revoked(
            id=one.id,
            name=one.name,
            digest=one.digest,
            by=desk.approver.name,
            on=desk.now,
            reason=asked.reason,
        )
        for one in fitting
    ]
    desk.save(desk.lock.without(withdrawn))
    for one in fitting:
        print(f"revoked {one.id}: {one.name} {one.digest[:12]} for {', '.join(one.roles)}")
    return DONE


def _renew(asked: argparse.Namespace) -> int:
    desk = _opened(asked, renewing=True)
    lock = replace(desk.lock, version=max(desk.lock.version, asked.above))
    desk.save(lock)
    ended = [one.approval for one in desk.lock.entries if one.approval.expires <= desk.now]
    print(f"signed {len(desk.lock.entries)} approvals again, as version {lock.version + 1}")
    for one in ended:
        print(f"expired: {one.name} ({one.id}); approve it again")
    return DONE


def read(asked: argparse.Namespace) -> tuple[Path, PolicySet, Lock]:
    """The lock of the policy that is meant. Raises ``LockError``, ``PolicyErrors``, ``OSError``."""
    directory = find(None, asked.policy).policy
    policies = load_policy_set(read_policy_files(directory))
    return directory, policies, load(directory, policies.approvers, now=int(time.time()))


def _list(asked: argparse.Namespace) -> int:
    _, _, lock = read(asked)
    now = int(time.time())
    if asked.json:
        print(json.dumps({"version": lock.version, "skills": [_json(one) for one in lock.entries]}))
        return DONE
    if not lock.entries:
        print("no skill is approved")
    for one in lock.entries:
        said = one.approval
        until = statements.time_text(said.expires)[:10]
        state = "expired" if said.expires <= now else "until"
        print(
            f"{said.name:24} {said.digest[:12]}  {state} {until}  {', '.join(said.roles)}  {said.id} by {said.approved_by}"
        )
        print("".join(f"{'':26}{shown(str(grant))}\n" for grant in said.grants), end="")
    return DONE


def _json(entry: Entry) -> dict[str, Any]:
    said = entry.approval
    return {
        "name": said.name,
        "digest": said.digest,
        "approval": said.id,
        "roles": list(said.roles),
        "grants": [str(grant) for grant in said.grants],
        "approved_by": said.approved_by,
        "approved_on": statements.time_text(said.approved_on),
        "expires": statements.time_text(said.expires),
        "verdict": entry.audit.verdict,
        "source": entry.source,
    }


def _verify(asked: argparse.Namespace) -> int:
    _, _, lock = read(asked)
    now = int(time.time())
    paths = [Path(one).expanduser().absolute() for one in asked.path] or list(_installed())
    approved = {(one.approval.name, one.approval.digest): one.approval for one in lock.entries}
    found = []
    for path in paths:
        copy = Copies().at(str(path), _name(path))
        said = approved.get((copy.name, copy.digest))
        named = [one for one in approved.values() if one.name == copy.name]
        if said is not None:
            state = "expired" if said.expires <= now else "approved"
        else:
            state = "unsound" if not copy.digest else "changed" if named else "unapproved"
        found.append((state, copy, said))
    if asked.json:
        listed = [
            {
                "name": copy.name,
                "path": copy.root,
                "digest": copy.digest,
                "state": state,
                "problem": copy.problem,
            }
            for state, copy, _ in found
        ]
        print(json.dumps({"version": lock.version, "signer": lock.signer, "skills": listed}))
    else:
        until = statements.time_text(lock.expires)[:10]
        print(
            f"lock     version {lock.version}, signed by {lock.signer}, good until {until}, {len(lock.entries)} approvals"
        )
        for state, copy, _ in found:
            print(f"{state:10} {shown(copy.name):24} {copy.digest[:12]:12}  {shown(copy.root)}")
            if copy.problem:
                print(f"{'':11}{shown(copy.problem)}")
    return DONE if all(state == "approved" for state, _, _ in found) else FINDINGS


def _installed() -> list[Path]:
    places = [Path.cwd() / ".claude", Path.home() / ".claude", MANAGED]
    return [one for place in places for one in sorted((place / "skills").glob("*")) if one.is_dir()]


def _key(asked: argparse.Namespace) -> int:
    path = Path(asked.file).expanduser()
    try:
        made = not path.exists()
        key = make_key(path, passphrase=_new_passphrase()) if made else read_key(path)
    except KeyFileError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    if made:
        print(f"made {path}; keep it to yourself. In organisation.yaml:", file=sys.stderr)
    user = re.sub(r"[^a-zA-Z0-9._-]", "", getpass.getuser()) or "you"
    print(f'skill_approvers:\n  - {{name: {user}, key: "{key_text(key)}"}}')
    return DONE


def _new_passphrase() -> bytes | None:
    if not sys.stdin.isatty():
        return None
    return getpass.getpass("Passphrase for the new key (empty for none): ").encode() or None


__all__ = ["installed_at", "located", "read", "register", "shown"]
