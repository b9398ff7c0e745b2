"""A sentence as the classes it has, and a passage as the sentences around it that belong to one thing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bailiwick.analysis.skill.markdown import Kind
from bailiwick.analysis.skill.prose.hosts import bare_hosts, hosts_in
from bailiwick.analysis.skill.prose.meaning.lexicon import Found, Senses, lexicon
from bailiwick.analysis.skill.speech import Sentence

AROUND = 3
"""Sentences before and after that still belong to one thing."""

AROUND_LINES = 8
"""Lines between a sentence and one around it."""

CLOSE = 10
"""Words between two that belong to each other."""

MAX_WORDS = 60
"""Words of a sentence that is one order; a longer one is read in pieces, and the row of a table that is longer holds several."""

STEP = 40
"""Words between the beginnings of two pieces of a long sentence."""

_RECEIVER = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{0,200}\w|\b(?:s3|gs|r2|az|rsync|sftp|ftps?|ssh|scp|wss?|tcp|udp|dns|mqtt|ipfs)://[\w.-]+",
    re.IGNORECASE,
)
_COMMON_ZONE = re.compile(
    r"\.(?:com|net|org|io|dev|app|ai|co|cloud|xyz|site|online|me|sh|ru|cn|de|uk|eu|fr|nl|us|biz|info)$"
)
"""Ends of hosts of two words; another name of two words with a dot is as often a field."""

_EXAMPLE_NET = re.compile(r"(?:192\.0\.2|198\.51\.100|203\.0\.113|100\.100\.100|255\.255\.255)\.")
"""Addresses that documents use (RFC 5737) or that are no host."""

_SOMEBODY = re.compile(
    r"^(?:your?|you|name|user|users?name|someone|me|foo|jane|john|alice|bob|first\.last|email|git)@|@(?:[\w-]+\.)*example\.|@email\.",
    re.IGNORECASE,
)
_TOUCHED = frozenset(("secret", "env", "private", "code", "talk", "dialog"))


@dataclass(frozen=True, slots=True)
class Sense:
    """What a sentence says: the classes that hold in it, and the receivers it names."""

    sentence: Sentence
    holds: frozenset[str]
    hosts: tuple[str, ...]


def sense_of(sentence: Sentence) -> Sense | None:
    """What a sentence says, nothing where it says nothing that an order is made of."""
    text = _CITED.sub('"…"', sentence.text)
    found = lexicon().senses(text)
    if not found:
        return None
    holds = {name for name, places in found.items() if any(not one.negated for one in places)}
    denies = {name for name, places in found.items() if any(one.negated for one in places)}
    if _hushes(found):
        holds.add("hushed")
    elif "soft" in holds or "tell" in denies:
        holds.add("muffled")
    if "unasked" in denies:
        holds = (holds - {"unasked"}) | {"consent"}
    if "give" in denies and not (holds | denies).isdisjoint(_TOUCHED):
        holds.add("spared")
    if hosts := receivers(_LINKED.sub("", sentence.text)):
        holds.add(_direction(sentence.text, hosts))
    return Sense(sentence, frozenset(holds), hosts)


_CITED = re.compile(r"[\"“][^\"“”]{12,300}[\"”]")
"""What stands in quotation marks is somebody else's word; short pieces are names."""

_LINKED = re.compile(r"(?<!!)(\[[^\]\n]{0,200}\])\([^)\s]{0,400}\)")
"""A link to read; a picture loads by itself."""

_TOWARDS = re.compile(
    r"\b(?:to|into|onto|unto|towards?|with|for|before|via|through|by|over|upon|under|an|nach|auf|zu|zum|zur|à|vers|sur|chez|al|hacia|para|verso|naar|op|на|в|к|do|na)\b(?: [\w'\u2019-]+){0,4}?(?: (?:at|under|on|of|behind))?[\s:]*[(<`\"'*\[]*$",
    re.IGNORECASE,
)
_SITUATED = re.compile(
    r"\b(?:at|on|in|under|behind)\b(?: [\w'\u2019-]+){0,4}?[\s:]*[(<`\"'*\[]*$|\w \($|\b(?:asks?|asking|query|queries|calls?|contacts?|polls?|reads?|fetch(?:es)?|loads?|brings?|pulls?|opens?|gets?|consults?)\b[\s<`]*$",
    re.IGNORECASE,
)


