"""What clients of which version can't enforce, measured on the real client and bisected where a version is named."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bailiwick.service.doctor.check import Check, fails, holds, note

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something clients before ``closed`` get wrong; None: every version known. ``fatal`` when it opens policy."""

    name: str
    closed: Version | None
    what: str
    mend: str
    fatal: bool = True


GAPS: Final = (
    Gap(
        name="malformed-managed-settings",
        closed=(2, 1, 259),
        what="managed settings that are not JSON are ignored with a warning, and the session runs ungoverned",
        mend="update the client to 2.1.295 or newer",
    ),
    Gap(
        name="bare-skips-hooks",
        closed=(2, 1, 281),
        what="--bare and CLAUDE_CODE_SIMPLE switch managed hooks off",
        mend="update the client to 2.1.295 or newer",
    ),
    Gap(
        name="hooks-fail-open",
        closed=(2, 1, 295),
        what="`onFailure: block` is ignored: a hook that can't be reached lets the call run",
        mend="update the client to 2.1.295 or newer",
    ),
    Gap(
        name="shell-mode",
        closed=None,
        what="`!command` typed by a person runs without hooks, rules or sandbox, and its output goes to the model",
        mend="account rights and the egress proxy bound it; see docs/limits.md",
        fatal=False,
    ),
    Gap(
        name="empty-answer",
        closed=None,
        what="an HTTP 200 with an empty body counts as consent; the service never sends one",
        mend="nobody else may listen on the service's port: `install --system` has systemd hold it; keep any other service running",
        fatal=False,
    ),
)


def gaps_of(version: Version) -> Iterator[Check]:
    """The client's version, and each gap that it has."""
    shown = ".".join(map(str, version))
    fatal = [g for g in GAPS if g.fatal and g.closed is not None and version < g.closed]
    if not fatal:
        yield holds("client/version", f"{shown} has no gap that opens policy")
    for gap in fatal:
        yield fails(f"client/{gap.name}", f"{shown}: {gap.what}", gap.mend)
    for gap in GAPS:
        if not gap.fatal and (gap.closed is None or version < gap.closed):
            yield note(f"client/{gap.name}", gap.what, gap.mend)
