"""The schema for editors: up to date, and of one mind with the reader."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from bailiwick.policy.schema import KINDS, schema_of, schema_text, shipped

SHIPPED = Path(__file__).parents[2] / "src/bailiwick/policy/schemas"
STARTER = Path(__file__).parents[2] / "src/bailiwick/policy/starter"
ERRORS = Path(__file__).parent / "errors"
KIND_OF = {"profiles": "profile", "teams": "team", "exceptions": "exceptions", "tests": "tests"}
WORDS_ONLY = {
    "duplicate-key",  # YAML readers of editors see one key or complain themselves
    "glob-mistakes",  # the meaning of words is not in the schema
    "glob-relative",
    "glob-without-directory",
    "command-mistakes",
    "host-mistakes",
    "tool-mistakes",
    "extends-unknown",
    "extends-itself",
    "same-name",
    "reserved-name",
    "same-rule-id",
    "version-too-old",
    "unknown-profile",
    "merge-key",  # YAML 1.1 readers merge, and read 0600 as octal
    "octal",
    "data-class-examples",  # whether they hold is not in the schema
    "data-classes",  # what a class is made of, and its examples
    "invariants",
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_shipped_schema_is_up_to_date(kind: str, golden: Callable[[Path, str], None]) -> None:
    golden(SHIPPED / f"{kind}.schema.json", schema_text(kind))
    assert shipped(kind) == schema_text(kind)
    Draft202012Validator.check_schema(schema_of(kind))


def kind_of(path: Path) -> str:
    return KIND_OF.get(path.parent.name, path.stem if path.parent.name == "starter" else path.parent.name)


def complaints(path: Path, text: str) -> list[str]:
    document: Any = json.loads(json.dumps(yaml.safe_load(text), default=str))
    return [error.message for error in Draft202012Validator(schema_of(kind_of(path))).iter_errors(document)]


@pytest.mark.parametrize("path", sorted(STARTER.rglob("*.yaml")), ids=lambda path: path.stem)
def test_starter_is_valid(path: Path) -> None:
    assert complaints(path, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "path", sorted(ERRORS.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_mistakes_of_form_and_no_others_are_seen_by_the_schema_too(path: Path) -> None:
    of_words = path.stem in WORDS_ONLY or path.parent.name == "teams"
    try:
        found = complaints(path, path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError):
        return
    assert bool(found) is not of_words, found
