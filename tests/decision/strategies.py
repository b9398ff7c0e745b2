"""Random small policies and facts, dense enough that rules meet."""

from hypothesis import strategies as st

from bailiwick.model.access import (
    Access,
    AccessKind,
    Confidence,
    Facts,
    Finding,
    HostTarget,
    NameTarget,
    Opaque,
    PathTarget,
    ProgramTarget,
    VariableTarget,
)
from bailiwick.model.decision import Clamp, Origin
from bailiwick.model.event import Event, ToolCall
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.types import (
    AnyCondition,
    CommandCondition,
    Duty,
    FindingCondition,
    HostCondition,
    Layer,
    NameCondition,
    PathCondition,
    Policy,
    PolicyException,
    Rule,
    Scope,
    Subject,
    VariableCondition,
)

KINDS = [AccessKind.READ, AccessKind.WRITE, AccessKind.DELETE, AccessKind.EXECUTE]
GLOBS = [
    "${project}/**",
    "/w/a/**",
    "/w/*",
    "**/.env",
    "/etc/**",
    "/w/{a,b}/*",
    "~/**",
    "/**",
    "/w/a/?",
    "/w/[ab]/**",
]
PATHS = ["/w", "/w/a", "/w/a/x", "/w/b/.env", "/etc/hosts", "/home/u/.env", "/w/a/b/c", "/w/x.py", "/"]
PATTERNS = ["/w/**", "/w/a/*", "/w/*.py", "/etc/*", "/w/a/**", "/**", "/w/{a,b}/x", "/w/?/**"]
WORDS = [("git",), ("git", "push"), ("git", "*"), ("*",), ("rm",), ("git", "push", "origin"), ("g*", "p*")]
OPTIONS = ["-f", "--force", "-rf", "--context=prod"]
NAMES = ["Bash", "Read", "mcp__a__b", "pdf", "x", "default"]
HOSTS = ["example.com", "api.example.com", "evil.org", "*"]

paths = st.builds(
    PathCondition, kinds=st.frozensets(st.sampled_from(KINDS), min_size=1), glob=st.sampled_from(GLOBS)
)
commands = st.builds(
    CommandCondition,
    words=st.sampled_from(WORDS),
    options=st.frozensets(st.sampled_from(OPTIONS), max_size=1),
    as_user=st.sampled_from([None, None, "root", "*"]),
)
names = st.builds(NameCondition, name=st.sampled_from([*NAMES, "*", "mcp__*", "?ash"]))
hosts = st.builds(
    HostCondition, host=st.sampled_from([*HOSTS, "*", "*.example.com"]), port=st.sampled_from([None, 80, 443])
)
findings = st.builds(FindingCondition, rule=st.sampled_from(["secret/*", "secret/a", "*"]))
variables = st.builds(VariableCondition, name=st.sampled_from(["LD_*", "PATH", "*"]))
CONDITIONS = {
    Subject.FILES: paths,
    Subject.COMMANDS: commands,
    Subject.NETWORK: hosts,
    Subject.FINDINGS: findings,
    Subject.ENVIRONMENT: variables,
    Subject.OPAQUE: st.just(AnyCondition()),
    Subject.PROJECT_CODE: st.just(AnyCondition()),
    Subject.TOOLS: names,
    Subject.MCP: names,
    Subject.SKILLS: names,
    Subject.AGENTS: names,
    Subject.CONFIG: names,
    Subject.PERMISSION_MODES: names,
}

OFTEN = [
    *[Subject.FILES, Subject.COMMANDS] * 8,
    *[Subject.NETWORK, Subject.OPAQUE, Subject.PROJECT_CODE] * 2,
    *sorted(CONDITIONS),
]
verdicts = st.sampled_from([Verdict.ALLOW, Verdict.ASK, Verdict.DENY])
modes = st.sampled_from([None, None, None, Mode.ENFORCE, Mode.MONITOR, Mode.WARN])
ids = st.integers(0, 10**9).map(lambda number: f"r{number}")


@st.composite
def rules(draw: st.DrawFn, *, verdict: st.SearchStrategy[Verdict] = verdicts, mode: bool = True) -> Rule:
    subject = draw(st.sampled_from(OFTEN))
    decided = draw(verdict)
    return Rule(
        id=draw(ids),
        origin=Origin(file="p.yaml", line=draw(st.integers(1, 99))),
        subject=subject,
        verdict=decided,
        when=draw(CONDITIONS[subject]),
        because="because",
        instead="instead" if decided > Verdict.ALLOW and draw(st.booleans()) else "",
        mode=draw(modes) if mode else None,
    )


@st.composite
def layers(
    draw: st.DrawFn,
    *,
    scope: st.SearchStrategy[Scope],
    verdict: st.SearchStrategy[Verdict] = verdicts,
    mode: bool = True,
    whole: bool = False,
) -> Layer:
    subjects = (
        list(Subject) if whole else draw(st.lists(st.sampled_from(list(Subject)), unique=True, max_size=4))
    )
    stem = draw(ids)
    said = draw(st.lists(st.tuples(verdict, modes), min_size=3, max_size=3))
    defaults = {
        subject: Rule(
            id=f"{stem}.{subject}.other",
            origin=Origin(file="p.yaml", line=1),
            subject=subject,
            verdict=said[number % len(said)][0],
            when=AnyCondition(),
            because="default",
            instead="ask",
            mode=said[number % len(said)][1] if mode else None,
        )
        for number, subject in enumerate(subjects)
    }
    return Layer(
        scope=draw(scope),
        name="layer",
        rules=tuple(draw(st.lists(rules(verdict=verdict, mode=mode), max_size=6))),
        defaults=defaults,
        duties=tuple(
            Duty(
                id="d",
                origin=Origin(file="p.yaml", line=2),
                obligation=Clamp(field="timeout", maximum=number),
            )
            for number in draw(st.lists(st.integers(1, 5), max_size=1))
        ),
    )


