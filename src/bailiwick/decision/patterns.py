"""Which rules meet a pattern: a whole tree searched, removed or written, or what a shell's ``*`` stands for.

What is known decides how much a rule that only partly overlaps the pattern counts:

1. Where somebody looked and the access touches all that exists, each existing path is judged by itself.
2. A pattern that lies wholly inside what a rule names surely meets it.
3. Otherwise an objection that overlaps may be met: it counts as a question, like every uncertain match.
4. A program that writes *somewhere* in a tree is taken to meet rules that hold anywhere (``**/.env``) in the
   project's root and the home directory, and where such a file exists, but not in every directory it can reach:
   else no package could be installed.
5. A rule that speaks only of what the access leaves out isn't met.
6. Where only names are told, a rule that withholds files by name at any depth isn't met: it is for what is in them.
7. Permissions count only when those of a layer together contain the pattern.
8. What is written to a tree (``/p/**``) surely changes the place itself (``mv x /p`` may replace it), and where nothing
   is below it, whatever a link of that name leads to: a prohibition of one of these is surely met.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from bailiwick.decision.bound import MAX_NAME, Bound, Hit, fill_in, keep
from bailiwick.model.access import AccessKind, PathTarget
from bailiwick.model.automaton import TooComplexError
from bailiwick.model.glob import (
    Budget,
    Glob,
    choices,
    contained,
    contained_jointly,
    intersects,
    may_begin,
    path_glob,
    witness,
)
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import PathCondition

EXISTING = frozenset({AccessKind.READ, AccessKind.DELETE, AccessKind.EXECUTE})
"""Accesses that touch only what exists; a write may also create."""

MAX_STEPS = 30_000
"""Work spent on one pattern that was not asked about before: some 75 ms at worst, half as much again as the starter's rules need."""

MAX_PATTERNS = 64
"""Patterns of one call that are looked at exactly; more are taken to meet whatever they may."""

MAX_TRIED = 4
"""Exclusions tried on a rule that is spelled like none of them."""


def path_units(bound: Bound, target: PathTarget, kind: AccessKind, *, steps: int) -> Iterator[Sequence[Hit]]:
    """The matching rules for each path that ``target`` is: its real path too, and each path of an expansion.

    Paths that the same rules match count once.
    """
    match target:
        case PathTarget(path=path) if kind is AccessKind.CHANGE_CONFIG:
            # The setting's name carries the decision; its file only meets rules that speak of such changes.
            if hits := _of_kind(bound.paths.matching(path), kind):
                yield hits
        case PathTarget(names=True):  # (6)
            for unit in path_units(bound, replace(target, names=False), kind, steps=steps):
                yield [hit for hit in unit if not _by_name(hit)]
        case PathTarget(pattern=False, path=path, real=real):
            yield _at(bound, path, kind)
            if real is not None and real != path:
                yield _at(bound, real, kind)
        case PathTarget(path=path, expanded=expanded, excluded=excluded):
            everything = kind in EXISTING or not path.endswith("/**")
            if expanded and everything:  # (1)
                for group in _groups(bound, expanded):
                    yield _of_kind([bound.paths.hits[number] for number in group], kind)
            else:
                yield from _at_the_top(bound, path, expanded or (), kind)  # (8)
                existing = frozenset(chain.from_iterable(_groups(bound, expanded or ())))
                yield _remembered(
                    bound, _Asked(path, excluded, kind, existing, expanded is not None, everything, steps)
                )


def _at_the_top(
    bound: Bound, tree: str, existing: Sequence[str], kind: AccessKind
) -> Iterator[Sequence[Hit]]:
    if kind in EXISTING or not tree.endswith("/**"):
        return
    top = tree.removesuffix("/**")
    within = any(path.startswith(f"{top}/") for path in existing)
    for path in dict.fromkeys((top, *(() if within else existing))):
        hits = _of_kind(bound.paths.matching(path), kind)
        if any(hit.rule.verdict is Verdict.DENY for hit in hits):
            yield hits


class _Asked(NamedTuple):
    """A question about a pattern: the numbers of the rules that ``existing`` paths meet, if somebody ``looked``.

    ``everything`` says that the access touches all that it matches, not just something in a tree. ``steps`` bounds
    the work; beyond it every rule that may be met counts as met, and nothing as permitted.
    """

    pattern: str
    excluded: tuple[str, ...]
    kind: AccessKind
    existing: frozenset[int]
    looked: bool
    everything: bool
    steps: int


