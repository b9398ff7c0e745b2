"""A value is made as the dataclass of the same fields is, which the type checker takes it for."""

from dataclasses import dataclass, field
from inspect import signature
from itertools import product
from typing import Any

import pytest

from bailiwick.model.value import value

MAKERS = (value(frozen=True, slots=True), dataclass(frozen=True, slots=True))


def _pair(maker: Any) -> tuple[type, type]:
    """The same two classes, by either maker."""

    @maker
    class Base:
        first: int
        second: list[int] = field(default_factory=list)
        kept: str = field(init=False, default="kept")
        made: list[int] = field(init=False, default_factory=list)

    @maker
    class Derived(Base):
        third: str = "x"
        named: int = field(default=1, kw_only=True)
        derived: tuple[Any, ...] = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "derived", (self.first, self.third))

    return Base, Derived


def _given(cls: type, positional: tuple[Any, ...], named: dict[str, Any]) -> Any:
    try:
        one = cls(*positional, **named)
    except TypeError:
        return TypeError
    return [getattr(one, name) for name in cls.__dataclass_fields__]  # type: ignore[attr-defined]


CASES = [
    (positional, dict(named))
    for positional in ((), (1,), (1, [2]), (1, [2], "y"), (1, [2], "y", 3))
    for named in product(
        *[((), (pair,)) for pair in (("first", 5), ("third", "z"), ("named", 6), ("kept", 7))]
    )
    for named in [[pair for chosen in named for pair in chosen]]
]


@pytest.mark.parametrize("which", [0, 1])
def test_made_as_a_dataclass(which: int) -> None:
    for positional, named in CASES:
        ours, theirs = (_given(_pair(maker)[which], positional, named) for maker in MAKERS)
        assert ours == theirs, (positional, named)


def test_the_constructor_is_compiled_once() -> None:
    base, derived = _pair(MAKERS[0])
    before = derived.__init__
    one = derived(1)
    assert derived.__init__ is not before
    assert [*signature(derived).parameters] == ["first", "second", "third", "named"]
    assert one.second is not derived(1).second, "each has its own"
    assert [*signature(base).parameters] == ["positional", "named"], (
        "the base is left for its own first value"
    )
