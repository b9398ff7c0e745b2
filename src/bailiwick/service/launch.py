"""Starting a governed session: a service, a session with its documents, then the client in this process's place."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, NoReturn

import orjson

from bailiwick.enforcement.launcher import (
    LaunchError,
    SessionFiles,
    command_line,
    environment,
    is_unattended,
)
from bailiwick.policy.profiles import MINIMUM_CLIENT
from bailiwick.policy.starter import starter_files
from bailiwick.service.account import principal_of
from bailiwick.service.local import ServiceError, call, ensure_running
from bailiwick.service.places import Places

DEFAULT_BASE_URL = "https://api.anthropic.com"
"""Where the client sends model traffic unless told otherwise; pinned, so that a repository can't redirect it."""


MAX_NAMED = 5
"""Skills that are named where they are off; the rest are counted."""


class ClientError(Exception):
    """There is no usable client; the message says what was looked for and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What the person asked for."""

    arguments: Sequence[str]
    profile: str | None = None
    client: str | None = None
    allowed_tools: tuple[str, ...] | None = None
    read_only_files: tuple[str, ...] = ()
    max_bash_timeout: int | None = None
    announced: bool = False
    """Whether the session is named on standard error, as one JSON object, before the client begins."""


def find_client(given: str | None) -> str:
    """The client's program: the one given, else ``BAILIWICK_CLIENT``, else ``claude`` on PATH.

    Raises ``ClientError``.
    """
    wanted = given or os.environ.get("BAILIWICK_CLIENT") or "claude"
    found = shutil.which(wanted)
    if found is None:
        raise ClientError(
            f"no client {wanted!r} found; install it with `npm install -g @anthropic-ai/claude-code`, "
            "or name it with --client"
        )
    return found


def version_of(client: str) -> tuple[int, int, int]:
    """The version the client says it is. Raises ``ClientError``."""
    try:
        printed = subprocess.run(
            [client, "--version"], capture_output=True, text=True, errors="replace", timeout=30, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ClientError(f"{client} --version: {error}") from error
    except OSError as error:
        raise ClientError(
            f"{client} can't be run here ({error.strerror}); install it again with `npm install -g @anthropic-ai/claude-code`, "
            "without --ignore-scripts, or name another with --client"
        ) from error
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", printed.stdout.strip())
    if numbers is None:
        raise ClientError(f"{client} --version printed {printed.stdout[:80]!r}, which is no version")
    return int(numbers[1]), int(numbers[2]), int(numbers[3])


def client_version(client: str) -> str:
    """The client's version as three numbers. Raises ``ClientError`` when it is missing or too old to govern."""
    version = version_of(client)
    shown = ".".join(map(str, version))
    if version < MINIMUM_CLIENT:
        least = ".".join(map(str, MINIMUM_CLIENT))
        raise ClientError(
            f"{client} is {shown}; hooks of clients before {least} fail open, so it can't be governed; "
            f"install {least} or newer"
        )
    return shown


def launch(places: Places, asked: Launch) -> NoReturn:
    """Become the client, governed. Raises ``ClientError``, ``LaunchError``, ``ServiceError`` or ``OSError``.

    1. The client is there, new enough, and asked for nothing that leaves policy.
    2. A service runs, with this policy.
    3. It opens a session for this account and this very process.
    4. The session's documents are written where only this account reads them; with an installation for the
       whole machine the policy helper hands the client this session's settings instead.
    5. The client takes this process's place, so nothing of ours stands between it and the terminal.
    """
    client = find_client(asked.client)
    version = client_version(client)
    command_line(client, None, asked.arguments)  # (1)
    _ensure_policy(places)
    ensure_running(places)  # (2)
    same_policy(places)
    opened = call(  # (3)
        places,
        "POST",
        "/v1/session",
        {
            "project": os.getcwd(),  # noqa: PTH109 - as the client will see it
            "profile": asked.profile,
            "allowed_tools": asked.allowed_tools,
            "read_only_files": asked.read_only_files,
            "max_bash_timeout": asked.max_bash_timeout,
            "unattended": is_unattended(asked.arguments),
            "client_version": version,
            "base_url": os.environ.get("ANTHROPIC_BASE_URL") or DEFAULT_BASE_URL,
            "no_proxy": os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or "",
            "shell": os.environ.get("CLAUDE_CODE_SHELL") or os.environ.get("SHELL") or "",
        },
    )
    files = None if places.machine_wide else write_documents(places, opened)  # (4)
    argv = command_line(client, files, asked.arguments, asked.allowed_tools)
    if asked.announced:
        said = {
            "session": opened["key"],
            "profile": opened["profile"],
            "client": client,
            "client_version": version,
        }
        print(orjson.dumps(said).decode(), file=sys.stderr, flush=True)  # noqa: T201 - nothing of ours runs after this
    elif off := opened.get("skills_off"):
        print(f"bailiwick: {skills_off(off, places)}", file=sys.stderr, flush=True)  # noqa: T201 - as above
    os.execve(client, argv, environment(os.environ, opened["key"]))  # (5)  # noqa: S606


def skills_off(names: Sequence[str], places: Places) -> str:
    """What a person is told of skills that the client leaves out, of which it says only that some setting is to blame."""
    shown = ", ".join(one if one.isprintable() else ascii(one) for one in names[:MAX_NAMED])
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    policy = f" --policy {quote(str(places.policy))}" if places.policy_given else ""
    return (
        f"not approved as they stand, and so off in this session: {shown}{more}; `bailiwick skill verify{policy}` lists them, "
        "`bailiwick skill approve` approves one"
    )


def _ensure_policy(places: Places) -> None:
    """With no policy anywhere yet, the starter becomes this account's policy; the person is told. Raises OSError."""
    if places.policy.exists() or places.machine_wide or places.policy_given:
        return
    author = principal_of(os.getuid()).user
    for name, text in starter_files(author=author).items():
        _write_private(places.policy / name, text.encode())
    print(f"bailiwick: no policy yet, so the starter policy is now in {places.policy}", file=sys.stderr)  # noqa: T201


def same_policy(places: Places) -> None:
    """Raises ``ServiceError`` when the service that runs decides by another policy than the one asked for."""
    running = call(places, "GET", "/v1/status")["policy"]
    if places.policy_given and Path(running).resolve() != places.policy.resolve():
        raise ServiceError(
            f"the running service decides by {running}, not by {places.policy}; stop it with "
            "`bailiwick service stop`, or have a service of its own with --state DIR"
        )


def write_documents(places: Places, opened: Mapping[str, Any]) -> SessionFiles:
    """The session's plugin and settings as private files. Raises ``OSError``."""
    home = places.sessions / str(opened["key"])
    documents = opened["documents"]
    for name, content in documents["plugin"].items():
        _write_private(home / "plugin" / name, _json(content))
    _write_private(home / "settings.json", _json(documents["settings"]))
    return SessionFiles(
        plugin=str(home / "plugin"),
        settings=str(home / "settings.json"),
        managed=orjson.dumps(documents["managed"]).decode(),
    )


def _json(document: object) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _write_private(path: Path, content: bytes) -> None:
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):  # `parents=True` would give those in between the mode of the day
        folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


__all__ = ["ClientError", "Launch", "LaunchError", "client_version", "find_client", "launch"]
