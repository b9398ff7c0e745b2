"""Frames of orders: which classes, near each other, ask for one thing that nobody would agree to.

A frame is a row of the table below. What it wants stands in one sentence (``it``) or in those around it (``near``: classes of which one
holds, and how many sentences away); ``host`` says how far away a receiver is named. What an honest neighbour has and an attack doesn't is in
``never``: that somebody is asked, that a key is obtained and not handed on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bailiwick.analysis.skill.facts import Intent, Inventory, Order
from bailiwick.analysis.skill.prose.meaning.passages import Passage, passages
from bailiwick.analysis.skill.prose.words import short
from bailiwick.analysis.skill.speech import Sentence
from bailiwick.model.skill import Source

Alternatives = str
"""Classes of which one holds, between spaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One row; ``says`` is what it means in words."""

    intent: Intent
    says: str
    it: tuple[Alternatives, ...]
    near: tuple[tuple[Alternatives, int], ...] = ()
    host: int | None = None
    never: tuple[tuple[Alternatives, int], ...] = ()
    told: bool = False
    """Whether a sentence that only reports doesn't count."""

    _it: tuple[frozenset[str], ...] = field(init=False)
    _near: tuple[tuple[frozenset[str], int], ...] = field(init=False)
    _never: tuple[tuple[frozenset[str], int], ...] = field(init=False)

    def __post_init__(self) -> None:
        """Split the alternatives once."""
        object.__setattr__(self, "_it", tuple(frozenset(one.split()) for one in self.it))
        object.__setattr__(self, "_near", tuple((frozenset(one.split()), reach) for one, reach in self.near))
        object.__setattr__(self, "_never", tuple((frozenset(one.split()), reach) for one, reach in self.never))

    def fits(self, passage: Passage) -> bool:
        """Whether the passage has what the frame wants and nothing that speaks against it."""
        if self.told and passage.it.sentence.reporting:
            return False
        if any(not one & passage.it.holds for one in self._it):
            return False
        if any(not passage.any_of(one, reach) for one, reach in self._near):
            return False
        if self.host is not None and not passage.hosts(self.host):
            return False
        return not any(passage.any_of(one, reach) for one, reach in self._never)


