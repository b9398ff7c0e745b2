"""What the PDP says of a path, the kernel says too: each policy of the table, each path of a small world, each backend."""

import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bailiwick.enforcement.sandbox.oracle import Oracle
from bailiwick.model.access import AccessKind
from bailiwick.service.sandbox.kernel import landlock_abi
from bailiwick.service.sandbox.runner import Backend
from confined import policy_of, run, sandbox_of

HERE = Path(__file__).parent
TABLE = yaml.safe_load((HERE / "differential.yaml").read_text())

EXISTING = {
    "project/src/a.ts": "a",
    "project/.env": "secret",
    "project/sub/.env": "secret",
    "project/key.pem": "secret",
    "project/sub/deep/x.txt": "x",
    "project/.git/hooks/pre-commit.sample": "sample",
    "project/.git/config": "[core]",
    "project/.git/HEAD": "ref: refs/heads/main",
    "project/.claude/settings.json": "{}",
    "project/.claude/notes.md": "notes",
    "home/.ssh/id": "secret",
    "home/.npm/_logs/one.log": "log",
    "home/.npmrc": "secret",
    "home/notes.txt": "notes",
    "outside/secret.txt": "secret",
    "outside/deep/er/secret.txt": "secret",
}
ABSENT = (
    "project/new.txt",
    "project/src/new.ts",
    "project/sub/new.txt",
    "project/sub/deep/.env",
    "project/new.pem",
    "project/.mcp.json",
    "project/sub/.mcp.json",
    "project/src/.mcp.json",
    "project/.git/hooks/post-commit",
    "project/.git/index",
    "project/.claude/settings.local.json",
    "project/.claude/hooks/run.sh",
    "home/.npm/_logs/two.log",
    "home/new",
    "home/.bashrc",
    "outside/new",
)
LINKS = {
    "project/link-out": "../outside/secret.txt",
    "project/link-in": "src/a.ts",
    "project/up": "../home/.ssh",
}
THROUGH = {"project/link-out": "outside/secret.txt", "project/up/id": "home/.ssh/id"}

PROBES = """
exec 2>/dev/null
say() {{ printf '%s %s %s\\n' "$1" "$2" "$3"; }}
for path in {existing} {through}; do
  if {{ : < "$path"; }}; then say read "$path" yes; else say read "$path" no; fi
done
for path in {existing} {through}; do
  if {{ printf x >> "$path"; }}; then say append "$path" yes; else say append "$path" no; fi
done
chmod 777 -- {existing} {through}
touch -d 2001-01-01 -- {existing} {through}
truncate -s 1 -- {existing} {through}
for path in {existing}; do
  ln -- "$path" "$path.hard" && printf y >> "$path.hard"
  mv -- "$path" "$path.moved" && mv -- "$path.moved" "$path"
done
for path in {absent}; do
  if {{ printf x > "$path"; }}; then say create "$path" yes; else say create "$path" no; fi
  printf x > "$path.tmp" && mv -T -- "$path.tmp" "$path"
done
mkdir -p -- {absent}
for path in {absent}; do [ -e "$path" ] || ln -s /etc/passwd "$path"; done
rm -f -- {existing}
for path in {existing}; do if [ -e "$path" ]; then say delete "$path" no; else say delete "$path" yes; fi; done
true
"""


def build(world: Path) -> None:
    for name, text in EXISTING.items():
        (world / name).parent.mkdir(parents=True, exist_ok=True)
        (world / name).write_text(text)
    for name, target in LINKS.items():
        (world / name).symlink_to(target)
    (world / "tmp").mkdir()


