"""Redaction where an event holds very many secrets: the same text, whichever way the known ones are looked for."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bailiwick.audit import redaction
from bailiwick.audit.redaction import MAX_KNOWN, Redactor

KEY = b"k" * 32
SECRETS = st.lists(st.text("abc'\\", min_size=6, max_size=9), min_size=2, max_size=12, unique=True)


@given(secrets=SECRETS, between=st.lists(st.text("abc'\\ ", max_size=5), min_size=12, max_size=12))
def test_one_pass_finds_what_a_search_for_each_does(secrets: list[str], between: list[str]) -> None:
    text = "".join(part + secret for part, secret in zip(between, secrets, strict=False))
    known = tuple((secret, "secret/generic-assignment") for secret in sorted(secrets, key=len, reverse=True))
    redactor = Redactor(KEY, known)
    each = sorted(redactor._standing_in(text))
    usual, redaction.MANY_KNOWN = redaction.MANY_KNOWN, 1
    try:
        assert sorted(redactor._standing_in(text)) == each
    finally:
        redaction.MANY_KNOWN = usual


def test_very_many_secrets_are_masked_and_no_more_than_a_bound_is_known() -> None:
    random = Random(1)  # noqa: S311 - test data
    made = ["Zq7" + "".join(random.choices("abcdefghjkmnpqrstuvwxyz", k=9)) + "9x" for _ in range(30_000)]
    listed = "".join(f"DB_PASSWORD={one}\n" for one in made)
    redactor = Redactor(KEY).knowing([listed, "API_TOKEN=" + made[-1]])
    assert MAX_KNOWN <= len(redactor.known) < len(made)
    shown = redactor.text(" ".join(made[:2_000]))
    assert not [one for one in made[:2_000] if one in shown]