_ASKED = ("consent", 1)
_OBTAINED = ("obtain", 1)
FRAMES: Final = (
    Frame(intent=Intent.LOGIN, says="what lets somebody in goes to a receiver", it=("secret env history",), near=(("give", 2),), host=2, never=(_ASKED, _OBTAINED)),
    Frame(intent=Intent.LOGIN, says="what lets somebody in goes to a receiver, and people are not to know", it=("secret env history",), near=(("give embed", 2), ("hushed", 3)), host=3, never=(_ASKED,)),
    Frame(intent=Intent.LOGIN, says="what lets somebody in is put where others read", it=("secret env", "embed give"), near=(("public", 1),("hushed muffled always", 2)), never=(_ASKED, _OBTAINED)),
    Frame(intent=Intent.TALK, says="what was said goes to a receiver", it=("talk",), near=(("give", 2),), host=2, never=(_ASKED, _OBTAINED)),
    Frame(intent=Intent.TALK, says="what was said goes to a receiver, and people are not to know", it=("talk dialog",), near=(("give embed", 2), ("hushed", 3)), host=3, never=(_ASKED,)),
    Frame(intent=Intent.PRIVATE, says="what people keep to themselves goes to a receiver", it=("private",), near=(("give", 1), ("hushed muffled always", 2)), host=1, never=(_ASKED, _OBTAINED)),
    Frame(intent=Intent.PRIVATE, says="what is worked on goes to a receiver, and people are not to know", it=("code private",), near=(("give", 2), ("hushed", 2)), host=2, never=(_ASKED,)),
    Frame(intent=Intent.MEMORY, says="what every session reads is changed, and people are not to know", it=("memory", "save"), near=(("hushed", 2),), never=(("consent", 2),)),
    Frame(intent=Intent.MEMORY, says="what every session reads is made to point elsewhere", it=("memory", "save"), near=(("obey consult off", 1),), host=1, never=(("consent", 2),)),
    Frame(intent=Intent.SETTINGS, says="the client is set up otherwise, and people are not to know", it=("settings", "save alter off"), near=(("hushed", 2),), never=(("consent", 2),)),
    Frame(intent=Intent.SETTINGS, says="the client is set up to ask less", it=("settings", "save alter"), near=(("unasked", 1),), never=(("consent", 2),)),
    Frame(intent=Intent.STARTUP, says="something is started again and again, and people are not to know", it=("startup", "save run"), near=(("hushed", 2),), never=(("consent", 2),)),
    Frame(intent=Intent.STARTUP, says="something from elsewhere is started again and again", it=("startup",), near=(("save", 1), ("run", 1)), host=1, never=(("consent", 2), _OBTAINED)),
    Frame(intent=Intent.REMOTE, says="what an address answers is to be obeyed", it=("consult",), near=(("obey", 1), ("orders", 1)), host=0, never=(_ASKED, _OBTAINED)),
    Frame(intent=Intent.FALSIFIED, says="results are changed, and people are not to know", it=("alter", "result"), near=(("hushed", 2),), never=(("consent", 2),)),
    Frame(intent=Intent.FALSIFIED, says="results are changed at some moments only", it=("alter", "result"), near=(("moment", 1), ("hushed muffled", 2)), never=(("consent", 2),)),
    Frame(intent=Intent.WEAKENED, says="a check is taken away, and people are not to know", it=("off", "guard"), near=(("hushed", 2),), never=(("consent", 2),)),
    Frame(intent=Intent.APPROVED, says="an approval is made up", it=("unasked", "guard"), near=(("hushed muffled grant", 1),), never=(("consent", 1),)),
    Frame(intent=Intent.OVERRIDE, told=True, says="what was said before is set aside", it=("earlier", "off")),
    Frame(intent=Intent.JUDGE, told=True, says="whoever checks it is told what to find", it=("auditor",), near=(("acquit", 1), ("grant", 1))),
    Frame(intent=Intent.LURE, says="people are talked past a protection into installing something", it=("lure",), near=(("native", 1),), host=1),
    Frame(intent=Intent.SHADOW, says="other skills are pushed aside", it=("skills",), near=(("worthless", 0),)),
    Frame(intent=Intent.PACKAGE, says="a package is exchanged for another, and people are not to know", it=("package", "alter"), near=(("hushed muffled", 1),), never=(("consent", 1),)),
    Frame(intent=Intent.PHISH, says="people are asked for what nobody should ask for", it=("phish", "secret"), near=(("give", 2),("hushed muffled", 2)), never=()),
    Frame(intent=Intent.OBEDIENT, says="what strangers wrote is to be obeyed", it=("obey",), near=(("untrusted", 1), ("orders", 1), ("unasked", 2)), never=(_ASKED,)),
    Frame(intent=Intent.DECODED, says="something encoded is run, and people are not to know", it=("decode",), near=(("run", 1), ("hushed", 2)), never=(_ASKED,)),
    Frame(intent=Intent.BACKDOOR, says="a way in is left", it=("backdoor",), near=(("hushed muffled", 1),)),
)
"""Every frame, the sure ones of each kind first."""


def orders_in(sentences: Sequence[Sentence], path: str, into: Inventory) -> None:
    """Note the orders of one document, the first of each kind in a passage."""
    taken: dict[Intent, int] = {}
    for passage in passages(sentences):
        for frame in FRAMES:
            line = passage.it.sentence.line
            if line - taken.get(frame.intent, -99) < 6 or not frame.fits(passage):
                continue
            taken[frame.intent] = line
            it = passage.it.sentence
            into.order(
                Order(
                    intent=frame.intent,
                    text=f"{frame.says}: {short(it.text)}",
                    source=Source(path=path, line=line),
                    role=it.role,
                    hosts=passage.hosts(frame.host) if frame.host is not None else (),
                )
            )
