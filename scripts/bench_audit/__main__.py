"""Measure the audit trail: `make bench-audit`, with EVENTS=2000000 for the size that the promises are made for."""

import contextlib
import os
import platform
import tempfile
from pathlib import Path

import detection
import ingest
import record
import search
import sinks

SUBJECTS = (record, ingest, search, detection, sinks)
"""One file a subject, each with ``measure(room, count)`` that yields (what, figure, promise); they go on with one log."""


def main() -> None:
    """Print every figure beside what it should reach."""
    with contextlib.suppress(PermissionError):  # what else runs here is not what is measured
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    count = int(os.environ.get("EVENTS", "200000"))
    print(
        f"{count} events, Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"priority {-os.getpriority(os.PRIO_PROCESS, 0)}\n"
    )
    with tempfile.TemporaryDirectory() as room:
        for subject in SUBJECTS:
            print((subject.__doc__ or "").strip().splitlines()[0])
            for what, figure, promise in subject.measure(Path(room), count):
                print(f"  {what:44} {figure:>22}  {promise}", flush=True)
            print()


if __name__ == "__main__":
    main()
