"""Results of scans kept on disk as JSON, by the skill's bytes and everything that findings depend on."""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from bailiwick import __version__
from bailiwick.model.access import Confidence
from bailiwick.model.skill import (
    Capability,
    CapabilityKind,
    Claim,
    Manifest,
    Partial,
    Role,
    SkillTree,
    Source,
)
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.rule import SkillFinding

MAX_BYTES = 64 * 2**20
"""A result longer than this isn't read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a scan found in a tree; the tree itself is read anew each time."""

    manifest: Manifest
    findings: tuple[SkillFinding, ...]
    partial: tuple[Partial, ...]


@dataclass(frozen=True, slots=True)
class ScanCache:
    """Results in a directory that only its owner may write. What stands in it is data: nothing of it is ever run."""

    directory: Path

    def key(self, tree: SkillTree) -> str:
        """What a result is kept under."""
        seen = hashlib.sha256(rules_digest().encode())
        for entry in tree.entries:
            seen.update(
                repr((entry.path, entry.type, entry.mode, entry.sha256, entry.target, entry.links)).encode(
                    "utf-8", "surrogatepass"
                )
            )
        seen.update(repr((tree.root, tree.name, tree.kind, tree.partial)).encode("utf-8", "surrogatepass"))
        return seen.hexdigest()

    def problem(self) -> str:
        """Why nothing will be kept here, for whoever named it; empty where it will, or where the directory is still to be made."""
        try:
            held = self.directory.stat()
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"{self.directory}: {error.strerror}"
        if not stat.S_ISDIR(held.st_mode):
            return f"{self.directory} is no directory; name one for --cache"
        if held.st_uid != os.getuid() or held.st_mode & 0o022:
            return f"{self.directory} may be written by others, who could put results there; --cache takes a directory of your own (chmod 700)"
        return ""

    def get(self, key: str) -> Result | None:
        """An earlier result; None where there is none, where it can't be read, or where somebody else could have written it."""
        path = self.directory / key
        try:
            seen = path.stat()
            held = self.directory.stat()
            if (
                seen.st_uid != os.getuid()
                or seen.st_mode & 0o022
                or held.st_uid != os.getuid()
                or held.st_mode & 0o022
                or seen.st_size > MAX_BYTES
            ):
                return None
            value = json.loads(path.read_bytes())
            return _result(value) if value["key"] == key else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def put(self, key: str, result: Result) -> None:
        """Keep a result; a cache that can't be written keeps nothing."""
        text = json.dumps({"key": key, **asdict(result)}, separators=(",", ":"))
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = self.directory / f".{key}.{os.getpid()}"
            temporary.write_text(text, encoding="ascii")
            temporary.chmod(0o600)
            temporary.replace(self.directory / key)
        except OSError:
            return


def _result(value: Mapping[str, Any]) -> Result:
    manifest = value["manifest"]
    return Result(
        manifest=Manifest(
            name=str(manifest["name"]),
            description=str(manifest["description"]),
            scoped=manifest["scoped"] is True,
            declared=tuple(_capability(item) for item in manifest["declared"]),
            denied=tuple(_capability(item) for item in manifest["denied"]),
            purposes=tuple(str(item) for item in manifest["purposes"]),
            claims=tuple(
                Claim(kind=str(item["kind"]), target=str(item["target"]), source=_source(item["source"]))
                for item in manifest["claims"]
            ),
            used=tuple(_capability(item) for item in manifest["used"]),
        ),
        findings=tuple(
            SkillFinding(
                rule=str(item["rule"]),
                severity=Severity(item["severity"]),
                confidence=Confidence(item["confidence"]),
                message=str(item["message"]),
                evidence=tuple(_source(one) for one in item["evidence"]),
                why_not=str(item["why_not"]),
            )
            for item in value["findings"]
        ),
        partial=tuple(
            Partial(path=str(item["path"]), reason=str(item["reason"])) for item in value["partial"]
        ),
    )


def _capability(item: Mapping[str, Any]) -> Capability:
    return Capability(
        kind=CapabilityKind(item["kind"]),
        target=str(item["target"]),
        source=_source(item["source"]),
        role=Role(item["role"]),
        detail=str(item["detail"]),
        by=str(item["by"]),
    )


def _source(item: Mapping[str, Any]) -> Source:
    return Source(path=str(item["path"]), line=int(item["line"]))


@cache
def rules_digest() -> str:
    """A digest of everything that findings depend on: the version, the readers and the rules."""
    seen = hashlib.sha256(__version__.encode())

    def walk(place: Traversable) -> None:
        for one in sorted(place.iterdir(), key=lambda entry: entry.name):
            if one.is_dir() and one.name != "__pycache__":
                walk(one)
            elif one.name.endswith((".py", ".yaml", ".txt")):  # weights stand in the code by their digest
                seen.update(one.name.encode() + b"\0" + one.read_bytes())

    for room in ("model", "analysis", "rules", "decision"):
        walk(files("bailiwick").joinpath(room))
    return seen.hexdigest()
