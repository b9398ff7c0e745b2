"""Profiles to policies: what a profile extends, its defaults, and the layers above it."""

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TypeVar

from bailiwick.model.decision import Origin
from bailiwick.model.value import value
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.errors import Problems, did_you_mean
from bailiwick.policy.holding import flow_rules, skill_policy
from bailiwick.policy.revision import revision_of
from bailiwick.policy.sections import LayerBuilder
from bailiwick.policy.shapes import Text
from bailiwick.policy.syntax import Models, Organisation, Profile, Sections, Team
from bailiwick.policy.types import (
    UNKNOWN_HOST,
    ClientPolicy,
    HostCondition,
    Layer,
    Policy,
    Rule,
    Scope,
    Subject,
)

MINIMUM_CLIENT = (2, 1, 295)
"""The first client whose hooks can be made to fail closed."""

FALLBACKS = dict.fromkeys(Subject, Verdict.ASK) | {
    # A profile that names no models leaves the choice open, as ClientPolicy does.
    Subject.MODELS: Verdict.ALLOW,
    Subject.PERMISSION_MODES: Verdict.DENY,
}
"""What a profile's layer says of a subject that no file of it mentions."""

MAX_CHAIN = 32
"""Profiles that extend one another; nobody can follow more."""

CLOSED = frozenset({Subject.PERMISSION_MODES, Subject.MODELS})
"""Bare lists of what is allowed: the nearest one replaces those it inherits, or nothing could be taken away."""

_Nearest = TypeVar("_Nearest")


