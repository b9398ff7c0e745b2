"""The language as JSON Schema (2020-12), for editors; made from the declarations that the reader follows."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from bailiwick.policy import syntax
from bailiwick.policy.shapes import Definitions, Record

KINDS: Mapping[str, type] = {
    "organisation": syntax.Organisation,
    "profile": syntax.Profile,
    "team": syntax.Team,
    "roles": syntax.Roles,
    "exceptions": syntax.Exceptions,
    "tests": syntax.Cases,
    "data": syntax.HashedListText,
    "documents": syntax.DocumentsText,
}
"""The kinds of files, by the name of their schema."""


def schema_of(kind: str) -> dict[str, Any]:
    """The schema of one kind of file."""
    definitions: Definitions = {}
    root = Record(of=KINDS[kind]).schema(definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Bailiwick policy: {kind}",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text(kind: str) -> str:
    """``schema_of`` as the text that is shipped."""
    return json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"


def shipped(kind: str) -> str:
    """The text shipped in the package; a test holds it equal to ``schema_text``."""
    return files(__package__).joinpath("schemas", f"{kind}.schema.json").read_text(encoding="utf-8")
