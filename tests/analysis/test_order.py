"""What is said of a command is the same in every process, whatever Python's hashes are seeded with (law 6)."""

import json
import os
import subprocess
import sys

import pytest

COMMANDS = (
    "python3 -c 'import alpha, beta, sys; f = alpha.go if sys.argv else beta.run; f()'",
    "python3 -c 'import os, sys\nf = os.remove if sys.argv[1:] else os.system if sys.stdin else os.mkdir\nprint(map(f, []))'",
    'python3 -c \'import subprocess, sys\nsubprocess.run(["a", "b"] if sys.argv[1:] else ["c"] if sys.flags else sys.argv)\'',
    'python3 -c \'import sys\nopen("a" if sys.argv else "b" if sys.flags else "c", "w" if sys.stdin else sys.argv[1])\'',
    "python3 -c 'import os, sys, gamma\nx = os if sys.argv else gamma if sys.flags else sys\nx.y = 1'",
)
SAID = """
import json, sys
from bailiwick.administration.place import NoFiles
from bailiwick.analysis.tools import analyze
from bailiwick.model.event import Event, ToolCall
from bailiwick.model.request import Principal, Request, Session
for command in json.load(sys.stdin):
    event = Event(name="PreToolUse", session="", cwd="/p", what=ToolCall(tool="Bash", input={"command": command}))
    request = Request(principal=Principal(user="d", uid=1, home="/h"), event=event, session=Session(key="", profile="x", project="/p"), now=0)
    facts = analyze(request, NoFiles())
    print([part.reason for part in facts.opaque], facts.accesses)
"""


@pytest.fixture(scope="module")
def said() -> set[str]:
    """What is said of the commands, for several seeds."""

    def once(seed: int) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        done = subprocess.run(
            [sys.executable, "-c", SAID],
            input=json.dumps(COMMANDS),
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    return {once(seed) for seed in range(1, 5)}


def test_the_first_reason_of_inline_python_does_not_depend_on_the_process(said: set[str]) -> None:
    (only,) = said
    assert only.count("Python code") >= 3
