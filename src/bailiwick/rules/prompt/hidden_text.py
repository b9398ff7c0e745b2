"""Characters that a person doesn't see and the model reads: tags, direction overrides, zero-width runs."""

import re
from collections.abc import Iterator

from bailiwick.model.access import Confidence, Finding, Span
from bailiwick.model.regex import regex
from bailiwick.rules.rule import Evidence, Rule, Severity

_HINT = regex(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)

_KINDS: tuple[tuple[str, Confidence, re.Pattern[str]], ...] = (
    # A black flag with tags and a cancel tag is an emoji (England, Scotland, Wales); any other tag hides text.
    ("tag characters", Confidence.HIGH, regex("(?<!\U0001f3f4)(?<![\U000e0020-\U000e007e])[\U000e0000-\U000e007f]+|(?<=\U0001f3f4)[\U000e0020-\U000e007e]{7,}")),
    ("direction overrides", Confidence.HIGH, regex("[\u202a-\u202e\u2066-\u2069]+")),
    ("variation selectors in a row", Confidence.HIGH, regex("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2,}")),
    # Joiners belong to emoji and to scripts that join; between ASCII letters, or in a row, they hide something.
    ("zero-width characters", Confidence.LOW, regex("[\u200b\u2060-\u2064\u180e\u115f\u1160\u3164\uffa0]+|(?<=[\x21-\x7e])[\u200c\u200d\ufeff\u00ad]+(?=[\x21-\x7e])|[\u200b-\u200d\u2060\ufeff]{2,}")),
)  # fmt: skip

_MANY = 8
"""From this many on, zero-width characters in a row carry a message rather than a typing accident."""


def _find(evidence: Evidence) -> Iterator[Finding]:
    for text in evidence.texts:
        if text.text.isascii() or not _HINT.search(text.text):
            continue
        for name, confidence, pattern in _KINDS:
            matches = list(pattern.finditer(text.text))
            if not matches:
                continue
            count = sum(len(match.group()) for match in matches)
            longest = max(len(match.group()) for match in matches)
            yield Finding(
                rule=RULE.id,
                message=f"{count} hidden characters ({name}) in {text.field}",
                field=text.field,
                cause=Span(start=matches[0].start(), end=matches[0].end()),
                confidence=Confidence.HIGH if longest >= _MANY else confidence,
            )


RULE = Rule(id="prompt/hidden-text", title="Text hidden from people", severity=Severity.HIGH, find=_find)
