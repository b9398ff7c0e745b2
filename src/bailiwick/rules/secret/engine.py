"""The rules for secrets and personal data: they share one scan and differ in what they are called and in their pages.

Most are rows of a table (``analysis/text/providers``); docs/adr says why they are no files of their own. A rule whose page
stands beside this file has more to say than its row.
"""

from collections.abc import Callable, Iterator
from functools import partial

from bailiwick.analysis.text.classes import DataClass
from bailiwick.analysis.text.kind import Kind, Weight
from bailiwick.analysis.text.secrets import ENCODED
from bailiwick.model.access import Finding, Span, Tier
from bailiwick.rules.rule import Evidence, Rule, Severity

_INSTEAD = "Refer to it by the name of a variable or of a file; keep the value in a secret store. Have one that was shown replaced."


def rules_of(kinds: tuple[Kind, ...]) -> tuple[Rule, ...]:
    """One rule for each id among ``kinds``, in their order, and the rule for what is encoded and of no other."""
    named: dict[str, Rule] = {}
    for kind in kinds:
        if kind.rule not in named:
            named[kind.rule] = _rule(kind.rule, kind.title, Severity(kind.weight), partial(_page, kind))
    return tuple(named.values())


def encoded_rule() -> Rule:
    """The rule for base64 and hexadecimal of one random word."""
    return _rule(ENCODED, "Base64 or hexadecimal of a random word", Severity(Weight.MEDIUM), None)


def class_rule(one: DataClass) -> Rule:
    """The rule for a class of the customer's own; it has no page but the policy it stands in."""
    return _rule(one.rule, one.title, Severity(Weight.HIGH), None)


def _rule(rule_id: str, title: str, severity: Severity, page: Callable[[], str] | None) -> Rule:
    def find(evidence: Evidence) -> Iterator[Finding]:
        for secret in evidence.secrets:
            if secret.match.rule == rule_id:
                yield Finding(
                    rule=rule_id,
                    message=f"{title} in {secret.field}",
                    field=secret.field,
                    cause=Span(start=secret.start, end=secret.end),
                    confidence=secret.match.confidence,
                    tier=secret.match.tier,
                    secret=secret.match.secret,
                )

    return Rule(id=rule_id, title=title, severity=severity, find=find, of_secrets=True, page=page)


def _page(kind: Kind) -> str:
    """The page of a row of a table."""
    if kind.rule.startswith("personal/"):
        noticed: tuple[str, ...]
        why = "It names one person, or one account of theirs, and is checked by its issuer's own rule where there is one."
        instead = "Leave it out, or use made-up values; what a program needs it can read where it is kept."
        noticed, unnoticed = ("echo '{secret}'",), ("echo 0000000000", "echo 'the field is empty'")
    elif kind.tier is Tier.BLOCK:
        begins = kind.shapes[0].atoms[0].text
        known = "It is known by its own form" + (f", `{begins}...`." if begins else ".")
        why = f"Who has it acts as its owner at that service. {known}"
        instead = _INSTEAD
        noticed = (
            "export TOKEN={secret}",
            "curl -H 'Authorization: Bearer {secret}' https://api.example.net/",
        )
        unnoticed = (f"echo '{begins or '00'}'", "echo $TOKEN")
    else:
        name = kind.words[0][0]
        why = f"Who has it acts as its owner at that service. It has no form of its own: the name beside it tells (`{name}`)."
        instead = _INSTEAD
        noticed = ("export {secret}", "echo '{secret}' >> .env")
        unnoticed = (f"echo '{name}_key = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'", f"echo '{name}'")
    lines = (
        f"# {kind.title}",
        "",
        why,
        "",
        "`{secret}` below stands for one of this kind, made up when the example runs.",
        "",
        "## What to do instead",
        "",
        instead,
        "",
        "## Noticed",
        "",
        "```sh",
        *noticed,
        "```",
        "",
        "## Not noticed",
        "",
        "```sh",
        *unnoticed,
        "```",
        "",
    )
    return "\n".join(lines)
