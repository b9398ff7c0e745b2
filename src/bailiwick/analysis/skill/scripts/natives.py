"""Machine code and WebAssembly loaded out of a file that says it is something else."""

import re
from collections.abc import Iterator
from itertools import islice

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.skill.scripts.statements import NAMES
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_LOADS = 20
"""Loads of one script that are looked at."""

MAX_NAMES = 8
"""Names of one expression that are followed to what they hold."""

MAX_DEPTH = 2
"""Names of names that are followed."""

_LOADS = Wide(
    r"(?:\b(?:CDLL|PyDLL|WinDLL|OleDLL|LoadLibrary(?:ExA|ExW|A|W)?|dlopen|load_dynamic|ExtensionFileLoader|load_extension|loadExtension)|\bSystem\.load|\bWebAssembly\.(?:instantiate|compile|Module)|\bModule\.(?:from_file|from_binary|deserialize\w*)|\bnew wasm\.Module)\s*\(([^\n]{1,300})"
)
_OTHER_ENDING = r"[\w./ -]{1,80}\.(?:bin|dat|data|db|idx|pak|blob|res|cache|tmp|log|txt|md|csv|tsv|json|ya?ml|xml|png|jpe?g|gif|webp|ico|svg|bmp|pdf|ttf|woff2?|mp[34]|wav|ogg|zip|gz|lock)"
_NAMED = re.compile(rf"[\"'`/]({_OTHER_ENDING})[\"'`]")


def natives(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice a library that is loaded from a file whose name says that it holds data."""
    for match in into.first(_LOADS.finditer(text), MAX_LOADS, path):
        if named := next(_files(match[1], text, 0), None):
            into.notice(
                Mark.OBFUSCATED,
                f"loads {named.rpartition('/')[2]} as machine code, which its name doesn't say and nobody can read",
                place(path, text, match.start()),
                role,
                target="staged",
            )
            return


def _files(said: str, text: str, depth: int) -> Iterator[str]:
    """The files of data that an expression names, over variables of the script."""
    if found := _NAMED.search(said):
        yield found[1]
    for name in islice(dict.fromkeys(NAMES.findall(said)), MAX_NAMES if depth < MAX_DEPTH else 0):
        given = re.search(rf"(?<![\w.]){re.escape(name)}\s*=(?!=)([^\n]{{1,300}})", text)
        if given:
            yield from _files(given[1], text, depth + 1)
