"""Texts and answers that are still coming: what leaves is what the whole text would be masked to, however it is cut."""

import json
from itertools import pairwise
from random import Random
from typing import Any

import heldout
import pytest
from disguises import DISGUISES
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.analysis.text.classes import DataClass, Documents, HashedList, fingerprints, hashed
from bailiwick.analysis.text.examples import example_of
from bailiwick.analysis.text.kinds import KINDS
from bailiwick.analysis.text.secrets import EVERYTHING, SECRET, examine
from bailiwick.audit.event_flow import EventFlow
from bailiwick.audit.flow import MAX_HELD, Flow, TextFlow
from bailiwick.audit.redaction import Redactor
from planted import MAKERS

pytestmark = pytest.mark.usefixtures("fast")

BODY = "q7Zk2Wm9Xc4Vb1Nn8Ty5Ru3Eo6Pi0LaSdFgHjKlQwErTyUiOpZxCvBnM2468Gx13"
TOKEN, _ = MAKERS["secret/github-token"](BODY)
SALT = "5a" * 16
DOCUMENT = " ".join(f"word{number} settles ledger{number * 7}" for number in range(30))
CLASSES = (
    DataClass(name="names", title="x", words=("Project Nightjar", "Heronsgate")),
    DataClass(name="order", title="x", pattern=r"\bPO [0-9]{4}[ -][0-9]{4}\b"),
    DataClass(name="number", title="x", pattern=r"\bEMP-[0-9]{6}\b"),
    DataClass(
        name="customers",
        title="x",
        lists=(
            HashedList(
                salt=SALT, shortest=8, longest=10, parts=3, hashes=frozenset((hashed(SALT, "kd994410"),))
            ),
        ),
    ),
    DataClass(
        name="engine", title="x", documents=(Documents(salt=SALT, hashes=fingerprints(SALT, DOCUMENT)),)
    ),
)
LOOKED_FOR = EVERYTHING | frozenset(CLASSES)
REDACTOR = Redactor(b"k" * 32, subjects=LOOKED_FOR)
PLAIN = Redactor(b"k" * 32, subjects=EVERYTHING)
EXAMPLES = sorted({example_of(kind) for kind in KINDS} - {""})
CASES = [case.text for case in (*heldout.secrets(), *heldout.lookalikes())]
OF_CLASSES = [
    "project - nightjar",
    "heronsgate",
    "PO 1234 5678",
    "EMP-204811",
    "KD-99 44 10",
    DOCUMENT,
    DOCUMENT[40:700],
]
ORDINARY = [
    "the",
    "x = [1, 2]",
    '"',
    "'",
    " + ",
    "\\n",
    "\n",
    " ",
    ", ",
    "password",
    "é",
    "\U0001f511",
    "-----BEGIN CERTIFICATE-----",
]
NOT_FLOWING = {"streamed", "reversed"}

PIECES = st.one_of(
    st.sampled_from(ORDINARY),
    st.sampled_from(EXAMPLES),
    st.sampled_from([*CASES, *OF_CLASSES]),
    st.builds(
        lambda text, name: DISGUISES[name](text, text),
        st.sampled_from([*CASES, *EXAMPLES]),
        st.sampled_from(sorted(set(DISGUISES) - NOT_FLOWING)),
    ),
    st.text(max_size=8),
)
TEXTS = st.builds(
    lambda pieces, between: between.join(pieces),
    st.lists(PIECES, max_size=7),
    st.sampled_from(["", " ", "\n", '", "', "\\n", " + ", '"\n"']),
)


def whole(text: str, redactor: Redactor = REDACTOR) -> str:
    return redactor.masked(text, examine(text, subjects=redactor.subjects, flowing=True).matches)


def parts(text: str, sizes: int, random: Random) -> list[str]:
    cuts = [0]
    while cuts[-1] < len(text):
        cuts.append(min(cuts[-1] + random.randint(1, sizes), len(text)))
    return [text[one:other] for one, other in pairwise(cuts)]


