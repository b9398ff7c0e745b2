"""Appending on a disk that is slower: strace makes each fdatasync end so much later."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from record import beside

DELAYS_MS = (1, 2, 5)
HERE = Path(__file__).parent
APPENDS = 300
PROGRAM = """
import pathlib, sys, record
turns = record.take_turns(pathlib.Path(sys.argv[1]), record.one_machine(int(sys.argv[2])))
print(turns.bare, turns.one, turns.single, turns.rate)
"""


def measure(room: Path, _: int) -> Iterator[tuple[str, str, str]]:
    """Figures with what they should reach."""
    if not shutil.which("strace"):
        yield "no strace here", "", ""
        return
    for delay in DELAYS_MS:
        words = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", os.devnull, "-e", "trace=fdatasync"]
        words += ["-e", f"inject=fdatasync:delay_exit={delay * 1_000}", sys.executable, "-c", PROGRAM]
        told = subprocess.run(
            [*words, str(room / f"slower-{delay}"), str(APPENDS)],
            env=os.environ | {"PYTHONPATH": beside(HERE)},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if told.returncode:
            yield "strace may not trace here", "", ""
            return
        bare, one, single, rate = map(float, told.stdout.split())
        yield (
            f"{delay} ms more: bare write, 1 client, p50",
            f"{bare * 1e3:.2f}, {one * 1e3:.2f} ms, {one / bare:.2f}x",
            "1.5x",
        )
        yield f"{delay} ms more: 64 clients", f"{rate:,.0f}/s, {rate / single:.1f}x", "10x one client's rate"
