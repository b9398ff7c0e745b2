"""Scanning many skills: in parallel, each within a time, from a cache where its bytes and the rules are the same."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from types import FrameType

from bailiwick.analysis.skill.prose.learned.weights import WeightsError
from bailiwick.analysis.skill.read import read_facts
from bailiwick.decision.skill_verdict import detect
from bailiwick.model.skill import Manifest, Partial, SkillTree
from bailiwick.rules.skill.rule import SkillFinding
from bailiwick.service.scan_cache import Result, ScanCache
from bailiwick.service.skill_files import SkillPlace, read_skill

MAX_SECONDS = 60
"""Seconds of processor time that one skill may take; then it is partial, which fails."""

MAX_WAITED = 600
"""Seconds that it may take by the clock: a machine that is busy with something else makes no skill partial before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found in one skill, before any policy."""

    tree: SkillTree
    manifest: Manifest
    findings: tuple[SkillFinding, ...]
    partial: tuple[Partial, ...]
    seconds: float = 0.0


class _TooLongError(BaseException):
    """Not an ``Exception``: nobody on the way goes on after it."""


def look(place: SkillPlace) -> Looked:
    """Read one skill and find what is wrong with it. Total: a failure of the reader is a part that was not looked at."""
    started = time.process_time()
    tree = SkillTree(root=str(place.path), name=place.path.name, kind=place.kind)
    try:
        with _bounded():
            tree = read_skill(place)
            facts = read_facts(tree)
            found = tuple(detect(facts))
            manifest, partial = facts.manifest, facts.partial
    except _TooLongError as error:
        manifest, found = Manifest(name=tree.name), ()
        partial = (*tree.partial, Partial(path=".", reason=f"took longer than {error}"))
    except Exception as error:  # noqa: BLE001 - fails closed: what could not be read is said
        manifest, found = Manifest(name=tree.name), ()
        partial = (
            *tree.partial,
            Partial(path=".", reason=f"the reader failed on it ({_said(error)})"),
        )
    return Looked(
        tree=_light(tree),
        manifest=manifest,
        findings=found,
        partial=partial,
        seconds=time.process_time() - started,
    )


def _said(error: Exception) -> str:
    """What is said of a failure: the mend where the error is ours and has one, else its kind (its text may repeat the skill's)."""
    return str(error) if isinstance(error, WeightsError) else type(error).__name__


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """Whatever takes too long inside is stopped with ``_TooLongError``."""
    timers = (
        (signal.SIGPROF, signal.ITIMER_PROF, MAX_SECONDS),
        (signal.SIGALRM, signal.ITIMER_REAL, MAX_WAITED),
    )
    before = [signal.signal(number, _too_long) for number, _, _ in timers]
    try:
        for _, timer, seconds in timers:
            signal.setitimer(timer, seconds)
        yield
    finally:
        for (number, timer, _), handler in zip(timers, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def _too_long(number: int, _frame: FrameType | None) -> None:
    used = number == signal.SIGPROF
    raise _TooLongError(
        f"{MAX_SECONDS} seconds of processor time" if used else f"{MAX_WAITED} seconds by the clock"
    )


def _light(tree: SkillTree) -> SkillTree:
    """The tree without the content of its files, which nobody needs any more; the digest is of their hashes."""
    return replace(tree, entries=tuple(replace(entry, data=None) for entry in tree.entries))


def scan(
    places: Sequence[SkillPlace],
    *,
    jobs: int,
    progress: Callable[[int, int], None],
    store: ScanCache | None = None,
) -> Iterator[Looked]:
    """Look at all places, in their order. ``progress`` is told how many of how many are done."""
    if jobs <= 1 or len(places) < 4:  # noqa: PLR2004 - what fits and what is enough
        for number, place in enumerate(places, 1):
            yield _stored(place, store)
            progress(number, len(places))
        return
    done: dict[int, Looked] = {}
    following = 0
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        waiting = {pool.submit(_stored, place, store): number for number, place in enumerate(places)}
        for count, future in enumerate(as_completed(waiting), 1):
            number = waiting[future]
            try:
                done[number] = future.result()
            except Exception as error:  # noqa: BLE001 - fails closed: what could not be read is said
                place = places[number]
                tree = SkillTree(root=str(place.path), name=place.path.name, kind=place.kind)
                done[number] = Looked(
                    tree=tree,
                    manifest=Manifest(name=tree.name),
                    findings=(),
                    partial=(
                        Partial(path=".", reason=f"the process that read it died ({type(error).__name__})"),
                    ),
                )
            progress(count, len(places))
            while following in done:
                yield done.pop(following)
                following += 1


def _stored(place: SkillPlace, store: ScanCache | None) -> Looked:
    if store is None:
        return look(place)
    try:
        tree = read_skill(place)
    except OSError:
        return look(place)
    key = store.key(tree)
    known = store.get(key)
    if known is not None:
        return Looked(
            tree=_light(tree), manifest=known.manifest, findings=known.findings, partial=known.partial
        )
    found = look(place)
    if not any("seconds" in part.reason or "failed" in part.reason for part in found.partial):
        store.put(
            store.key(found.tree),
            Result(manifest=found.manifest, findings=found.findings, partial=found.partial),
        )
    return found
