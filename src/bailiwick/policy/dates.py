"""Dates of exceptions: text to whole seconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta

from bailiwick.policy.errors import Problems
from bailiwick.policy.shapes import Text

MAX_EXCEPTION_DAYS = 366
"""Longest life of an exception; a permission that should last longer belongs into a profile."""


def start_of(text: Text, problems: Problems) -> int | None:
    """The second at which ``text`` begins: midnight UTC of a bare date."""
    return _seconds(text, problems, timedelta())


def end_of(text: Text, problems: Problems) -> int | None:
    """The second at which ``text`` is over, exclusive: a bare date holds through that day, UTC."""
    return _seconds(text, problems, timedelta(days=1))


def _seconds(text: Text, problems: Problems, day: timedelta) -> int | None:
    try:
        moment = datetime.fromisoformat(text.text.upper())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC) + day
        return int(moment.timestamp())
    except (ValueError, OverflowError):
        problems.add(text.at, f"`{text}` is no day of the calendar", "write a real date such as 2027-03-31")
        return None
