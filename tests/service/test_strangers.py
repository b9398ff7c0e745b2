"""Nobody fills the log with refusals; what is left out is told as a number."""

from bailiwick.service.strangers import MAX_ACCOUNTS, MAX_RECORDED, SECONDS, Strangers


def test_some_are_recorded_then_counted_then_told() -> None:
    now = 100.0
    strangers = Strangers(clock=lambda: now)
    said = [strangers.worth(7) for _ in range(MAX_RECORDED + 5)]
    assert said[: MAX_RECORDED - 1] == [""] * (MAX_RECORDED - 1)
    assert said[MAX_RECORDED - 1] == f"; more within {SECONDS} seconds are only counted"
    assert said[MAX_RECORDED:] == [None] * 5
    assert strangers.worth(8) == "", "another account has a window of its own"
    now += SECONDS
    assert strangers.worth(7) == "; 5 before it were only counted"
    assert strangers.worth(7) == ""


def test_accounts_without_end_take_no_memory_without_end() -> None:
    strangers = Strangers(clock=lambda: 0.0)
    for uid in range(3 * MAX_ACCOUNTS):
        assert strangers.worth(uid) == ""
    assert len(strangers._windows) <= MAX_ACCOUNTS
