"""The one engine behind detection and redaction: every secret, however it is written; nothing in ordinary text."""

import time
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bailiwick.analysis.text import views
from bailiwick.analysis.text.contextual import wordy
from bailiwick.analysis.text.secrets import SCAN_LIMIT, SECRET_RULES, scan
from bailiwick.model.access import Confidence
from planted import BODIES, DISGUISES, MAKERS, maker_of

BODY = "q7Zk2Wm9Xc4Vb1Nn8Ty5Ru3Eo6Pi0LaSdFgHjKlQwErTyUiOpZxCvBnM2468Gx13"


@pytest.mark.parametrize("rule", sorted(SECRET_RULES))
def test_each_rule_finds_its_own_secrets(rule: str) -> None:
    text, secret = maker_of(rule)(BODY)
    matches = scan(f" {text} ")
    assert (rule, secret) in {(match.rule, f" {text} "[match.start : match.end]) for match in matches}


@pytest.mark.parametrize("rule", sorted(MAKERS))
@pytest.mark.parametrize("disguise", sorted(DISGUISES))
def test_each_kind_is_found_in_each_disguise(rule: str, disguise: str) -> None:
    text, _ = MAKERS[rule](BODY)
    matches = scan(DISGUISES[disguise](text))
    assert rule in {match.rule for match in matches}


@pytest.mark.parametrize("rule", sorted(MAKERS))
@pytest.mark.parametrize(
    "after", [" ", ",", ")", "]", "}", "&", "<", ".", ":", ";", '"', "'", "`", "|", "\n", "\\", ""]
)
def test_what_follows_a_secret_does_not_hide_it(rule: str, after: str) -> None:
    text, secret = MAKERS[rule](BODY)
    (match, *_) = (m for m in scan(f"x {text}{after} y") if m.rule == rule)
    assert match.secret.startswith(secret)


@given(st.sampled_from(sorted(MAKERS)), BODIES, st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_offsets_are_those_of_the_secret(rule: str, body: str, before: str, after: str) -> None:
    text, secret = MAKERS[rule](body)
    assume(not wordy(secret))  # by its name alone, what reads as words isn't taken for one
    whole = f"{before} {text} {after}"
    start = whole.index(secret)
    assert any(m.start <= start and m.end >= start + len(secret) for m in scan(whole))


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_scanning_is_total_ordered_and_without_overlap(text: str) -> None:
    matches = scan(text)
    assert all(0 <= m.start < m.end <= len(text) for m in matches)
    assert all(one.end <= other.start for one, other in pairwise(matches))


@pytest.mark.parametrize(
    "text",
    [
        "git commit -m 'Add token refresh' && npm test -- --watch=false",
        "password: changeme",
        "PASSWORD=$DB_PASSWORD; TOKEN=${TOKEN}; KEY=<your-key-here>",
        "api_key = os.environ['API_KEY']",
        "token = getToken(request)",
        "const secretName = config.secrets.databasePassword",
        "the author: SomeBody1234 wrote this",
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "uuid 3f2504e0-4f89-41d3-9a0c-0305e82c3301 commit 9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b",
        "https://user@example.org/path?x=1#frag and git@github.com:o/r.git",
        "src/components/deeply/nested/folder/with/a/long/name/Button.tsx",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
        "eyJub3QiOiJhIHRva2VuIn0.x.y",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
        "Authorization: Bearer $TOKEN",
        "redis://localhost:6379/0",
    ],
)
def test_ordinary_text_holds_no_secret(text: str) -> None:
    assert scan(text) == ()


def test_an_instruction_to_look_away_is_not_followed() -> None:
    text, _ = MAKERS["secret/github-token"](BODY)
    assert scan(f"{text}  # gitleaks:allow pragma: allowlist secret nosec")


def test_a_checksum_makes_the_finding_sure_and_a_wrong_one_does_not_drop_it() -> None:
    right, _ = MAKERS["secret/github-token"](BODY)
    wrong = right[:-1] + ("a" if right[-1] != "a" else "b")
    assert [m.confidence for m in scan(right)] == [Confidence.HIGH]
    assert [m.confidence for m in scan(wrong)] == [Confidence.LOW]


@pytest.mark.parametrize(
    "spelling",
    ["gh'p_'{}", 'gh"p_"{}', "gh\\p_{}", 'tok = "ghp" + "_{}"', "tok = 'ghp_' '{}'"],
)
def test_a_token_broken_by_quotes_is_found(spelling: str) -> None:
    whole, _ = MAKERS["secret/github-token"](BODY)
    assert [m.rule for m in scan(spelling.format(whole[4:]))] == ["secret/github-token"]


def test_a_secret_behind_the_bound_is_not_claimed_to_be_looked_at() -> None:
    text, _ = MAKERS["secret/github-token"](BODY)
    assert scan(" " * (SCAN_LIMIT - 100) + text)
    assert not scan(" " * SCAN_LIMIT + text)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "-----" + "BEGIN PRIVATE KEY-----",
        "eyJhbGciOiJI.",
        "a://b:",
        "password=",
        "\\u0041",
        '"a"+',
        "Authorization: ",
        "curl -u a:",
        "--password ",
        "%41",
    ],
)
def test_hostile_texts_take_linear_time(unit: str) -> None:
    """Doubling the text must not quadruple the time; a wide margin keeps this from being a timed test."""

    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        started = time.process_time()
        scan(text)
        return time.process_time() - started

    assert min(seconds(400_000), seconds(400_000)) < 8 * max(seconds(100_000), 0.01) + 0.1


@given(st.text(alphabet="ab\\u0041%42x'\"+ \u200b\u0130\x00n", max_size=60))
@settings(max_examples=300, deadline=None)
def test_views_map_every_character_back(text: str) -> None:
    """Whatever a view says at a place comes from the stretch of the original that it names, in order."""
    for view in (views.unescaped(text), views.joined(text)):
        if view is None:
            continue
        spans = [view.span(i, i + 1) for i in range(len(view.text))]
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert all(one[1] <= other[0] for one, other in pairwise(spans))
        for character, (start, end) in zip(view.text, spans, strict=True):
            assert end - start > 1 or text[start] == character


def test_letters_that_grow_in_lower_case_do_not_shift_offsets() -> None:
    text = "\u0130" * 5 + " Password: Zq7" + BODY[:20]
    (match,) = scan(text)
    assert text[match.start : match.end] == "Zq7" + BODY[:20]
