"""Law 10: any change, removal, re-ordering or truncation is found; a prefix is consistent with its extension."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.audit.canonical import canonical
from bailiwick.audit.chain import ChainState, Fault, Run, Said, Sealed, genesis, link, seal, verify
from bailiwick.audit.merkle import Frontier, leaf_hash, node_hash
from bailiwick.audit.note import Checkpoint, NoteError, Signer, VerifierKey, open_note
from bailiwick.audit.tiles import WIDTH, joined

SIGNER = Signer.from_seed("bailiwick/host/0011", b"s" * 32)
KEY = SIGNER.verifier


def log_of(size: int, epoch: str = "0011") -> tuple[list[Sealed], dict[int, str]]:
    """A log of ``size`` entries and a signed checkpoint at every size."""
    state = genesis(epoch)
    entries, notes = [], {0: note_of(state)}
    for number in range(size):
        state, sealed = seal(state, {"kind": "notice", "text": f"entry {number}"})
        entries.append(sealed)
        notes[state.size] = note_of(state)
    return entries, notes


def note_of(state: ChainState) -> str:
    checkpoint = Checkpoint(
        origin=KEY.name, size=state.size, root=state.frontier.root(), head=state.head, time_ms=state.size
    )
    return SIGNER.sign(checkpoint.text())


ENTRIES, NOTES = log_of(40)


def test_an_untouched_log_verifies() -> None:
    outcome = verify("0011", ENTRIES, NOTES.values(), KEY)
    assert outcome.intact
    assert outcome.state.size == 40
    assert outcome.checkpoints == 41
    assert outcome.state.head == ENTRIES[-1].head


@given(st.integers(0, 39), st.data())
@settings(max_examples=150, deadline=None)
def test_any_changed_byte_is_found_where_it_is(place: int, data: st.DataObject) -> None:
    entry = ENTRIES[place]
    field = data.draw(st.sampled_from(["body", "leaf", "head"]))
    old = getattr(entry, field)
    index = data.draw(st.integers(0, len(old) - 1))
    bit = data.draw(st.integers(0, 7))
    new = old[:index] + bytes([old[index] ^ (1 << bit)]) + old[index + 1 :]
    changed = [*ENTRIES[:place], replace(entry, **{field: new}), *ENTRIES[place + 1 :]]
    outcome = verify("0011", changed, [NOTES[40]], KEY)
    assert not outcome.intact
    assert outcome.faults[0].sequence == place


@given(st.integers(0, 39), st.integers(0, 39))
@settings(max_examples=60, deadline=None)
def test_removal_and_reordering_are_found(one: int, other: int) -> None:
    removed = ENTRIES[:one] + ENTRIES[one + 1 :]
    assert not verify("0011", removed, [NOTES[40]], KEY).intact
    if one != other:
        swapped = list(ENTRIES)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        assert not verify("0011", swapped, [NOTES[40]], KEY).intact


@given(st.integers(0, 39))
@settings(max_examples=20, deadline=None)
def test_truncation_is_found_against_the_last_checkpoint(size: int) -> None:
    outcome = verify("0011", ENTRIES[:size], NOTES.values(), KEY)
    assert (
        next(fault.message for fault in outcome.faults)
        == f"entries {size} to {size} were signed for and are gone"
    )


@given(st.integers(0, 40))
@settings(max_examples=20, deadline=None)
def test_a_prefix_is_consistent_with_its_extension(size: int) -> None:
    assert verify("0011", ENTRIES, [NOTES[size], NOTES[40]], KEY).intact
    assert verify("0011", ENTRIES[:size], [NOTES[size]], KEY).intact


@given(st.integers(0, 39))
@settings(max_examples=20, deadline=None)
def test_a_log_recomputed_from_some_entry_on_is_found(place: int) -> None:
    """Whoever holds the disk but not the key can make hashes fit, not the checkpoints."""
    state = genesis("0011")
    forged = []
    for number, entry in enumerate(ENTRIES):
        text = "forged" if number == place else f"entry {number}"
        state, sealed = seal(state, {"kind": "notice", "text": text})
        forged.append(sealed)
        assert (sealed.body == entry.body) == (number != place)
    assert not verify("0011", forged, [NOTES[40]], KEY).intact


def test_an_inserted_entry_is_found() -> None:
    state, first = seal(genesis("0011"), {"kind": "notice", "text": "more"})
    assert state.size == 1
    assert not verify("0011", [first, *ENTRIES], [NOTES[40]], KEY).intact


def test_entries_of_another_log_are_found() -> None:
    others, _ = log_of(40, epoch="2222")
    assert not verify("0011", others, [NOTES[40]], KEY).intact


def test_without_any_checkpoint_nothing_is_proven() -> None:
    outcome = verify("0011", ENTRIES, [], KEY)
    assert [fault.message for fault in outcome.faults] == [
        "no valid checkpoint: nothing says how long the log was"
    ]


def test_a_checkpoint_signed_by_another_key_is_refused() -> None:
    impostor = Signer.from_seed(KEY.name, b"t" * 32)
    forged = impostor.sign(open_note(NOTES[40], KEY))
    assert (
        "checkpoint: no signature by bailiwick/host/0011"
        in verify("0011", ENTRIES, [forged], KEY).faults[0].message
    )


def test_a_head_seen_earlier_must_still_be_there() -> None:
    assert verify("0011", ENTRIES, [NOTES[40]], KEY, expected_head=ENTRIES[17].head).intact
    assert not verify("0011", ENTRIES, [NOTES[40]], KEY, expected_head=b"\0" * 32).intact


# --- the tree is RFC 6962's

# Leaves and roots of the test vectors that certificate-transparency logs share (RFC 6962 reference implementations).
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_roots_are_those_of_the_published_vectors() -> None:
    frontier = Frontier()
    assert frontier.root() == sha256(b"").digest()
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        frontier = frontier.append(leaf_hash(bytes.fromhex(leaf)))
        assert frontier.root().hex() == root


def recursive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(recursive_root(leaves[:k]), recursive_root(leaves[k:]))


@given(st.integers(1, 300))
@settings(max_examples=40, deadline=None)
def test_the_frontier_agrees_with_the_definition_and_survives_storage(size: int) -> None:
    leaves = [leaf_hash(str(i).encode()) for i in range(size)]
    frontier = Frontier()
    for leaf in leaves:
        frontier = Frontier.from_bytes(frontier.size, frontier.to_bytes()).append(leaf)
    assert frontier.root() == recursive_root(leaves)


def test_a_frontier_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="3 has 2 nodes"):
        Frontier.from_bytes(3, b"\0" * 32)


# --- canonical bytes are RFC 8785's

VALUES = st.recursive(
    st.text() | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="ascii"), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(codec="ascii"), max_size=8), VALUES, max_size=6))
@settings(max_examples=200, deadline=None)
def test_canonical_bytes_equal_rfc_8785(fields: dict[str, Any]) -> None:
    assert canonical(fields) == rfc8785.dumps(fields)


# --- notes are C2SP's

# The example of c2sp.org/signed-note: a note and the key it verifies under.
EXAMPLE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
EXAMPLE_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_the_published_example_note_verifies() -> None:
    assert open_note(EXAMPLE_NOTE, VerifierKey.parse(EXAMPLE_KEY)).startswith("If you think")
    with pytest.raises(NoteError, match="doesn't verify"):
        open_note(EXAMPLE_NOTE.replace("cryptography", "prayer"), VerifierKey.parse(EXAMPLE_KEY))


def test_keys_survive_their_text_form() -> None:
    assert VerifierKey.parse(str(KEY)) == KEY
    for broken in ("", "a+b", "a+00000000+AAAA", str(KEY)[:-4], str(KEY).replace("host", "tsoh")):
        with pytest.raises(NoteError):
            VerifierKey.parse(broken)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "x",
        "a\n0\n\nhead \ntime 0",
        "a\nx\n\nhead \ntime 0\n",
        "a\n00\nAAAA\nhead AAAA\ntime 0\n",
        "a\n1\nAA=\nhead AAAA\ntime 0\n",
    ],
)
def test_malformed_checkpoints_are_refused(broken: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(broken)


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_text_is_a_note_by_accident(text: str) -> None:
    with pytest.raises(NoteError):
        open_note(text, KEY)


@pytest.mark.parametrize("spoiled", [b"", b',"seq":7}', b', "z":1}'])
@pytest.mark.parametrize("signed_at", [100, WIDTH])
def test_entries_kept_together_are_verified_as_one_by_one(spoiled: bytes, signed_at: int) -> None:
    """What other JSON readers may read differently is no entry, though its signer hashed and signed it."""
    state, entries, notes = genesis("0011"), list[Sealed](), []
    for number in range(WIDTH):
        body = seal(state, {"kind": "note", "n": number, "time_ms": number})[1].body
        if number == 7 and spoiled:
            body = body[:-1] + spoiled
        leaf = leaf_hash(body)
        head = link(state.head, leaf)
        state = ChainState(epoch="0011", head=head, frontier=state.frontier.append(leaf))
        entries.append(Sealed(sequence=number, body=body, leaf=leaf, head=head))
        if state.size == signed_at:
            notes.append(note_of(state))
    leaves = b"".join(entry.leaf for entry in entries)
    bodies = [entry.body for entry in entries]
    run = Run(
        first=0,
        head=genesis("0011").head,
        leaves=leaves,
        root=joined(leaves),
        bodies=bodies,
        said=Said.by(bodies),
    )
    together = verify("0011", [run], notes, KEY)
    assert together == verify("0011", entries, notes, KEY)
    assert together.intact == (not spoiled)
    moved = verify("0011", [replace(run, head=bytes(32))], notes, KEY)
    assert "the chain head doesn't follow" in moved.faults[0].message


HONEST = [
    canonical({"kind": "note", "epoch": "0011", "seq": seq, "time_ms": 1, "a": [{}, {}], "tool": "},{"})
    for seq in range(2)
]
CUTS = [at for at, byte in enumerate(b",".join(HONEST)) if byte == ord(",")]


@pytest.mark.parametrize("at", CUTS)
def test_entries_that_are_canonical_only_together_are_refused(at: int) -> None:
    """A signer who cuts two entries in another place has hashed and signed what no reader of one of them understands."""
    text = b",".join(HONEST)
    bodies = [text[:at], text[at + 1 :]]
    assert Said.by(bodies).canonical == (bodies == HONEST)
    state, leaves = genesis("0011"), [leaf_hash(body) for body in bodies]
    for leaf in leaves:
        state = replace(state, head=link(state.head, leaf), frontier=state.frontier.append(leaf))
    run = Run(
        first=0,
        head=genesis("0011").head,
        leaves=b"".join(leaves),
        root=b"",
        bodies=bodies,
        said=Said.by(bodies),
    )
    outcome = verify("0011", [run], [note_of(state)], KEY)
    assert outcome.intact == (bodies == HONEST)
    if bodies != HONEST:
        assert outcome.faults[0] == Fault(
            sequence=0, message="the bytes aren't this log's entry of this sequence"
        )
