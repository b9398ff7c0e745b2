"""Verify Bailiwick's evidence and proofs without Bailiwick: one file, Python 3.8+ and the package `cryptography` (43 or newer
for Ed25519, 46 or newer for ML-DSA-44 signatures too). No network, nothing written.

    python3 verify.py PACK --key log.pub [--witness witness.pub]          an evidence pack (a folder)
    python3 verify.py FILE.tlog-proof --key log.pub [--witness ...]       the proof of one event
    ... PACK --key log.pub --payload-keys FILE [--payload SEQ]            a pack, and payloads in it; then prints that of event SEQ

Give the keys as you got them from the log's operator and from the witness before, not the copies in the pack: whoever
can forge a pack can forge the keys in it. Exit code 0: everything holds; 1: not; 2: it can't be told.

A pack is verified like this:
1. The manifest is signed by the log, and every file has the SHA-256 that it says; no file is missing or added.
2. The checkpoint is signed by the log and, with --witness, by the witness.
3. Each line of events.jsonl is a canonical record; its public part is the entry, and its private part, where it
   is shown, is the one that the entry commits to. Sequences go on by one.
4. Hashes of the entries, together with range.json, lead to the root of the checkpoint: nothing in the range was changed,
   removed, added or moved.
5. The entry before the range, where there is one, is before the period and the one after is after it.
6. Every older checkpoint in the pack is signed by the log, and the log of the checkpoint continues it.
7. Every sealed payload belongs to an event that names one; those whose keys are given are the ones that were recorded.
"""

import base64
import hashlib
import json
import os
import sys
import zlib

PUBLIC = set(
    "v epoch seq kind time_ms monotonic_us profile permission_mode event tool rules verdict enforced approved_by policy "
    "client_version decided_us duration_ms elapsed_ms outcome input_bytes input_cut text_bytes response_bytes "
    "accesses_omitted rule level techniques evidence upto keys kept origin_seq private key".split()
)
EMPTY = hashlib.sha256(b"").digest()
DASH = "\u2014"
LENGTHS = {1: 32, 4: 32, 6: 1312}


class Wrong(Exception):
    """What doesn't hold."""


def check(holds, what):
    if not holds:
        raise Wrong(what)


def canonical(fields):
    """RFC 8785 for ASCII keys, strings, integers, lists and objects."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def decoded(text):
    data = base64.b64decode(text, validate=True)
    check(base64.b64encode(data).decode() == text, "not canonical base64")
    return data


# Merkle tree (RFC 6962)


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(count):
    return 1 << ((count - 1).bit_length() - 1)


def range_root(leaves, first, size, outside):
    """The root over ``size`` entries of which ``leaves`` stand from ``first`` on; ``outside`` are the other parts' roots."""
    end, rest = first + len(leaves), list(outside)

    def root(low, high):
        if high <= first or low >= end:
            check(rest, "range.json has too few hashes")
            return rest.pop(0)
        if high - low == 1:
            return leaves[low - first]
        middle = low + split(high - low)
        left = root(low, middle)
        return node_hash(left, root(middle, high))

    found = root(0, size) if size else EMPTY
    check(not rest, "range.json has too many hashes")
    return found


def inclusion_root(leaf, index, size, proof):
    node, place, last = leaf, index, size - 1
    for part in proof:
        check(last, "the proof is too long")
        if place & 1 or place == last:
            node = node_hash(part, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, part)
        place, last = place >> 1, last >> 1
    check(not last, "the proof is too short")
    return node


def consistency_roots(old, size, proof, old_root):
    if old == size:
        check(not proof, "a proof to the same size is empty")
        return old_root, old_root
    if old == 0:
        check(not proof, "a proof from nothing is empty")
        return EMPTY, None
    check(proof, "the consistency proof is empty")
    parts = [old_root, *proof] if old & (old - 1) == 0 else proof
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = node = parts[0]
    for part in parts[1:]:
        check(last, "the consistency proof is too long")
        if place & 1 or place == last:
            before, node = node_hash(part, before), node_hash(part, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, part)
        place, last = place >> 1, last >> 1
    check(not last, "the consistency proof is too short")
    return before, node


# Signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature)


