"""Measure the audit trail: `make bench-audit`, with EVENTS=2000000 for the size that the promises are made for."""

import contextlib
import os
import platform
import tempfile
import time
from hashlib import sha256
from pathlib import Path

import detection
import ingest
import record
import search
import sinks
import slower

from bailiwick.audit import block

SUBJECTS = (record, slower, ingest, search, detection, sinks)
"""One file a subject, each with ``measure(room, count)`` that yields (what, figure, promise); they go on with one log."""


def hash_us() -> float:
    """How fast the processor is for one process just now: two that share a core slow each other down."""
    began = time.process_time()
    for _ in range(200_000):
        sha256(bytes(64)).digest()
    return (time.process_time() - began) * 5


def _form() -> str:
    """What is measured: the sources, or the compiled wheel that comes before them on the path."""
    return "sources" if str(block.__file__).endswith(".py") else "compiled"


def main() -> None:
    """Print every figure beside what it should reach."""
    with contextlib.suppress(PermissionError):  # what else runs here is not what is measured
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    count = int(os.environ.get("EVENTS", "200000"))
    print(
        f"{count} events, {_form()}, Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"priority {-os.getpriority(os.PRIO_PROCESS, 0)}\n"
    )
    print(
        f"the machine now: SHA-256 of 64 bytes in {hash_us():.2f} us of processor time, 0.47 when nothing else ran\n"
    )
    with tempfile.TemporaryDirectory() as room:
        for subject in SUBJECTS:
            print((subject.__doc__ or "").strip().splitlines()[0])
            for what, figure, promise in subject.measure(Path(room), count):
                print(f"  {what:44} {figure:>22}  {promise}", flush=True)
            print()


if __name__ == "__main__":
    main()
