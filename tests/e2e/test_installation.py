"""An installation for the whole machine, put in force and taken away again, with the real client and the doctor."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PLACES = (
    "/usr/local/libexec",
    "/var/lib",
    "/etc/claude-code",
    "/etc/systemd",
    "/etc/sysusers.d",
    "/etc/tmpfiles.d",
)
"""Where an installation writes; each is empty and writable in the small machine of this test."""

INSIDE = """
set -eu
bailiwick() { "$PYTHON" -m bailiwick.cli.main "$@"; }
snapshot() { "$PYTHON" -c 'import sys; sys.path.insert(0, sys.argv[1]); from service.trees import tree; from pathlib import Path
print([(Path(p).exists(), tree(Path(p))) for p in sys.argv[2:]])' "$TESTS" $PLACES > "$1"; }
snapshot "$OUT/before"
bailiwick install --system --root / --python "$PYTHON" > "$OUT/install" 2>&1
mkdir -m 755 /run/bailiwick
read -r _ folder mode _ <<< "$(grep ^d /etc/tmpfiles.d/bailiwick.conf)"  # what systemd-tmpfiles does, which needs root
mkdir -m "$mode" "$folder"
command=$(sed -n 's/^ExecStart=//p' /etc/systemd/system/bailiwick.service)
$command 2> "$OUT/service" &
service=$!
for _ in $(seq 200); do [ -S /run/bailiwick/service.sock ] && break; sleep 0.05; done
sleep 0.2
bailiwick status --json > "$OUT/status" || true
bailiwick doctor --json --client "$CLIENT" > "$OUT/doctor" || echo "$?" > "$OUT/doctor.code"
kill "$service"; wait "$service" || true
bailiwick doctor --json --client "$CLIENT" > "$OUT/doctor.dead" || echo "$?" > "$OUT/doctor.dead.code"
rm -r /run/bailiwick
bailiwick uninstall --system --root / --purge > "$OUT/uninstall" 2>&1
snapshot "$OUT/after"
"""


@pytest.fixture(scope="module")
def machine(client: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything above, once; what was printed, by name."""
    out = tmp_path_factory.mktemp("machine")
    local = Path("/usr/local")
    covers = [word for place in PLACES[1:] for word in ("--tmpfs", place)]
    covers += ["--tmpfs", str(local)]
    covers += [
        word for p in local.iterdir() if p != Path(PLACES[0]) for word in ("--ro-bind", str(p), str(p))
    ]
    environment = {
        "PYTHON": sys.executable,
        "CLIENT": str(client),
        "OUT": str(out),
        "TESTS": str(Path(__file__).parents[1]),
        "PLACES": shlex.join(PLACES),
    }
    given = [word for pair in environment.items() for word in ("--setenv", *pair)]
    done = subprocess.run(
        ["bwrap", "--dev-bind", "/", "/", *covers, *given, "--die-with-parent", "bash", "-c", INSIDE],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr + "".join(p.read_text() for p in out.iterdir())
    return out


def checks(machine: Path, name: str) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in json.loads((machine / name).read_text())["checks"]}


def test_the_doctor_proves_it_with_a_client_started_by_itself(machine: Path) -> None:
    found = checks(machine, "doctor")
    # There is no root in the sandbox, so the managed files belong to the account itself; the doctor notices.
    assert found["service/segments"]["outcome"] == "holds"
    failed = {name: c["found"] for name, c in found.items() if c["outcome"] == "FAILS"}
    assert list(failed) == ["managed/modes"], str(failed)
    assert "owned by uid 1000" in failed["managed/modes"]
    for name in ("live/installed", "managed/tier", "managed/locks", "service/policy"):
        assert found[name]["outcome"] == "holds", found[name]
    # The probes of the launcher ran too: what the machine's own settings would mix in was hidden from them.
    assert found["live/fail-closed"]["outcome"] == "holds", found["live/fail-closed"]


def test_status_says_what_is_there(machine: Path) -> None:
    status = json.loads((machine / "status").read_text())
    assert status["installed"]["system"] == "complete"
    assert status["running"]
    assert status["policy"] == "/etc/bailiwick/policy"
    assert status["problem"] is None


def test_with_the_service_dead_the_doctor_says_so(machine: Path) -> None:
    assert (machine / "doctor.dead.code").read_text().strip() == "1"
    found = checks(machine, "doctor.dead")
    assert found["service/running"]["outcome"] == "FAILS"
    assert found["live/installed"]["outcome"] == "FAILS"
    assert "restart bailiwick" in found["live/installed"]["mend"]


def test_uninstalling_leaves_the_machine_as_it_was(machine: Path) -> None:
    before = (machine / "before").read_text()
    assert before == (machine / "after").read_text()
