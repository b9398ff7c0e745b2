"""The encoder: its pieces are those of the tokenizer it was begun from, its sums those of the library it was taught with."""

import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.analysis.skill.prose.learned.encoder import Encoder, encoder, parse
from bailiwick.analysis.skill.prose.learned.pieces import FIRST, LAST, PIECES, pieces
from bailiwick.analysis.skill.prose.learned.weights import WeightsError
from bailiwick.rules.skill.catalogue import SKILL_CATALOGUE

HERE = Path(__file__)
DIVIDED = yaml.safe_load(HERE.with_name("pieces.yaml").read_text(encoding="utf-8"))
READ = yaml.safe_load(HERE.with_name("learned.yaml").read_text(encoding="utf-8"))
NEAR = 25
"""Points by which a sum in another order may differ."""


@pytest.fixture(scope="module")
def model() -> Encoder:
    return encoder()


def packed(**head: Any) -> tuple[bytes, str]:
    stream = io.BytesIO()
    np.savez(stream, head=np.frombuffer(json.dumps(head).encode(), np.uint8))
    return stream.getvalue(), sha256(stream.getvalue()).hexdigest()


def test_it_names_rules_that_exist(model: Encoder) -> None:
    assert {f"skill/{rule}" for rule in model.rules} <= {rule.id for rule in SKILL_CATALOGUE}


def test_another_file_is_refused() -> None:
    with pytest.raises(WeightsError, match="not the file"):
        parse(b"x", "0" * 64)
    with pytest.raises(WeightsError, match="another version"):
        parse(*packed(version=0))


@pytest.mark.parametrize("case", DIVIDED, ids=lambda case: repr(case["text"][:30]))
def test_a_text_is_divided_as_its_tokenizer_does(case: dict[str, Any], model: Encoder) -> None:
    assert pieces(case["text"], model.known) == case["pieces"]


@pytest.mark.parametrize("case", READ, ids=lambda case: case["text"][:40])
def test_a_passage_has_the_points_that_the_library_gives_it(case: dict[str, Any], model: Encoder) -> None:
    ((points, rule),) = model.read([case["text"]])
    assert points == pytest.approx(case["points"], abs=NEAR)
    assert rule == case["rule"]


def test_what_stands_beside_a_passage_changes_nothing(model: Encoder) -> None:
    texts = [case["text"] for case in READ]
    alone = [model.read([text])[0] for text in texts]
    for together in (model.read(texts), model.read(texts[::-1])[::-1]):
        assert [rule for _, rule in together] == [rule for _, rule in alone]
        assert [points for points, _ in together] == pytest.approx([points for points, _ in alone], abs=NEAR)


def test_nothing_is_read_of_nothing(model: Encoder) -> None:
    assert model.read([]) == []


@given(st.text(max_size=2_000))
@settings(max_examples=200, deadline=None)
def test_any_text_is_divided(text: str) -> None:
    known = encoder().known
    found = pieces(text, known)
    assert found[0] == known[FIRST]
    assert found[-1] == known[LAST]
    assert 2 <= len(found) <= PIECES
