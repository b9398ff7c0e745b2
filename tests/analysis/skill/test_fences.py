"""What stands in a block of code is shown; nothing else is taken for one."""

import pytest

from bailiwick.analysis.skill.markdown import without_fences


@pytest.mark.parametrize(
    ("page", "left"),
    [
        ("a\n```html\nb\nc\n```\nd", "a\n```html\n\n\n```\nd"),
        ("a\r\n```\r\nb\r\n```\r\nd", "a\n```\n\n```\nd"),
        ("<!--\n```\n-->\nd", "<!--\n```\n-->\nd"),
        ("~~~~\nb\n~~~\nc\n~~~~\nd", "~~~~\n\n\n\n~~~~\nd"),
        ("no code", "no code"),
    ],
)
def test_only_what_a_fence_holds_is_left_out(page: str, left: str) -> None:
    assert without_fences(page) == left
