"""Plans without a kernel: the mounts, the rules, the filter, the trace and the words for a question."""

import errno
import struct
from collections.abc import Iterable
from pathlib import Path
from posixpath import normpath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.enforcement.sandbox.bubblewrap import mounts
from bailiwick.enforcement.sandbox.changes import Change, summary, unforeseen
from bailiwick.enforcement.sandbox.confine import Where, confine
from bailiwick.enforcement.sandbox.confinement import Confinement, Entry, Reach, UnsafeError
from bailiwick.enforcement.sandbox.drift import Seen, accesses
from bailiwick.enforcement.sandbox.landlock import Right, ruleset
from bailiwick.enforcement.sandbox.oracle import Oracle
from bailiwick.enforcement.sandbox.patterns import Finder, begins, patterns_of
from bailiwick.enforcement.sandbox.seccomp import MACHINES, program
from bailiwick.model.access import Access, AccessKind, Facts, Opaque, PathTarget, ProgramTarget
from bailiwick.model.glob import path_glob
from bailiwick.model.request import Principal
from confined import policy_of

HERE = Path(__file__).parent
PROJECT, HOME = "/home/you/project", "/home/you"


class Tree:
    """A disk that is a list of paths; a directory ends with a slash, a link has its target after an arrow."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.entry_of: dict[str, Entry] = {"/": Entry.DIRECTORY}
        self.links: dict[str, str] = {}
        for text in paths:
            path, _, target = text.partition(" -> ")
            parts = path.strip("/").split("/")
            for number in range(1, len(parts)):
                self.entry_of.setdefault("/" + "/".join(parts[:number]), Entry.DIRECTORY)
            kind = Entry.LINK if target else Entry.DIRECTORY if path.endswith("/") else Entry.FILE
            self.entry_of["/" + "/".join(parts)] = kind
            if target:
                self.links["/" + "/".join(parts)] = target

    def real(self, path: str) -> str:
        for link, target in self.links.items():
            if path == link or path.startswith(f"{link}/"):
                return target + path[len(link) :]
        return path

    def entry(self, path: str) -> Entry:
        return self.entry_of.get(path, Entry.ABSENT)

    def entries(self, directory: str) -> tuple[tuple[str, Entry], ...]:
        stem = directory.rstrip("/") + "/"
        inside = (path[len(stem) :] for path in self.entry_of if path.startswith(stem) and path != "/")
        return tuple(
            sorted((name, self.entry_of[stem + name]) for name in inside if name and "/" not in name)
        )


DISK = Tree(
    [
        *(
            "/usr/bin/",
            "/usr/lib/",
            "/bin -> /usr/bin",
            "/etc/passwd",
            "/etc/shadow",
            "/tmp/",
            "/proc/",
            "/dev/null",
        ),
        *(
            f"{PROJECT}/src/app.ts",
            f"{PROJECT}/.env",
            f"{PROJECT}/.git/config",
            f"{PROJECT}/.git/hooks/",
            f"{PROJECT}/key.pem",
        ),
        *(f"{HOME}/.ssh/id", f"{HOME}/.cache/x/", f"{HOME}/notes.txt"),
    ]
)
FILES = {
    "readable": ["/usr/**", "/etc/**", "~/.cache/**"],
    "writable": ["${project}/**", "/tmp/**"],
    "hidden": ["**/.env", "**/*.pem", "/etc/shadow", "~/.ssh/**"],
    "other": "deny",
}


def planned(
    files: dict[str, Any], disk: Tree = DISK, sockets: tuple[str, ...] = (), project: str = PROJECT
) -> Confinement:
    oracle = Oracle(policy_of(files), Principal(user="you", uid=1, home=HOME), project)
    return confine(oracle, Where(project=project, home=HOME, cwd=project), disk, sockets=sockets)


def test_mounts(golden: Any) -> None:
    plan = mounts(planned(FILES), cwd=PROJECT, status=9, seccomp=8)
    lines = " ".join(plan.arguments).replace(" --", "\n--") + "\n\n" + "\n".join(plan.placeholders) + "\n"
    golden(HERE / "mounts.txt", lines)


def test_rules(golden: Any) -> None:
    rules = ruleset(planned(FILES), DISK)
    lines = [f"{path} {right!s}" for path, right in rules.rights if not path.startswith(("/dev/", "/proc/"))]
    golden(HERE / "rules.txt", "\n".join([*lines, "", *rules.narrower]) + "\n")


@pytest.mark.parametrize(
    ("path", "reach"),
    [
        (f"{PROJECT}/src/app.ts", Reach.WRITE),
        (f"{PROJECT}/anything", Reach.WRITE),
        (f"{PROJECT}/.env", Reach.NOTHING),
        (f"{PROJECT}/.git/HEAD", Reach.WRITE),
        (f"{PROJECT}/.git/hooks/post-commit", Reach.READ),
        (f"{PROJECT}/.claude/settings.json", Reach.NOTHING),
        ("/etc/passwd", Reach.READ),
        ("/etc/shadow", Reach.NOTHING),
        (f"{HOME}/.ssh/id", Reach.NOTHING),
        (f"{HOME}/notes.txt", Reach.NOTHING),
        (f"{HOME}/.cache/x", Reach.READ),
        ("/usr/bin/env", Reach.READ),
        ("/var/lib/bailiwick/x", Reach.NOTHING),
    ],
)
def test_reach(path: str, reach: Reach) -> None:
    assert planned(FILES).reach(path) is reach


def test_sockets_of_others_are_hidden_where_they_would_be_reached() -> None:
    disk = Tree(
        [
            *(p + "/" for p, e in DISK.entry_of.items() if e is Entry.DIRECTORY and p != "/"),
            "/tmp/agent",
            "/run/x",
        ]
    )
    confinement = planned(FILES, disk, sockets=("/tmp/agent", "/run/x", "/gone"))
    assert confinement.reach("/tmp/agent") is Reach.NOTHING
    assert [place.path for place in confinement.places if place.why.startswith("a socket")] == ["/tmp/agent"]


def test_a_protected_link_in_the_open_is_unsafe() -> None:
    disk = Tree([f"{PROJECT}/src/", f"{PROJECT}/.mcp.json -> /home/you/elsewhere", "/usr/"])
    with pytest.raises(UnsafeError, match="symbolic link"):
        planned(FILES, disk)


@pytest.mark.parametrize(
    ("hosts", "open_"),
    [
        ({"other": "allow"}, True),
        ({"other": "ask"}, False),
        ({"allow": ["x.org"]}, False),
        ({"other": "allow", "deny": ["x.org"]}, False),
    ],
)
def test_network_is_all_or_nothing(hosts: dict[str, Any], *, open_: bool) -> None:
    oracle = Oracle(policy_of(FILES, network=hosts), Principal(user="you", uid=1, home=HOME), PROJECT)
    confinement = confine(oracle, Where(project=PROJECT, home=HOME, cwd=PROJECT), DISK)
    assert confinement.network is open_
    assert ("--unshare-net" in mounts(confinement, cwd="/", status=1, seccomp=2).arguments) is not open_
    assert (
        "--unshare-net" in mounts(confinement, cwd="/", status=1, seccomp=2, without_network=True).arguments
    )


NAMES = st.sampled_from(["a", "b", ".env", "k.pem", "src", "x.d"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
SEGMENTS = st.sampled_from(
    ["a", "b", "*", "**", "*.pem", "?", "[ab]", "[!a]", ".env", "x**", "{a,b}", "*.{d,pem}"]
)
GLOBS = st.lists(SEGMENTS, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(st.lists(PATHS, max_size=12), GLOBS)
def test_every_match_lies_where_a_pattern_begins(paths: list[str], glob: str) -> None:
    """What is looked for is found: each existing path that a glob matches is at or below a path at which it begins."""
    disk = Tree(f"{path}/" for path in paths)
    found: set[str] = set()
    for pattern in patterns_of(glob, project="/p", home="/h"):
        if pattern.floating:
            found |= set(Finder([pattern]).find(disk, "/"))
        else:
            found |= set(begins(disk, "", pattern.segments, pattern.text))
    matching = {path for path in disk.entry_of if path != "/" and path_glob(glob).matches(path)}
    assert all(
        any(path == one or path.startswith(one.rstrip("/") + "/") for one in found) for path in matching
    )
    trailing = {f"{one.rstrip('/')}/deeper/still" for one in found}
    beyond = {one for one in trailing if path_glob(glob).matches(one)}
    assert found <= matching | {one.removesuffix("/deeper/still") for one in beyond} | {"/"}


def interpreted(
    code: bytes, machine: str, number: int, argument: int = 0, *, audit: int | None = None
) -> int:
    """Run a classic BPF program over one system call (``bpf(4)``): what it returns."""
    steps = [struct.unpack("=HBBI", code[at : at + 8]) for at in range(0, len(code), 8)]
    data = {0: number, 4: MACHINES[machine].audit if audit is None else audit, 16: argument}
    at = accumulator = 0
    while True:
        operation, if_true, if_false, value = steps[at]
        at += 1
        match operation:
            case 0x20:
                accumulator = data[value]
            case 0x15:
                at += if_true if accumulator == value else if_false
            case 0x35:
                at += if_true if accumulator >= value else if_false
            case 0x06:
                return value


ALLOWED = 0x7FFF0000


@pytest.mark.parametrize("machine", sorted(MACHINES))
@pytest.mark.parametrize("sockets", [(), (1,), (1, 2, 10, 16)])
@pytest.mark.parametrize("metadata", [True, False])
def test_filter(machine: str, sockets: tuple[int, ...], *, metadata: bool) -> None:
    known = MACHINES[machine]
    code = program(machine, sockets=sockets, metadata=metadata)
    assert code is not None
    for family in range(50):
        answer = interpreted(code, machine, known.socket, family)
        assert answer == (ALLOWED if family in sockets else 0x00050000 | errno.EACCES)
    for number in set(range(500)) - {known.socket}:
        answer = interpreted(code, machine, number)
        refused = number in known.always or (not metadata and number in known.metadata)
        assert (answer != ALLOWED) is refused
    assert interpreted(code, machine, known.socket | 0x40000000, 1) != ALLOWED
    assert interpreted(code, machine, 0, audit=0x40000003) != ALLOWED


def test_an_unknown_machine_has_no_filter() -> None:
    assert program("vax", sockets=(), metadata=True) is None


def test_rights_are_never_wider_than_the_reach() -> None:
    confinement = planned(FILES)
    for path, right in ruleset(confinement, DISK).rights:
        if path.startswith(("/dev/", "/proc/")):
            continue
        if right & Right.WRITE_FILE:
            assert confinement.reach(path) is Reach.WRITE
        if right & Right.READ_FILE:
            assert confinement.reach(path) > Reach.NOTHING


READ, WRITE, DELETE = AccessKind.READ, AccessKind.WRITE, AccessKind.DELETE


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('7 openat(AT_FDCWD</w>, "a", O_RDONLY) = 3</w/a>', [(READ, "/w/a", False)]),
        (
            '7 openat(AT_FDCWD</w>, "/etc/x", O_WRONLY|O_CREAT, 0666) = -1 EROFS (Read-only file system)',
            [(WRITE, "/etc/x", True)],
        ),
        ('7 openat(AT_FDCWD</w>, "/no", O_RDONLY) = -1 ENOENT (No such file or directory)', []),
        ('7 openat(5</w/d>, "../x", O_RDWR) = 3</w/x>', [(WRITE, "/w/x", False)]),
        ('7 unlinkat(AT_FDCWD</w>, "a\\"b\\\\c", 0) = 0', [(DELETE, '/w/a"b\\c', False)]),
        (
            '7 renameat2(AT_FDCWD</w>, "a", AT_FDCWD</w>, "b", RENAME_NOREPLACE) = 0',
            [(DELETE, "/w/a", False), (WRITE, "/w/b", False)],
        ),
        ('7 symlinkat("/etc/passwd", AT_FDCWD</w>, "l") = 0', [(WRITE, "/w/l", False)]),
        ('[pid 7] mkdir("/w/\\303\\274", 0777) = 0', [(WRITE, "/w/ü", False)]),
        ('7 openat(AT_FDCWD</w>, "a", O_RDONLY|O_PATH) = 3</w/a>', []),
        ('7 stat("/etc/shadow", {st_mode=S_IFREG}) = 0', []),
        ('7 rename("a", "b") = 0', []),
        ("7 +++ exited with 0 +++", []),
        ("garbage", []),
    ],
)
def test_traces(line: str, expected: list[Any]) -> None:
    assert [(one.kind, one.path, one.refused) for one in accesses([line])] == expected


@given(st.lists(st.text(max_size=80), max_size=5))
def test_any_trace_is_read(lines: list[str]) -> None:
    assert all(isinstance(one, Seen) for one in accesses(lines))


def changed(*paths: str) -> list[Change]:
    return [Change(path=path, how="created") for path in paths]


def facts(*accesses: Access, opaque: bool = False) -> Facts:
    return Facts(accesses=accesses, opaque=(Opaque(reason="x"),) if opaque else ())


def write(path: str, **more: Any) -> Access:
    return Access(kind=WRITE, target=PathTarget(path=path, **more))


@pytest.mark.parametrize(
    ("known", "paths", "missed"),
    [
        (facts(write("/w/a")), ["/w/a"], ()),
        (facts(write("/w/a")), ["/w/b"], ("/w/b",)),
        (facts(write("/w/a/b")), ["/w/a"], ()),
        (facts(write("/w/**", pattern=True)), ["/w/x/y"], ()),
        (facts(write("/w/*.o", pattern=True)), ["/w/x/y.o"], ("/w/x/y.o",)),
        (facts(write("/l/a", real="/w/a")), ["/w/a"], ()),
        (facts(opaque=True), ["/w/b"], ()),
        (
            facts(Access(kind=AccessKind.EXECUTE, target=ProgramTarget(name="make", project_code=True))),
            ["/w/b"],
            (),
        ),
        (facts(), ["/w/b"], ("/w/b",)),
    ],
)
def test_what_analysis_did_not_foresee(known: Facts, paths: list[str], missed: tuple[str, ...]) -> None:
    assert unforeseen(known, changed(*paths)) == missed


def test_what_a_question_says() -> None:
    changes = [
        *changed(*(f"/p/new{number}" for number in range(10))),
        Change(path="/h/.rc", how="changed"),
        Change(path="/etc/\x1b[2J", how="deleted"),
    ]
    assert summary(changes, project="/p", home="/h", unfinished=True) == (
        "A trial run without network, on a copy that is thrown away, created new0, new1, new2, new3, new4, new5, new6, new7 and 2 more; "
        "changed ~/.rc; deleted /etc/?[2J before its time was up"
    )
    assert summary([], project="/p", home="/h", unfinished=False).endswith("changed no file")


def test_of_a_crowded_temporary_directory_the_project_alone_is_there() -> None:
    project = "/tmp/scratch/project"
    crowd = (f"/tmp/{number}/.env" for number in range(300))
    disk = Tree(["/usr/bin/", f"{project}/app.py", f"{project}/sub/.env", "/tmp/scratch/notes", *crowd])
    confinement = planned(FILES, disk, project=project)
    reached = {
        "app.py": Reach.WRITE,
        "sub/.env": Reach.NOTHING,
        "../notes": Reach.NOTHING,
        "../../7/.env": Reach.NOTHING,
    }
    assert {name: confinement.reach(normpath(f"{project}/{name}")) for name in reached} == reached


def test_too_many_places_are_named_by_their_rule() -> None:
    disk = Tree([*(f"{PROJECT}/{number}/key.pem" for number in range(2100)), f"{PROJECT}/.env"])
    with pytest.raises(
        UnsafeError, match=r"210\d separate paths.*2100 of them by test\.files\.hidden\..*key\.pem"
    ):
        planned(FILES, disk)
