"""Work on many values at once without Python's garbage collector."""

import gc
from collections.abc import Callable
from typing import TypeVar

_Found = TypeVar("_Found")


def uncollected(work: Callable[[], _Found]) -> _Found:
    """``work`` without the garbage collector: it would look through everything that is made, and find nothing.

    For what takes a part of a second: whatever else this process does is not collected meanwhile either.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return work()
    finally:
        if collects:
            gc.enable()