def _direction(text: str, hosts: tuple[str, ...]) -> str:
    """How a sentence stands to the receiver it names first: ``towards`` it, ``situated`` there, or nothing of either."""
    at = text.lower().find(hosts[0].split(":")[0].lower())
    before = re.sub(r"\w+://$", "", text[: max(at, 0)])
    if _TOWARDS.search(before):
        return "towards"
    return "situated" if _SITUATED.search(before) else "named"


def receivers(text: str) -> tuple[str, ...]:
    """The hosts, buckets and mailboxes that a sentence names."""
    if named := tuple(one for one in hosts_in(text) if not _EXAMPLE_NET.match(one)):
        return named
    if bare := [
        one for one in bare_hosts(text) if one.count(".") > 1 or (_COMMON_ZONE.search(one) and one in text)
    ]:
        return tuple(bare)
    return tuple(one for one in _RECEIVER.findall(text) if not _SOMEBODY.search(one) and "bucket" not in one)


def _hushes(found: Senses) -> bool:
    """Whether it says to keep something from people: not to tell them, that they need not know, or in other words for that."""
    if any(not one.negated for one in found.get("hush", ())):
        return True
    people, page, it = found.get("person", ()), found.get("output", ()), found.get("it", ())
    for one in found.get("tell", ()):
        near = _beside(one, people, CLOSE) or _behind(one, it, 2) or _behind(one, page, CLOSE)
        if one.negated and near and not _protects(found, one):
            return True
    for one in found.get("learn", ()):
        if one.negated and _beside(one, people, CLOSE) and _beside(one, found.get("modal", ()), 4):
            return True
    return any(one.negated and _behind(one, page, 4) for one in found.get("appear", ()))


def _beside(one: Found, others: Iterable[Found], words: int) -> bool:
    return any(abs(other.start - one.start) <= words for other in others)


def _behind(one: Found, others: Iterable[Found], words: int) -> bool:
    return any(0 < other.start - one.start <= words for other in others)


def _protects(found: Senses, order: Found) -> bool:
    """Whether what is not to be told is a secret: that is care, and no secrecy."""
    return any(
        other.negated and 0 <= other.start - order.start <= CLOSE
        for name in ("secret", "env", "private", "code")
        for other in found.get(name, ())
    )


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence with those around it that stand in the same section, in their order; ``at`` is its own place among them."""

    senses: tuple[Sense, ...]
    at: int

    @property
    def it(self) -> Sense:
        """The sentence itself."""
        return self.senses[self.at]

    def near(self, reach: int) -> Sequence[Sense]:
        """The sentences at most so many before or behind."""
        return self.senses[max(self.at - reach, 0) : self.at + reach + 1]

    def any_of(self, names: frozenset[str], reach: int) -> bool:
        """Whether one of some classes holds in one of those sentences."""
        return any(not names.isdisjoint(one.holds) for one in self.near(reach))

    def hosts(self, reach: int) -> tuple[str, ...]:
        """The receivers that those sentences name."""
        return tuple(dict.fromkeys(host for one in self.near(reach) for host in one.hosts))


def passages(sentences: Sequence[Sentence]) -> Iterable[Passage]:
    """Each sentence of a document that may be part of an order, with those around it."""
    senses = [sense_of(piece) if piece.role.active else None for one in sentences for piece in _pieces(one)]
    for index, it in enumerate(senses):
        if it is None:
            continue
        first = max(index - AROUND, 0)
        near = [
            one
            for one in senses[first : index + AROUND + 1]
            if one is not None
            and one.sentence.block.section == it.sentence.block.section
            and abs(one.sentence.line - it.sentence.line) <= AROUND_LINES
        ]
        yield Passage(tuple(near), next(at for at, one in enumerate(near) if one is it))


def _pieces(sentence: Sentence) -> Iterable[Sentence]:
    words = sentence.text.split()
    if len(words) <= MAX_WORDS:
        yield sentence
    elif sentence.block.kind is not Kind.TABLE:
        for start in range(0, len(words) - MAX_WORDS + STEP, STEP):
            yield replace(sentence, text=" ".join(words[start : start + MAX_WORDS]))
