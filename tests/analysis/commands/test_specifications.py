"""Every shipped specification loads, and its examples hold."""

import pytest

from bailiwick.analysis.commands.plugins import PLUGINS
from bailiwick.analysis.commands.specification import (
    PLUGIN_NAMES,
    Example,
    Specification,
    SpecificationError,
    examples,
    find,
    load,
    names,
)
from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.analysis.shell.listing import listing

CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")
ROWS = [(file, example) for file in sorted(set(names().values())) for example in examples(file)]


@pytest.mark.parametrize(("file", "example"), ROWS, ids=[f"{f}: {e.command}" for f, e in ROWS])
def test_example_holds(file: str, example: Example) -> None:
    assert listing(analyze_shell(example.command, CONTEXT), "/w") == sorted(example.gives), file


def test_at_least_110_commands_are_known() -> None:
    assert len(names()) >= 110


@pytest.mark.parametrize("name", sorted(names()))
def test_plugins_exist(name: str) -> None:
    specification = find(name)
    assert specification is not None
    todo: list[Specification] = [specification]
    while todo:
        node = todo.pop()
        assert node.plugin is None or node.plugin in PLUGINS
        todo += node.subcommands.values()


def test_the_plug_in_names_agree() -> None:
    assert set(PLUGINS) == PLUGIN_NAMES


GOOD = "examples: [{cmd: x, gives: []}]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "t.yaml: not YAML"),
        ("- x\n", "t.yaml: a mapping with `command:`"),
        ("command: x\n", "t.yaml: examples"),
        ("command: x\nexmaples: []\n" + GOOD, "t.yaml: x: unknown key exmaples"),
        (
            "command: x\noptions: {read: -a, text: -b, read: -c}\n" + GOOD,
            "t.yaml: line 2: read is listed twice",
        ),
        ("command: x\noptions: {reed: -a}\n" + GOOD, "t.yaml: x: options: unknown role reed"),
        ("command: x\noptions: {read: a}\n" + GOOD, "t.yaml: x: a isn't an option"),
        ("command: x\noptions: {read: -a, write: -a}\n" + GOOD, "t.yaml: x: option -a is listed twice"),
        ("command: x\noperands: reed*\n" + GOOD, "t.yaml: x: operands: unknown role reed"),
        ("command: x\noperands: read* write*\n" + GOOD, "t.yaml: x: operands: two repeated roles"),
        ("command: x\neffects: [burn x]\n" + GOOD, "t.yaml: x: effects: 'burn x' isn't an effect"),
        ("command: x\nstyle: loose\n" + GOOD, "t.yaml: x: style loose isn't one of"),
        ("command: x\nrecursive: -r\n" + GOOD, "t.yaml: x: recursive: -r isn't an option"),
        ("command: x\npermute: maybe\n" + GOOD, "t.yaml: x: permute must be true or false"),
        ("command: x\nsubcommands: {a b: {}, b: {}}\n" + GOOD, "t.yaml: x: sub-command b is listed twice"),
        ("command: x\nsubcommands: {a: {opps: 1}}\n" + GOOD, "t.yaml: x a: unknown key opps"),
        ("command: x\nplugin: magic\n" + GOOD, "t.yaml: x: no plug-in magic"),
    ],
)
def test_a_wrong_file_is_refused_with_the_mend(text: str, message: str) -> None:
    with pytest.raises(SpecificationError) as error:
        load("t.yaml", text)
    assert str(error.value).startswith(message)
