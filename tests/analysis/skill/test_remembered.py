"""Texts that a script writes: where each ends, and that a script can't make it take long to find out."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.analysis.skill.facts import Inventory
from bailiwick.analysis.skill.scripts import remembered as module
from bailiwick.analysis.skill.scripts.remembered import LONGEST, SHORTEST, remembered
from bailiwick.model.skill import Role

BODY = "x" * SHORTEST
PLAIN = re.compile(
    module._TEXT.pattern.replace(
        r"(?!\w)|", rf"(?!\w)[\"']?[^\n]*\n([\s\S]{{{SHORTEST},{LONGEST}}}?)\n[ \t]*\1(?!\w)|", 1
    )
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"cat <<'EOF' >> CLAUDE.md\n{BODY}\nEOF\n", [BODY]),
        (f"cat <<-EOF\n{BODY}\nEOFS\n  EOF\n", [f"{BODY}\nEOFS"]),
        (f"cat <<EOFS\n{BODY}\nEOF\n", []),
        ("cat <<EOF\nshort\nEOF\n", []),
        (f'cat <<EOF > "{BODY}"\n', [BODY]),
        (f"cat <<EOF\n{'x' * (LONGEST + 1)}\nEOF\n", []),
        (f'cat <<A\n"{BODY}"\nA\nx = """{BODY}"""', [f'"{BODY}"', BODY]),
    ],
)
def test_what_a_script_writes(text: str, said: list[str]) -> None:
    assert [one[2] for one in module._texts(text)] == said


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<<", "<<-'A'\n", "A", "B", "\n", "\nA", " ", "-", '"', "'", "`", '"""', "\\", BODY]
        ),
        max_size=30,
    ).map("".join)
)
def test_it_finds_what_one_expression_for_all_of_it_finds(text: str) -> None:
    found = [
        (match.start(), match[0], next(one for one in match.groups()[1:] if one is not None))
        for match in PLAIN.finditer(text)
    ]
    assert list(module._texts(text)) == found


@pytest.mark.parametrize(
    "line", ["<<A\n", "<<AAAAAAAAAAAAAAAAAAAB\n", "x\n <<A\n", "<<A <<B ", "`a", "\n E_"]
)
def test_no_script_takes_long(line: str) -> None:
    text = "cat >> CLAUDE.md\n" + line * (200_000 // len(line))
    began = time.process_time()
    remembered(text, "a.sh", Role.EXECUTABLE, Inventory())
    assert time.process_time() - began < 1
