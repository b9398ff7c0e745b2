"""What the shell reader knows of `bailiwick` itself agrees with its command line."""

import argparse
from collections.abc import Iterator

import pytest

from bailiwick.analysis.commands.specification import Specification, find, takes_value
from bailiwick.cli.main import parser


def leaves(
    verb: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    groups = [action for action in verb._actions if isinstance(action, argparse._SubParsersAction)]
    for group in groups:
        for word, inner in group.choices.items():
            yield from leaves(inner, (*words, word))
    if not groups:
        yield words, verb


LEAVES = dict(leaves(parser()))


def specification(words: tuple[str, ...]) -> Specification | None:
    node = find("bailiwick")
    for word in words:
        if node is None or any(effect.verb == "opaque" for effect in node.effects):
            return None  # whatever stands behind is opaque
        if word not in node.subcommands:
            return None  # a sub-command that isn't listed is opaque, as its examples show
        node = node.subcommands[word]
    return None if node is None or any(effect.verb == "opaque" for effect in node.effects) else node


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_verb_is_known_with_its_options(words: tuple[str, ...]) -> None:
    node = specification(words)
    if node is None:
        return
    wrong = [
        option
        for action in LEAVES[words]._actions
        for option in action.option_strings
        if option not in {"-h", "--help"}
        if option not in node.options or takes_value(node.options[option]) is not (action.nargs != 0)
    ]
    assert wrong == []
    operands = [action for action in LEAVES[words]._actions if not action.option_strings]
    assert len(operands) <= len(node.operands)


def test_what_changes_something_is_opaque() -> None:
    known = {words[0] for words in LEAVES if specification(words) is not None}
    assert known == {"explain", "decide", "analyze", "why", "status", "policy", "log", "init", "skill", "dlp"}