@pytest.mark.parametrize("backend", [Backend.BUBBLEWRAP, Backend.LANDLOCK])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["name"])
def test_kernel_and_policy_agree(row: dict[str, Any], backend: Backend, tmp_path: Path) -> None:
    if backend is Backend.LANDLOCK and landlock_abi() < 6:
        pytest.skip("the kernel has no Landlock 6")
    world = tmp_path.resolve()
    build(world)
    files = json.loads(json.dumps(row["files"]).replace("${world}", str(world)))
    oracle = sandbox_of(policy_of(files), world).oracle
    quoted = {
        name: " ".join(shlex.quote(str(world / path)) for path in paths)
        for name, paths in (("existing", EXISTING), ("absent", ABSENT), ("through", THROUGH))
    }
    modes = {path: (world / path).stat().st_mode for path in EXISTING}
    done = run(
        sandbox_of(policy_of(files), world, backend=backend), "/bin/bash", "-c", PROBES.format(**quoted)
    )
    assert done.code == 0, done.stderr
    said = {
        (kind, path): answer for kind, path, answer in (line.split(" ") for line in done.stdout.splitlines())
    }
    assert len(said) == 3 * len(EXISTING) + 2 * len(THROUGH) + len(ABSENT)

    gaps = set(row.get("gaps", ()))
    seen = Seen(world, oracle, said, whole=backend is Backend.BUBBLEWRAP)
    gaps |= set(seen.nested())
    assert [*seen.existing(modes), *seen.through(), *seen.absent(gaps, set(row.get("narrower", ())))] == []
    if backend is Backend.BUBBLEWRAP:
        assert {("made", str(world / name)) for name in gaps} <= set(done.drift)


@dataclass
class Seen:
    """The world afterwards beside what the probes said; each method yields what does not agree with the policy.

    ``whole``: the backend holds all of the policy, so that what is allowed must work too.
    """

    world: Path
    oracle: Oracle
    said: dict[tuple[str, str], str]
    whole: bool

    def worked(self, probe: str, name: str) -> bool:
        return self.said[probe, str(self.world / name)] == "yes"

    def may(self, kind: AccessKind, name: str) -> bool:
        return self.oracle.allows(kind, str(self.world / name))

    def existing(self, modes: dict[str, int]) -> Iterator[str]:
        for name, text in EXISTING.items():
            path, readable = self.world / name, self.may(AccessKind.READ, name)
            if self.worked("read", name) is not readable:
                yield f"{name}: read is {readable} to the policy"
            if not self.may(AccessKind.WRITE, name):
                if not path.is_file() or path.read_text() != text or path.stat().st_mode != modes[name]:
                    yield f"{name} was changed"
            elif self.whole and readable and not self.worked("append", name):
                yield f"{name} could not be written"
            if not self.may(AccessKind.DELETE, name) and not path.exists():
                yield f"{name} was deleted"

    def through(self) -> Iterator[str]:
        for link, target in THROUGH.items():
            if self.worked("read", link) and not self.may(AccessKind.READ, target):
                yield f"{target} was read through {link}"

    def absent(self, gaps: set[str], narrower: set[str]) -> Iterator[str]:
        for name in ABSENT:
            there, may = os.path.lexists(self.world / name), self.may(AccessKind.WRITE, name)
            if there and not may and name not in gaps:
                yield f"{name} was made"
            if self.whole and name in gaps and not there:
                yield f"{name} is no gap any more"
            if self.whole and may is not (there or name in narrower) and name not in gaps:
                yield f"{name} could not be made"

    def nested(self) -> Iterator[str]:
        """Names protected anywhere, in directories deep in the project where anything else may be made: no mount helps."""
        for name in ABSENT:
            parent = str(Path(name).parent)
            if (
                parent in {"project/sub", "project/sub/deep", "project/src"}
                and not self.may(AccessKind.WRITE, name)
                and self.may(AccessKind.WRITE, f"{parent}/anything")
            ):
                yield name


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    world = tmp_path.resolve()
    (world / "project").mkdir()
    (world / "home").mkdir()
    (world / "tmp").mkdir()
    policy = policy_of({"writable": ["${project}/**"], "other": "deny"})
    done = run(sandbox_of(policy, world, backend="bubblewrap"), "/bin/ls", "-A", str(world / "project"))
    assert ".claude" in done.stdout, done.stderr
    assert list((world / "project").iterdir()) == []
