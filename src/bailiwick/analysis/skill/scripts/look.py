"""Every look at the text of a skill's scripts, in the order of their files. Bounded by characters."""

import re
from collections.abc import Mapping

from bailiwick.analysis.skill.facts import Inventory
from bailiwick.analysis.skill.scripts.backups import backups
from bailiwick.analysis.skill.scripts.channels import channels
from bailiwick.analysis.skill.scripts.clipboard import clipboard
from bailiwick.analysis.skill.scripts.comments import comments
from bailiwick.analysis.skill.scripts.discarded import discarded
from bailiwick.analysis.skill.scripts.disguised import disguised
from bailiwick.analysis.skill.scripts.doors import doors
from bailiwick.analysis.skill.scripts.encoded_code import encoded_code
from bailiwick.analysis.skill.scripts.engines import engines
from bailiwick.analysis.skill.scripts.favoured import favoured
from bailiwick.analysis.skill.scripts.fetched import fetched
from bailiwick.analysis.skill.scripts.flows import flows
from bailiwick.analysis.skill.scripts.folded import folded
from bailiwick.analysis.skill.scripts.gates import gates
from bailiwick.analysis.skill.scripts.grants import grants
from bailiwick.analysis.skill.scripts.invisible import invisible
from bailiwick.analysis.skill.scripts.keys import keys
from bailiwick.analysis.skill.scripts.lasting import copies, proxies, registries, startup, trust
from bailiwick.analysis.skill.scripts.links import links
from bailiwick.analysis.skill.scripts.listeners import listeners
from bailiwick.analysis.skill.scripts.lookups import lookups
from bailiwick.analysis.skill.scripts.loosened import loosened
from bailiwick.analysis.skill.scripts.machine import machine
from bailiwick.analysis.skill.scripts.makefiles import makefiles
from bailiwick.analysis.skill.scripts.mirrors import mirrors
from bailiwick.analysis.skill.scripts.moments import moments
from bailiwick.analysis.skill.scripts.natives import natives
from bailiwick.analysis.skill.scripts.numbers import numbers
from bailiwick.analysis.skill.scripts.packed import climbs, packed
from bailiwick.analysis.skill.scripts.passwords import passwords
from bailiwick.analysis.skill.scripts.patched import patched
from bailiwick.analysis.skill.scripts.payees import payees
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.skill.scripts.playbooks import playbooks
from bailiwick.analysis.skill.scripts.reached import reached
from bailiwick.analysis.skill.scripts.remainders import remainders
from bailiwick.analysis.skill.scripts.remembered import remembered
from bailiwick.analysis.skill.scripts.remotes import remotes, shells
from bailiwick.analysis.skill.scripts.rewrites import rewrites
from bailiwick.analysis.skill.scripts.safeguards import safeguards
from bailiwick.analysis.skill.scripts.seeds import seeds
from bailiwick.analysis.skill.scripts.settings import settings
from bailiwick.analysis.skill.scripts.shaded import shaded
from bailiwick.analysis.skill.scripts.staged import MAX_NAMES, SCRIPT, SHELL, staged
from bailiwick.analysis.skill.scripts.statements import EXACT
from bailiwick.analysis.skill.scripts.traces import traces
from bailiwick.analysis.skill.scripts.unspoken import unspoken
from bailiwick.analysis.skill.scripts.verdicts import verdicts
from bailiwick.analysis.skill.scripts.verified import verified
from bailiwick.analysis.skill.scripts.workflows import workflows
from bailiwick.model.skill import CapabilityKind, Role, Source

MAX_SCRIPT = 200_000
"""Characters of one script that are looked at."""

MAX_SCRIPTS = 2_000_000
"""Characters of all scripts of a skill that are looked at."""

