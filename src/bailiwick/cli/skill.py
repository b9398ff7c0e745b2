"""`bailiwick skill`: what skills can do, what is wrong with them, which may be loaded, and what each may do."""

import argparse  # noqa: TC003 - as in every module of verbs

from bailiwick.cli import skill_approval, skill_scan, skill_why


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs to the command line."""
    verb = verbs.add_parser(
        "skill", help="audit skills, and say which may be loaded and what each may do", description=__doc__
    )
    inner = verb.add_subparsers(dest="skill_verb", metavar="VERB", required=True)
    skill_scan.register(inner)
    skill_approval.register(inner)
    skill_why.register(inner)
