"""A form finds what its expression finds: the pieces it looks for first are in every match."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.analysis.skill.prose import classes, lasting, lures, orders, sabotage, sending, words
from bailiwick.analysis.skill.scripts import flows, tongues
from bailiwick.analysis.text.form import Form, pieces

FORMS = [
    one
    for module in (classes, lasting, lures, orders, sabotage, sending, words, flows, tongues)
    for value in vars(module).values()
    for one in (value if isinstance(value, tuple) else (value,))
    if isinstance(one, Form)
]
SETS = Path(__file__).parent.parent / "skills"
LINES = [
    line
    for name in ("malicious.yaml", "benign.yaml")
    for case in yaml.safe_load((SETS / name).read_text(encoding="utf-8"))
    for text in case["files"].values()
    for line in text.split("\n")
    if line.strip()
]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\bsend\b", ("send",)),
        (r"(?:send|upload)\s+\w+", ("send", "upload")),
        (r"\w+\s+(?:secret)?", ()),
        (r"(?:a|\w)", ()),
        (r"x(?:keys){0,3}tokens+", ("token",)),
        (r"(?:ask|tell)s?", ("ask", "tell")),
        (r"(?=secret)\w+", ()),
    ],
)
def test_pieces_are_what_every_match_needs(pattern: str, expected: tuple[str, ...]) -> None:
    assert pieces(pattern, re.IGNORECASE) == expected


def test_a_form_finds_in_the_sets_of_skills_what_its_expression_finds() -> None:
    assert len(FORMS) > 80
    for form in FORMS:
        plain = form._pattern
        for line in LINES:
            assert (form.search(line) is None) == (plain.search(line) is None), (plain.pattern[:80], line)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_match_of_an_expression_is_found(data: st.DataObject) -> None:
    pattern = data.draw(
        st.sampled_from(
            [
                r"(?:tell|inform|notif\w+)\s+(?:the\s+)?(?:user|person)",
                r"(?:keep|leave)\w*\s(?:it|this)\s(?:out of|off)",
                r"(?:K|s)(?:elvin|harp)[0-9]{2,4}",
                r"never\s+(?:[a-z]+\s+){0,3}?(?:ask|question)",
            ]
        )
    )
    text = data.draw(st.from_regex(re.compile(pattern, re.IGNORECASE)))
    assert Form(pattern, re.IGNORECASE).search(text)
