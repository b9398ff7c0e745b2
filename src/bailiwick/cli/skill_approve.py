"""`bailiwick skill approve`: look at a skill, see what it may do and what changed, agree, sign."""

import argparse
import hashlib
import json
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from bailiwick import __version__
from bailiwick.administration.skills import statements
from bailiwick.administration.skills.dsse import STATEMENT, sign
from bailiwick.administration.skills.lock import LOCK, SIGNATURE, Entry
from bailiwick.administration.skills.plan import Plan, files_of, planned
from bailiwick.administration.skills.publisher import (
    SIGNATURES,
    PublisherError,
    signed_files,
    verify_publisher,
)
from bailiwick.analysis.skill.digest import tree_digest
from bailiwick.cli.skill_audit import Inspected, inspected
from bailiwick.cli.skill_lock import (
    DONE,
    FINDINGS,
    ProblemError,
    SigningDesk,
    json_of,
    located,
    name_of,
    opened,
    shown,
)
from bailiwick.information.approvals import Approval, Grant, grant_of
from bailiwick.model.decision import Origin
from bailiwick.model.skill import SkillTree, TreeKind
from bailiwick.service.named_file import read_named
from bailiwick.service.skill_files import NoSkillError, find_skills
from bailiwick.service.skills.copies import read_tree
from bailiwick.service.skills.keyless import keyless_statement


def approve(asked: argparse.Namespace) -> int:
    """Exit code 0 when it is approved, 1 when nobody agreed."""
    desk = opened(asked)
    roles = _roles(asked.roles, desk)
    if not 1 <= asked.days <= statements.MAX_DAYS:
        raise ProblemError(f"--days is from 1 to {statements.MAX_DAYS}")
    root = located(asked.skill)
    tree = read_tree(root)
    if root.is_dir() and not any(entry.path.lower() == "skill.md" for entry in tree.entries):
        raise ProblemError(f"{root} is no skill: it has no SKILL.md{_below(root)}")
    digest, name = tree_digest(tree), name_of(root)
    found = inspected(tree)
    before = next(
        (one for one in desk.lock.entries if (one.approval.name, one.approval.roles) == (name, roles)), None
    )
    signer = _publisher(tree, asked, desk.now)
    grants = _grants(asked, found, before)
    plan = planned(grants, files_of(tree), before)
    # With --json what a person agrees to stands on standard error, and the outcome alone on standard output.
    aside = sys.stderr if asked.json else sys.stdout
    print("\n".join(_told(name, root, digest, found, grants, plan)), file=aside)
    if signer:
        print(f"signed   {shown(signer)}", file=aside)
    lost = before.signer if before and before.signer != (signer if asked.publisher else "") else ""
    if lost:
        print(f"WIDER    it was signed {shown(lost)}, and that was verified", file=aside)
    if found.verdict == "block" and not asked.reason:
        raise ProblemError("the audit says block; to approve it all the same, give a --reason")
    if not _agreed(plan, asked, lost=lost):
        print("bailiwick: not approved", file=sys.stderr)
        return FINDINGS
    if tree_digest(read_tree(root)) != digest:
        raise ProblemError(f"{root} changed meanwhile; look at it again")
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
    _told_of_the_free(desk, roles)
    if asked.json:
        print(json.dumps(json_of(entry) | {"lock": str(desk.directory / LOCK)}))
        return DONE
    until = statements.time_text(approval.expires)[:10]
    print(f"approved as {approval.id} for {', '.join(roles)} until {until}, signed by {desk.approver.name}")
    print(f"written to {(desk.directory / LOCK).resolve()}; commit it with {SIGNATURE}")
    return DONE


def _below(root: Path) -> str:
    """Where there are skills instead, in a directory that people took for one."""
    try:
        found = [place.path for place in find_skills(root) if place.kind is TreeKind.SKILL]
    except (NoSkillError, OSError):
        found = []
    listed = ", ".join(shown(str(one)) for one in found[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""  # noqa: PLR2004 - what fits in a line
    return f"; name one of those below it: {listed}{more}" if found else ""


def _told_of_the_free(desk: SigningDesk, roles: Sequence[str]) -> None:
    """An approval holds nobody whose profile asks for none."""
    profiles = {
        name for role in desk.policies.roles if role.id in roles or "*" in roles for name in role.profiles
    }
    free = sorted(
        name
        for name in profiles
        if name in desk.policies.policies and not desk.policies.policies[name].skills.requirements
    )
    if free:
        said = f"{', '.join(free)} {'loads' if len(free) == 1 else 'load'} any skill, approved or not, until policy says"
        print(f"bailiwick: {said} `skills: {{require: approval}}`", file=sys.stderr)


def _publisher(tree: SkillTree, asked: argparse.Namespace, now: int) -> str:
    """Who published the tree, where a key was given to tell by; where one could be given, that it was not."""
    trusted: str | None = asked.publisher
    if (asked.identity or asked.issuer) and not (trusted and asked.identity and asked.issuer):
        raise ProblemError("--identity and --issuer go together, with a trusted_root.json as --publisher")
    signature = next((one for name in SIGNATURES if (one := tree.file(name)) is not None), None)
    if trusted is None:
        return (
            ""
            if signature is None
            else f"{signature.path}, not verified: name the publisher's key with --publisher"
        )
    if signature is None or signature.data is None:
        raise ProblemError(f"there is no signature of a publisher here: none of {', '.join(SIGNATURES)}")
    try:
        root = read_named(Path(trusted).expanduser())
        if asked.identity:
            said = keyless_statement(signature.data, root, identity=asked.identity, issuer=asked.issuer)
            signed_files(tree, said, signature.path)
            return f"by {asked.identity} ({asked.issuer})"
        return f"by {verify_publisher(tree, signature.data, root, signature=signature.path, now=now)}"
    except PublisherError as error:
        raise ProblemError(f"the publisher's signature does not hold: {error}") from None


def _roles(said: Sequence[str], desk: SigningDesk) -> tuple[str, ...]:
    known = {role.id for role in desk.policies.roles}
    roles = tuple(sorted({one.removeprefix("role:") for text in said for one in text.split(",")}))
    for role in roles:
        if role not in known and role != "*":
            raise ProblemError(
                f"there is no role {role!r} in roles.yaml; it has: {', '.join(sorted(known)) or 'none'}"
            )
    if desk.approver.roles and not set(roles) <= set(desk.approver.roles):
        raise ProblemError(
            f"{desk.approver.name} may approve skills for {', '.join(desk.approver.roles)} only ({desk.approver.origin})"
        )
    return roles


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
        raise ProblemError(
            f"--without {str(min(unknown))!r} names nothing that is granted; granted: {listed}"
        )
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


def _agreed(plan: Plan, asked: argparse.Namespace, *, lost: str) -> bool:
    """``lost`` is the publisher whose signature the version before had, and this one has not."""
    if asked.yes or not (plan.asks or lost):
        return True
    if not sys.stdin.isatty():
        raise ProblemError("somebody has to agree: run it at a terminal, or say --yes")
    what = "Approve this skill" if plan.first else f"Allow {len(plan.widens)} more than before"
    what = what if plan.asks else "Approve it without its publisher's signature"
    print(f"{what}? [y/N] ", end="", file=sys.stderr if asked.json else sys.stdout, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _signed(  # noqa: PLR0913, PLR0917 - the parts of three statements
    approval: Approval,
    found: Inspected,
    tree: SkillTree,
    asked: argparse.Namespace,
    desk: SigningDesk,
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
