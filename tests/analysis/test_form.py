"""A form finds what its expression finds: the pieces it looks for first are in every match."""

import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.analysis.skill import scripts, speech
from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.markdown import blocks
from bailiwick.analysis.skill.prose import classes, lasting, lures, orders, sabotage, sending, words
from bailiwick.analysis.skill.prose import sentences as prose_sentences
from bailiwick.analysis.skill.prose.look import Looking
from bailiwick.analysis.skill.prose.sentences import notice_in
from bailiwick.analysis.skill.scripts import flows, guidance, tongues
from bailiwick.analysis.text.expression import Spelled, beginnings, grouped, needs, spelled
from bailiwick.analysis.text.form import LARGE, Form, Forms, Wide
from bailiwick.model.skill import Role

FORMS = [
    one
    for module in (
        classes,
        lasting,
        lures,
        orders,
        sabotage,
        sending,
        words,
        flows,
        tongues,
        speech,
        guidance,
    )
    for value in vars(module).values()
    for one in (value.forms if isinstance(value, Forms) else (value,))
    if isinstance(one, Form)
]
SETS = Path(__file__).parent.parent / "skills"
TEXTS = [
    text
    for name in ("malicious.yaml", "benign.yaml")
    for case in yaml.safe_load((SETS / name).read_text(encoding="utf-8"))
    for text in case["files"].values()
]
LINES = [line for text in TEXTS for line in text.split("\n") if line.strip()]
MANY = 80
WIDE = [
    one
    for module in pkgutil.iter_modules(scripts.__path__)
    for one in vars(import_module(f"{scripts.__name__}.{module.name}")).values()
    if isinstance(one, Wide)
]
FILES = ["\n".join([*TEXTS[at : at + 32], "\n" * LARGE]) for at in range(0, len(TEXTS), 160)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\bsend\b", [[{"send"}]]),
        (r"(?:send|upload)\s+\w+", [[{"send", "upload"}]]),
        (r"\w+\s+(?:secret)?", [[]]),
        (r"(?:a|\w)", [[]]),
        (r"x(?:keys){0,3}tokens+", [[{"token"}]]),
        (r"(?=secret)\w+", [[]]),
        (r"tell the (?:user|person)|keep quiet", [[{"tell"}, {"user", "person"}], [{"quiet"}]]),
        ("(?i:STRASSE)|\u017fend", [[{"strasse", "send"}]]),
    ],
)
def test_what_every_match_needs(pattern: str, expected: list[list[set[str]]]) -> None:
    found = needs(pattern, re.IGNORECASE)
    assert sorted(sorted(map(sorted, sets)) for sets in found) == sorted(
        sorted(map(sorted, sets)) for sets in expected
    )


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\ba|\bb", r"\b(?:a|b)"),
        (r"(?:\ba\b|\bb\b)", r"\b(?:a\b|b\b)"),
        (r"\ba|c|\bb", r"\b(?:a)|c|\b(?:b)"),
        (r"(?:a)|(?:b)", r"(?:a)|(?:b)"),
        (r"[|)]\|x|\b[]|]", r"[|)]\|x|\b(?:[]|])"),
    ],
)
def test_branches_that_begin_at_a_word_are_put_together(pattern: str, expected: str) -> None:
    assert grouped(pattern) == expected


def test_a_form_finds_in_the_sets_of_skills_what_its_expression_finds() -> None:
    assert len(FORMS) > MANY
    for form in FORMS:
        plain = re.compile(*form.written)
        for line in LINES:
            found, meant = form.search(line), plain.search(line)
            assert (found and found.span()) == (meant and meant.span()), (plain.pattern[:80], line)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\.Write\(|os\.write\b", frozenset((".write(", "os.write"))),
        (r"if (?:True|YES) or", ("if ", " or", frozenset(("true", "yes")))),
        (r"\w+\s*(?:=|is)?x", ()),
        (r"(?:a|token=\w+)", ()),
        (r"(?:keys){2}-+\b", ("keys", "-")),
        (r"(?!secret)rm -rf", "rm -rf"),
    ],
)
def test_what_every_match_spells_out(pattern: str, expected: Spelled) -> None:
    assert spelled(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\bsend\w*|\bUp(?:load|date)", {(0, "send"), (0, "uploa"), (0, "updat")}),
        (r"(?:^|[\s;])(?:rec|parec)\b", {(0, "rec"), (1, "rec"), (0, "parec"), (1, "pare")}),
        (r"(?<![\w.])[\"']?eval\s*\(", {(0, "eval"), (0, '"eval'), (0, "'eval")}),
        (r"\s*curl", set()),
        (r"(?:curl|\w+) -d", set()),
        (r"x\d", set()),
        (r"\[\d", {(0, "[")}),
    ],
)
def test_how_every_match_begins(pattern: str, expected: set[tuple[int, str]]) -> None:
    assert beginnings(pattern) == expected


def test_a_form_finds_in_files_what_its_expression_finds() -> None:
    assert len(WIDE) > MANY
    for form in WIDE:
        plain = re.compile(*form.written)
        for text in FILES:
            meant = [match.span() for match in plain.finditer(text)]
            assert [match.span() for match in form.finditer(text)] == meant, plain.pattern[:80]
            found = form.search(text)
            assert [found and found.span()] == (meant[:1] or [None]), plain.pattern[:80]


def test_a_look_that_is_left_out_would_have_noticed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def noticed() -> set[tuple[Mark, str, str]]:
        into = Inventory()
        for text in TEXTS:
            said = [one for block in blocks(text) for one in speech.sentences(block, Role.INSTRUCTED)]
            notice_in(said, "SKILL.md", into)
        return {(one.mark, one.text, one.target) for one in into.noticed}

    before = noticed()
    monkeypatch.setattr(Looking, "worth", lambda _self, _may: True)
    monkeypatch.setattr(prose_sentences, "_ANY", -1)
    assert noticed() == before


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
    file = "\n" * LARGE + text + data.draw(st.sampled_from(["", "\n" * LARGE, "\u00df"]))
    for kind in (Form, Wide):
        assert kind(pattern, re.IGNORECASE).search(file)
