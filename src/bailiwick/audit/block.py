"""Entries that are settled, those of one tile in one block: what they have in common is kept once (docs/adr, "blocks").

Of the entries is packed together what they say, in ``PARTS`` parts, so that reading one unpacks a quarter. Their commitments and the
names of their keys are random and stand as they are. Of the private parts those under one key are packed and sealed
together, their salts before them. An entry and a private part come back byte for byte.

    entries   the byte 1, keys (2), entries (2), the keys' names (8 each), which key is each entry's (1 each), commitments
              (32 each), the parts' lengths (4 each), then each part: deflated entries with a line feed between them
    private   for each key in this order its length (4), then in the same order, sealed: salts (16 each), deflated private
              parts likewise; length 0 once the key is destroyed

Numbers are unsigned, big-endian. AES-256-GCM as in ``audit.sealing``; the nonce is the beginning of the hash of the
commitments, unique because those are, and what is authenticated with it is the key's name and the block's number.
"""

import struct
import zlib
from collections.abc import Sequence
from hashlib import sha256
from itertools import accumulate

from cryptography.exceptions import InvalidTag

from bailiwick.audit.dictionary import DICTIONARY, ENTRY_DICTIONARY
from bailiwick.audit.merkle import HASH_SIZE
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

_FORM = b"\x01"
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
    unkeyed, of = _taken(bodies, KEY_MARK, _KEY_NAME)
    said, commitments = _taken(unkeyed, PRIVATE_MARK, HASH_SIZE)
    names: dict[bytes, int] = {}
    owners = bytes([names.setdefault(name, len(names)) for name in of])
    texts, salts = _taken([one for one in privates if one is not None], _SALT_MARK, _SALT)
    rest = iter(zip(texts, salts, strict=True))
    unsalted = [None if one is None else next(rest) for one in privates]
    head = _FORM + _HEAD.pack(len(names), len(said)) + b"".join(names) + owners + b"".join(commitments)
    size = -(-len(said) // PARTS)
    parts = [_ENTRIES.packed(b"\n".join(said[low : low + size])) for low in range(0, len(said), size)]
    private = []
    places = gathered(owners, len(names))
    for name, mine in zip(names, places, strict=True):
        committed = b"".join([commitments[index] for index in mine])
        hidden = [unsalted[index] for index in mine]
        private.append(_sealed(_bound(name, number), keys[mine[0]], hidden, committed))
    return Packed(head + _joined(parts), _joined(private))


def _sealed(
    bound: bytes, key: DataKey | None, privates: Sequence[tuple[bytes, bytes] | None], commitments: bytes
) -> bytes:
    """The private parts under one key (without salts, and the salts), sealed; nothing where they were erased."""
    kept = [one for one in privates if one is not None]
    if key is None or len(kept) < len(privates):
        if kept:
            raise BlockError("private parts under one key of which only some can be read")
        return b""
    texts, salts = zip(*kept, strict=True)
    plain = b"".join(salts) + _PRIVATES.packed(b"\n".join(texts))
    return key.cipher.encrypt(sha256(commitments).digest()[:_NONCE_SIZE], plain, bound)


class Block:
    """A block as kept, to read from. Raises SealError where it isn't one."""

    __slots__ = ("_commitments", "_names", "_parts", "_private", "_said", "count", "number", "owners")

    def __init__(self, number: int, entries: bytes, private: bytes) -> None:
        self.number = number
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
        if entries[:1] != _FORM or not 0 < count <= WIDTH or count % PARTS or max(self.owners) >= names:
            raise SealError("a block was changed: it has another form")

    def key(self, owner: int) -> bytes:
        """The name of a key, by its place."""
        return self._names[owner * _KEY_NAME : (owner + 1) * _KEY_NAME]

    @property
    def keys(self) -> list[bytes]:
        """The names of the keys of the private parts."""
        return [self.key(owner) for owner in range(len(self._names) // _KEY_NAME)]

    def bodies(self) -> list[bytes]:
        """The bytes of every entry, in order. Raises SealError."""
        said = [one for part in range(PARTS) for one in self._unpacked(part)]
        return _whole(said, _hexed(self._names, _KEY_NAME), self.owners, self._commitments)

    def body(self, index: int) -> bytes:
        """The bytes of one entry. Raises SealError."""
        part, offset = divmod(index, self.count // PARTS)
        if part not in self._said:
            self._said[part] = self._unpacked(part)
        name, committed = self.key(self.owners[index]), self._commitments[index * HASH_SIZE :][:HASH_SIZE]
        return _whole([self._said[part][offset]], _hexed(name, _KEY_NAME), bytes(1), committed)[0]

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
        if b"".join([sha256(COMMIT + one).digest() for one in found]) != committed:
            raise SealError("the private part isn't the one that was recorded")
        return found

    def every_private(self, keys: Sequence[DataKey | None]) -> tuple[list[int], list[bytes]] | None:
        """The private parts under those of its ``keys`` that are given, and which entries' they are.

        At once, in half the time that one key after the other takes (``privates``); None where something doesn't fit, which
        that tells.
        """
        places, committed, salts, texts = list[int](), list[bytes](), list[bytes](), list[bytes]()
        try:
            for owner, members in enumerate(self.members()):
                key = keys[owner]
                if key is not None and members:
                    commitments, some, said = self._opened(owner, members, key)
                    places += members
                    committed.append(commitments)
                    salts.append(some)
                    texts += said
        except SealError:
            return None
        if not places:
            return [], []
        privates = _salted(texts, b"".join(salts))
        if b"".join([sha256(COMMIT + one).digest() for one in privates]) != b"".join(committed):
            return None
        return places, privates

    def _opened(self, owner: int, members: Sequence[int], key: DataKey) -> tuple[bytes, bytes, list[bytes]]:
        """What is kept under a key: the commitments of its entries, their salts, their private parts without those. Raises SealError."""
        kept, salts = self._commitments, len(members) * _SALT
        committed = b"".join([kept[index * HASH_SIZE : (index + 1) * HASH_SIZE] for index in members])
        try:
            nonce = sha256(committed).digest()[:_NONCE_SIZE]
            plain = key.cipher.decrypt(nonce, self._private[owner], _bound(self.key(owner), self.number))
            text = _inflated(plain[salts:], DICTIONARY, len(members) * MAX_PRIVATE)
        except (InvalidTag, ValueError, zlib.error) as error:
            raise SealError("the private part was changed: its key doesn't open it") from error
        return committed, plain[:salts], text.split(b"\n")

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
        """What the entries of a part say, without commitments and names of keys."""
        size = self.count // PARTS
        try:
            said = _inflated(self._parts[part], ENTRY_DICTIONARY, size * (MAX_ENTRY + 1)).split(b"\n")
        except (ValueError, zlib.error) as error:
            raise SealError("a block was changed: it can't be unpacked") from error
        if len(said) != size:
            raise SealError("a block was changed: it has other entries than it says")
        return said


def _whole(said: Sequence[bytes], names: Sequence[bytes], owners: bytes, commitments: bytes) -> list[bytes]:
    """Entries of what they say, of the names of their keys and of their commitments. Raises SealError."""
    committed = _hexed(commitments, HASH_SIZE)
    return [
        sealed_entry(text, names[owner], one)
        for text, owner, one in zip(said, owners, committed, strict=True)
    ]


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


def _joined(texts: Sequence[bytes]) -> bytes:
    """``_Texts`` as bytes."""
    return b"".join((*map(_LENGTH.pack, map(len, texts)), *texts))


def _salted(texts: Sequence[bytes], salts: bytes) -> list[bytes]:
    """Private parts without salts, with them; nothing where there aren't as many of them."""
    if len(texts) * _SALT != len(salts):
        return []
    found = []
    for text, salt in zip(texts, _hexed(salts, _SALT), strict=True):
        before, mark, after = text.partition(_SALT_MARK)
        found.append(b"".join((before, mark, salt, after)))
    return found


def _hexed(values: bytes, size: int) -> list[bytes]:
    """Values of so many bytes each, in hexadecimal."""
    return values.hex("\n", size).encode().split(b"\n")


def gathered(owners: bytes | bytearray, count: int) -> list[list[int]]:
    """The places of each of ``count`` owners."""
    places: list[list[int]] = [[] for _ in range(count)]
    for place, owner in enumerate(owners):
        places[owner].append(place)
    return places


def _taken(texts: Sequence[bytes], mark: bytes, size: int) -> tuple[list[bytes], list[bytes]]:
    """Texts without the hexadecimal value of ``size`` bytes behind ``mark``, and the values. Raises BlockError.

    In canonical JSON a mark with its quotes occurs where it is meant and nowhere else: quotes inside a string are escaped.
    """
    rest, hexed, end = list[bytes](), list[bytes](), 2 * size
    for text in texts:
        before, found, after = text.partition(mark)
        if not found or after[end : end + 1] != b'"' or b"\n" in text:
            raise BlockError(f"an entry without the usual {mark.decode()}")
        hexed.append(after[:end])
        rest.append(before + found + after[end:])
    digits = b"".join(hexed)
    if digits.translate(None, b"0123456789abcdef"):
        raise BlockError(f"an entry without the usual {mark.decode()}")
    values = bytes.fromhex(digits.decode())
    return rest, [values[at : at + size] for at in range(0, len(values), size)]


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
