"""Frozen values that cost little to make.

``@value(frozen=True, slots=True)`` is ``@dataclass(frozen=True, slots=True)``, and the type checker treats it as
exactly that: assigning to a field is an error that stops the build. At run time the assignment isn't guarded, since
the guard makes every creation two to three times as dear, and a shell command becomes some fifty such values.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    from dataclasses import dataclass

    def value(*, frozen: bool, **options: bool):  # noqa: ANN201 - the type checker sees dataclass itself
        """A dataclass that compares and hashes by its fields."""
        return dataclass(unsafe_hash=frozen, **options)


__all__ = ["value"]
