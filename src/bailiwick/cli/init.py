"""`bailiwick init`: writes a starter policy repository that compiles and passes its own tests."""

import argparse
import json
import os
import sys
from pathlib import Path

from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.starter import starter_files
from bailiwick.service.account import principal_of

DONE, USAGE, ENVIRONMENT = 0, 2, 3


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    verb = verbs.add_parser("init", help="write a starter policy repository", description=__doc__)
    verb.add_argument("directory", type=Path, metavar="DIR", help="a new or empty directory")
    verb.add_argument("--organisation", metavar="NAME", help="whose policy it is")
    verb.add_argument("--contact", metavar="WHO", help="whom a person asks for an exception")
    verb.add_argument("--json", action="store_true", help="print the result as JSON")
    verb.set_defaults(func=run)


def run(asked: argparse.Namespace) -> int:
    """Write the files; nothing is ever overwritten."""
    root: Path = asked.directory
    author = principal_of(os.getuid()).user
    files = starter_files(organisation=asked.organisation, contact=asked.contact, author=author)
    try:
        policies = load_policy_set({name: text for name, text in files.items() if name.endswith(".yaml")})
    except PolicyErrors as error:
        print(error, file=sys.stderr)
        return USAGE
    try:
        if root.exists() and any(one.name != ".git" for one in root.iterdir()):
            print(f"bailiwick: {root} is not empty; name a new or empty directory", file=sys.stderr)
            return USAGE
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        print(f"bailiwick: {error.filename or root}: {error.strerror}", file=sys.stderr)
        return ENVIRONMENT
    if asked.json:
        said = {"directory": str(root), "files": sorted(files), "profiles": sorted(policies.policies)}
        print(json.dumps(said | {"revision": policies.revision}))
    else:
        print(f"Wrote a starter policy to {root}: profiles {', '.join(sorted(policies.policies))}.\n")
        print("Next:")
        print(f"  bailiwick policy check {root}")
        print(f"  bailiwick policy test {root}")
        print(f"  bailiwick claude --policy {root} --profile developer")
    return DONE
