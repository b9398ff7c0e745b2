"""What an author reads for each kind of mistake: golden files beside the mistakes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bailiwick.policy.load import PolicyErrors, load_policy_set

ERRORS = Path(__file__).parent / "errors"
CASES = sorted(path.relative_to(ERRORS).as_posix() for path in ERRORS.glob("*/*.yaml"))
SOUND = {
    "organisation.yaml": "organisation: Example\n",
    "profiles/base.yaml": "profile: base\ncommands: {deny: [shutdown]}\n",
}
PLACE = {"organisation": "organisation.yaml", "roles": "roles.yaml"}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_told_with_its_place_and_mend(case: str, golden: Callable[[Path, str], None]) -> None:
    kind = case.split("/", maxsplit=1)[0]
    text = (ERRORS / case).read_text(encoding="utf-8")
    with pytest.raises(PolicyErrors) as raised:
        load_policy_set(SOUND | {PLACE.get(kind, case): text})
    assert all(
        error.mend and error.message and error.line > 0 and error.column > 0 for error in raised.value.errors
    )
    golden((ERRORS / case).with_suffix(".txt"), f"{raised.value}\n")


def test_files_out_of_place_are_mistakes() -> None:
    with pytest.raises(PolicyErrors) as raised:
        load_policy_set(SOUND | {"profile/a.yaml": "profile: a\n", "profiles/b.yml": "profile: b\n"})
    assert [(error.file, error.mend) for error in raised.value.errors] == [
        ("profile/a.yaml", "did you mean `profiles/`?"),
        ("profiles/b.yml", "rename it to `profiles/b.yaml`"),
    ]


def test_nothing_is_not_a_policy() -> None:
    with pytest.raises(PolicyErrors) as raised:
        load_policy_set({})
    assert {error.file for error in raised.value.errors} == {"organisation.yaml", "profiles/"}


def test_errors_are_bounded() -> None:
    entries = "".join(f"    - 'x{number}'\n" for number in range(5000))
    with pytest.raises(PolicyErrors) as raised:
        load_policy_set(SOUND | {"profiles/p.yaml": f"profile: p\nfiles:\n  hidden:\n{entries}"})
    assert len(raised.value.errors) == 100
