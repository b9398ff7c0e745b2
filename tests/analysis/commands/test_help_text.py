"""Help texts as options, and the specification that is started from them: right about spelling, decided by nobody."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.analysis.commands.help_text import Arity, Help, HelpOption, read_help
from bailiwick.analysis.commands.scaffold import scaffold
from bailiwick.analysis.commands.specification import SpecificationError, find, load, takes_value

HERE = Path(__file__).parent / "help"
EXPECTED: dict[str, Any] = yaml.safe_load((HERE / "expected.yaml").read_text(encoding="utf-8"))
SIGNS = {Arity.NONE: "-", Arity.REQUIRED: "=", Arity.OPTIONAL: "[=]", Arity.UNCLEAR: "?"}

GNU = (
    *(
        "ls",
        "cp",
        "mv",
        "rm",
        "mkdir",
        "ln",
        "cat",
        "head",
        "tail",
        "wc",
        "sort",
        "uniq",
        "cut",
        "tr",
        "tee",
        "touch",
    ),
    *(
        "chmod",
        "chown",
        "du",
        "df",
        "stat",
        "grep",
        "sed",
        "tar",
        "diff",
        "cmp",
        "xargs",
        "gzip",
        "install",
        "split",
    ),
    *(
        "date",
        "seq",
        "shuf",
        "env",
        "timeout",
        "mktemp",
        "realpath",
        "base64",
        "sha256sum",
        "truncate",
        "shred",
        "od",
    ),
)
IMPRECISE = {
    ("stat", "--cached"),  # read as a flag, so that its value is read as a file
    ("diff", "-C"), ("diff", "-U"), ("od", "-S"),  # help shows the long spelling's brackets; the short one's value isn't optional
    ("xargs", "--max-lines"),  # help leaves the brackets out
}  # fmt: skip
"""Where help and specification differ, and why that is right."""


@pytest.mark.parametrize("name", EXPECTED)
def test_layouts(name: str) -> None:
    told = read_help((HERE / f"{name}.txt").read_text(encoding="utf-8"))
    options = [" ".join((*option.spellings, SIGNS[option.arity])) for option in told.options]
    assert options == EXPECTED[name]["options"]
    assert [word for word, _ in told.subcommands] == EXPECTED[name].get("subcommands", [])


def test_words_of_help_are_kept() -> None:
    told = read_help((HERE / "gnu.txt").read_text(encoding="utf-8"))
    by_name = {option.spellings[-1]: option for option in told.options}
    assert by_name["--output"].value == "FILE"
    assert by_name["--output"].about == "write to FILE; FILE may be -"
    assert by_name["--in-place"].about == "polish files where they are"
    assert by_name["--expression"].about == ""


@pytest.mark.parametrize("name", GNU)
def test_arity_agrees_with_the_shipped_specification(name: str) -> None:
    """Two independent statements of the same fact; where they differ, one of them is wrong or it is listed above."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} isn't installed")
    ended = subprocess.run([program, "--help"], capture_output=True, check=False, timeout=60)
    told, specification = read_help(ended.stdout.decode(errors="replace")), find(name)
    assert specification is not None
    assert told.options
    differing = {
        (name, spelling)
        for option in told.options
        if option.arity is not Arity.UNCLEAR
        for spelling in option.spellings
        if (role := specification.options.get(spelling)) is not None
        if takes_value(role) is not (option.arity is Arity.REQUIRED)
    }
    assert differing <= IMPRECISE


# -- the scaffold


@pytest.mark.parametrize("name", EXPECTED)
def test_a_scaffold_is_refused_until_everything_in_it_is_decided(name: str) -> None:
    text = scaffold(name, read_help((HERE / f"{name}.txt").read_text(encoding="utf-8")), source="a test")
    complaints = []
    while True:
        try:
            specification, examples = load(f"{name}.yaml", text)
        except SpecificationError as error:
            complaints.append(str(error))
            text = decided(text, str(error))
        else:
            break
    assert len(complaints) >= 3
    assert [example.gives for example in examples] == [
        ("undecided",)
    ]  # which no command gives: its test fails
    told = read_help((HERE / f"{name}.txt").read_text(encoding="utf-8"))
    assert {spelling for option in told.options for spelling in option.spellings} <= set(
        specification.options
    )
    assert {word for word, _ in told.subcommands} == set(specification.subcommands)
    if name == "gnu":
        assert specification.same["-a"] == ("-a", "--all")


def decided(text: str, complaint: str) -> str:
    """The text with what the loader complains of decided, as an author would in the end."""
    if group := re.search(r"unknown role (undecided_\w+)", complaint):
        role = {"flag": "opaque_flag", "optional": "optional", "value": "opaque", "arity": "text"}
        return text.replace(f"{group[1]}:", f"{role[group[1].removeprefix('undecided_')]}:")
    if "unknown role undecided" in complaint:
        return text.replace("operands: undecided*", "operands: text*")
    if "isn't an effect" in complaint:
        return text.replace("effects: [undecided every]", "effects: [opaque a test]")
    assert "a mapping is expected" in complaint
    return re.sub(r'^(  "[\w-]+"): undecided', r"\1: {}", text, flags=re.MULTILINE)


NAMES = st.from_regex(r"--?[A-Za-z][\w-]{0,8}", fullmatch=True)
OPTIONS = st.builds(
    HelpOption,
    spellings=st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple),
    arity=st.sampled_from(Arity),
    value=st.text(max_size=8),
    about=st.text(max_size=30),
)
PAIRS = st.tuples(st.from_regex(r"[a-z][\w-]{0,8}", fullmatch=True), st.text(max_size=20))


@given(
    st.builds(
        Help,
        options=st.lists(OPTIONS, max_size=4).map(tuple),
        subcommands=st.lists(PAIRS, max_size=3).map(tuple),
    )
)
def test_no_help_makes_a_specification_that_loads(told: Help) -> None:
    text = scaffold("x", told, source="any\ntext: [")
    assert isinstance(yaml.safe_load(text), dict)
    with pytest.raises(SpecificationError):
        load("x.yaml", text)


@given(
    st.text()
    | st.lists(
        st.sampled_from(["  -a, --all", "=X", "[", "]", "<", " ", "\n", "\t", "--[no-]b", "Commands:\n"])
    ).map("".join)
)
def test_any_text_is_read(text: str) -> None:
    spellings = [name for option in read_help(text).options for name in option.spellings]
    assert len(spellings) == len(set(spellings))