@value(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A policy without its exceptions, and the digests of its layers."""

    policy: Policy
    digests: tuple[str, ...]


def compile_profiles(
    *,
    profiles: list[Profile],
    above: tuple[Layer, ...],
    organisation: Organisation | None,
    teams: tuple[tuple[Team, Layer], ...],
    problems: Problems,
) -> tuple[Compiled, ...]:
    """Every profile's policy, ordered by name."""
    by_name = {profile.profile.text: profile for profile in profiles}
    own = {name: _own_layer(profile, problems) for name, profile in by_name.items()}
    digests = {id(layer): revision_of(layer) for layer in (*above, *(layer for _, layer in teams))}
    compiled = []
    for name in sorted(by_name):
        chain = _chain(by_name[name], by_name, problems)
        layer = _united(chain, own)
        over = [(team, one) for team, one in teams if name in {text.text for text in team.profiles}]
        layers = (*above, *(one for _, one in over), layer)
        digests[id(layer)] = revision_of(layer)
        wider: list[Sections] = [
            *([] if organisation is None else [organisation]),
            *(team for team, _ in over),
        ]
        named = _named_layers(chain, over, organisation)
        policy = _policy(by_name[name], chain, layers, organisation, _client(chain, wider, problems))
        policy = replace(policy, skills=skill_policy(named), flows=flow_rules(named, problems))
        compiled.append(
            Compiled(
                policy=policy,
                digests=tuple(digests[id(one)] for one in layers),
            )
        )
    return tuple(compiled)


def _named_layers(
    chain: tuple[Profile, ...], over: list[tuple[Team, Layer]], organisation: Organisation | None
) -> list[tuple[str, Sections, Mode | None]]:
    """Every file that speaks, by the name of its layer."""
    found: list[tuple[str, Sections, Mode | None]] = []
    if organisation is not None:
        found.append(("organisation", organisation, _mode(organisation.mode)))
    found += [(team.team.text, team, _mode(team.mode)) for team, _ in over]
    return found + [(one.profile.text, one, None) for one in chain]


def _mode(said: Text | None) -> Mode | None:
    return None if said is None else Mode(said.text)


def _own_layer(profile: Profile, problems: Problems) -> Layer:
    builder = LayerBuilder(scope=Scope.PROFILE, name=profile.profile.text, problems=problems)
    builder.read(profile)
    return builder.layer()


def _chain(profile: Profile, by_name: dict[str, Profile], problems: Problems) -> tuple[Profile, ...]:
    """What ``profile`` extends, widest first, then itself; each once."""
    done: dict[str, Profile] = {}

    def visit(one: Profile, path: tuple[str, ...]) -> None:
        path = (*path, one.profile.text)
        for name in one.extends:
            if name.text in path:
                circle = " -> ".join((*path[path.index(name.text) :], name.text))
                problems.add(
                    name.at, f"profiles extend each other in a circle: {circle}", "remove one of them"
                )
            elif name.text not in by_name:
                problems.add(name.at, f"there is no profile `{name}`", did_you_mean(name.text, by_name))
            elif name.text not in done:
                if len(path) > MAX_CHAIN:
                    problems.add(
                        name.at, f"more than {MAX_CHAIN} profiles extend one another", "flatten the chain"
                    )
                else:
                    visit(by_name[name.text], path)
        done.setdefault(one.profile.text, one)

    visit(profile, ())
    return tuple(done.values())


def _united(chain: tuple[Profile, ...], own: dict[str, Layer]) -> Layer:
    """The rules of all; the nearest default of each subject; asking where there is none."""
    last = chain[-1].profile
    layers = [own[profile.profile.text] for profile in chain]
    builder = LayerBuilder(scope=Scope.PROFILE, name=last.text, problems=Problems({}))
    nearest = {subject: layer for layer in layers for subject in CLOSED if subject in layer.defaults}
    nearest_unknown = _last(layer if any(map(_of_unknown, layer.rules)) else None for layer in layers)
    for layer in layers:
        builder.rules.extend(
            rule
            for rule in layer.rules
            if (nearest_unknown if _of_unknown(rule) else nearest.get(rule.subject, layer)) is layer
        )
        builder.duties.extend(layer.duties)
    builder.defaults = _defaults(chain, own)
    if Subject.PERMISSION_MODES not in builder.defaults:
        modes = tuple(Text(mode, last.at) for mode in ClientPolicy().permission_modes)
        builder.read(Sections(at=last.at, permission_modes=modes))
    for subject, verdict in FALLBACKS.items():
        builder.default(subject, verdict, last.at)
    return builder.layer()


def _of_unknown(rule: Rule) -> bool:
    return isinstance(rule.when, HostCondition) and rule.when.host == UNKNOWN_HOST


def _defaults(chain: tuple[Profile, ...], own: dict[str, Layer]) -> dict[Subject, Rule]:
    """The last profile's own defaults; else what it extends says, the strictest where they differ."""
    resolved: dict[str, dict[Subject, Rule]] = {}
    for profile in chain:  # what a profile extends stands before it
        inherited: dict[Subject, Rule] = {}
        for name in profile.extends:
            for subject, rule in resolved.get(name.text, {}).items():
                inherited[subject] = max(
                    inherited.get(subject, rule), rule, key=lambda one: (one.verdict, not one.contained)
                )
        resolved[profile.profile.text] = inherited | dict(own[profile.profile.text].defaults)
    return resolved[chain[-1].profile.text]


def _policy(
    profile: Profile,
    chain: tuple[Profile, ...],
    layers: tuple[Layer, ...],
    organisation: Organisation | None,
    client: ClientPolicy,
) -> Policy:
    mode = _last(one.mode for one in chain) or (None if organisation is None else organisation.mode)
    unattended = _last(one.unattended for one in chain)
    return Policy(
        profile=profile.profile.text,
        description="" if profile.description is None else profile.description.text,
        layers=layers,
        mode=Mode.ENFORCE if mode is None else Mode(mode.text),
        client=client,
        unattended=Verdict.DENY if unattended is None else Verdict[unattended.text.upper()],
        organisation="" if organisation is None else organisation.organisation.text,
        contact="" if organisation is None or organisation.contact is None else organisation.contact.text,
    )


def _client(chain: tuple[Profile, ...], wider: list[Sections], problems: Problems) -> ClientPolicy:
    """What the nearest profile of the chain says, narrowed by every wider layer."""
    at = chain[-1].profile.at
    modes = _last(one.permission_modes or None for one in chain)
    models = [one.models for one in chain if one.models is not None]
    required = _last(one.sandbox for one in chain)
    every = [*chain, *wider]
    return ClientPolicy(
        permission_modes=_narrowed(
            "permission mode",
            ClientPolicy().permission_modes if modes is None else _texts(modes),
            [_texts(one.permission_modes) for one in wider],
            at,
            problems,
        ),
        models=_of_models("allow", models, wider, at, problems),
        providers=_of_models("providers", models, wider, at, problems),
        regions=_of_models("regions", models, wider, at, problems),
        base_url=_base_url([one.models.base_url for one in every if one.models is not None], problems),
        sandbox=any(
            text is not None and text.text == "required"
            for text in (required, *(one.sandbox for one in wider))
        ),
        dry_run=bool(_last(one.bash.dry_run for one in [*wider, *chain] if one.bash is not None)),
        minimum_version=_newest(
            [one.minimum_version for one in every if one.minimum_version is not None], problems
        ),
    )


def _of_models(
    key: str, models: list[Models], wider: list[Sections], at: Origin, problems: Problems
) -> tuple[str, ...]:
    own: tuple[Text, ...] = _last(getattr(one, key) or None for one in models) or ()
    over = [_texts(getattr(one.models, key)) for one in wider if one.models is not None]
    return _narrowed(f"model ({key})", _texts(own), over, at, problems)


def _narrowed(
    what: str, own: tuple[str, ...], wider: list[tuple[str, ...]], at: Origin, problems: Problems
) -> tuple[str, ...]:
    """The patterns that every list agrees on; an empty list agrees with everything."""
    left = own
    for allowed in wider:
        if not allowed:
            continue
        if not left:
            left = allowed
            continue
        inside = [one for one in left if any(fnmatchcase(one, two) for two in allowed)]
        inside += [two for two in allowed if two not in inside and any(fnmatchcase(two, one) for one in left)]
        if not inside:
            mend = f"a wider layer allows only {', '.join(allowed)}: name one of these"
            problems.add(at, f"no {what} is left that this profile and the layers above it allow", mend)
        left = tuple(inside)
    return left


def _base_url(said: list[Text | None], problems: Problems) -> str | None:
    urls = [url for url in said if url is not None]
    for url in urls[1:]:
        if url.text != urls[0].text:
            problems.add(
                url.at, f"the endpoint `{url}` differs from `{urls[0]}` ({urls[0].at})", "keep one of the two"
            )
    return urls[0].text if urls else None


def _newest(said: list[Text], problems: Problems) -> str:
    lowest = ".".join(str(part) for part in MINIMUM_CLIENT)
    newest = MINIMUM_CLIENT
    for version in said:
        major, minor, patch = (int(part) for part in version.text.split("."))
        if (major, minor, patch) < MINIMUM_CLIENT:
            problems.add(
                version.at, f"hooks of client {version} can't fail closed", f'write "{lowest}" or newer'
            )
        newest = max(newest, (major, minor, patch))
    return ".".join(str(part) for part in newest)


def _texts(texts: tuple[Text, ...]) -> tuple[str, ...]:
    return tuple(text.text for text in texts)


def _last(said: Iterable[_Nearest | None]) -> _Nearest | None:
    return next((one for one in reversed(list(said)) if one is not None), None)