@given(TEXTS, st.sampled_from([1, 3, 7, 40, 400]), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_a_text_in_pieces_becomes_what_the_whole_becomes(text: str, sizes: int, random: Random) -> None:
    flow = TextFlow(REDACTOR)
    said = "".join(flow.feed(part) for part in parts(text, sizes, random)) + flow.close()
    assert said == whole(text)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@given(TEXTS, st.sampled_from([1, 3, 7, 40, 400]), st.randoms(use_true_random=False))
@settings(max_examples=10_000, deadline=None)
def test_a_text_in_pieces_becomes_what_the_whole_becomes_at_length(
    text: str, sizes: int, random: Random
) -> None:
    flow = TextFlow(REDACTOR)
    said = "".join(flow.feed(part) for part in parts(text, sizes, random)) + flow.close()
    assert said == whole(text)


@pytest.mark.parametrize("text", [*EXAMPLES, *CASES, *OF_CLASSES])
def test_every_secret_in_pieces_of_six(text: str) -> None:
    flow = TextFlow(REDACTOR)
    line = f"before {text} after\n"
    said = "".join(flow.feed(line[at : at + 6]) for at in range(0, len(line), 6)) + flow.close()
    assert said == whole(line)


@given(st.binary(max_size=60), st.sampled_from(EXAMPLES), st.text(max_size=20), st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_bytes_come_back_as_they_are(noise: bytes, example: str, text: str, sizes: int) -> None:
    data = noise + f" é{text} {example} \U0001f511".encode()
    flow = Flow(REDACTOR)
    said = b"".join(flow.feed(data[at : at + sizes]) for at in range(0, len(data), sizes)) + flow.close()
    assert said == whole(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def test_what_cannot_begin_a_secret_leaves_at_once() -> None:
    flow = TextFlow(PLAIN)
    prose = 'The quick brown fox (or its brother) jumps over 3 lazy dogs; it says "no" and pays 12 euros.\n'
    for word in prose.split(" ")[:-1]:
        flow.feed(word)
        assert flow.held <= len(word) + 3  # a digit may be the first of a number in groups
        flow.feed(" ")
    assert flow.feed(prose.rsplit(" ", maxsplit=1)[-1])
    assert flow.held == 0


def test_a_line_that_ends_with_a_secret_leaves_with_its_end() -> None:
    flow = TextFlow(PLAIN)
    assert flow.feed(f"the token is {TOKEN}") == "the token is "
    assert flow.feed("\n").startswith("[redacted:secret/github-token:")
    assert flow.held == 0


def test_a_private_key_is_held_to_its_end_and_no_further() -> None:
    _, key = MAKERS["secret/private-key"](BODY)
    flow = TextFlow(PLAIN)
    said = flow.feed(f"key:\n{key[:-8]}")
    assert said == "key:\n"
    assert flow.feed(f"{key[-8:]}\nnext line\n").startswith("[redacted:secret/private-key:")
    assert flow.held == 0


def test_what_is_held_is_bounded_and_what_was_not_seen_is_said() -> None:
    flow = TextFlow(REDACTOR)
    run = ("QUJD" * 500 + "RGVm") * 80  # base64 of a text without end
    said = "".join(flow.feed(run[at : at + 5_000]) for at in range(0, len(run), 5_000))
    assert flow.held <= MAX_HELD + 5_000
    assert not flow.complete
    assert said + flow.close() == run
    flow = TextFlow(REDACTOR)
    said = flow.feed(f"{run} {TOKEN}\n") + flow.close()
    assert TOKEN not in said


# -- events


def event(data: dict[str, Any]) -> str:
    return f"event: {data.get('type', 'message')}\ndata: {json.dumps(data)}\n\n"


def messages(texts: list[str], *, index: int = 0, kind: str = "text") -> list[str]:
    """A block as the Messages API streams it."""
    name = {"text": "text", "input_json": "partial_json", "thinking": "thinking"}[kind]
    return [
        event({"type": "content_block_start", "index": index, "content_block": {"type": kind}}),
        *(
            event(
                {
                    "type": "content_block_delta",
                    "index": index,
                    "delta": {"type": f"{kind}_delta", name: text},
                }
            )
            for text in texts
        ),
        event({"type": "content_block_stop", "index": index}),
    ]


def completions(texts: list[str]) -> list[str]:
    """The same as Chat Completions does."""
    return [
        *(
            event({"id": "c", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})
            for text in texts
        ),
        event({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        "data: [DONE]\n\n",
    ]


def responses(texts: list[str]) -> list[str]:
    """The same as Responses does."""
    return [
        *(
            event(
                {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": text}
            )
            for text in texts
        ),
        event(
            {
                "type": "response.output_text.done",
                "output_index": 0,
                "content_index": 0,
                "text": "".join(texts),
            }
        ),
    ]


ENDS = ("content_block_stop", '"stop"', "data: [DONE]", "response.output_text.done")
"""What the lines of the last events have in them."""


def texts_of(wire: str) -> dict[Any, str]:
    """What the blocks of an answer say, each put together."""
    found: dict[Any, str] = {}
    for line in wire.split("\n"):
        if not line.startswith("data: {"):
            continue
        data = json.loads(line[6:])
        delta = data.get("delta", data["choices"][0]["delta"] if "choices" in data else "")
        inner = delta if isinstance(delta, str) else "".join(str(v) for k, v in delta.items() if k != "type")
        found[data.get("index", 0)] = found.get(data.get("index", 0), "") + inner
    return found


def through(wire: bytes, sizes: int, random: Random) -> tuple[str, EventFlow]:
    flow = EventFlow(REDACTOR)
    said = b"".join(
        flow.feed(part.encode("latin-1")) for part in parts(wire.decode("latin-1"), sizes, random)
    )
    return (said + flow.close()).decode(), flow


@pytest.mark.parametrize("form", [messages, completions, responses])
@given(
    text=TEXTS,
    pieces=st.sampled_from([1, 6, 30]),
    sizes=st.sampled_from([1, 50, 5_000]),
    random=st.randoms(use_true_random=False),
)
@settings(max_examples=10, deadline=None)
def test_a_secret_split_over_events_is_masked(
    form: Any, text: str, pieces: int, sizes: int, random: Random
) -> None:
    text = text.encode("utf-8", "replace").decode()
    wire = "".join(form(parts(text, pieces, random)))
    said, flow = through(wire.encode(), sizes, random)
    if text:
        assert texts_of(said)[0] == whole(text)
    assert flow.held == 0
    ends = [line for line in said.split("\n") if any(mark in line for mark in ENDS)]
    assert ends == [line for line in said.split("\n") if line][-len(ends) :]  # nothing comes behind the end


def test_blocks_that_alternate_are_texts_of_their_own() -> None:
    text = f"the token is {TOKEN} and that is all"
    one = messages([text[at : at + 6] for at in range(0, len(text), 6)])
    other = messages([str(number) for number in range(40)], index=1, kind="input_json")
    ping = event({"type": "ping"})
    mixed = [one[0], other[0]]
    for number in range(1, max(len(one), len(other)) - 1):
        mixed += [one[number]] if number < len(one) - 1 else []
        mixed += [ping]
        mixed += [other[number]] if number < len(other) - 1 else []
    said, _ = through("".join([*mixed, other[-1], one[-1]]).encode(), 100, Random(1))  # noqa: S311 - test data
    found = texts_of(said)
    assert found[0] == whole(text)
    assert found[1] == "".join(map(str, range(40)))
    assert said.count('"ping"') == mixed.count(ping)


def test_an_answer_without_secrets_is_not_delayed() -> None:
    flow = EventFlow(PLAIN)
    begin, *deltas, end = messages(["Hello ", "there, ", "here is", " the ", "plan:\n"])
    assert flow.feed(begin.encode()) == begin.encode()
    said = [flow.feed(delta.encode()).decode() for delta in deltas]
    assert [text for one in said for text in texts_of(one).values()] == [
        "Hello ",
        "there, ",
        "here ",
        "is the ",
        "plan:\n",
    ]
    assert said[0] == deltas[0]  # byte for byte
    assert flow.feed(end.encode()) == end.encode()


def test_other_fields_comments_and_broken_events_are_masked_too() -> None:
    wire = (
        f": token {TOKEN}\n\n"
        f'id: {TOKEN}\ndata: {{"type": "ping"}}\n\n'
        + event({"type": "message_start", "message": {"note": TOKEN, "usage": {"input_tokens": 3}}})
        + f"data: {{broken {TOKEN}\n\n"
        + f'data: {{"type": "x", "note": "{TOKEN}'
    )
    said, _ = through(wire.encode(), 7, Random(1))  # noqa: S311 - test data
    assert TOKEN not in said
    assert said.count("[redacted:secret/github-token:") == 5
    assert '"input_tokens":3' in said


def test_a_stream_cut_off_says_what_it_held() -> None:
    flow = EventFlow(Redactor(b"k" * 32, subjects=SECRET))
    first = flow.feed("".join(messages(["abc", "def"])[:-1]).encode()).decode()
    assert texts_of(first + flow.close().decode())[0] == "abcdef"
