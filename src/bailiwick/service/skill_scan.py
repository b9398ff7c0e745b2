"""Scanning many skills: in parallel, each within a time, from a cache where its bytes and the rules are the same."""

import hashlib
import os
import pickle
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import FrameType

from bailiwick import __version__
from bailiwick.analysis.skill.read import read_facts
from bailiwick.decision.skill_verdict import detect
from bailiwick.model.skill import Manifest, Partial, SkillTree
from bailiwick.rules.skill.rule import SkillFinding
from bailiwick.service.skill_files import SkillPlace, read_skill

MAX_SECONDS = 60
"""How long one skill may take; then it is partial, which fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found in one skill, before any policy."""

    tree: SkillTree
    manifest: Manifest
    findings: tuple[SkillFinding, ...]
    partial: tuple[Partial, ...]
    seconds: float = 0.0


class _TooLongError(Exception):
    pass


def look(place: SkillPlace) -> Looked:
    """Read one skill and find what is wrong with it. Total: a failure of the reader is a part that was not looked at."""
    started = time.process_time()
    tree = SkillTree(root=str(place.path), name=place.path.name, kind=place.kind)
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, MAX_SECONDS)
    try:
        tree = read_skill(place)
        facts = read_facts(tree)
        found = tuple(detect(facts))
        manifest, partial = facts.manifest, facts.partial
    except _TooLongError:
        manifest, found = Manifest(name=tree.name), ()
        partial = (*tree.partial, Partial(path=".", reason=f"took longer than {MAX_SECONDS} seconds"))
    except Exception as error:  # noqa: BLE001 - fails closed: what could not be read is said
        manifest, found = Manifest(name=tree.name), ()
        partial = (
            *tree.partial,
            Partial(path=".", reason=f"the reader failed on it ({type(error).__name__})"),
        )
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return Looked(
        tree=_light(tree),
        manifest=manifest,
        findings=found,
        partial=partial,
        seconds=time.process_time() - started,
    )


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise _TooLongError


def _light(tree: SkillTree) -> SkillTree:
    """The tree without the content of its files, which nobody needs any more; the digest is of their hashes."""
    return replace(tree, entries=tuple(replace(entry, data=None) for entry in tree.entries))


def scan(
    places: Sequence[SkillPlace],
    *,
    jobs: int,
    progress: Callable[[int, int], None],
    store: "ScanCache | None" = None,
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


@dataclass(frozen=True, slots=True)
class ScanCache:
    """Results by the skill's bytes and the version of the rules, in a directory that only its owner may write."""

    directory: Path

    def key(self, tree: SkillTree) -> str:
        """What a result is kept under."""
        seen = hashlib.sha256(rules_digest().encode())
        for entry in tree.entries:
            seen.update(
                repr((entry.path, entry.type, entry.mode, entry.sha256, entry.target, entry.links)).encode(
                    "utf-8", "surrogatepass"
                )
            )
        seen.update(repr((tree.root, tree.kind, tree.partial)).encode("utf-8", "surrogatepass"))
        return seen.hexdigest()

    def get(self, key: str) -> Looked | None:
        """An earlier result. One that somebody else could have written is not read."""
        path = self.directory / key
        try:
            seen = path.stat()
            held = self.directory.stat()
            if (
                seen.st_uid != os.getuid()
                or seen.st_mode & 0o022
                or held.st_uid != os.getuid()
                or held.st_mode & 0o022
            ):
                return None
            found = pickle.loads(path.read_bytes())  # noqa: S301 - a file of our own, checked above
        except (
            OSError,
            pickle.UnpicklingError,
            EOFError,
            AttributeError,
            ImportError,
            IndexError,
            ValueError,
            TypeError,
        ):
            return None
        return found if isinstance(found, Looked) else None

    def put(self, key: str, looked: Looked) -> None:
        """Keep a result; a cache that can't be written keeps nothing."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = self.directory / f".{key}.{os.getpid()}"
            temporary.write_bytes(pickle.dumps(looked))
            temporary.chmod(0o600)
            temporary.replace(self.directory / key)
        except OSError:
            return


def _stored(place: SkillPlace, store: ScanCache | None) -> Looked:
    if store is None:
        return look(place)
    try:
        key = store.key(read_skill(place))
    except OSError:
        return look(place)
    found = store.get(key)
    if found is None:
        found = look(place)
        if not any("seconds" in part.reason or "failed" in part.reason for part in found.partial):
            store.put(key, found)
    return found


@cache
def rules_digest() -> str:
    """A digest of everything that findings depend on: the version, the readers and the rules."""
    seen = hashlib.sha256(__version__.encode())

    def walk(place: Traversable) -> None:
        for one in sorted(place.iterdir(), key=lambda entry: entry.name):
            if one.is_dir() and one.name != "__pycache__":
                walk(one)
            elif one.name.endswith((".py", ".yaml")):
                seen.update(one.name.encode() + b"\0" + one.read_bytes())

    for room in ("model", "analysis", "rules", "decision"):
        walk(files("bailiwick").joinpath(room))
    return seen.hexdigest()
