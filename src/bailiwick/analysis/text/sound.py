"""The proof that the rules hold: each knows its own example and none of its look-alikes. A rule for which it fails isn't loaded."""

from collections.abc import Iterator

from bailiwick.analysis.text.examples import example_of, look_alikes
from bailiwick.analysis.text.kind import Kind
from bailiwick.analysis.text.kinds import KINDS
from bailiwick.analysis.text.secrets import EVERYTHING, examine

BOUND = 400
"""Characters of a secret that are replaced to make a look-alike; what is longer, a private key, has its own examples."""


class UnsoundRulesError(ValueError):
    """Rules whose examples don't hold; the message names each and what happened."""


def prove(kinds: tuple[Kind, ...] = KINDS) -> None:
    """Raises UnsoundRulesError. Takes about a second."""
    faults = [fault for kind in kinds for fault in faults_of(kind)]
    if faults:
        raise UnsoundRulesError("; ".join(faults))


def faults_of(kind: Kind) -> Iterator[str]:
    """What doesn't hold of one kind."""
    text = example_of(kind)
    if not text:
        return
    found = [match for match in examine(f" {text} ", subjects=EVERYTHING).matches if match.rule == kind.rule]
    if not found:
        yield f"{kind.rule} doesn't find its own example"
        return
    secret = found[0].secret
    for other in look_alikes(f" {text} ", secret, anchored=kind.anchored) if len(secret) <= BOUND else ():
        if any(match.rule == kind.rule for match in examine(other, subjects=EVERYTHING).matches):
            yield f"{kind.rule} takes a placeholder for a secret"
            return
