"""Frozen values that cost little to make, and to load.

``@value(frozen=True, slots=True)`` is ``@dataclass(frozen=True, slots=True)``, and the type checker treats it as
exactly that: assigning to a field is an error that stops the build. At run time the assignment isn't guarded, since
the guard makes every creation two to three times as dear, and a shell command becomes some fifty such values. A dataclass
compiles a function for each thing it can do, which for a hundred classes takes as long as reading their modules. Here
comparison, hash and text are closures over the names of the fields, and the constructor is compiled for the first value.

The few that a command becomes most of (``init=False``) write their own constructor, which the compiled wheel compiles: a
dataclass's stays interpreted. They assign, which the type checker has to be told, and call a base class by name, since
``slots`` makes another class than the one that ``super()`` means.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    from dataclasses import MISSING, dataclass, fields
    from operator import attrgetter

    def value(*, frozen: bool, init: bool = True, **options: bool):  # noqa: ANN201 - the type checker sees dataclass itself
        """A dataclass that compares and hashes by its fields."""

        def made(described):  # noqa: ANN001, ANN202 - same
            cls = dataclass(repr=False, eq=False, init=False, **options)(described)
            compared = attrgetter("__class__", *[field.name for field in fields(cls) if field.compare])

            def equal(self, other):  # noqa: ANN001, ANN202 - same
                return (
                    compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented
                )

            def first(self, *positional, **named):  # noqa: ANN001, ANN002, ANN003, ANN202 - same
                constructor = _constructor(cls)
                for each in (cls, described):
                    each.__init__ = constructor
                constructor(self, *positional, **named)

            for each in (cls, described):  # a compiled class stays the one it was
                each.__eq__, each.__repr__ = equal, _shown
                each.__hash__ = (lambda self: hash(compared(self))) if frozen else None
                if init:
                    each.__init__ = first
            return cls

        return made

    def _constructor(cls):  # noqa: ANN001, ANN202 - a method of any value
        """What ``dataclass`` would have made: assigns what is given or the default, then calls ``__post_init__``."""
        known, positional, named, body = {"MISSING": MISSING}, ["self"], [], []
        for field in fields(cls):
            name = given = value = field.name
            if field.default is not MISSING:
                known[f"DEFAULT_{name}"] = field.default
                given, value = f"{name}=DEFAULT_{name}", name if field.init else f"DEFAULT_{name}"
            elif field.default_factory is not MISSING:
                known[f"MAKE_{name}"] = field.default_factory
                chosen = f" if {name} is MISSING else {name}" if field.init else ""
                given, value = f"{name}=MISSING", f"MAKE_{name}()" + chosen
            elif not field.init:
                continue
            body.append(f"self.{name} = {value}")
            if field.init:
                (named if field.kw_only else positional).append(given)
        if hasattr(cls, "__post_init__"):
            body.append("self.__post_init__()")
        parameters = ", ".join([*positional, *(["*", *named] if named else [])])
        text = f"def __init__({parameters}):\n  " + "\n  ".join(body or ["pass"])
        exec(text, known)  # noqa: S102 - as dataclass does
        return known["__init__"]

    def _shown(self) -> str:  # noqa: ANN001 - a method of any value
        told = ", ".join(
            f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr
        )
        return f"{type(self).__qualname__}({told})"


__all__ = ["value"]
