"""Learn the weights of the reader of sentences (docs/adr/0024): ``gather`` negatives from a list of skills, then ``train``.

    python scripts/voice/train.py gather SKILLS.txt NEGATIVES.jsonl     # one directory of a skill a line
    python scripts/voice/train.py train NEGATIVES.jsonl [--without WRITER] [--out weights.bin]

Needs requirements.txt beside it, in an environment of its own. The same negatives, corpus and pages give the same file.
"""

import argparse
import json
import re
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import yaml
from scipy.sparse import csr_matrix, diags, vstack
from sklearn.linear_model import LogisticRegression

from bailiwick.analysis.skill.markdown import Block, Kind, blocks
from bailiwick.analysis.skill.prose.learned.reader import runs
from bailiwick.analysis.skill.prose.learned.weights import POINTS, TABLE, VERSION
from bailiwick.analysis.skill.prose.learned.words import BITS, features, number, words_of
from bailiwick.analysis.skill.read import read_facts
from bailiwick.analysis.skill.speech import Sentence, sentences
from bailiwick.model.skill import Role
from bailiwick.service.skill_files import find_skills, read_skill

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SORT_BITS = 14
FLOOR = 60
WRITTEN = 2
"""How much an honest neighbour that was written for this counts for."""

SCALE = 12
SHORT, FEW, ENOUGH = 12, 3, 20
"""Words and passages of a bad skill from which on, and up to which, it is learned from; passages from which on an order has a name."""

PER_DOCUMENT = 150
"""Passages of one document that are learned from, spread over it."""

RULES = {
    "surveillance": "exfiltration",
    "hidden-text": "instruction-override",
    "trigger-hijack/promotion": "trigger-hijack",
    "promotion": "trigger-hijack",
    "logic-bomb": "integrity",
    "logic-bomb/integrity": "integrity",
    "encoded-payload": "staged-payload",
    "reverse-shell": "staged-payload",
    "dynamic-context": "remote-instructions",
    "untrusted-data-as-orders": "remote-instructions",
    "undeclared-capability": "exfiltration",
    "lifecycle-script": "persistence",
    "typosquat": "registry-redirect",
    "payment-diversion": "integrity",
    "payment-change": "integrity",
    "address-swap": "integrity",
    "code-backdoor": "integrity",
    "audit-wiping": "concealment",
    "backup-sabotage": "destructive",
    "git-redirect": "exfiltration",
    "context-siphoning": "exfiltration",
    "covert-forwarding": "exfiltration",
    "reputation-inflation": "trigger-hijack",
    "unauthorised-purchase": "instruction-override",
    "agent-bypass": "settings-tampering",
    "access-grant": "credential-theft",
}


def said(text: str) -> list[Sentence]:
    """The sentences of a passage as a document would have them."""
    found = []
    for block in blocks(text):
        if block.kind is Kind.COMMENT:
            found += sentences(Block(Kind.TEXT, block.text, block.line, "", block.section), Role.INSTRUCTED)
        elif block.kind is not Kind.HEADING:
            found += sentences(block, Role.INSTRUCTED)
    return sorted(found, key=lambda one: one.line)


def stems(listed: list[Sentence]) -> list[frozenset[int]]:
    """The words alone of each passage, as they say which order it is."""
    known = [{number(word.stem) & ((1 << SORT_BITS) - 1) for word in words_of(one.text)} for one in listed]
    return [frozenset().union(*[known[at] for at in run]) for run in runs(listed)]


def passages(listed: list[Sentence]) -> list[frozenset[int]]:
    """The features of each passage, as they say whether it is an order."""
    known = [features(one.text) for one in listed]
    return [frozenset().union(*[known[at] for at in run]) for run in runs(listed)]


def written(without: str) -> Iterator[tuple[bool, str, list[Sentence]]]:
    """What people wrote for this, and the sets of the tests: whether it is bad, which rule, its sentences."""
    for path in sorted((HERE / "corpus").glob("*.jsonl")):
        if path.stem != without:
            for line in path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                head = row.get("heading") or ""
                head = head if head.startswith("#") or not head else f"## {head}"
                rule = row["class"].removeprefix("near-")
                yield row["bad"], RULES.get(rule, rule), said(f"{head}\n\n{row['text']}")
    for name in ("orders", "prose", "malicious", "benign"):
        for case in yaml.safe_load((ROOT / "tests/skills" / f"{name}.yaml").read_text(encoding="utf-8")):
            bad = name == "malicious" or (name != "benign" and "rule" in case)
            files = case.get("files", {})
            if "text" in case:
                text = case["text"]
            elif len(files) == 1 or name == "benign":
                text = "\n\n".join(
                    re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
                    for path, text in files.items()
                    if len(files) == 1 or path.endswith(".md")
                )
            else:
                continue
            listed = said(re.sub(r"```.*?```", "", text, flags=re.DOTALL))
            if name == "malicious" and (len(text.split()) < SHORT or len(list(runs(listed))) > FEW):
                continue  # which of its passages is the bad one isn't said
            rule = case.get("rule", "").removeprefix("skill/")
            yield bad, RULES.get(rule, rule), listed


