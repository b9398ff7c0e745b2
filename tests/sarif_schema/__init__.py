"""The JSON schema of SARIF 2.1.0, as OASIS published it: the file is that of @microsoft/jest-sarif 1.0.0-beta.0 (MIT), unchanged."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

_SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))


def problems(document: Any) -> list[str]:
    """What is wrong with a document by the schema; nothing when it is SARIF 2.1.0."""
    return [f"{error.json_path}: {error.message}" for error in Draft4Validator(_SCHEMA).iter_errors(document)]
