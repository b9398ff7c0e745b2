"""How this installation starts its own sandbox."""

import sys
from typing import Final

COMMAND: Final = (sys.executable, "-I", "-m", "bailiwick.cli.sandbox")
"""`bailiwick sandbox` by itself, which starts in a third of the time of the whole command."""