def _by_name(hit: Hit) -> bool:
    """Whether a rule objects to files of a name anywhere (``**/.env``), not to a place or a directory's whole content."""
    when = hit.rule.when
    return (
        hit.rule.verdict is not Verdict.ALLOW
        and isinstance(when, PathCondition)
        and when.glob.startswith("/**/")
        and not when.glob.endswith("/**")
    )


def _groups(bound: Bound, paths: Sequence[str]) -> dict[tuple[int, ...], None]:
    return dict.fromkeys(bound.paths.globs.matching_each(paths))


def _of_kind(hits: Sequence[Hit], kind: AccessKind) -> list[Hit]:
    return [hit for hit in hits if isinstance(hit.rule.when, PathCondition) and kind in hit.rule.when.kinds]


def _at(bound: Bound, path: str, kind: AccessKind) -> list[Hit]:
    """The rules that speak of one path; a session comes back to the same few again and again."""
    known = bound.visited.get((path, kind))
    if known is None:
        known = _of_kind(bound.paths.matching(path), kind)
        if len(path) <= MAX_NAME:
            keep(bound.visited, (path, kind), known)
    return known


def _remembered(bound: Bound, asked: _Asked) -> list[Hit]:
    known = bound.remembered.get(asked)
    return keep(bound.remembered, asked, _hits(bound, asked)) if known is None else known


def _hits(bound: Bound, asked: _Asked) -> list[Hit]:
    glob = Glob(asked.pattern.rstrip("/") or "/")
    excluded = [Glob(text) for text in asked.excluded]
    budget, granting = Budget(asked.steps), Budget(asked.steps)
    by_layer: dict[int, list[tuple[int, Hit, Glob]]] = {}
    for number, (hit, other) in enumerate(zip(bound.paths.hits, bound.path_globs, strict=True)):
        if _of_kind((hit,), asked.kind) and intersects(glob, other, budget=budget):
            by_layer.setdefault(hit.layer, []).append((number, hit, other))
    found: list[Hit] = []
    for rules in by_layer.values():
        allowing = [rule for rule in rules if rule[1].rule.verdict is Verdict.ALLOW]
        denying = [rule for rule in rules if rule[1].rule.verdict is Verdict.DENY]
        covering = {number for number, _, other in denying if contained_jointly(glob, [other], budget=budget)}
        denied = bool(covering) or _together(glob, denying, budget)
        allowed = any(
            contained_jointly(glob, [other], budget=granting) for _, _, other in allowing
        ) or _together(glob, allowing, granting)
        whole = denied or allowed or contained(glob, [other for _, _, other in rules], budget=budget)
        for number, hit, other in rules:
            if hit.rule.verdict is Verdict.ALLOW or (excluded and _left_out(glob, other, excluded, budget)):
                continue  # (5)
            if asked.everything:
                met = not asked.looked or denied
            else:
                near = any(intersects(glob, place, budget=budget) for place in _near(bound, glob, other))
                met = denied or near or number in asked.existing
            if met:
                certain = number in covering if covering else denied
                found.append(hit._replace(certain=certain, whole=whole))  # (2), (3), (4)
        if allowed:  # (7)
            found += [hit for _, hit, _ in allowing]
    return found


def _together(glob: Glob, rules: Sequence[tuple[int, Hit, Glob]], budget: Budget) -> bool:
    return len(rules) > 1 and contained_jointly(glob, [other for _, _, other in rules], budget=budget)


def _left_out(glob: Glob, other: Glob, excluded: Sequence[Glob], budget: Budget) -> bool:
    """Whether all that both name is excluded. To stay cheap only some exclusions are tried: those spelled alike, else a few."""
    spelled = tuple(choice.removesuffix("/**") for choice in choices(other.text))
    alike = [one for one in excluded if one.text.removesuffix("/**").endswith(spelled)]
    try:
        return witness((glob, other), alike or excluded[:MAX_TRIED], budget=budget) is None
    except TooComplexError:
        return False


def _near(bound: Bound, tree: Glob, glob: Glob) -> Iterator[Glob]:
    """Where a rule is looked for in a tree that something writes to (4), as far as that may be within it."""
    anywhere, _, rest = glob.text.partition("**/")
    if anywhere not in {"", "/"} or not rest:
        yield glob
        return
    for place in ("${project}", "~"):
        there = fill_in(f"{place}/{rest}", project=bound.project, home=bound.home)
        if bound.folded or may_begin(tree, there):
            yield path_glob(there, folded=bound.folded)
