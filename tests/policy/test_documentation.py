"""docs/policy.md: its example compiles and holds, and its reference is generated and complete."""

import re
from collections.abc import Callable
from pathlib import Path

from bailiwick.administration.compile import compile_set, run_examples
from bailiwick.policy import syntax
from bailiwick.policy.reference import ORDER, reference
from bailiwick.policy.schema import KINDS, schema_of
from bailiwick.policy.shapes import items_of

PAGE = Path(__file__).parents[2] / "docs/policy.md"
MARK = "<!-- reference -->\n"


def test_the_reference_is_up_to_date(golden: Callable[[Path, str], None]) -> None:
    before = PAGE.read_text(encoding="utf-8").split(MARK)[0]
    golden(PAGE, f"{before}{MARK}\n{reference()}")


def test_every_record_of_the_language_is_in_the_reference() -> None:
    records = {name for kind in KINDS for name in schema_of(kind)["$defs"]}
    shown = {record.__name__ for _, record in ORDER}
    inside = {syntax.ExampleText, syntax.Roles, syntax.Exceptions, syntax.Cases}
    inside.add(syntax.Containable)  # a Fallback with one more word
    assert records - shown == {record.__name__ for record in inside}


def test_every_key_is_in_the_table_of_its_record() -> None:
    tables = dict(zip((title for title, _ in ORDER), reference().split("### ")[1:], strict=True))
    for title, record in ORDER:
        elsewhere = {
            key
            for base in (syntax.Sections, syntax.Entry)
            if issubclass(record, base) and record is not base
            for key in items_of(base)
        }
        for key in items_of(record).keys() - elsewhere:
            assert f"| `{key}`" in tables[title]


def test_the_example_compiles_and_its_tests_hold() -> None:
    text = PAGE.read_text(encoding="utf-8")
    files = dict(re.findall(r"<!-- example: (\S+) -->\n```yaml\n(.*?)```", text, re.DOTALL))
    assert len(files) == 5
    policies = compile_set(files)
    assert [result.failure for result in run_examples(policies, policies.tests)] == ["", ""]
