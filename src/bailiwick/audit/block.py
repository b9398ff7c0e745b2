"""Entries that are settled, those of one tile in one block: what they have in common is kept once (docs/adr, "blocks").

Of the entries is packed together what they say, in ``PARTS`` parts, so that reading one unpacks a quarter. Their commitments and the
names of their keys are random and stand as they are. Of the private parts those under one key are packed and sealed
together, their salts before them. An entry and a private part come back byte for byte.

    entries   the byte 2, keys (2), entries (2), the keys' names (8 each), which key is each entry's (1 each), commitments
              (32 each), the parts' lengths (4 each), then each part, deflated: three lines an entry, of what is before the
              name of its key, before its commitment, and after that
    private   for each key in this order its length (4), then in the same order, sealed: salts (16 each), deflated private
              parts, two lines each, before the salt and after it; length 0 once the key is destroyed

Numbers are unsigned, big-endian. AES-256-GCM as in ``audit.sealing``; the nonce is the end of the first entry's commitment, of
which the entry by itself takes the beginning; what is authenticated with it is the key's name and the block's number.

A block that begins with the byte 1 has lines without the breaks at key, commitment and salt, and takes as nonce the beginning of the
hash of the commitments. Such are read, and no longer made.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import accumulate, pairwise

from cryptography.exceptions import InvalidTag

from bailiwick.audit.dictionary import DICTIONARY, ENTRY_DICTIONARY
from bailiwick.audit.merkle import HASH_SIZE, hashed
from bailiwick.audit.sealing import (
    COMMIT,
    KEY_MARK,
    MAX_PRIVATE,
    PRIVATE_MARK,
    DataKey,
    SealError,
    sealed_entry,
)
from bailiwick.audit.tiles import MAX_ENTRY, WIDTH
from bailiwick.model.value import value

PARTS = 4
"""Parts that the entries of a block are packed in."""

_FORM, _OLDER = b"\x02", b"\x01"
_HEAD = struct.Struct(">HH")
_LENGTH = struct.Struct(">I")
_KEY_NAME, _SALT, _NONCE_SIZE = 8, 16, 12
_SALT_MARK = b'"salt":"'
_EFFORT = 3
"""How hard texts are packed, of 9: 6 saves 10 bytes of an entry's 200 and takes a quarter of a block's time more."""

_SMALL = 4_096
"""Texts up to here are packed with a window that costs less to set up."""


class BlockError(ValueError):
    """Entries that can't be kept as a block: they stay as they are."""


@value(frozen=True, slots=True)
class Packed:
    """A block's two texts."""

    entries: bytes
    private: bytes


