"""Standing orders read as frames: a text elsewhere put above this one, the client set up anew, words for whoever checks the skill."""

import re

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.prose import ideas
from bailiwick.analysis.skill.prose.frames import behind, hosts_of
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.prose.look import Look, only_where
from bailiwick.analysis.skill.prose.words import short
from bailiwick.analysis.skill.speech import negated, quoted, reports
from bailiwick.model.skill import Role

_I = re.IGNORECASE


@only_where(ideas.LOOSER)
def looser(look: Look) -> None:
    """The client's settings made to allow everything, in words."""
    match = ideas.LOOSER.search(look.text)
    if (
        match
        and ideas.SETS.search(look.text)
        and ideas.CLIENT_SETTINGS.search(look.text)
        and not look.it.negated
    ):
        look.notice(
            Mark.SETTING,
            f"asks to let the client allow more: {short(match[0])}",
            look.role_at(match),
            target="loosened",
        )


@only_where(ideas.STARTS)
def started(look: Look) -> None:
    """A line in what runs by itself that runs what a host answers."""
    match, hosts = ideas.STARTS.search(look.text), hosts_in(look.text)
    if match and hosts and ideas.RUNS.search(look.text) and not look.it.negated:
        look.notice(
            Mark.PERSIST, f"has what {hosts[0]} answers run by itself", look.role_at(match), target="remote"
        )


_CHECKSUM = re.compile(
    r"\b(?:compare|check|verify|match)\w*\b[^.\n]{0,60}\b(?:hash(?:es)?|checksums?|sha-?\d{1,3}|digests?|md5|signatures?)\b",
    re.IGNORECASE,
)


@only_where(ideas.GOVERNS)
def governed(look: Look) -> None:
    """A text elsewhere that is put above this one, so that whoever keeps it says what is done."""
    match = ideas.GOVERNS.search(look.text)
    if match is None or reports(look.text, match.start()) or not look.it.role.active:
        return
    beside = [look.it, *reversed(look.ahead[-2:]), *look.behind[:1]]
    named = next((s for s in beside if abs(s.line - look.it.line) <= 4 and hosts_in(s.text)), None)
    if named is None or quoted(look.text, match.start(), match.end()):
        return
    if any(_CHECKSUM.search(sentence.text) for sentence in beside):
        return  # what is compared are checksums, not orders
    host = hosts_in(named.text)[0]
    look.notice(
        Mark.REMOTE_INSTRUCTIONS,
        f"puts what {host} answers above this text: {short(match[0])}",
        Role.NEGATED if negated(look.text, match.start()) else look.it.role,
        target=host,
        also=(look.at(named),),
    )


@only_where(ideas.REROUTED)
def rerouted(look: Look) -> None:
    """What the model is asked, sent by way of somebody else's host."""
    match = ideas.REROUTED.search(look.text)
    if match is None or reports(look.text, match.start()) or look.it.negated:
        return
    host = next((host for s in behind(look, 1) for host, _ in hosts_of(s.text)), "")
    if host:
        look.notice(
            Mark.SETTING,
            f"has what the model is asked go by way of {host}",
            look.role_at(match),
            target="widened",
        )


@only_where(ideas.OWN_SETTINGS)
def readdressed(look: Look) -> None:
    """The client's own settings given an address in their environment, whatever the names are that aren't written."""
    match = ideas.OWN_SETTINGS.search(look.text)
    near = [s for s in (look.it, *look.behind[:2]) if not s.negated and s.role is look.it.role]
    said = " ".join(s.text for s in near)
    if match is None or look.it.negated or reports(look.text, match.start()):
        return
    if ideas.ENVIRONMENT.search(said) and ideas.WHERE_TO.search(said) and ideas.SETS.search(said):
        host = next((host for s in near for host in hosts_in(s.text)), "")
        if host:
            look.notice(
                Mark.SETTING,
                f"puts {host} into the client's own environment",
                look.role_at(match),
                target="widened",
            )


@only_where(ideas.HOOKED)
def hooked(look: Look) -> None:
    """A hook, in words, whose command runs what a host answers."""
    match = ideas.HOOKED.search(look.text)
    hosts = hosts_of(look.text)
    if (
        match
        and hosts
        and not look.it.negated
        and not reports(look.text, match.start())
        and ideas.OF_THE_CLIENT.search(look.paragraph)
    ):
        look.notice(
            Mark.SETTING,
            f"asks for a hook that runs what {hosts[0][0]} answers",
            look.role_at(match),
            target="hook",
        )


@only_where(ideas.ASSESSES)
def assessed(look: Look) -> None:
    """Words for whoever checks this package, addressed to nobody: it was cleared, this is the rating, that need not be listed."""
    said = look.following(4)
    if not look.it.role.active:
        return
    signs = [
        match for form in (ideas.CLEARED, ideas.DICTATES, ideas.UNLISTED) if (match := form.search(said))
    ]
    if len(signs) > 1 + (ideas.ITSELF.search(said) is None):
        look.notice(
            Mark.JUDGE,
            "tells whoever checks it what to conclude: " + ", ".join(short(match[0]) for match in signs),
            look.it.role,
        )


@only_where(ideas.OBEYS)
def triaged(look: Look) -> None:
    """Private sources read, what is asked in them done unasked, and the outcome put where outsiders read."""
    if look.it.negated or (look.it.reporting and not re.match(r"\W*(?:if|when)", look.text, _I)):
        return
    match = ideas.OBEYS.search(look.text)
    if match is None or negated(look.text, match.start()):
        return
    told = [s for s in (*look.ahead, look.it, *look.behind) if not s.negated and s.role.active]
    legs = [
        next((s for s in told if form.search(s.text)), None)
        for form in (ideas.READS, ideas.SHOWN_TO_ALL, ideas.UNASKED)
    ]
    if all(legs):
        also = tuple(look.at(leg) for leg in legs if leg is not None and leg is not look.it)
        look.notice(
            Mark.OBEDIENT, f"does what is asked in what it reads: {short(match[0])}", look.it.role, also=also
        )
