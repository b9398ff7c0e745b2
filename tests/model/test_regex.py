"""A pattern that is compiled late is, to whoever uses it, the one that is compiled at once."""

import importlib
import pkgutil
import re

import bailiwick
from bailiwick.model.regex import compile_waiting, regex

METHODS = ("findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn")


def test_it_is_the_compiled_one() -> None:
    for first in METHODS:
        late, at_once = regex(r"(?P<all>a)|b", re.IGNORECASE), re.compile(r"(?P<all>a)|b", re.IGNORECASE)
        assert late.pattern == at_once.pattern
        assert getattr(late, first) == getattr(at_once, first), "the same text compiled gives the same object"
        assert (late.flags, late.groups, late.groupindex) == (
            at_once.flags,
            at_once.groups,
            at_once.groupindex,
        )
        assert [found["all"] for found in late.finditer("Ab")] == ["A", None]


def test_every_pattern_compiles() -> None:
    """A mistake in one would otherwise be found by the call that needs it."""
    for module in pkgutil.walk_packages(bailiwick.__path__, "bailiwick."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    wrong = regex("(")
    try:
        compile_waiting()
    except re.error:
        pass
    else:
        raise AssertionError(wrong.pattern)
    compile_waiting()
