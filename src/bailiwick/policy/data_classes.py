"""`data_classes` of organisation.yaml: read, held to their examples, and known where rules name them."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from bailiwick.analysis.text.bounded import UnboundedError, check
from bailiwick.analysis.text.classes import MAX_PARTS, DataClass, Documents, HashedList, parts_of
from bailiwick.analysis.text.secrets import examine
from bailiwick.model.access import Tier
from bailiwick.model.decision import Origin, Redact
from bailiwick.policy.errors import Problems, did_you_mean, nearest
from bailiwick.policy.profiles import Compiled
from bailiwick.policy.shapes import Text
from bailiwick.policy.syntax import DataClassText, DocumentsText, HashedListText
from bailiwick.policy.types import FindingCondition

SHORTEST = 3
"""Letters and digits of the shortest word: shorter ones are in every text."""


def read_classes(
    texts: Iterable[DataClassText],
    lists: Mapping[str, HashedListText],
    documents: Mapping[str, DocumentsText],
    problems: Problems,
) -> tuple[DataClass, ...]:
    """The classes, ordered by name. ``lists`` and ``documents`` are by the name of their file."""
    found: dict[str, DataClass] = {}
    for said in texts:
        if said.name.text in found:
            problems.add(said.name.at, f"the class `{said.name}` is given twice", "choose another name")
            continue
        one = _read(said, lists, documents, problems)
        if one is not None:
            found[one.name] = one
            _hold(said, one, problems)
    return tuple(found[name] for name in sorted(found))


def check_named(compiled: Iterable[Compiled], known: frozenset[str], problems: Problems) -> None:
    """A rule or duty that names a class which isn't there would never speak: a mistake."""
    for at, glob in _named(compiled):
        if glob.startswith("class/") and not any(fnmatchcase(one, glob) for one in known):
            mend = (
                did_you_mean(glob, known) if known else "write it under `data_classes` in organisation.yaml"
            )
            problems.add(at, f"there is no class of data `{glob}`", mend)


def _named(compiled: Iterable[Compiled]) -> Iterator[tuple[Origin, str]]:
    for layer in {id(layer): layer for one in compiled for layer in one.policy.layers}.values():
        for rule in layer.rules:
            if isinstance(rule.when, FindingCondition):
                yield rule.origin, rule.when.rule
        for duty in layer.duties:
            if isinstance(duty.obligation, Redact):
                yield from ((duty.origin, glob) for glob in duty.obligation.rules)


def _read(
    said: DataClassText,
    lists: Mapping[str, HashedListText],
    documents: Mapping[str, DocumentsText],
    problems: Problems,
) -> DataClass | None:
    given = [name for name in ("words", "pattern", "hashes", "documents") if getattr(said, name)]
    if len(given) != 1:
        what = "says nothing of what it is" if not given else f"has {' and '.join(given)}"
        problems.add(
            said.name.at, f"the class `{said.name}` {what}", "write one of words, pattern, hashes, documents"
        )
        return None
    wrong = [word for word in said.words if not _check_word(word, problems)]
    if said.pattern is not None:
        try:
            check(said.pattern.text)
        except UnboundedError as error:
            problems.add(said.pattern.at, f"the pattern can't be used: {error}", "write a bounded expression")
            return None
    known = [_list(name, lists, problems) for name in said.hashes]
    printed = [_prints(name, documents, problems) for name in said.documents]
    if wrong or None in known or None in printed:
        return None
    return DataClass(
        name=said.name.text,
        title=f"Data of the class {said.name}" if said.title is None else said.title.text,
        tier=Tier.BLOCK if said.tier is None else Tier(said.tier.text),
        words=tuple(sorted({word.text for word in said.words})),
        pattern="" if said.pattern is None else said.pattern.text,
        lists=tuple(one for one in known if one is not None),
        documents=tuple(one for one in printed if one is not None),
    )


def _check_word(word: Text, problems: Problems) -> bool:
    parts = parts_of(word.text)
    if len("".join(parts)) < SHORTEST:
        problems.add(
            word.at,
            f"`{word}` has fewer than {SHORTEST} letters and digits",
            "use a pattern, or a longer word",
        )
    elif len(parts) > MAX_PARTS:
        problems.add(word.at, f"`{word}` has more than {MAX_PARTS} words", "shorten it")
    else:
        return True
    return False


def _list(name: Text, lists: Mapping[str, HashedListText], problems: Problems) -> HashedList | None:
    said = lists.get(name.text)
    if said is None:
        _missing(name, lists, "bailiwick dlp fingerprint VALUES", problems)
        return None
    return HashedList(
        salt=said.salt.text,
        shortest=said.shortest,
        longest=said.longest,
        parts=said.parts,
        hashes=frozenset(one.text for one in said.hashes),
    )


def _prints(name: Text, documents: Mapping[str, DocumentsText], problems: Problems) -> Documents | None:
    said = documents.get(name.text)
    if said is None:
        _missing(name, documents, "bailiwick dlp fingerprint --documents FILES", problems)
        return None
    return Documents(salt=said.salt.text, hashes=frozenset(one.text for one in said.hashes))


def _missing(name: Text, known: Iterable[str], maker: str, problems: Problems) -> None:
    mend = nearest(name.text, known) or f"make it: `{maker} > {name}`"
    problems.add(name.at, f"there is no file `{name}`", mend)


def _hold(said: DataClassText, one: DataClass, problems: Problems) -> None:
    """The examples, found the way the engine finds: by the class alone, in every reading of the text."""
    for wanted, samples in ((True, said.examples.found), (False, said.examples.not_found)):
        for sample in samples:
            found = any(
                match.rule == one.rule for match in examine(sample.text, subjects=frozenset((one,))).matches
            )
            if found != wanted:
                got = "is not found in" if wanted else "is found in"
                problems.add(
                    sample.at, f"`{one.rule}` {got} this example", "change the class, or the example"
                )
