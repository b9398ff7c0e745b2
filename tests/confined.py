"""One command in the sandbox of a policy, in a small world of its own."""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bailiwick.enforcement.sandbox.confine import Where
from bailiwick.enforcement.sandbox.oracle import Oracle
from bailiwick.model.request import Principal
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.types import Policy
from bailiwick.service.sandbox.runner import Backend, Sandbox

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


def policy_of(files: dict[str, Any], **sections: Any) -> Policy:
    """A profile with these sections; JSON is YAML."""
    said = {"profile": "test", "tools": {"other": "allow"}, "files": files, **sections}
    texts = {"organisation.yaml": "organisation: Test", "profiles/test.yaml": json.dumps(said)}
    return load_policy_set(texts).policies["test"]


def sandbox_of(policy: Policy, world: Path, *, backend: str | None = None, **more: Any) -> Sandbox:
    """The sandbox of ``policy`` in a world with a project and a home directory."""
    project, home = str(world / "project"), str(world / "home")
    return Sandbox(
        oracle=Oracle(policy, Principal(user="dev", uid=1, home=home), project),
        where=Where(project=project, home=home, cwd=more.pop("cwd", "/usr"), temporary=str(world / "tmp")),
        home=world / "state",
        wanted=Backend(backend) if backend else None,
        environment=more.pop("environment", ENVIRONMENT),
        **more,
    )


@dataclass(frozen=True)
class Done:
    """How a command in the sandbox ended. ``drift`` is where kernel and policy differed."""

    code: int
    stdout: str
    stderr: str
    drift: tuple[tuple[str, str], ...]


def run(sandbox: Sandbox, *argv: str, stdin: bytes = b"") -> Done:
    """Run in a process of its own, because Landlock binds the process that asks for it."""
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        tempfile.TemporaryFile() as drift,
    ):
        given.write(stdin)
        given.seek(0)
        child = os.fork()
        if child == 0:
            for number, file in enumerate((given, out, err)):
                os.dup2(file.fileno(), number)
            code = 70
            try:
                outcome = sandbox.run(argv)
                os.write(drift.fileno(), json.dumps([(one.what, one.path) for one in outcome.drift]).encode())
                code = outcome.code
            except BaseException as error:  # noqa: BLE001 - a test's process must not go on as the test
                os.write(2, f"{type(error).__name__}: {error}".encode())
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        texts = [_read(file) for file in (out, err, drift)]
    return Done(
        code=code,
        stdout=texts[0],
        stderr=texts[1],
        drift=tuple((what, path) for what, path in json.loads(texts[2] or "[]")),
    )


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
