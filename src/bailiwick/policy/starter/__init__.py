"""The starter policy repository that `bailiwick init` writes."""

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

from bailiwick.policy.schema import KINDS, shipped

_ORGANISATION = "organisation: Example Ltd\n"
_CONTACT = "contact: the platform team    # whom people ask for an exception: write your own\n"
_AUTHOR = """  policy-authors:            # whoever writes this policy can try every profile
    users: [{author}]
    profiles: [developer, frontend, infra, reviewer]
"""


def starter_files(
    *, organisation: str | None = None, contact: str | None = None, author: str | None = None
) -> dict[str, str]:
    """Every file of the starter, by name relative to the repository, with the editor schemas in ``.schema/``.

    ``author`` is an account that may use every profile, so that who writes the policy can try it.
    """
    found = {name: text for name, text in _texts(files(__name__), "") if not name.endswith(".py")}
    root = found["organisation.yaml"]
    if organisation is not None:
        root = root.replace(_ORGANISATION, f"organisation: {json.dumps(organisation, ensure_ascii=False)}\n")
    if contact is not None:
        root = root.replace(_CONTACT, f"contact: {json.dumps(contact, ensure_ascii=False)}\n")
    found["organisation.yaml"] = root
    if author is not None:
        found["roles.yaml"] += _AUTHOR.format(author=json.dumps(author, ensure_ascii=False))
    return found | editor_schemas()


def editor_schemas() -> dict[str, str]:
    """The schemas that the first line of a policy's files points editors to."""
    return {f".schema/{kind}.schema.json": shipped(kind) for kind in KINDS}


def _texts(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            if not entry.name.startswith(("_", ".")):
                yield from _texts(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_text(encoding="utf-8")
