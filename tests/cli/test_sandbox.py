"""`bailiwick sandbox`: the verbs as a person types them, each in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROFILE = """
profile: work
tools: {other: allow}
files:
  readable: ["/usr/**"]
  writable: ["${project}/**"]
  hidden: ["**/.env"]
  other: deny
commands: {other: allow}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    policy = tmp_path / "policy/profiles"
    policy.mkdir(parents=True)
    (policy / "work.yaml").write_text(PROFILE)
    (policy.parent / "organisation.yaml").write_text("organisation: Test\ndefault_profile: work\n")
    where = tmp_path / "project"
    where.mkdir()
    return where.resolve()


def sandbox(project: Path, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
    policy = str(project.parent / "policy")
    return subprocess.run(
        [sys.executable, "-m", "bailiwick.cli.main", "sandbox", verb, "--policy", policy, *words],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"NO_COLOR": "1"},
    )


def test_run_passes_the_exit_code_on(project: Path) -> None:
    done = sandbox(project, "run", "--profile", "work", "--", "/bin/sh", "-c", "echo hello; exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, "hello\n", "")


def test_the_profile_is_the_one_that_roles_give(project: Path) -> None:
    assert sandbox(project, "run", "--", "/bin/true").returncode == 0


@pytest.mark.parametrize("line", ["echo a && echo b", "-n; true", "--help || true", "exit 0"])
def test_a_line_for_bash(project: Path, line: str) -> None:
    assert sandbox(project, "run", "-c", "--", line).returncode in {0, 127}


def test_explain_says_what_holds_it(project: Path) -> None:
    (project / ".env").write_text("x")
    done = sandbox(project, "run", "--explain", "--", "/bin/true")
    said = done.stderr.splitlines()
    assert said[0].startswith("held by bubblewrap (")
    assert next(line.split()[:2] for line in said if line.startswith("hidden")) == [
        "hidden",
        str(project / ".env"),
    ]
    assert "network none (policy does not allow every host, and the kernel can't tell hosts apart)" in said


def test_json_says_the_same(project: Path) -> None:
    done = sandbox(project, "show", "--json")
    said = json.loads(done.stdout)
    assert said["backend"] == "bubblewrap"
    assert {"path": str(project), "reach": "write", "kind": "directory"}.items() <= next(
        place for place in said["places"] if place["path"] == str(project)
    ).items()
    assert said["network"]["reachable"] is False


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("run", "--profile", "nobody", "--", "/bin/true"), 2, "no profile 'nobody'"),
        (
            ("run", "--revision", "00", "--", "/bin/touch", "ran"),
            2,
            "has changed since this command was judged",
        ),
        (("run",), 2, "name a program after --"),
        (("run", "-c", "--", "touch ran", "more"), 2, "as one word"),
        (("run", "--", "/nowhere"), 3, "did not run"),
        (
            ("run", "--readOnlyFiles", "${project}/**", "-c", "--", "touch ran; test ! -e ran"),
            0,
            "cannot touch",
        ),
    ],
)
def test_what_does_not_run(project: Path, words: tuple[str, ...], code: int, told: str) -> None:
    done = sandbox(project, *words)
    assert done.returncode == code, done
    assert told in done.stderr
    assert not (project / "ran").exists()


def test_drift_is_told(project: Path) -> None:
    done = sandbox(project, "run", "-c", "--", "mkdir -p sub/.claude; echo x > sub/.claude/settings.json")
    assert done.returncode == 0
    assert f"drift: the command made {project}/sub/.claude/settings.json" in done.stderr


def test_drift_in_a_name_that_is_no_text_is_told_too(project: Path) -> None:
    line = "mkdir -p $'a\\xff/.claude'; echo x > $'a\\xff/.claude/settings.json'; exit 4"
    done = sandbox(project, "run", "--report", str(project / "nowhere"), "--session", "s", "-c", "--", line)
    assert done.returncode == 4, done
    assert "drift: the command made" in done.stderr
    assert "the service was not told: no service answers" in done.stderr