SCOPES = st.sampled_from([Scope.BUILTIN, Scope.ORGANISATION, Scope.TEAM, Scope.PROFILE])
NARROW = st.sampled_from([Scope.PROJECT, Scope.SESSION])

exceptions = st.builds(
    PolicyException,
    id=ids,
    origin=st.just(Origin(file="e.yaml", line=1)),
    lifts=st.sampled_from([("*",), ("r1*",), ("*.other",)]),
    covers=st.sampled_from([(), (PathCondition(kinds=frozenset(KINDS), glob="/w/**"),)]),
    users=st.sampled_from([frozenset({"u"}), frozenset({"v"}), frozenset()]),
    groups=st.sampled_from([frozenset(), frozenset({"g"})]),
    approved_by=st.just("boss"),
    reason=st.just("why"),
    ticket=st.just("T-1"),
    expires=st.sampled_from([50, 500]),
)


@st.composite
def policies(draw: st.DrawFn, *, mode: bool = True, lifted: bool = True, most: int = 3) -> Policy:
    return Policy(
        profile="p",
        description="",
        layers=tuple(
            draw(layers(scope=SCOPES, mode=mode, whole=draw(st.booleans())))
            for _ in range(draw(st.integers(0, most)))
        ),
        mode=draw(st.sampled_from([Mode.ENFORCE, Mode.ENFORCE, Mode.MONITOR, Mode.WARN]))
        if mode
        else Mode.ENFORCE,
        unattended=draw(st.sampled_from([Verdict.DENY, Verdict.ASK])),
        exceptions=tuple(draw(st.lists(exceptions, max_size=2))) if lifted else (),
        revision="rev",
    )


programs = st.builds(
    ProgramTarget,
    name=st.sampled_from(["git", "rm", "make"]),
    path=st.sampled_from([None, None, "/usr/bin/git", "/w/git"]),
    words=st.lists(st.sampled_from(["push", "origin", "x", None]), max_size=3).map(tuple),
    argv=st.lists(
        st.sampled_from(["git", "-f", "--forc", "--force=1", "-rf", "--", "--context", "prod", None]),
        max_size=5,
    ).map(tuple),
    open_ended=st.booleans(),
    project_code=st.booleans(),
    as_user=st.sampled_from([None, "root"]),
)
literal_paths = st.builds(PathTarget, path=st.sampled_from(PATHS), real=st.sampled_from([None, *PATHS]))
pattern_paths = st.builds(
    PathTarget,
    path=st.sampled_from(PATTERNS),
    pattern=st.just(value=True),
    expanded=st.sampled_from([None, (), ("/w/a/x",), ("/w/b/.env", "/w/x.py")]),
)
_files = st.builds(Access, kind=st.sampled_from(KINDS), target=st.one_of(literal_paths, pattern_paths))
_runs = st.builds(Access, kind=st.just(AccessKind.EXECUTE), target=programs)
accesses = st.one_of(
    _files,
    _files,
    _files,
    _runs,
    _runs,
    st.builds(Access, kind=st.just(AccessKind.CHANGE_CONFIG), target=st.just(NameTarget(name="x"))),
    st.builds(
        Access,
        kind=st.just(AccessKind.CONNECT),
        target=st.builds(HostTarget, host=st.sampled_from(HOSTS), port=st.sampled_from([None, 80, 443])),
    ),
    st.builds(
        Access,
        kind=st.sampled_from([AccessKind.CALL_TOOL, AccessKind.LOAD_SKILL, AccessKind.SPAWN_AGENT]),
        target=st.builds(NameTarget, name=st.sampled_from(NAMES)),
    ),
    st.builds(
        Access,
        kind=st.just(AccessKind.CHANGE_CONFIG),
        target=st.builds(VariableTarget, name=st.sampled_from(["PATH", "LD_X"])),
    ),
)
facts = st.builds(
    Facts,
    accesses=st.lists(accesses, max_size=4).map(tuple),
    opaque=st.lists(st.builds(Opaque, reason=st.sampled_from(["eval", "download"])), max_size=1).map(tuple),
    findings=st.lists(
        st.builds(
            Finding,
            rule=st.sampled_from(["secret/a", "secret/b"]),
            message=st.just("m"),
            confidence=st.just(Confidence.LOW),
        ),
        max_size=1,
    ).map(tuple),
)


@st.composite
def requests(draw: st.DrawFn, *, attended: bool = False) -> Request:
    return Request(
        principal=Principal(user="u", uid=1000, groups=frozenset({"g"}), home="/home/u"),
        event=Event(
            name="PreToolUse",
            session="s",
            cwd="/w",
            what=ToolCall(tool=draw(st.sampled_from(["Bash", "Read"])), input={}),
            permission_mode=draw(st.sampled_from(["", "default"])),
        ),
        session=Session(key="k", profile="p", project="/w", unattended=not attended and draw(st.booleans())),
        now=100,
    )
