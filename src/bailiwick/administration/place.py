"""The imagined session in which policies are tested and compared: whoever asks, wherever they work."""

from bailiwick.audit.describe import describe
from bailiwick.decision.decide import decide
from bailiwick.decision.judge import judgement
from bailiwick.model.access import Access, Facts, Finding, Opaque
from bailiwick.model.decision import Decision
from bailiwick.model.event import Event, Happening, Notice, ToolCall
from bailiwick.model.request import Principal, Request, Session
from bailiwick.policy.types import Policy

HOME = "/home/you"
PROJECT = "/home/you/project"
"""Stand for ``~`` and ``${project}``; a project usually lies in its owner's home directory."""


class NoFiles:
    """A file system with nothing in it: no links, and no pattern finds anything."""

    def real(self, path: str) -> str:
        """``path``."""
        return path

    def expand(self, _pattern: str) -> tuple[str, ...]:
        """Nothing."""
        return ()


def request_of(policy: Policy, what: Happening) -> Request:
    """``what`` happening in the imagined session, which is attended and belongs to nobody with an exception."""
    return Request(
        principal=Principal(user="", uid=-1, home=HOME),
        event=Event(name=type(what).__name__, session="", cwd=PROJECT, what=what),
        session=Session(key="", profile=policy.profile, project=PROJECT),
    )


def judge_call(policy: Policy, call: ToolCall) -> tuple[Facts, Decision]:
    """What ``call`` would access in an empty project, and what ``policy`` says of it."""
    found = judgement(policy, request_of(policy, call), NoFiles())
    return found.facts, found.decision


def judge(policy: Policy, about: Access | Opaque | Finding) -> Decision:
    """What ``policy`` says of one thing alone."""
    match about:
        case Access():
            facts = Facts(accesses=(about,))
        case Opaque():
            facts = Facts(opaque=(about,))
        case Finding():
            facts = Facts(findings=(about,))
    return decide(policy, request_of(policy, Notice()), facts)


def shown(about: Access | Opaque | Finding) -> str:
    """``about`` in a line, with paths of the imagined session as a policy would write them."""
    match about:
        case Access():
            return describe(about).replace(PROJECT, "${project}").replace(HOME, "~")
        case Opaque(reason=reason):
            return f"opaque: {reason}"
        case Finding(rule=rule):
            return f"finding {rule}"