_POSTS = re.compile(
    r"\bhost(?:name)?\s*:\s*[\"']([\w.-]+\.\w+)[\"'][^{}]{0,200}\bmethod\s*:\s*[\"'](?:POST|PUT)|\bmethod\s*:\s*[\"'](?:POST|PUT)[\"'][^{}]{0,200}\bhost(?:name)?\s*:\s*[\"']([\w.-]+\.\w+)"
)
"""The options of a request of node's own, which name the host and the method apart."""


_MAKES = re.compile(
    r"(?i)(?:^|/)(?:gnu)?makefile$|\.mk$|(?:^|/)(?:dockerfile|containerfile)[\w.-]*$|\.dockerfile$"
)
"""Files of rules, and recipes for containers."""


def look(
    texts: Mapping[str, str], languages: Mapping[str, str], roles: Mapping[str, Role], into: Inventory
) -> None:
    """Every look, over the scripts of a skill: by path its text, its language (``""``: another) and how it stands."""
    clean: dict[str, str] = {}
    room = MAX_SCRIPTS
    for path in languages:
        clean[path] = texts[path][: min(MAX_SCRIPT, max(room, 0))]
        room -= len(clean[path])
    staged(clean, languages, roles, into)
    plain = {path: folded(text) for path, text in clean.items()}
    flows(plain, languages, roles, into)
    documents = [
        said for path, said in texts.items() if path.lower().endswith((".md", ".mdx", ".txt", ".rst"))
    ]
    climbs(texts, clean, roles, into)
    for path, said in plain.items():
        role = roles[path]
        text = said.replace("\\n", "  ")  # what stands in a literal as a new line
        fetched(clean[path], path, role, into)
        disguised(clean[path], path, role, into)
        patched(said, path, role, into)
        links(clean[path], path, role, into)
        packed(clean[path], path, role, into, documents)
        remembered(clean[path], path, role, into)
        encoded_code(clean[path], path, role, into)
        gates(said, path, role, into)
        moments(said, path, role, into)
        numbers(text, path, role, into)
        if languages[path] == SCRIPT:
            for match in into.first(_POSTS.finditer(text), MAX_NAMES, path):
                host, where = match[1] or match[2], place(path, text, match.start())
                into.capability(CapabilityKind.NET, host.lower(), where, role, detail="POST", by=path)
        elif languages[path] == "yaml":
            workflows(said, path, role, into)
            playbooks(said, path, role, into)
        if languages[path] == SHELL:
            keys(said, path, role, into)
            lookups(clean[path], path, role, into)
        if _MAKES.search(path):
            makefiles(said, path, role, into)
        natives(clean[path], path, role, into)
        remainders(said, path, role, into, documents)
        shaded(said, path, role, into, documents)
        invisible(clean[path], path, languages[path], role, into)
        grants(said, path, role, into, documents)
        unspoken(said, path, role, into, documents)
        rewrites(said, path, role, into, documents)
        channels(said, path, languages[path], role, into, documents)
        payees(clean[path], path, role, into, documents)
        seeds(said, path, role, into, documents)
        favoured(said, path, role, into, documents)
        verdicts(said, path, languages[path], role, into)
        loosened(said, path, role, into)
        mirrors(said, path, role, into)
        engines(clean[path], path, role, into)
        discarded(said, path, role, into)
        passwords(clean[path], path, role, into)
        safeguards(said, path, languages[path], role, into)
        settings(text, path, role, into)
        comments(said, path, role, into)
        startup(text, path, role, into)
        registries(text, path, role, into)
        proxies(text, path, role, into)
        trust(text, path, role, into)
        copies(text, path, role, into)
        backups(text, path, role, into)
        clipboard(text, path, role, into)
        doors(text, path, role, into, documents)
        listeners(said, path, role, into)
        reached(clean[path], path, role, into)
        traces(text, Source(path=path, line=1), role, into)
        verified(said, path, role, into)
        remotes(text, Source(path=path, line=1), role, into, others=languages[path] not in EXACT)
        machine(clean[path], Source(path=path, line=1), role, into)
        shells(text, Source(path=path, line=1), role, into)
