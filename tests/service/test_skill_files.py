"""Skills are found and read within bounds, nothing is followed, and what isn't looked at is said."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from bailiwick.analysis.skill.containers import MAX_NESTED, containers
from bailiwick.model.skill import EntryType, SkillTree, TreeKind, file_entry
from bailiwick.service import skill_files
from bailiwick.service.skill_files import NoSkillError, SkillPlace, find_skills, read_skill


def put(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def read(root: Path) -> SkillTree:
    return read_skill(SkillPlace(path=root, kind=TreeKind.SKILL))


def test_every_kind_of_place_is_found(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "market/.claude-plugin/marketplace.json": "{}",
            "market/plugins/one/.claude-plugin/plugin.json": "{}",
            "market/plugins/one/skills/a/SKILL.md": "a",
            "market/plugins/one/hooks/hooks.json": "{}",
            "project/.claude/settings.json": "{}",
            "project/.claude/skills/b/skill.md": "b",
            "project/src/commands/x.py": "",
            "project/node_modules/c/SKILL.md": "not ours",
        },
    )
    found = {(str(place.path.relative_to(tmp_path)), place.kind) for place in find_skills(tmp_path)}
    assert found == {
        ("market", TreeKind.MARKETPLACE),
        ("market/plugins/one", TreeKind.PLUGIN),
        ("market/plugins/one/skills/a", TreeKind.SKILL),
        ("project", TreeKind.CONFIGURATION),
        ("project/.claude/skills/b", TreeKind.SKILL),
    }
    (plugin,) = [place for place in find_skills(tmp_path) if place.kind is TreeKind.PLUGIN]
    assert not any(entry.path.startswith("skills") for entry in read_skill(plugin).entries)


def test_a_directory_without_a_skill_is_read_whole_and_an_absent_one_is_an_error(tmp_path: Path) -> None:
    put(tmp_path / "x", {"readme.txt": "hello"})
    (place,) = find_skills(tmp_path / "x")
    assert place.kind is TreeKind.PACKAGE
    assert [entry.path for entry in read_skill(place).entries] == ["readme.txt"]
    (tmp_path / "empty").mkdir()
    for absent in ("absent", "empty"):
        with pytest.raises(NoSkillError, match=absent):
            find_skills(tmp_path / absent)


def test_links_and_special_files_are_recorded_and_never_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not part of the skill")
    skill = put(tmp_path / "s", {"SKILL.md": "x", "a.txt": "y"})
    (skill / "link").symlink_to(secret)
    (skill / "tree").symlink_to(tmp_path)
    os.link(skill / "a.txt", skill / "b.txt")
    os.mkfifo(skill / "pipe")
    tree = read(skill)
    types = {entry.path: entry.type for entry in tree.entries}
    assert types["link"] is types["tree"] is EntryType.LINK
    assert types["pipe"] is EntryType.OTHER
    assert {entry.target for entry in tree.entries if entry.path == "link"} == {str(secret)}
    assert {entry.links for entry in tree.entries if entry.path in ("a.txt", "b.txt")} == {2}
    assert [(part.path, part.reason) for part in tree.partial] == [("pipe", "a device, a pipe or a socket")]
    assert b"not part" not in b"".join(entry.data or b"" for entry in tree.entries)


def test_bounds_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skill = put(tmp_path / "s", {"SKILL.md": "x", "big.bin": b"0" * 5_000, "d/e/f/g.txt": "deep"})
    monkeypatch.setattr(skill_files, "MAX_FILE", 4_096)
    monkeypatch.setattr(skill_files, "MAX_DEPTH", 2)
    tree = read(skill)
    assert {part.path for part in tree.partial} == {"big.bin", "d/e/f"}
    (big,) = [entry for entry in tree.entries if entry.path == "big.bin"]
    assert big.data is None
    assert big.sha256 == file_entry("big.bin", b"0" * 5_000).sha256
    monkeypatch.setattr(skill_files, "MAX_ENTRIES", 2)
    assert any("entries" in part.reason for part in read(skill).partial)


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def of(name: str, data: bytes) -> SkillTree:
    return SkillTree(root="s", name="s", entries=(file_entry(name, data),))


def test_archives_are_opened_within_bounds() -> None:
    (plain,) = containers(of("a.zip", zipped({"../../etc/x": b"slip", "ok.sh": b"id"})))
    assert [entry.path for entry in plain.entries] == ["../../etc/x", "ok.sh"]
    assert not plain.partial
    (bomb,) = containers(of("a.zip", zipped({"zero": b"\0" * 30_000_000})))
    assert "times its size" in bomb.partial[0].reason
    nested = b"end"
    for _ in range(MAX_NESTED + 2):
        nested = zipped({"inner.zip": nested})
    assert "archives deep" in list(containers(of("a.zip", nested)))[-1].partial[0].reason
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:gz") as archive:
        info = tarfile.TarInfo("x")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
        device = tarfile.TarInfo("dev")
        device.type = tarfile.CHRTYPE
        archive.addfile(device)
    (unpacked,) = containers(of("a.tgz", tar.getvalue()))
    assert [(entry.path, entry.target) for entry in unpacked.entries] == [("x", "/etc/passwd"), ("dev", "")]
    assert [part.reason for part in unpacked.partial] == ["a device or a pipe"]


def test_encrypted_and_broken_archives_are_partial() -> None:
    data = bytearray(zipped({"x.sh": b"id"}))
    for at in (data.find(b"PK\x03\x04") + 6, data.find(b"PK\x01\x02") + 8):
        data[at] |= 1
    (locked,) = containers(of("a.zip", bytes(data)))
    assert [part.reason for part in locked.partial] == ["encrypted"]
    (broken,) = containers(of("a.zip", b"PK\x03\x04 and nothing more"))
    assert "can't be read" in broken.partial[0].reason
    (unknown,) = containers(of("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(20)))
    assert "isn't opened" in unknown.partial[0].reason


def test_an_archive_is_read_as_the_tree_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "pdf.skill"
    path.write_bytes(zipped({"pdf/SKILL.md": b"x", "pdf/scripts/a.py": b"1"}))
    tree = read_skill(find_skills(path)[0])
    assert (tree.name, tree.kind) == ("pdf", TreeKind.SKILL)
    assert [entry.path for entry in tree.entries] == ["SKILL.md", "scripts/a.py"]


def test_what_memory_files_import_is_read_with_them(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "CLAUDE.md": "@docs/rules.md and @~/notes.md\n`@docs/code.md`\n```\n@docs/fence.md\n```\nMail a@b.c, ask @somebody.\n",
            "docs/rules.md": "@deeper.md\n@../CLAUDE.md\n@missing.md\n@../../outside.md\n",
            "docs/deeper.md": "@../README.md",
            "README.md": "x",
            "docs/code.md": "x",
            "docs/fence.md": "x",
            ".claude/rules/style.md": "@../../style/all.md",
            "style/all.md": "x",
            "src/a.py": "x",
        },
    )
    (tmp_path / "docs" / "missing.md").symlink_to("/etc/hosts")
    (place,) = find_skills(tmp_path)
    files = [entry.path for entry in read_skill(place).entries if entry.type is EntryType.FILE]
    assert files == [
        ".claude/rules/style.md",
        "CLAUDE.md",
        "README.md",
        "docs/deeper.md",
        "docs/rules.md",
        "style/all.md",
    ]
