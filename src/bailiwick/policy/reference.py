"""The reference of the language as Markdown tables, made from the declarations that the reader follows."""

from collections.abc import Iterator

from bailiwick.policy import syntax
from bailiwick.policy.shapes import (
    Choice,
    Flag,
    Item,
    Listed,
    Number,
    Record,
    Shape,
    Table,
    Value,
    Word,
    items_of,
)

ORDER: tuple[tuple[str, type], ...] = (
    ("organisation.yaml", syntax.Organisation),
    ("`audit` (in organisation.yaml)", syntax.AuditText),
    ("profiles/*.yaml", syntax.Profile),
    ("teams/*.yaml", syntax.Team),
    ("roles.yaml: each role", syntax.RoleText),
    ("exceptions/*.yaml: each exception", syntax.ExceptionText),
    ("tests/*.yaml: each case", syntax.CaseText),
    ("Sections: what an organisation, a team and a profile may say", syntax.Sections),
    ("`tools`, `environment`, `mcp`, `agents`, `prompts`, `findings`, `config`", syntax.Names),
    ("`skills`", syntax.Skills),
    ("`flow`", syntax.Flow),
    ("`network`", syntax.Network),
    ("`files`", syntax.Files),
    ("`commands`", syntax.Commands),
    ("`bash`", syntax.Bash),
    ("`models`", syntax.Models),
    ("`obligations`", syntax.Obligations),
    ("`obligations.clamp`", syntax.ClampDuty),
    ("`obligations.rewrite`", syntax.RewriteDuty),
    ("`obligations.redact`", syntax.RedactDuty),
    ("`obligations.notify`", syntax.NotifyDuty),
    ("`obligations.sandbox`", syntax.SandboxDuty),
    ("An entry of a list, when it is a mapping", syntax.Entry),
    ("An entry of `commands`, besides", syntax.CommandEntry),
    ("`other`, `opaque`, `project_code`, `unknown`, when it is a mapping", syntax.Fallback),
    ("`invariants`: each invariant", syntax.InvariantText),
    ("`skill_approvers`: each approver", syntax.ApproverText),
    ("`data_classes`: each class", syntax.DataClassText),
    ("`data_classes`: `examples` of a class", syntax.SampleTexts),
    ("data/*.yaml: a hashed list", syntax.HashedListText),
    ("documents/*.yaml: fingerprints of documents", syntax.DocumentsText),
    ("Accesses: `never` of an invariant, `covers` of an exception", syntax.Accesses),
    ("`examples`", syntax.Examples),
)
"""Every record of the language, in the order in which a reader needs it; a test holds it complete."""


def reference() -> str:
    """All tables."""
    return "\n".join(line for title, record in ORDER for line in _table(title, record))


def _table(title: str, record: type) -> Iterator[str]:
    above = next((base for base in (syntax.Sections, syntax.Entry) if base in record.__mro__[1:]), None)
    inherited = items_of(above) if above else {}
    yield f"### {title}"
    yield ""
    yield "| key | value | meaning |"
    yield "|---|---|---|"
    for item in items_of(record).values():
        if item.key not in inherited:
            yield f"| `{item.key}`{' (required)' if item.required else ''} | {_value(item)} | {item.doc} |"
    if above is syntax.Sections:
        yield "| and every key of Sections | | |"
    yield ""


def _value(item: Item) -> str:
    return _shape(item.shape).replace("|", "\\|")


def _shape(shape: Shape) -> str:  # noqa: C901 - one arm per shape
    match shape:
        case Choice(words=words):
            return " | ".join(f"`{word}`" for word in words)
        case Number(minimum=minimum, maximum=maximum):
            return f"{minimum} to {maximum}"
        case Word(what=what):
            return what
        case Flag():
            return "`true` | `false`"
        case Value():
            return "true, false, a whole number or text"
        case Listed(of=one, single=True):
            return f"{_shape(one)}, or a list"
        case Listed(of=one):
            return f"list of {_shape(one)}"
        case Record(of=of, shorthand=None):
            return f"mapping ({of.__name__.lower()})"
        case Record(of=of, shorthand=str(key)):
            return _shape(items_of(of)[key].shape).removesuffix(", or a list")
        case Table(of=one):
            return f"names to {_shape(one)}"
        case _:
            return "value"
