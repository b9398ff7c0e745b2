"""The endpoint service's own command line: ``python -m bailiwick.service.run``, as a unit file or the launcher starts it."""

import argparse
import asyncio
import gc
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path

from bailiwick.service.listening import StartError
from bailiwick.service.log_lines import LOG_FORMAT
from bailiwick.service.places import find

EXIT_ENVIRONMENT = 3


def main(argv: list[str] | None = None) -> int:
    """Run until told to stop. Exit code 3 where the service can't start."""
    gc.disable()  # until it listens: all that a start loads stays, and looking through it again and again is a tenth of it
    from bailiwick.service.resident import serve  # noqa: PLC0415 - loaded without collections

    parser = argparse.ArgumentParser(prog="bailiwick-service", description=__doc__)
    parser.add_argument("--state", type=Path, help="state directory")
    parser.add_argument("--policy", type=Path, help="policy directory")
    parser.add_argument("--runtime", type=Path, help="serve every account, with the socket in this directory")
    asked = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, stream=sys.stderr)
    places = find(str(asked.state) if asked.state else None, str(asked.policy) if asked.policy else None)
    if asked.runtime:
        places = replace(places, runtime=asked.runtime.absolute())
    os.umask(0o077)
    try:
        asyncio.run(serve(places))
    except StartError as error:
        print(f"bailiwick: the service can't start: {error}", file=sys.stderr)  # noqa: T201 - nobody else says it
        return EXIT_ENVIRONMENT
    return 0


if __name__ == "__main__":
    sys.exit(main())
