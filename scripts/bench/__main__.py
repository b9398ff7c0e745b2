"""What governing costs: one run, one table, the target beside each figure.

    scripts/sandbox .venv/bin/python scripts/bench [--calls N] [--json FILE]

Not a test: nothing here passes or fails by the clock. Every figure of the client is a difference measured inside the
same sessions, where calls of all kinds follow each other in random order, so a slow machine is slow for all of them.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from figures import Figure, table
from in_process import in_process
from machine import floor
from on_client import on_client


def main() -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=100, help="Bash calls of each kind (100)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--no-client", action="store_true", help="only what needs no client")
    asked = parser.parse_args()
    figures: list[Figure] = [*floor(), *in_process()]
    if not asked.no_client:
        figures += on_client(asked.calls)
    print(table(figures))
    if asked.json:
        asked.json.write_text(json.dumps([asdict(f) for f in figures], indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
