"""Where a skill of a name may come from, what stands there, and that a change is always seen."""

import json
import os
from pathlib import Path

import pytest

from bailiwick.administration.skills.dsse import public_of
from bailiwick.administration.skills.lock import LOCK, SIGNATURE, Lock
from bailiwick.information.attribution import How, SkillUse
from bailiwick.model.decision import Origin
from bailiwick.policy.types import Approver, Lasting
from bailiwick.service.skills import copies as module
from bailiwick.service.skills.copies import Copies, Where, root_of
from bailiwick.service.skills.keys import KeyFileError, key_text, make_key, read_key
from bailiwick.service.skills.lock_file import LockFile, load, save
from bailiwick.service.skills.view import active_skills


def skill(where: Path, *, front: str = "", script: str = "") -> Path:
    where.mkdir(parents=True)
    (where / "SKILL.md").write_text(f"---\nname: {where.name}\n{front}---\ntext\n")
    if script:
        (where / "run.py").write_text(script)
    return where


@pytest.fixture
def where(tmp_path: Path) -> Where:
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    return Where(
        project=str(project), cwd=str(project / "src"), configurations=(str(tmp_path / "home/.claude"),)
    )


def roots(where: Where, name: str) -> set[str]:
    return {copy.root for copy in Copies().named(name, where).copies}


def test_every_place_of_a_name_counts(where: Where, tmp_path: Path) -> None:
    project = Path(where.project)
    expected = {
        str(skill(tmp_path / "home/.claude/skills/pdf")),
        str(skill(project / ".claude/skills/pdf")),
        str(skill(project / "src/.claude/skills/pdf")),
        str(skill(project / "apps/web/.claude/skills/pdf")),
        str(skill(tmp_path / ".claude/skills/pdf")),
        str(skill(project / ".claude/skills/other", front="name: pdf\n")),
    }
    command = project / ".claude/commands/deep/pdf.md"
    command.parent.mkdir(parents=True)
    command.write_text("text")
    skill(project / "node_modules/x/.claude/skills/pdf")
    (project / ".claude/skills/other/SKILL.md").write_text("---\ndescription: d\nname: pdf\n---\n")
    assert roots(where, "pdf") == {*expected, str(command)}
    assert roots(where, "deep:pdf") == {*expected, str(command)}


def test_a_plugins_skill_by_its_full_name(where: Where, tmp_path: Path) -> None:
    plugins = tmp_path / "home/.claude/plugins"
    installed = skill(plugins / "cache/market/tool/1.0/skills/pdf")
    skill(plugins / "cache/market/tool/0.9/skills/pdf")
    listed = {"plugins": {"tool@market": [{"installPath": str(plugins / "cache/market/tool/1.0")}]}}
    (plugins / "installed_plugins.json").write_text(json.dumps(listed))
    assert roots(where, "tool:pdf") == {str(installed)}
    assert roots(where, "pdf") == set()


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\0b", "x" * 5000])
def test_names_that_are_none(where: Where, name: str) -> None:
    found = Copies().named(name, where)
    assert found.copies == ()


def test_a_project_too_large_to_look_through_is_said_to_be(
    where: Where, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_DIRECTORIES", 1)
    assert "too large" in Copies().named("pdf", where).problem


def test_any_change_gives_another_digest_at_once(tmp_path: Path) -> None:
    place, copies = skill(tmp_path / "pdf", script="print(1)\n"), Copies()
    first = copies.at(str(place), "pdf")
    assert copies.at(str(place), "pdf") is first
    script, times = place / "run.py", (place / "run.py").stat()
    script.write_text("print(2)\n")
    os.utime(script, ns=(times.st_atime_ns, times.st_mtime_ns))  # the change of the inode shows all the same
    second = copies.at(str(place), "pdf")
    assert second.digest not in {"", first.digest}
    script.chmod(0o755)
    assert copies.at(str(place), "pdf").digest not in {"", first.digest, second.digest}
    (place / "empty").mkdir()
    assert copies.at(str(place), "pdf").digest not in {"", first.digest, second.digest}
    (place / "out").symlink_to("/etc")
    assert "leads out" in copies.at(str(place), "pdf").problem
    assert copies.at(str(tmp_path / "gone"), "gone").digest == ""


@pytest.mark.parametrize(
    ("front", "forks"),
    [
        ("context: fork\n", True),
        ("context: 'fork' # own\n", True),
        ("context: forked\n", False),
        ("description: |\n  context: fork\n", False),
        ("", False),
    ],
)
def test_which_skills_fork(tmp_path: Path, front: str, *, forks: bool) -> None:
    assert Copies().at(str(skill(tmp_path / "s", front=front)), "s").forks is forks


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("/w/.claude/skills/pdf/SKILL.md", "/w/.claude/skills/pdf"),
        ("/w/.claude/skills/pdf/a/b.py", "/w/.claude/skills/pdf"),
        ("/h/.claude/plugins/cache/m/p/1/skills/pdf/x", "/h/.claude/plugins/cache/m/p/1/skills/pdf"),
        ("/w/.claude/commands/a/b.md", "/w/.claude/commands/a/b.md"),
        ("/tmp/evil/SKILL.md", "/tmp/evil"),
        ("/tmp/evil/skill.md", "/tmp/evil"),
        ("/known/root/x", "/known/root"),
        ("/w/skills/pdf/x", None),
        ("/w/src/a.py", None),
        ("/SKILL.md", None),
    ],
)
def test_whose_file_it_is(path: str, root: str | None) -> None:
    assert root_of(path, ["/known/root"]) == root


