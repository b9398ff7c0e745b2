"""Accesses, reasons, findings and obligations as the flat objects that a record lists."""

from typing import assert_never

from bailiwick.audit.bounds import safe_integer
from bailiwick.audit.record import Item
from bailiwick.model.access import (
    Access,
    Finding,
    HostTarget,
    NameTarget,
    Opaque,
    PathTarget,
    ProgramTarget,
    VariableTarget,
)
from bailiwick.model.decision import Clamp, Contain, Notify, Obligation, Reason, Redact, Rewrite, Sandbox


def describe(access: Access) -> str:
    """An access in a line: ``write /etc/hosts``, ``execute git push``, ``connect example.com:443``."""
    if isinstance(access.target, HostTarget):
        peer = access.target
        host = f"[{peer.host}]" if ":" in peer.host else peer.host
        port = "" if peer.port is None else f":{peer.port}"
        return f"{access.kind.value} {host}{port}{', sending' if peer.sends else ''}"
    return " ".join(str(value) for value in item_of_access(access).values())


def item_of_access(access: Access) -> Item:
    """An access as a flat object: its kind and what it is an access to."""
    kind = access.kind.value
    match access.target:
        case PathTarget(path=path, real=real):
            return {"kind": kind, "path": path, **({"real": real} if real and real != path else {})}
        case ProgramTarget() as program:
            shown = " ".join("?" if word is None else word for word in program.argv[1:40])
            return {
                "kind": kind,
                "program": program.path or program.name,
                **({"arguments": shown + (" ..." if program.open_ended else "")} if shown else {}),
                **({"as": program.as_user} if program.as_user else {}),
            }
        case HostTarget(host=host, port=port, sends=sends):
            return {
                "kind": kind,
                "host": host,
                **({"port": port} if port is not None else {}),
                **({"sends": True} if sends else {}),
            }
        case NameTarget(name=name):
            return {"kind": kind, "name": name}
        case VariableTarget(name=name, value=value):
            return {"kind": kind, "variable": name, **({"value": value} if value is not None else {})}
        case _:
            assert_never(access.target)


def item_of_reason(reason: Reason) -> Item:
    """A reason as a flat object; what is empty is left out."""
    about = reason.about
    if isinstance(about, Access):
        subject = describe(about)
    elif isinstance(about, Opaque):
        subject = f"opaque: {about.reason}"
    else:
        subject = about.rule if about else ""
    item: dict[str, str | int] = {
        "rule": reason.rule,
        "origin": str(reason.origin),
        "verdict": reason.verdict.label,
        "message": reason.message,
        "instead": reason.instead,
        "mode": reason.mode.value,
        "about": subject,
        "exception": reason.exception or "",
    }
    return {name: value for name, value in item.items() if value != ""}


def item_of_obligation(obligation: Obligation) -> Item:
    """An obligation as a flat object."""
    match obligation:
        case Clamp(field=field, maximum=maximum):
            return {"kind": "clamp", "field": field, "maximum": safe_integer(maximum)}
        case Rewrite(field=field, value=value):
            return {"kind": "rewrite", "field": field, "value": str(value)}
        case Redact(rules=rules):
            return {"kind": "redact", "rules": " ".join(rules)}
        case Notify(channel=channel):
            return {"kind": "notify", "channel": channel}
        case Sandbox():
            return {"kind": "sandbox"}
        case Contain(profile=profile, revision=revision, skills=skills, offline=offline):
            return {
                "kind": "contain",
                "profile": profile,
                "revision": revision,
                **({"skills": " ".join(one.name for one in skills)} if skills else {}),
                **({"network": "none"} if offline else {}),
            }
        case _:
            assert_never(obligation)


def item_of_finding(finding: Finding) -> Item:
    """A finding as a flat object."""
    return {
        "rule": finding.rule,
        "confidence": finding.confidence.value,
        "message": finding.message,
        **({"field": finding.field} if finding.field else {}),
        **({"tier": finding.tier.value} if finding.tier else {}),
    }
