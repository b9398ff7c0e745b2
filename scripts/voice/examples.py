"""What the readers of sentences learn from; run, it gathers the sentences of public skills, whose text isn't kept here.

python scripts/voice/examples.py SKILLS.txt NEGATIVES.jsonl     # one directory of a skill a line
"""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import yaml

from bailiwick.analysis.skill.markdown import Block, Kind, blocks
from bailiwick.analysis.skill.prose.learned.reader import runs
from bailiwick.analysis.skill.read import read_facts
from bailiwick.analysis.skill.speech import Sentence, sentences
from bailiwick.model.skill import Role
from bailiwick.service.skill_files import find_skills, read_skill

One = TypeVar("One")

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHORT, FEW = 12, 3
"""Words of a bad skill from which on, and passages up to which, it is learned from."""

PER_DOCUMENT = 150
"""Passages of one document that are learned from, spread over it."""

WHOLE = "whole"
"""What holds the passages of whole skills, good and bad, that the scanner was once measured with: one each, of no writer's own choice."""

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


def written(without: str) -> Iterator[tuple[bool, str, list[Sentence]]]:
    """What people wrote for this, and the sets of the tests: whether it is bad, which rule, its sentences."""
    for path in sorted((HERE / "corpus").glob("*.jsonl")):
        if path.stem not in (without, WHOLE):
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


def whole() -> Iterator[tuple[bool, str, str]]:
    """The passages of whole skills: whether each is bad, which rule, its text."""
    for line in (HERE / "corpus" / f"{WHOLE}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["bad"], row["class"], row["text"]


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


def negatives(path: Path) -> Iterator[list[Sentence]]:
    """The sentences of each document of the skills that were gathered."""
    for line in path.open(encoding="utf-8"):
        yield [
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


def spread(found: list[One]) -> Iterator[One]:
    """At most so many of one document's passages, spread over it."""
    step = max(len(found) / PER_DOCUMENT, 1)
    yield from (found[int(at * step)] for at in range(min(len(found), PER_DOCUMENT)))


def pages() -> Iterator[list[Sentence]]:
    """The sentences of our own pages: honest English about attacks."""
    for path in sorted(
        [*ROOT.glob("docs/**/*.md"), *ROOT.glob("src/bailiwick/rules/**/*.md"), *ROOT.glob("*.md")]
    ):
        yield said(path.read_text(encoding="utf-8"))


def main() -> None:
    """Take the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("skills", type=Path)
    parser.add_argument("out", type=Path)
    said_so = parser.parse_args()
    gather(said_so.skills, said_so.out)


if __name__ == "__main__":
    main()