def test_how_long_a_skill_counts() -> None:
    called = SkillUse(name="a", agent="", session="c", how=How.CALLED, places=(("/a", "1"),))
    lingers = SkillUse(name="b", agent="", session="c", how=How.READ, lingers=True)
    old = SkillUse(name="c", agent="", session="c", how=How.READ, lingers=True, compacted=True)
    for lasting, expected in (("turn", "a"), ("compaction", "ab"), ("session", "abc")):
        found = active_skills((called, lingers, old), Lasting(lasting))
        assert "".join(sorted(one.name for one in found)) == expected
        assert [one.name for one in found if one.called] == ["a"]


def test_the_lock_is_read_when_it_changes_and_a_rollback_is_seen(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key.pem")
    alice = Approver(name="alice", origin=Origin(file="o", line=1), key=public_of(key))
    file = LockFile(tmp_path)
    assert "has no skills/lock.json" in file.approvals([alice], 10).problem
    save(tmp_path, Lock(), key, now=10)
    old = {name: (tmp_path / name).read_bytes() for name in (LOCK, SIGNATURE)}
    assert file.approvals([alice], 10).version == 1
    save(tmp_path, load(tmp_path, [alice], now=10), key, now=10)
    assert file.approvals([alice], 10).version == 2
    for name, content in old.items():
        (tmp_path / name).write_bytes(content)
    assert "rolled back" in file.approvals([alice], 10).problem
    (tmp_path / SIGNATURE).unlink()
    assert "is missing" in file.approvals([alice], 10).problem
    assert "names nobody" not in file.approvals([alice], 10).problem


def test_a_lock_that_ends_while_it_is_known_holds_no_longer(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key.pem")
    alice = Approver(name="alice", origin=Origin(file="o", line=1), key=public_of(key))
    save(tmp_path, Lock(), key, now=10)
    file = LockFile(tmp_path)
    assert not file.approvals([alice], 10).problem
    assert "ended on" in file.approvals([alice], 10 + 181 * 86_400).problem


def test_keys(tmp_path: Path) -> None:
    key = make_key(tmp_path / "a/key.pem", passphrase=b"secret")
    again = read_key(tmp_path / "a/key.pem", passphrase=b"secret")
    assert key_text(again) == key_text(key)
    with pytest.raises(KeyFileError, match="passphrase is wrong"):
        read_key(tmp_path / "a/key.pem", passphrase=b"other")
    with pytest.raises(KeyFileError, match="File exists"):
        make_key(tmp_path / "a/key.pem")
    (tmp_path / "a/key.pem").chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_key(tmp_path / "a/key.pem")
    with pytest.raises(KeyFileError, match="skill key"):
        read_key(tmp_path / "none.pem")


def test_what_stands_where_the_client_lists_skills(where: Where, tmp_path: Path) -> None:
    skill(tmp_path / "home/.claude/skills/pdf", front="name: other\n")
    (tmp_path / "home/.claude/skills/pdf/SKILL.md").write_text("---\nname: other\n---\n")
    skill(Path(where.project) / "apps/.claude/skills/nested")
    command = Path(where.project) / ".claude/commands/deploy.md"
    command.parent.mkdir(parents=True)
    command.write_text("x")
    assert {copy.name for copy in Copies().standing(where)} == {"pdf", "other", "deploy"}
