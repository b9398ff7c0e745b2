"""Every kind of secret and of personal data, most specific first: where two overlap, the earlier names the match."""

from typing import Final

from bailiwick.analysis.text import table
from bailiwick.analysis.text.contextual import CONTEXTUAL
from bailiwick.analysis.text.kind import Kind
from bailiwick.analysis.text.personal import PERSONAL
from bailiwick.analysis.text.structured import STRUCTURED

KINDS: Final[tuple[Kind, ...]] = (
    *STRUCTURED,
    *table.read(table.TOKENS),
    *(kind for kind in CONTEXTUAL if kind.rule != "secret/generic-assignment"),
    *table.read(table.NAMED),
    *(kind for kind in CONTEXTUAL if kind.rule == "secret/generic-assignment"),
    *PERSONAL,
)

RANK: Final = {kind.rule: position for position, kind in reversed(tuple(enumerate(KINDS)))}
