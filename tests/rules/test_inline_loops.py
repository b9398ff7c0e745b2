"""Looking at inline code never raises, whatever the code is (law 1)."""

import pytest

from bailiwick.rules.command.inline_loops import MOST_CODE, endless

HOSTILE = (
    "while(true){" * (MOST_CODE // 12),
    "while True:" * 1_800,
    '"a"*(' + "1*(" * 3_000 + "1" + ")" * 3_001,
    '"a"*' + "*".join(["9**9"] * 4_000),
    '"a"*(9**9**9**9**9**9)',
    "for(" * 5_000,
    "(" * 10_000,
    "\0while 1: f.write(1)",
    "while 1: f.write('\ud800')",
    "x" * (MOST_CODE + 1),
)


@pytest.mark.parametrize("name", ["python3", "node"])
@pytest.mark.parametrize("code", HOSTILE, ids=range(len(HOSTILE)))
def test_it_is_total(name: str, code: str) -> None:
    assert isinstance(endless(name, (name, "-c" if name == "python3" else "-e", code), 20 << 30), str)


def test_a_size_in_powers_is_reckoned() -> None:
    assert endless("python3", ("python3", "-c", 'print("x" * 10**12)'), 20 << 30)
    assert not endless("python3", ("python3", "-c", 'print("x" * 10**3)'), 20 << 30)
