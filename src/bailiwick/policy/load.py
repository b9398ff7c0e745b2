"""A policy repository's text to a compiled policy set, or every mistake in it at once. Read this room from here.

1. Each file is read by its place: organisation.yaml, profiles/, teams/, roles.yaml, sinks.yaml, exceptions/, tests/.
2. Each file's sections become a layer.
3. A profile's layer is the union of what it extends and its own; every subject gets a default, asking.
4. Built-in, organisation, team and profile layer make a policy; exceptions go with every policy.
5. The revision is the digest of what was compiled, not of how it was written.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from fnmatch import fnmatchcase
from typing import Any

from bailiwick.model.decision import Origin
from bailiwick.model.value import value
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy import syntax
from bailiwick.policy.accesses import described
from bailiwick.policy.builtin import NAME as BUILTIN
from bailiwick.policy.builtin import builtin_layer
from bailiwick.policy.data_classes import check_named, read_classes
from bailiwick.policy.dates import MAX_EXCEPTION_DAYS, end_of, start_of
from bailiwick.policy.document import read_document
from bailiwick.policy.errors import PolicyError, PolicyErrors, Problems, did_you_mean, nearest
from bailiwick.policy.holding import approvers
from bailiwick.policy.profiles import Compiled, compile_profiles
from bailiwick.policy.revision import revision_of
from bailiwick.policy.sections import LayerBuilder
from bailiwick.policy.shapes import Record, Text
from bailiwick.policy.sinks import FILE as SINKS
from bailiwick.policy.sinks import Sinks, check_sinks
from bailiwick.policy.types import (
    AuditPolicy,
    Example,
    Invariant,
    Layer,
    Payloads,
    PolicyException,
    PolicySet,
    Role,
    Scope,
    Unmasked,
)

__all__ = ["PolicyError", "PolicyErrors", "load_policy_set"]

ORGANISATION = "organisation"
RESERVED = frozenset({BUILTIN, ORGANISATION, "session", "project"})
_DAY = 86_400
_LISTED = "`bailiwick policy show` lists all ids"

FILES: Mapping[str, type] = {
    "organisation.yaml": syntax.Organisation,
    "roles.yaml": syntax.Roles,
    SINKS: Sinks,
    "profiles/": syntax.Profile,
    "teams/": syntax.Team,
    "exceptions/": syntax.Exceptions,
    "tests/": syntax.Cases,
    "data/": syntax.HashedListText,
    "documents/": syntax.DocumentsText,
}
"""What stands where in a policy repository."""

SCAN_POLICY = "skill-scan.yaml"
"""What findings in skills get. It decides nothing about sessions, and the scanner reads it (`administration.skill_policy`)."""


def load_policy_set(files: Mapping[str, str]) -> PolicySet:
    """Compile a policy repository.

    Args:
        files: name relative to the repository's root (``profiles/frontend.yaml``) to text. Files that are not
            YAML are left alone.

    Raises:
        PolicyErrors: whatever is wrong, all of it. Nothing else is raised, whatever the text.
    """
    problems = Problems(files)
    return _Repository(files, problems).compile()


@value(frozen=False, slots=True)
class _Repository:
    files: Mapping[str, str]
    problems: Problems
    parsed: dict[type, list[Any]] = field(default_factory=dict)

    def compile(self) -> PolicySet:
        for name in sorted(self.files):  # (1)
            self._parse(name)
        organisation = next(iter(self.parsed.get(syntax.Organisation, ())), None)
        profiles: list[syntax.Profile] = self.parsed.get(syntax.Profile, [])
        self._need(organisation, profiles)
        known = frozenset(one.profile.text for one in profiles)
        teams: list[syntax.Team] = self.parsed.get(syntax.Team, [])
        self._unique([one.profile for one in profiles] + [one.team for one in teams], "name")
        for team in teams:
            self._check_names(team.profiles, known, "profile")
        organisation_layer = self._layer(Scope.ORGANISATION, ORGANISATION, organisation)  # (2)
        compiled = compile_profiles(  # (3), (4)
            profiles=profiles,
            above=(builtin_layer(), organisation_layer),
            organisation=organisation,
            teams=tuple((team, self._layer(Scope.TEAM, team.team.text, team)) for team in teams),
            problems=self.problems,
        )
        data = () if organisation is None else organisation.data_classes
        classes = read_classes(
            data,
            {one.at.file: one for one in self.parsed.get(syntax.HashedListText, ())},
            {one.at.file: one for one in self.parsed.get(syntax.DocumentsText, ())},
            self.problems,
        )
        check_named(compiled, frozenset(f"class/{one.name}" for one in data), self.problems)
        rules = self._rule_ids(compiled)
        exceptions = self._exceptions(rules)
        roles = self._roles(known)
        for sinks in self.parsed.get(Sinks, ()):
            check_sinks(sinks, self.problems)
        invariants = self._invariants(organisation, known)
        examples = self._examples(profiles, rules)
        tests = self._tests(known, rules)
        signers = approvers(
            () if organisation is None else organisation.skill_approvers,
            frozenset(role.id for role in roles),
            self.problems,
        )
        default = None if organisation is None else organisation.default_profile
        if default is not None:
            self._check_names((default,), known, "profile")
        self.problems.raise_any()
        reported = _example_keys(organisation)
        policies = {}
        for one in compiled:  # (5)
            policy = replace(
                one.policy,
                exceptions=exceptions,
                data_classes=classes,
                example_keys=reported,
                unmasked=_unmasked(organisation),
            )
            policies[policy.profile] = replace(
                policy, revision=revision_of((one.digests, replace(policy, layers=())))
            )
        whole = PolicySet(
            policies=policies,
            roles=roles,
            default_profile=None if default is None else default.text,
            audit=_audit(organisation),
            invariants=invariants,
            examples=examples,
            tests=tests,
            approvers=signers,
            data_classes=classes,
            example_keys=reported,
        )
        stem = tuple(policy.revision for policy in policies.values())
        return replace(whole, revision=revision_of((stem, replace(whole, policies={}))))

    def _parse(self, name: str) -> None:
        if name.endswith(".yml"):
            self.problems.add(_top(name), "the name ends in `.yml`", f"rename it to `{name[:-4]}.yaml`")
            return
        if not name.endswith(".yaml") or name == SCAN_POLICY:
            return
        kind = FILES.get(name if "/" not in name else name[: name.index("/") + 1])
        if kind is None:
            self.problems.add(_top(name), "this file has no place in a policy repository", _place_of(name))
            return
        node = read_document(name, self.files[name], self.problems)
        read = None if node is None else Record(of=kind).read(node, self.problems)
        if read is not None:
            self.parsed.setdefault(kind, []).append(read)

    def _need(self, organisation: syntax.Organisation | None, profiles: list[syntax.Profile]) -> None:
        if organisation is None and "organisation.yaml" not in self.files:
            at = _top("organisation.yaml")
            self.problems.add(at, "there is no organisation.yaml", 'write it: `organisation: "Your company"`')
        if not profiles and not any(name.startswith("profiles/") for name in self.files):
            mend = "write one, `profiles/<name>.yaml`; a policy that says nothing allows nothing"
            self.problems.add(_top("profiles/"), "there is no profile", mend)

    def _layer(self, scope: Scope, name: str, said: syntax.Organisation | syntax.Team | None) -> Layer:
        mode = None if said is None or said.mode is None else Mode(said.mode.text)
        builder = LayerBuilder(scope=scope, name=name, problems=self.problems, mode=mode)
        if said is not None:
            builder.read(said)
        return builder.layer()

    def _unique(self, names: list[Text], what: str) -> None:
        seen: dict[str, Text] = {}
        for name in names:
            if name.text in RESERVED:
                self.problems.add(name.at, f"`{name}` is the name of a layer", "choose another name")
            elif name.text in seen:
                first = seen[name.text].at
                mend = f"{first} has it already: choose another name"
                self.problems.add(name.at, f"the {what} `{name}` is given twice", mend)
            seen.setdefault(name.text, name)

    def _check_names(self, names: tuple[Text, ...], known: frozenset[str], what: str) -> None:
        for name in names:
            if name.text not in known:
                self.problems.add(name.at, f"there is no {what} `{name}`", did_you_mean(name.text, known))

    def _rule_ids(self, compiled: tuple[Compiled, ...]) -> frozenset[str]:
        """Every rule's id; two rules of one layer with the same id are a mistake."""
        origins: dict[str, Origin] = {}
        for layer in {id(layer): layer for one in compiled for layer in one.policy.layers}.values():
            for rule in (*layer.rules, *layer.defaults.values()):
                first = origins.setdefault(rule.id, rule.origin)
                if first != rule.origin:
                    self.problems.add(
                        rule.origin, f"the rule id `{rule.id}` is given twice", f"{first} has it already"
                    )
        return frozenset(origins)

    def _exceptions(self, rules: frozenset[str]) -> tuple[PolicyException, ...]:
        texts = [one for said in self.parsed.get(syntax.Exceptions, ()) for one in said.exceptions]
        self._unique([one.id for one in texts], "exception")
        read = (self._exception(one, rules) for one in texts)
        return tuple(sorted((one for one in read if one is not None), key=lambda one: one.id))

    def _exception(self, said: syntax.ExceptionText, rules: frozenset[str]) -> PolicyException | None:
        for glob in said.lifts:
            lifted = [rule for rule in rules if fnmatchcase(rule, glob.text)]
            if not lifted:
                self.problems.add(
                    glob.at, f"no rule has the id `{glob}`", nearest(glob.text, rules) or _LISTED
                )
            elif all(rule.startswith(f"{BUILTIN}.") for rule in lifted):
                self.problems.add(
                    glob.at, f"`{glob}`: built-in rules can't be lifted", "lift rules of the policy only"
                )
        if not said.users and not said.groups:
            self.problems.add(said.id.at, "the exception is for nobody", "add `users:` or `groups:`")
        if said.approved_by.text in {user.text for user in said.users}:
            mend = "somebody else must approve it"
            self.problems.add(
                said.approved_by.at, f"`{said.approved_by}` approves an exception of their own", mend
            )
        start, end = start_of(said.approved_on, self.problems), end_of(said.expires, self.problems)
        if start is None or end is None:
            return None
        if end <= start:
            self.problems.add(
                said.expires.at, "the exception ends before it is approved", "write a later date"
            )
        if end - start > MAX_EXCEPTION_DAYS * _DAY:
            mend = "renew it when the year is over, or write the permission into a profile"
            self.problems.add(
                said.expires.at, "the exception holds for more than a year after approval", mend
            )
        covers = () if said.covers is None else tuple(one for _, one in described(said.covers, self.problems))
        if said.covers is not None and not covers:
            self.problems.add(
                said.covers.at, "`covers` names no access", "name at least one, or remove the key"
            )
        return PolicyException(
            id=said.id.text,
            origin=said.id.at,
            lifts=tuple(glob.text for glob in said.lifts),
            covers=covers,
            users=frozenset(user.text for user in said.users),
            groups=frozenset(group.text for group in said.groups),
            approved_by=said.approved_by.text,
            approved_on=start,
            reason=said.reason.text,
            ticket=said.ticket.text,
            expires=end,
        )

    def _roles(self, known: frozenset[str]) -> tuple[Role, ...]:
        roles = []
        for said in self.parsed.get(syntax.Roles, ()):
            for name, role in said.roles:
                self._check_names(role.profiles, known, "profile")
                if not role.users and not role.groups:
                    self.problems.add(name.at, f"the role `{name}` is nobody's", "add `groups:` or `users:`")
                roles.append(
                    Role(
                        id=name.text,
                        origin=name.at,
                        profiles=tuple(profile.text for profile in role.profiles),
                        users=frozenset(user.text for user in role.users),
                        groups=frozenset(group.text for group in role.groups),
                    )
                )
        return tuple(roles)

    def _invariants(
        self, organisation: syntax.Organisation | None, known: frozenset[str]
    ) -> tuple[Invariant, ...]:
        invariants: list[Invariant] = []
        texts = () if organisation is None else organisation.invariants
        self._unique([one.id for one in texts], "invariant")
        for said in texts:
            self._check_names(said.exempt, known, "profile")
            found = tuple(described(said.never, self.problems))
            if not found and not self.problems:
                self.problems.add(said.never.at, "`never` names no access", "name one: `read: ~/.ssh/**`")
            because = (
                f"the organisation says so in `{said.id}`" if said.because is None else said.because.text
            )
            invariants.extend(
                Invariant(
                    id=said.id.text if len(found) == 1 else f"{said.id}.{number}",
                    origin=said.id.at,
                    denied=condition,
                    subject=subject,
                    exempt=frozenset(name.text for name in said.exempt),
                    because=because,
                )
                for number, (subject, condition) in enumerate(found, 1)
            )
        return tuple(invariants)

    def _examples(
        self, profiles: list[syntax.Profile], rules: frozenset[str]
    ) -> dict[str, tuple[Example, ...]]:
        examples: dict[str, tuple[Example, ...]] = {}
        for profile in profiles:
            if profile.examples is None:
                continue
            said = (
                (Verdict[word.upper()], one)
                for word in syntax.VERDICTS
                for one in getattr(profile.examples, word)
            )
            examples[profile.profile.text] = tuple(
                self._example(one.call, verdict, one.rule, rules) for verdict, one in said
            )
        return examples

    def _tests(self, known: frozenset[str], rules: frozenset[str]) -> dict[str, tuple[Example, ...]]:
        tests: dict[str, tuple[Example, ...]] = {}
        for said in self.parsed.get(syntax.Cases, ()):
            for case in said.cases:
                self._check_names((case.profile,), known, "profile")
                example = self._example(case.call, Verdict[case.verdict.text.upper()], case.rule, rules)
                tests[case.profile.text] = (*tests.get(case.profile.text, ()), example)
        return tests

    def _example(self, call: Text, verdict: Verdict, rule: Text | None, rules: frozenset[str]) -> Example:
        if rule is not None and not any(fnmatchcase(one, rule.text) for one in rules):
            self.problems.add(rule.at, f"no rule has the id `{rule}`", nearest(rule.text, rules) or _LISTED)
        return Example(
            origin=call.at, call=call.text, verdict=verdict, rule=None if rule is None else rule.text
        )


def _audit(organisation: syntax.Organisation | None) -> AuditPolicy:
    said = None if organisation is None else organisation.audit
    if said is None:
        return AuditPolicy()
    days = AuditPolicy().retention_days if said.retention_days is None else said.retention_days
    marks = said.on_failure is not None and said.on_failure.text == "allow_and_mark"
    payloads = Payloads.OFF if said.payloads is None else Payloads(said.payloads.text)
    relay = said.fallback is not None and said.fallback.text == "relay"
    return AuditPolicy(retention_days=days, allow_and_mark=marks, payloads=payloads, relay=relay)


def _example_keys(organisation: syntax.Organisation | None) -> bool:
    said = None if organisation is None else organisation.example_keys
    return said is not None and said.text == "report"


def _unmasked(organisation: syntax.Organisation | None) -> Unmasked:
    said = None if organisation is None else organisation.unmasked_output
    return Unmasked.STOP if said is None else Unmasked(said.text)


def _top(name: str) -> Origin:
    return Origin(file=name, line=1, column=1)


def _place_of(name: str) -> str:
    folder, slash, _ = name.partition("/")
    return did_you_mean(folder + slash, (*FILES, SCAN_POLICY))