def matrix(rows: list[frozenset[int]]) -> csr_matrix:
    """One row for each passage, of length one, short ones as if they were of FLOOR features."""
    starts = np.cumsum([0, *[len(row) for row in rows]])
    columns = np.fromiter((one for row in rows for one in sorted(row)), np.int32, starts[-1])
    values = np.concatenate([np.full(len(row), max(len(row), FLOOR) ** -0.5, np.float32) for row in rows])
    return csr_matrix((values, columns, starts), shape=(len(rows), 1 << BITS))


def gather(skills: Path, out: Path) -> None:
    """Write the sentences of every document of some skills to a file."""
    with out.open("w", encoding="utf-8") as file:
        for number, line in enumerate(skills.read_text(encoding="utf-8").split("\n")):
            for place in find_skills(Path(line))[:1] if line else ():
                for document in read_facts(read_skill(place)).documents:
                    if document.role is not Role.FIXTURE:
                        rows = [
                            (s.text, s.line, s.role.value, s.block.kind.value, list(s.block.section))
                            for s in document.sentences
                        ]
                        file.write(json.dumps({"skill": number, "said": rows}) + "\n")


def negatives(path: Path) -> Iterator[frozenset[int]]:
    """The passages of the skills that were gathered, at most so many of one document."""
    for line in path.open(encoding="utf-8"):
        listed = [
            Sentence(
                row[0],
                row[1],
                Role(row[2]),
                negated=False,
                reporting=False,
                block=Block(Kind(row[3]), "", row[1], "", tuple(row[4])),
            )
            for row in json.loads(line)["said"]
        ]
        found = passages(listed)
        step = max(len(found) / PER_DOCUMENT, 1)
        yield from (found[int(at * step)] for at in range(min(len(found), PER_DOCUMENT)))


def pages() -> Iterator[frozenset[int]]:
    """The passages of our own pages: honest English about attacks."""
    for path in sorted(
        [*ROOT.glob("docs/**/*.md"), *ROOT.glob("src/bailiwick/rules/**/*.md"), *ROOT.glob("*.md")]
    ):
        yield from passages(said(path.read_text(encoding="utf-8")))


def train(path: Path, out: Path, without: str) -> None:
    """Learn from everything but what one writer wrote, and write the weights."""
    bad, good, rules, small = [], [*negatives(path), *pages()], [], []
    others = len(good)
    for is_bad, rule, listed in written(without):
        small += stems(listed) if is_bad else []
        for passage in passages(listed):
            if is_bad:
                bad.append(passage)
                rules.append(rule)
            else:
                good.append(passage)
    x = vstack([matrix(bad), matrix(good)])
    y = np.r_[np.ones(len(bad)), np.zeros(len(good))]
    weight = np.r_[np.ones(len(bad)), np.ones(others), np.full(len(good) - others, WRITTEN)]
    learned = LogisticRegression(C=30, solver="liblinear", max_iter=200, tol=1e-3, random_state=0).fit(
        x, y, weight
    )
    order = np.clip(np.round(learned.coef_[0] * SCALE), -127, 127).astype(np.int8)
    names = [name for name in sorted(set(rules)) if rules.count(name) >= ENOUGH]
    kept = [at for at, rule in enumerate(rules) if rule in names]
    words = matrix([small[at] for at in kept])[:, : 1 << SORT_BITS]
    words.data[:] = 1
    rare = np.log(len(kept) / (1 + np.asarray((words > 0).sum(0)).ravel()))
    lengths = np.sqrt(np.asarray(words.sum(1)).ravel() + 1)
    sorter = LogisticRegression(C=10, max_iter=300).fit(
        diags(1 / lengths) @ words @ diags(rare), [rules[at] for at in kept]
    )
    table = sorter.coef_ * rare
    table = table * (127 / np.abs(table).max())
    sorts = np.round(table[[list(sorter.classes_).index(name) for name in names]]).astype(np.int8)
    head = {
        "version": VERSION,
        "bits": BITS,
        "sort_bits": SORT_BITS,
        "scale": SCALE,
        "floor": FLOOR,
        "names": names,
    }
    head |= {
        "bias": round(float(learned.intercept_[0]) * POINTS),
        "review": -2200,
        "high": -700,
        "sure": 600,
    }
    data = zlib.compress(json.dumps(head).encode() + b"\n" + order.tobytes() + sorts.tobytes(), 9)
    out.write_bytes(data)
    print(f"{len(bad)} bad, {len(good)} good, {len(data)} bytes, sha256 {sha256(data).hexdigest()}")


def main() -> None:
    """Take the verb."""
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(required=True, dest="verb")
    one = verbs.add_parser("gather")
    one.add_argument("skills", type=Path)
    one.add_argument("out", type=Path)
    two = verbs.add_parser("train")
    two.add_argument("negatives", type=Path)
    two.add_argument("--without", default="")
    two.add_argument("--out", type=Path, default=ROOT / "src/bailiwick/analysis/skill/prose/learned" / TABLE)
    said_so = parser.parse_args()
    if said_so.verb == "gather":
        gather(said_so.skills, said_so.out)
    else:
        train(said_so.negatives, said_so.out, said_so.without)


if __name__ == "__main__":
    main()
