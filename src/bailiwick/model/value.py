"""Frozen values that cost little to make, and to load.

``@value(frozen=True, slots=True)`` is ``@dataclass(frozen=True, slots=True)``, and the type checker treats it as
exactly that: assigning to a field is an error that stops the build. At run time the assignment isn't guarded, since
the guard makes every creation two to three times as dear, and a shell command becomes some fifty such values. Comparison,
hash and text are closures over the names of the fields: a dataclass compiles a function for each, which for a hundred
classes takes as long as reading their modules.

The few that a command becomes most of (``init=False``) write their own constructor, which the compiled wheel compiles: a
dataclass's stays interpreted. They assign, which the type checker has to be told, and call a base class by name, since
``slots`` makes another class than the one that ``super()`` means.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    from dataclasses import dataclass, fields
    from operator import attrgetter

    def value(*, frozen: bool, **options: bool):  # noqa: ANN201 - the type checker sees dataclass itself
        """A dataclass that compares and hashes by its fields."""

        def made(described):  # noqa: ANN001, ANN202 - same
            cls = dataclass(repr=False, eq=False, **options)(described)
            compared = attrgetter("__class__", *[field.name for field in fields(cls) if field.compare])

            def equal(self, other):  # noqa: ANN001, ANN202 - same
                return (
                    compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented
                )

            for each in (cls, described):  # a compiled class stays the one it was
                each.__eq__, each.__repr__ = equal, _shown
                each.__hash__ = (lambda self: hash(compared(self))) if frozen else None
            return cls

        return made

    def _shown(self) -> str:  # noqa: ANN001 - a method of any value
        told = ", ".join(
            f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr
        )
        return f"{type(self).__qualname__}({told})"


__all__ = ["value"]