def pack(
    number: int, bodies: Sequence[bytes], privates: Sequence[bytes | None], keys: Sequence[DataKey | None]
) -> Packed:
    """The block ``number`` of these entries, of their private parts and of the keys of those: None where one was erased.

    Raises BlockError for entries of another form than ``sealing`` gives them.
    """
    before, rest, of = _taken(bodies, KEY_MARK, _KEY_NAME)
    between, after, commitments = _taken(rest, PRIVATE_MARK, HASH_SIZE)
    names: dict[bytes, int] = {}
    owners = bytes([names.setdefault(name, len(names)) for name in of])
    hidden = iter(zip(*_taken([one for one in privates if one is not None], _SALT_MARK, _SALT), strict=True))
    unsalted = [None if one is None else next(hidden) for one in privates]
    head = _FORM + _HEAD.pack(len(names), len(bodies)) + b"".join(names) + owners + b"".join(commitments)
    size = -(-len(bodies) // PARTS)
    said = list(map(b"\n".join, zip(before, between, after, strict=True)))
    parts = [_ENTRIES.packed(b"\n".join(said[low : low + size])) for low in range(0, len(said), size)]
    private = []
    places = gathered(owners, len(names))
    for name, mine in zip(names, places, strict=True):
        nonce, bound = commitments[mine[0]][-_NONCE_SIZE:], _bound(name, number)
        private.append(_sealed(bound, keys[mine[0]], [unsalted[index] for index in mine], nonce))
    return Packed(head + _joined(parts), _joined(private))


def _sealed(
    bound: bytes, key: DataKey | None, privates: Sequence[tuple[bytes, bytes, bytes] | None], nonce: bytes
) -> bytes:
    """The private parts under one key (before the salt, after it, and the salt), sealed; nothing where they were erased."""
    kept = [one for one in privates if one is not None]
    if key is None or len(kept) < len(privates):
        if kept:
            raise BlockError("private parts under one key of which only some can be read")
        return b""
    text = b"\n".join([b"%b\n%b" % (before, after) for before, after, _ in kept])
    plain = b"".join([salt for _, _, salt in kept]) + _PRIVATES.packed(text)
    return key.cipher.encrypt(nonce, plain, bound)


class Block:
    """A block as kept, to read from. Raises SealError where it isn't one."""

    __slots__ = (
        "_commitments",
        "_form",
        "_names",
        "_parts",
        "_private",
        "_said",
        "count",
        "number",
        "owners",
    )

    def __init__(self, number: int, entries: bytes, private: bytes) -> None:
        self.number = number
        self._form = entries[:1]
        self._said: dict[int, list[bytes]] = {}
        try:
            names, count = map(int, _HEAD.unpack_from(entries, 1))
            self.count: int = count
            owners = 1 + _HEAD.size + names * _KEY_NAME
            commitments = owners + count
            parts = commitments + count * HASH_SIZE
            self._names = entries[1 + _HEAD.size : owners]
            self.owners = entries[owners:commitments]
            self._commitments = entries[commitments:parts]
            self._parts = _Texts(entries, parts, PARTS)
            self._private = _Texts(private, 0, names)
        except struct.error as error:
            raise SealError("a block was changed: it ends in the middle") from error
        if (
            self._form not in {_FORM, _OLDER}
            or not 0 < count <= WIDTH
            or count % PARTS
            or max(self.owners) >= names
        ):
            raise SealError("a block was changed: it has another form")

    def key(self, owner: int) -> bytes:
        """The name of a key, by its place."""
        return self._names[owner * _KEY_NAME : (owner + 1) * _KEY_NAME]

    @property
    def keys(self) -> list[bytes]:
        """The names of the keys of the private parts."""
        return _cut(self._names, _KEY_NAME)

    def bodies(self) -> list[bytes]:
        """The bytes of every entry, in order. Raises SealError."""
        names = _hexed(self._names, _KEY_NAME)
        said = [one for part in range(PARTS) for one in self._unpacked(part)]
        keys, committed = [names[owner] for owner in self.owners], _hexed(self._commitments, HASH_SIZE)
        return list(map(b"".join, zip(said[::3], keys, said[1::3], committed, said[2::3], strict=True)))

    def body(self, index: int) -> bytes:
        """The bytes of one entry. Raises SealError."""
        part, offset = divmod(index, self.count // PARTS)
        if part not in self._said:
            self._said[part] = self._unpacked(part)
        name, committed = self.key(self.owners[index]), self._commitments[index * HASH_SIZE :][:HASH_SIZE]
        before, between, after = self._said[part][offset * 3 : offset * 3 + 3]
        return b"".join((before, name.hex().encode(), between, committed.hex().encode(), after))

    def members_of(self, owner: int) -> list[int]:
        """The entries whose private parts are under the key at this place of ``keys``."""
        return [index for index, one in enumerate(self.owners) if one == owner]

    def members(self) -> list[list[int]]:
        """``members_of`` for every key."""
        return gathered(self.owners, len(self._names) // _KEY_NAME)

    def is_empty(self, owner: int) -> bool:
        """Whether nothing is kept under this key any more."""
        return not self._private[owner]

    def privates(self, owner: int, members: Sequence[int], key: DataKey) -> list[bytes]:
        """The private parts under a key (``members_of``), each the one that its entry commits to. Raises SealError."""
        committed, salts, texts = self._opened(owner, members, key)
        found = _salted(texts, salts)
        if b"".join(hashed(COMMIT, found)) != committed:
            raise SealError("the private part isn't the one that was recorded")
        return found

    def every_private(self, keys: Sequence[DataKey | None]) -> tuple[list[int], list[bytes]] | None:
        """The private parts under those of its ``keys`` that are given, and which entries' they are.

        At once, in half the time that one key after the other takes (``privates``); None where something doesn't fit, which
        that tells.
        """
        places, salts, texts = list[int](), list[bytes](), list[bytes]()
        commitments, bound = _cut(self._commitments, HASH_SIZE), _bound(b"", self.number)
        is_older, inflater = self._form == _OLDER, zlib.decompressobj
        for name, key, members, sealed in zip(self.keys, keys, self.members(), self._private, strict=True):
            if key is None or not members:
                continue
            count = len(members)
            nonce = commitments[members[0]][-_NONCE_SIZE:]
            if is_older:
                nonce = _older_nonce([commitments[place] for place in members])
            try:
                plain = key.cipher.decrypt(nonce, sealed, bound + name)
                unpacker = inflater(-15, DICTIONARY)
                text = unpacker.decompress(plain[count * _SALT :], count * MAX_PRIVATE)
            except (InvalidTag, ValueError, zlib.error):
                return None
            if not unpacker.eof or unpacker.unused_data:
                return None
            said = _halved(text.split(b"\n")) if is_older else text.split(b"\n")
            if len(said) != 2 * count:
                return None
            places += members
            salts.append(plain[: count * _SALT])
            texts += said
        privates = _salted(texts, b"".join(salts)) if places else []
        if hashed(COMMIT, privates) != [commitments[place] for place in places]:
            return None
        return places, privates

    def _opened(self, owner: int, members: Sequence[int], key: DataKey) -> tuple[bytes, bytes, list[bytes]]:
        """What is kept under a key: the commitments of its entries, their salts, their private parts without those. Raises SealError."""
        kept, salts = self._commitments, len(members) * _SALT
        committed = [kept[index * HASH_SIZE : (index + 1) * HASH_SIZE] for index in members]
        try:
            bound = _bound(self.key(owner), self.number)
            plain = key.cipher.decrypt(self._nonce(committed), self._private[owner], bound)
            text = _inflated(plain[salts:], DICTIONARY, len(members) * MAX_PRIVATE)
        except (InvalidTag, ValueError, zlib.error) as error:
            raise SealError("the private part was changed: its key doesn't open it") from error
        texts = text.split(b"\n")
        return b"".join(committed), plain[:salts], _halved(texts) if self._form == _OLDER else texts

    def _nonce(self, commitments: Sequence[bytes]) -> bytes:
        """The nonce of what is sealed for entries with these commitments."""
        return _older_nonce(commitments) if self._form == _OLDER else commitments[0][-_NONCE_SIZE:]

    def without(self, keys: frozenset[str]) -> tuple[bytes, list[int]] | None:
        """The private text without what is under these keys, and the entries whose that was; None where nothing of it is here."""
        doomed = {
            owner for owner, name in enumerate(self.keys) if self._private[owner] and name.hex() in keys
        }
        if not doomed:
            return None
        kept = [b"" if owner in doomed else self._private[owner] for owner in range(len(self.keys))]
        return _joined(kept), [index for index, owner in enumerate(self.owners) if owner in doomed]

    def _unpacked(self, part: int) -> list[bytes]:
        """What the entries of a part say: of each what goes before the name of its key, up to its commitment, and after that. Raises SealError."""
        size = self.count // PARTS
        try:
            said = _inflated(self._parts[part], ENTRY_DICTIONARY, size * (MAX_ENTRY + 2)).split(b"\n")
        except (ValueError, zlib.error) as error:
            raise SealError("a block was changed: it can't be unpacked") from error
        if self._form == _OLDER:
            said = [piece for one in said for piece in sealed_entry(one, b"\n", b"\n").split(b"\n")]
        if len(said) != 3 * size:
            raise SealError("a block was changed: it has other entries than it says")
        return said


def _older_nonce(commitments: Sequence[bytes]) -> bytes:
    """``Block._nonce`` in the form before this one."""
    return sha256(b"".join(commitments)).digest()[:_NONCE_SIZE]


class _Texts:
    """``count`` texts, their lengths before them, and nothing behind. Raises struct.error, SealError."""

    __slots__ = ("_data", "_ends")

    def __init__(self, data: bytes, at: int, count: int) -> None:
        lengths = struct.unpack_from(f">{count}I", data, at)
        self._data = data
        self._ends = tuple(accumulate(lengths, initial=at + count * _LENGTH.size))
        if self._ends[-1] != len(data):
            raise SealError("a block was changed: it has another length than it says")

    def __getitem__(self, place: int) -> bytes:
        return self._data[self._ends[place] : self._ends[place + 1]]

    def __iter__(self) -> Iterator[bytes]:
        data, ends = self._data, self._ends
        return iter([data[low:high] for low, high in pairwise(ends)])


def _joined(texts: Sequence[bytes]) -> bytes:
    """``_Texts`` as bytes."""
    return b"".join((*map(_LENGTH.pack, map(len, texts)), *texts))


def _salted(halves: Sequence[bytes], salts: bytes) -> list[bytes]:
    """Private parts, of what goes before the salt of each and what goes after it; nothing where there aren't as many salts."""
    if len(halves) * _SALT != 2 * len(salts):
        return []
    return list(map(b"".join, zip(halves[::2], _hexed(salts, _SALT), halves[1::2], strict=True)))


def _halved(texts: Sequence[bytes]) -> list[bytes]:
    """What the form before this one kept of private parts, as this one keeps it."""
    parted = [text.partition(_SALT_MARK) for text in texts]
    return [half for before, mark, after in parted for half in (before + mark, after)]


def _cut(values: bytes, size: int) -> list[bytes]:
    """Values of so many bytes each."""
    return [values[at : at + size] for at in range(0, len(values), size)]


def _hexed(values: bytes, size: int) -> list[bytes]:
    """Values of so many bytes each, in hexadecimal."""
    return values.hex("\n", size).encode().split(b"\n")


def gathered(owners: bytes | bytearray, count: int) -> list[list[int]]:
    """The places of each of ``count`` owners."""
    places: list[list[int]] = [[] for _ in range(count)]
    for place, owner in enumerate(owners):
        places[owner].append(place)
    return places


def _taken(texts: Sequence[bytes], mark: bytes, size: int) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Of texts what goes up to the end of ``mark``, what follows the hexadecimal value of ``size`` bytes there, and the values.

    Raises BlockError. In canonical JSON a mark with its quotes occurs where it is meant and nowhere else: quotes inside a string are escaped.
    """
    begins, ends, hexed, end = list[bytes](), list[bytes](), list[bytes](), 2 * size
    for text in texts:
        before, found, after = text.partition(mark)
        if not found or after[end : end + 1] != b'"' or b"\n" in text:
            raise BlockError(f"an entry without the usual {mark.decode()}")
        begins.append(before + found)
        hexed.append(after[:end])
        ends.append(after[end:])
    digits = b"".join(hexed)
    if digits.translate(None, b"0123456789abcdef"):
        raise BlockError(f"an entry without the usual {mark.decode()}")
    return begins, ends, _cut(bytes.fromhex(digits.decode()), size)


def _bound(name: bytes, number: int) -> bytes:
    return b"block %d %s" % (number, name)


class _Packer:
    """Packs texts that have a dictionary in common. That is taken in once; each text goes on from a copy, in two thirds of the time."""

    def __init__(self, dictionary: bytes) -> None:
        # What is short doesn't need codes of its own (RFC 1951, 3.2.6): 4 bytes more of an entry, and a third less time to unpack.
        self._short = zlib.compressobj(_EFFORT, zlib.DEFLATED, -12, 5, zlib.Z_FIXED, dictionary)
        # With the widest window 256 KiB are taken from the system and given back each time: 2 bytes less, and twice the time.
        self._long = zlib.compressobj(_EFFORT, zlib.DEFLATED, -14, 7, zlib.Z_DEFAULT_STRATEGY, dictionary)

    def packed(self, text: bytes) -> bytes:
        """``text``, deflated."""
        packer = (self._short if len(text) <= _SMALL else self._long).copy()
        return packer.compress(text) + packer.flush()


_ENTRIES, _PRIVATES = _Packer(ENTRY_DICTIONARY), _Packer(DICTIONARY)


def _inflated(packed: bytes, dictionary: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj(-15, dictionary)
    text = unpacker.decompress(packed, most)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("not a whole packed text")
    return text
