"""Data that one script puts into a file and another takes out: the two chains are one."""

import posixpath
from collections.abc import Collection, Iterator
from itertools import islice

from bailiwick.analysis.skill.containers import MAX_NESTED
from bailiwick.analysis.skill.facts import Chain, Inventory, Label, Origin, Sink


def carry_over(into: Inventory, hooks: Collection[str]) -> None:
    """Data that one script puts into a file and another sends: the two chains are one."""
    for chain in list(into.chains):
        if chain.label.origin is not Origin.FILE:
            continue
        name = chain.label.name.removeprefix("${project}/")
        for label in sorted(_put_into(into, name, chain), key=str):
            if label.origin in (
                Origin.CREDENTIALS,
                Origin.ENVIRONMENT,
                Origin.CONVERSATION,
                Origin.PERSONAL,
                Origin.VARIABLE,
                Origin.DOWNLOAD,
                Origin.ENCODED,
            ):
                if chain.sink is Sink.EXECUTE and label.origin not in (Origin.DOWNLOAD, Origin.ENCODED):
                    continue
                into.chain(label, chain.sink, chain.target, chain.source, chain.role, auth=chain.auth)
    for chain in list(into.chains):
        if chain.label.origin is Origin.INPUT and chain.source.path in hooks:
            into.chain(
                Label(Origin.CONVERSATION, "what the client tells a hook", chain.label.source),
                chain.sink,
                chain.target,
                chain.source,
                chain.role,
            )


def _put_into(into: Inventory, name: str, chain: Chain) -> set[Label]:
    """What was written to a file, or unpacked into its directory, through files in between."""
    writes = into.writes
    put = set(writes.get(name, ()))
    if chain.sink is Sink.EXECUTE:
        for above in islice(_above(name), MAX_NESTED):
            put |= writes.get(above, set())
        if chain.target.startswith("sys.path."):  # a module that is put there is what is run
            put.update(*(held for file, held in writes.items() if file.startswith(f"{name}/")))
    for _ in range(MAX_NESTED):
        files = {label.name.removeprefix("${project}/") for label in put if label.origin is Origin.FILE}
        more = {label for file in files for label in writes.get(file, ())}
        if more <= put:
            break
        put |= more
    return put


def _above(name: str) -> Iterator[str]:
    """The directories a file lies in, but for those that everything lies in."""
    while name.count("/") > 1:
        name = posixpath.dirname(name)
        yield name