def test_a_working_tree_whose_git_directory_is_elsewhere(project: Path) -> None:
    (project / ".git").write_text("gitdir: /elsewhere")
    done = sandbox(project, "run", "-c", "--", "echo x > made; cat .git")
    assert (done.returncode, done.stdout) == (0, "gitdir: /elsewhere"), done
    assert sorted(path.name for path in project.iterdir()) == [".git", "made"]


@pytest.mark.skipif(not Path("/usr/bin/strace").exists(), reason="no strace")
def test_observed_drift_is_told_both_ways(project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub/.env").write_text("x")
    done = sandbox(
        project,
        "run",
        "--observe",
        "-c",
        "--",
        "mv sub other; cat sub/.env; mkdir -p a; echo x > a/.mcp.json; ls",
    )
    assert f"the kernel did not let it delete {project}/sub, which policy allows" in done.stderr
    assert f"the kernel let it write {project}/a/.mcp.json, which policy does not allow" in done.stderr
    assert f"{project}/sub/.env," not in done.stderr  # hidden, and it stayed so


TRIED = (
    ("true", []),
    ("cat kept", []),
    ("touch kept", []),
    ("echo x > new", [("created", "new")]),
    ("echo x >> kept", [("changed", "kept")]),
    ("rm kept", [("deleted", "kept")]),
    ("rm -r dir", [("deleted", "dir")]),
    ("mv kept moved", [("created", "moved"), ("deleted", "kept")]),
    ("mkdir -p a/b; touch a/b/c", [("created", "a/b/c")]),
    ("mkdir a", [("created", "a")]),
    ("rm -r dir; mkdir dir", [("changed", "dir")]),
    ("chmod 600 kept", [("changed", "kept")]),
    ("ln -s kept link", [("created", "link")]),
    ("ln -sf elsewhere old-link", [("changed", "old-link")]),
    ("rm kept; echo same > kept", []),
    ("echo x > dir/inner", [("changed", "dir/inner")]),
    (
        "echo x > /elsewhere; echo y > .env; cat .env > out; wc -c < out > count",
        [("created", "count"), ("created", "out")],
    ),
    ("mkdir -p .claude; echo x > .claude/settings.json", [("created", ".claude/settings.json")]),
)


def test_try_tells_what_would_change_and_changes_nothing(project: Path) -> None:
    """One run for all lines, each in a directory of its own."""
    for number in range(len(TRIED)):
        there = project / str(number)
        (there / "dir").mkdir(parents=True)
        (there / "old-link").symlink_to("kept")
        for name, text in {"kept": "same\n", "dir/inner": "inner\n", ".env": "secret"}.items():
            (there / name).write_text(text)
    before = sorted((str(path), path.lstat().st_mtime_ns) for path in project.rglob("*"))
    script = "\n".join(f"cd {project}/{number} && {{ {line}; }}" for number, (line, _) in enumerate(TRIED))
    done = sandbox(project, "try", "--json", "-c", "--", script)
    changes: dict[int, list[tuple[str, str]]] = {number: [] for number in range(len(TRIED))}
    for one in json.loads(done.stdout)["changes"]:
        number, _, name = one["path"].removeprefix(f"{project}/").partition("/")
        changes[int(number)].append((one["how"], name))
    assert {number: sorted(found) for number, found in changes.items()} == {
        number: expected for number, (_, expected) in enumerate(TRIED)
    }
    assert sorted((str(path), path.lstat().st_mtime_ns) for path in project.rglob("*")) == before


def test_a_trial_ends_when_its_time_is_up(project: Path) -> None:
    done = sandbox(project, "try", "--json", "--seconds", "1", "-c", "--", "echo x > new; sleep 60")
    said = json.loads(done.stdout)
    assert said["unfinished"] is True
    assert [one["path"] for one in said["changes"]] == [str(project / "new")]
    assert not (project / "new").exists()


def test_a_trial_tells_that_the_command_failed(project: Path) -> None:
    done = sandbox(project, "try", "-c", "--", "echo x > new; exit 3")
    assert done.stdout.split() == ["created", str(project / "new")]
    assert done.stderr == "bailiwick: it failed in the sandbox, with exit code 3\n"


def test_a_trial_has_a_small_disk(project: Path) -> None:
    done = sandbox(project, "try", "--json", "-c", "--", "head -c 700M /dev/zero > big")
    assert json.loads(done.stdout)["code"] != 0
    assert not (project / "big").exists()


def skilled(project: Path, *grants: str) -> tuple[str, ...]:
    """The options of a command in the course of an approved skill with ``grants``, as the hook writes them."""
    run = (sys.executable, "-m", "bailiwick.cli.main", "skill")
    here, state = project.parent, os.environ | {"HOME": str(project.parent), "NO_COLOR": "1"}
    key = here / "key.pem"
    shown = subprocess.run([*run, "key", key], capture_output=True, text=True, check=True, env=state).stdout
    work = here / "policy/profiles/work.yaml"
    work.write_text(work.read_text() + "skills: {require: approval, other: allow}\n")
    (here / "policy/organisation.yaml").write_text(f"organisation: Test\ndefault_profile: work\n{shown}")
    (here / "policy/roles.yaml").write_text("roles: {all: {users: ['*'], profiles: [work]}}\n")
    (project / ".claude/skills/pdf").mkdir(parents=True)
    (project / ".claude/skills/pdf/SKILL.md").write_text("---\nname: pdf\ndescription: d\n---\n")
    words = [
        *("approve", ".claude/skills/pdf", "--as", "role:all", "--yes", "--json", "--key", str(key)),
        *("--only", "--policy", str(here / "policy"), *(word for one in grants for word in ("--grant", one))),
    ]
    done = subprocess.run([*run, *words], cwd=project, capture_output=True, text=True, check=True, env=state)
    places = [[str(project / ".claude/skills/pdf"), json.loads(done.stdout)["digest"]]]
    return ("--skills", json.dumps([{"name": "pdf", "places": places, "called": True}]))


@pytest.mark.parametrize("backend", ["bubblewrap", "landlock"])
def test_a_skill_that_may_read_one_file_starts_where_it_stands(project: Path, backend: str) -> None:
    """The directory isn't granted: the command starts in it all the same, and finds just what is."""
    options = (*skilled(project, "exec cat", "fs.read ${project}/in.pdf"), "--backend", backend)
    for name in ("in.pdf", "other.pdf"):
        (project / name).write_text(name)
    done = sandbox(project, "run", *options, "-c", "--", "cat in.pdf; cat other.pdf")
    assert (done.stdout, done.returncode) == ("in.pdf", 1), done
    (project / "in.pdf").unlink()
    empty = sandbox(project, "run", *options, "-c", "--", "pwd; cat in.pdf")
    assert (empty.stdout, empty.returncode) == (f"{project}\n", 1), empty


@pytest.mark.parametrize(
    ("grant", "line", "made"),
    [
        ("fs.write ${project}/report.html", "sh make.sh", ["report.html"]),
        ("fs.write ${project}/report.html", "touch report.html", ["report.html"]),
        ("fs.write ${project}/report.html", "true", []),
        ("fs.write ${project}/*.html", "sh make.sh report.html", ["report.html"]),
        ("fs.write ${project}/*.html", "echo x >report.html", ["report.html"]),
        ("fs.write ${project}/*.html", "sh make.sh other.txt", []),
        ("fs.write ${project}/report.html", "echo x > other.html", []),
        ("fs.write ${project}/out/report.html", "true", []),
        ("fs.write ${project}/CLAUDE.md", "echo x > CLAUDE.md", []),
    ],
)
def test_a_skill_makes_the_files_that_it_is_granted_by_name(
    project: Path, grant: str, line: str, made: list[str]
) -> None:
    """The directory isn't its to write in, and the kernel knows directories and what is there."""
    options = skilled(project, "exec sh", "exec touch", "fs.read ${project}/make.sh", grant)
    (project / "make.sh").write_text('echo made > "${1:-report.html}"')
    before = set(project.iterdir())
    done = sandbox(project, "run", *options, "-c", "--", line)
    assert sorted(one.name for one in set(project.iterdir()) - before) == made, done
    assert all(len(done.stderr) == 0 for _ in made), done