def read_keys(text):
    """Keys in a file, each with name, id, algorithm and bytes."""
    keys = []
    for line in text.split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        name, key_id, encoded = line.strip().split("+", 2)
        material = decoded(encoded)
        check(LENGTHS.get(material[0]) == len(material) - 1, "a key of an unknown kind")
        expected = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
        check(expected.hex() == key_id, "a key's hash doesn't fit it")
        keys.append((name, expected, material[0], material[1:]))
    return keys


def open_note(note):
    check(all(c >= " " or c == "\n" for c in note), "a note has control characters")
    text, separator, block = note.rpartition("\n\n")
    check(separator and block.endswith("\n"), "a note has no signatures")
    signatures = []
    for line in block[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        fit = name and "+" not in name and not any(c.isspace() for c in name)
        check(dash == DASH and fit, "a signature line is malformed")
        blob = decoded(encoded)
        check(len(blob) > 4, "a signature is too short")
        signatures.append((name, blob[:4], blob[4:]))
    return text + "\n", signatures


def signers(note, keys):
    """Those of the keys that signed, each with the time of its signature. A wrong signature by one of them raises Wrong."""
    text, signatures = open_note(note)
    found = []
    for key in keys:
        for name, key_id, signature in signatures:
            if (name, key_id) == (key[0], key[1]):
                found.append((key[0], verify_signature(key, text, signature)))
    return found


def verify_signature(key, text, signature):
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    name, _, algorithm, public = key
    time_s = 0 if algorithm == 1 else int.from_bytes(signature[:8], "big")
    try:
        if algorithm == 1:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
        elif algorithm == 4:
            signed = "cosignature/v1\ntime {}\n{}".format(time_s, text).encode()
            Ed25519PublicKey.from_public_bytes(public).verify(signature[8:], signed)
        else:
            from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

            origin, size, root = read_head(text)
            names = [bytes([len(part)]) + part for part in (name.encode(), origin.encode())]
            signed = (
                b"subtree/v1\n\0"
                + names[0]
                + signature[:8]
                + names[1]
                + bytes(8)
                + size.to_bytes(8, "big")
                + root
            )
            MLDSA44PublicKey.from_public_bytes(public).verify(signature[8:], signed)
    except (InvalidSignature, ValueError, OverflowError):
        raise Wrong("a signature by {} doesn't verify".format(name))
    return time_s


def read_head(text):
    """Origin, size and root of a checkpoint."""
    lines = text[:-1].split("\n")
    check(len(lines) >= 3 and all(lines), "a checkpoint has three lines at least")
    check(lines[1].isdigit() and str(int(lines[1])) == lines[1], "a checkpoint's size isn't one")
    root = decoded(lines[2])
    check(len(root) == 32, "a checkpoint's root isn't one")
    return lines[0], int(lines[1]), root


def signed_head(note, keys, witnesses):
    by = signers(note, keys)
    origin, size, root = read_head(open_note(note)[0])
    check(by, "the checkpoint isn't signed by the log")
    check(all(name == origin for name, _ in by), "the checkpoint is of another log")
    if witnesses:
        check(signers(note, witnesses), "the checkpoint isn't cosigned by the witness")
    return origin, size, root


# Records


def taken_apart(line):
    """Entry and private part (None where it isn't shown) of an exported record."""
    record = json.loads(line.decode("utf-8"))
    check(isinstance(record, dict) and canonical(record) == line, "a record isn't in its canonical form")
    entry = canonical({k: v for k, v in record.items() if k in PUBLIC})
    if record.get("sealed"):
        check(set(record) <= PUBLIC | {"sealed"}, "a sealed record shows private fields")
        return record, entry, None
    private = canonical({k: v for k, v in record.items() if k not in PUBLIC})
    commitment = hashlib.sha256(b"\3" + private).hexdigest()
    check(commitment == record.get("private"), "the private part isn't the one that was recorded")
    return record, entry, private


def verify_pack(folder, keys, witnesses, payload_keys="", wanted=""):
    """What holds of a pack, in words, and payload ``wanted``. Raises Wrong at the first thing that doesn't."""

    def read(name):
        with open(os.path.join(folder, *name.split("/")), "rb") as file:
            return file.read()

    note = read("manifest.note").decode("utf-8")
    check(signers(note, keys), "the manifest isn't signed by the log")  # (1)
    lines = open_note(note)[0][:-1].split("\n")
    check(lines[0] == "bailiwick evidence v1", "the manifest is of an unknown form")
    facts, files = {}, {}
    for line in lines[1:]:
        word, _, rest = line.partition(" ")
        if word == "sha256":
            digest, _, name = rest.partition(" ")
            check(
                name not in files and ".." not in name.split("/") and not name.startswith("/"),
                "a file twice: " + name,
            )
            files[name] = digest
        else:
            check(word not in facts, "the manifest says {} twice".format(word))
            facts[word] = rest
    found = set()
    for base, _, names in os.walk(folder):
        found.update(os.path.relpath(os.path.join(base, name), folder).replace(os.sep, "/") for name in names)
    check(
        found == set(files) | {"manifest.note"},
        "files are missing or added: {}".format(sorted(found ^ set(files))[:3]),
    )
    for name, digest in files.items():
        check(hashlib.sha256(read(name)).hexdigest() == digest, "{} was changed".format(name))
    checkpoint = read("checkpoint").decode("utf-8")
    origin, size, root = signed_head(checkpoint, keys, witnesses)  # (2)
    check(facts["origin"] == origin, "manifest and checkpoint are of two logs")
    leaves, first, times, named = [], None, [], {}
    epoch = origin.rpartition("/")[2]
    for number, line in enumerate(read("events.jsonl").split(b"\n")[:-1]):  # (3)
        try:
            record, entry, _ = taken_apart(line)
        except (Wrong, ValueError) as error:
            raise Wrong("events.jsonl:{}: {}".format(number + 1, error))
        first = record["seq"] if first is None else first
        check(
            record["seq"] == first + number and record["epoch"] == epoch,
            "events.jsonl:{}: not the next entry of this log".format(number + 1),
        )
        leaves.append(leaf_hash(entry))
        times.append(record["time_ms"])
        if record.get("payload"):
            named["payloads/{}.sealed".format(record["seq"])] = record["payload"]
    told = json.loads(read("range.json").decode("utf-8"))
    outside = [decoded(part) for part in told["outside"]]
    check(told["first"] == (first or 0), "range.json begins elsewhere")
    if leaves:
        check(
            range_root(leaves, first, size, outside) == root,
            "the events don't lead to the root of the checkpoint",
        )  # (4)
    begin, end = int(facts["from_ms"]), int(facts["to_ms"])
    inside = [begin <= time < end for time in times]
    check(sum(inside) == int(facts["events"]), "the manifest counts other events")
    if leaves:  # (5)
        check(
            first == int(facts["oldest"]) or not inside[0], "events before the first one here may be missing"
        )
        check(first + len(leaves) == size or not inside[-1], "events after the last one here may be missing")
    count = 0
    for name in sorted(files):  # (6)
        if name.startswith("checkpoints/") and name.endswith(".note"):
            other, old, old_root = signed_head(read(name).decode("utf-8"), keys, [])
            check(other == origin, name + " is of another log")
            proof = [decoded(part) for part in json.loads(read(name[:-5] + ".json").decode("utf-8"))]
            before, after = consistency_roots(old, size, proof, old_root)
            check(before == old_root and after in (root, None), name + ": the log doesn't continue it")
            count += 1
    sealed = {name for name in files if name.startswith("payloads/")}
    check(sealed <= set(named), "a payload belongs to no event here that names one")  # (7)
    payloads = {
        name: opened_payload(read, name, key, sealed, named) for name, key in read_payload_keys(payload_keys)
    }
    told = "intact: {} events of {}, entries {} to {}, under the checkpoint of {} entries; {} older checkpoints".format(
        facts["events"],
        origin,
        first if leaves else "-",
        first + len(leaves) - 1 if leaves else "-",
        size,
        count,
    )
    if sealed:
        told += "; {} sealed payloads, {} opened".format(len(sealed), len(payloads))
    if wanted:
        name = "payloads/{}.sealed".format(wanted)
        check(name in payloads, "no key of the payload of event {} was given".format(wanted))
        told += "\n" + payloads[name].decode("utf-8")
    return told


def read_payload_keys(text):
    """Names of payloads in a pack with their keys, as `bailiwick evidence keys` writes them."""
    if not text:
        return []
    lines = text.split("\n")
    check(lines[0] == "bailiwick payload keys v1" and len(lines) > 2, "these are no keys of payloads")
    pairs = [line.split(" ") for line in lines[2:-1]]
    return [("payloads/{}.sealed".format(sequence), bytes.fromhex(key)) for sequence, key in pairs]


def opened_payload(read, name, key, sealed, named):
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    check(name in sealed, "there is no " + name)
    try:
        unpacker = zlib.decompressobj()
        payload = unpacker.decompress(
            AESGCM(key).decrypt(bytes(12), read(name), b"bailiwick payload"), 1 << 22
        )
    except (InvalidTag, zlib.error):
        raise Wrong("its key doesn't open {}".format(name))
    check(unpacker.eof, name + " isn't whole")
    check(hashlib.sha256(payload).hexdigest() == named[name], name + " isn't the payload that was recorded")
    return payload


def verify_proof(text, keys, witnesses):
    """What a .tlog-proof shows, in words. Raises Wrong."""
    head, separator, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    check(
        separator and lines[0] == "c2sp.org/tlog-proof@v1" and len(lines) >= 3, "this isn't a C2SP tlog-proof"
    )
    check(
        lines[1].startswith("extra ") and lines[2].startswith("index "),
        "the proof has no extra or index line",
    )
    said, index = decoded(lines[1][6:]), int(lines[2][6:])
    extra = json.loads(said.decode("utf-8"))
    check(
        set(extra) <= {"entry", "private"} and canonical(extra) == said,
        "the proof isn't in its canonical form",
    )
    check(str(index) == lines[2][6:] and index >= 0, "the proof's index isn't one")
    entry, private = extra["entry"].encode("utf-8"), extra.get("private")
    origin, size, root = signed_head(checkpoint, keys, witnesses)
    check(index < size, "the log has no such entry")
    proof = [decoded(line) for line in lines[3:]]
    check(all(len(part) == 32 for part in proof), "the proof isn't made of hashes")
    check(inclusion_root(leaf_hash(entry), index, size, proof) == root, "the proof leads to another root")
    record = json.loads(entry.decode("utf-8"))
    check(
        (record["epoch"], record["seq"]) == (origin.rpartition("/")[2], index),
        "the entry says that it stands elsewhere",
    )
    if private is not None:
        digest = hashlib.sha256(b"\3" + private.encode("utf-8")).hexdigest()
        check(digest == record.get("private"), "the private part isn't the one that was recorded")
    shown = "" if private is None else "\n" + private
    return "intact: event {} of {}, in the log when it had {} entries\n{}{}".format(
        index, origin, size, entry.decode("utf-8"), shown
    )


def main(words):
    """Exit code."""
    keys, witnesses, targets, payload_keys, wanted = [], [], [], "", ""
    rest = iter(words)
    try:
        for word in rest:
            if word in ("--key", "--witness"):
                with open(next(rest, ""), encoding="utf-8") as file:
                    (keys if word == "--key" else witnesses).extend(read_keys(file.read()))
            elif word == "--payload-keys":
                with open(next(rest, ""), encoding="utf-8") as file:
                    payload_keys = file.read()
            elif word == "--payload":
                wanted = next(rest, "")
            else:
                targets.append(word)
        if len(targets) != 1 or not keys:
            sys.stderr.write(__doc__ or "")
            return 2
        if os.path.isdir(targets[0]):
            told = verify_pack(targets[0], keys, witnesses, payload_keys, wanted)
        else:
            with open(targets[0], encoding="utf-8", newline="") as file:
                told = verify_proof(file.read(), keys, witnesses)
    except OSError as error:
        sys.stderr.write("{}: {}\n".format(error.filename, error.strerror))
        return 2
    except ImportError as error:
        sys.stderr.write("install a newer `cryptography`: {}\n".format(error))
        return 2
    except Wrong as error:
        sys.stdout.write("NOT INTACT: {}\n".format(error))
        return 1
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        sys.stdout.write("NOT INTACT: malformed: {}\n".format(error))
        return 1
    sys.stdout.write(told + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
