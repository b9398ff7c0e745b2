"""What a bound policy remembers is bounded by size too: an agent can spell megabytes."""

import pytest

from bailiwick.decision.bound import MAX_NAME, bind
from bailiwick.decision.match import hits_of_units, named, subject_of
from bailiwick.model.access import Access, AccessKind, PathTarget, ProgramTarget
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.types import Subject

FILES = {
    "organisation.yaml": "organisation: o\n",
    "profiles/p.yaml": "profile: p\nfiles: {readable: ['/**']}\ncommands: {allow: ['*']}\ntools: {allow: ['*']}\n",
}


@pytest.mark.parametrize(("length", "kept"), [(10, 1), (MAX_NAME + 1, 0)])
def test_long_names_are_answered_and_not_kept(length: int, kept: int) -> None:
    bound = bind(load_policy_set(FILES).policies["p"], "/p", "/home/u")
    name = "a" * length
    for access in (
        Access(kind=AccessKind.READ, target=PathTarget(path="/" + name[1:])),
        Access(kind=AccessKind.EXECUTE, target=ProgramTarget(name=name)),
    ):
        for _ in range(2):
            ((hit,),) = hits_of_units(bound, subject_of(access), access, steps=0)
            assert hit.certain
    assert len(named(bound, Subject.TOOLS, name)) == 1
    assert (len(bound.visited), len(bound.remembered)) == (kept, kept)
    assert (name in bound._called) == bool(kept)
