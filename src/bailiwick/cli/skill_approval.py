"""`bailiwick skill approve`, `revoke`, `list`, `verify`, `renew` and `key`: which skills may be loaded, signed."""

import argparse
import getpass
import json
import os
import re
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bailiwick.administration.skills import statements
from bailiwick.administration.skills.lock import Revoked
from bailiwick.cli.skill_approve import approve
from bailiwick.cli.skill_lock import (
    DONE,
    ENVIRONMENT,
    FINDINGS,
    ProblemError,
    Verb,
    guarded,
    installed,
    json_of,
    located,
    name_of,
    opened,
    read,
    shown,
)
from bailiwick.service.skills.copies import Copies
from bailiwick.service.skills.keys import KeyFileError, key_text, make_key, read_key

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
    text = "allow a skill to be loaded, byte for byte, and say what it may do"
    verb = _verb(inner, "approve", text, approve)
    verb.epilog, verb.formatter_class = _EXAMPLES, argparse.RawDescriptionHelpFormatter
    verb.add_argument("skill", metavar="NAME|PATH", help="its directory, or its name among the skills here")
    verb.add_argument(
        "--as",
        dest="roles",
        action="append",
        required=True,
        metavar="role:NAME",
        help="for whom; may be repeated",
    )
    verb.add_argument(
        "--grant", action="append", default=[], metavar="GRANT", help="grant this too: 'net host'"
    )
    verb.add_argument("--without", action="append", default=[], metavar="GRANT", help="don't grant this")
    verb.add_argument("--only", action="store_true", help="grant what --grant says and nothing else")
    verb.add_argument("--fork", action="store_true", help="only in a sub-agent of its own (context: fork)")
    verb.add_argument("--days", type=int, default=DAYS, metavar="N", help=f"how long it holds ({DAYS})")
    verb.add_argument("--source", metavar="ADDRESS", help="where it comes from; its path if left out")
    verb.add_argument(
        "--publisher",
        metavar="FILE",
        help="require the publisher's signature (OMS bundle) by this key or root certificate (PEM), or a trusted_root.json",
    )
    verb.add_argument("--identity", metavar="WHO", help="who has to have signed without a key (Sigstore)")
    verb.add_argument("--issuer", metavar="URL", help="the issuer by whom --identity is known")
    verb.add_argument("--reason", default="", metavar="TEXT", help="why, where the audit says block")
    verb.add_argument("-y", "--yes", action="store_true", help="agree without being asked")
    _signing(verb)
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
    _verb(inner, "list", "which skills are approved, for whom, until when", _list)
    verify = _verb(
        inner, "verify", "check every signature, and the skills on this machine against the lock", _verify
    )
    verify.add_argument(
        "path", nargs="*", metavar="NAME|PATH", help="skills to check; those installed here if left out"
    )
    key = inner.add_parser("key", help="make an approver's key, or show its public part")
    key.add_argument("file", nargs="?", default=KEY, metavar="FILE", help=f"the private key ({KEY})")
    key.add_argument("--json", action="store_true", help="as JSON")
    key.set_defaults(func=_key)


def _verb(inner: Any, name: str, text: str, run: Verb) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = inner.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}."
    )
    verb.add_argument("--policy", metavar="DIR", help="policy repository; the installed one if left out")
    verb.add_argument("--json", action="store_true", help="as JSON")
    verb.set_defaults(func=guarded(run))
    return verb


def _signing(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--key",
        default=os.environ.get("BAILIWICK_APPROVER_KEY") or KEY,
        metavar="FILE",
        help=f"your private key ({KEY})",
    )


def _revoke(asked: argparse.Namespace) -> int:
    desk = opened(asked)
    fitting = [
        one.approval for one in desk.lock.entries if asked.skill in {one.approval.name, one.approval.id}
    ]
    if not fitting:
        known = ", ".join(sorted({one.approval.name for one in desk.lock.entries})) or "none"
        raise ProblemError(f"no approval is called {asked.skill!r}; approved: {known}")
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
    if asked.json:
        print(
            json.dumps(
                {"revoked": [{"approval": one.id, "name": one.name, "digest": one.digest} for one in fitting]}
            )
        )
        return DONE
    for one in fitting:
        print(f"revoked {one.id}: {one.name} {one.digest[:12]} for {', '.join(one.roles)}")
    return DONE


def _renew(asked: argparse.Namespace) -> int:
    desk = opened(asked, renewing=True)
    lock = replace(desk.lock, version=max(desk.lock.version, asked.above))
    desk.save(lock)
    ended = [one.approval for one in desk.lock.entries if one.approval.expires <= desk.now]
    if asked.json:
        expired = [{"approval": one.id, "name": one.name} for one in ended]
        print(
            json.dumps({"version": lock.version + 1, "approvals": len(desk.lock.entries), "expired": expired})
        )
        return DONE
    print(f"signed {_counted(len(desk.lock.entries))} again, as version {lock.version + 1}")
    for one in ended:
        print(f"expired: {one.name} ({one.id}); approve it again")
    return DONE


def _counted(approvals: int) -> str:
    return f"{approvals} approval{'' if approvals == 1 else 's'}"


def _list(asked: argparse.Namespace) -> int:
    _, _, lock = read(asked)
    now = int(time.time())
    if asked.json:
        revoked = [
            {"approval": one.id, "name": one.name, "digest": one.digest, "by": one.by, "reason": one.reason}
            | {"revoked_on": statements.time_text(one.on)}
            for one in lock.revoked
        ]
        listed = [json_of(one) for one in lock.entries]
        print(json.dumps({"version": lock.version, "skills": listed, "revoked": revoked}))
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
    for gone in lock.revoked:
        told = f"revoked on {statements.time_text(gone.on)[:10]} by {gone.by}"
        print(
            f"{shown(gone.name):24} {gone.digest[:12]}  {told}{': ' * bool(gone.reason)}{shown(gone.reason)}"
        )
    return DONE


def _verify(asked: argparse.Namespace) -> int:
    _, _, lock = read(asked)
    now = int(time.time())
    paths = [located(one) for one in asked.path] or installed()
    approved = {(one.approval.name, one.approval.digest): one.approval for one in lock.entries}
    found = []
    for path in paths:
        copy = Copies().at(str(path), name_of(path))
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
            f"lock     version {lock.version}, signed by {lock.signer}, good until {until}, {_counted(len(lock.entries))}"
        )
        for state, copy, _ in found:
            print(f"{state:10} {shown(copy.name):24} {copy.digest[:12]:12}  {shown(copy.root)}")
            if copy.problem:
                print(f"{'':11}{shown(copy.problem)}")
    return DONE if all(state == "approved" for state, _, _ in found) else FINDINGS


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
    if asked.json:
        print(json.dumps({"name": user, "key": key_text(key), "file": str(path), "made": made}))
        return DONE
    print(f'skill_approvers:\n  - {{name: {user}, key: "{key_text(key)}"}}')
    return DONE


def _new_passphrase() -> bytes | None:
    if not sys.stdin.isatty():
        return None
    return getpass.getpass("Passphrase for the new key (empty for none): ").encode() or None
