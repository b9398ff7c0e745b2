"""An installation for the whole machine under a systemd that runs: what its units promise, they keep."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(480)  # on a busy machine; the machine inside ends after 300 seconds

INSIDE = """
set -u
cd /
bailiwick() { "$PYTHON" -m bailiwick.cli.main "$@"; }
active() { systemctl is-active bailiwick.socket bailiwick.service | paste -sd' '; }
proofs() { journalctl -u bailiwick --no-pager -o cat | grep -o "policy [0-9a-f]*: proven.*"; }
pid() { systemctl show -P MainPID bailiwick.service; }
chmod 755 /root /home 2>/dev/null # the interpreter may be below; the service's account must start it
bailiwick install --system --python "$PYTHON" > "$OUT/install" 2>&1 || exit 11
bailiwick status --json > "$OUT/status" || exit 12
proofs > "$OUT/proofs"
ls -l /run/bailiwick /var/lib/bailiwick > "$OUT/owners"
"$PYTHON" "$CALL" answered > "$OUT/answered"
useradd --create-home dev
setpriv --reuid dev --regid dev --init-groups env HOME=/home/dev "$PYTHON" -m bailiwick.cli.main doctor --json --client "$CLIENT" > "$OUT/doctor"
pid > "$OUT/pid.first"
systemctl kill -s KILL bailiwick.service
"$PYTHON" "$CALL" killed > "$OUT/killed"
pid > "$OUT/pid.second"
mv /var/lib/bailiwick/log.key /var/lib/away.key
systemctl kill -s KILL bailiwick.service
sleep 6 # more failures than a trigger limit would bear
active > "$OUT/broken"
"$PYTHON" "$CALL" port > "$OUT/impostor"
bailiwick status > "$OUT/status.broken" 2>&1
mv /var/lib/away.key /var/lib/bailiwick/log.key
"$PYTHON" "$CALL" mended > "$OUT/mended"
bailiwick install --system --python "$PYTHON" > "$OUT/again" 2>&1 || exit 13
active > "$OUT/again.active"
echo "# changed" >> /etc/bailiwick/policy/profiles/developer.yaml
bailiwick service reload > "$OUT/reload" 2>&1
proofs > "$OUT/proofs.changed"
cp /proc/$(pid)/status "$OUT/process"
journalctl -u bailiwick --no-pager > "$OUT/journal"
bailiwick uninstall --system --purge > "$OUT/uninstall" 2>&1 || exit 14
active > "$OUT/gone"
ls -d /run/bailiwick /var/lib/bailiwick /etc/systemd/system/bailiwick* > "$OUT/left" 2>/dev/null
id bailiwick >> "$OUT/left" 2>/dev/null
exit 0
"""

CALL = """
import json, socket, sys
from pathlib import Path
from typing import Any
from bailiwick.service.local import call
from bailiwick.service.places import find

port = 62247
if sys.argv[1] == "port":
    with socket.socket() as impostor:
        impostor.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            impostor.bind(("127.0.0.1", port))
        except OSError as error:
            print(error.strerror)
    sys.exit()
status = call(find(), "GET", "/v1/status", seconds=90)
body = json.dumps({"hook_event_name": "PreToolUse"}).encode()
with socket.create_connection(("127.0.0.1", port), timeout=90) as hook:
    hook.sendall(b"POST /v1/hook HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
    print(json.dumps({"status": status, "stranger": hook.recv(65536).decode()}))
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything above, once; what was printed, by name."""
    out = tmp_path_factory.mktemp("out")
    (out / "call.py").write_text(CALL)
    given = {"PYTHON": sys.executable, "OUT": "/run/machine/out", "CALL": "/run/machine/out/call.py"}
    script = out / "script"
    script.write_text("true\n")
    command = [str(CHECKOUT / "scripts/machine"), str(script), str(out)]
    tried = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if tried.returncode:
        pytest.skip(f"no machine with a systemd can be had here: {tried.stderr.strip()}")
    client = subprocess.run([CHECKOUT / "scripts/client"], capture_output=True, text=True, check=True)
    given["CLIENT"] = client.stdout.strip()
    script.write_text("\n".join(f"{name}={value}" for name, value in given.items()) + INSIDE)
    done = subprocess.run(command, capture_output=True, text=True, timeout=330, check=False)
    said = "".join(
        path.read_text() for path in sorted(out.iterdir()) if path.name not in {"script", "call.py"}
    )
    assert done.returncode == 0, done.stderr + said
    return out


def told(machine: Path, name: str) -> dict[str, Any]:
    return dict(json.loads((machine / name).read_text()))


def test_the_hardened_service_runs_as_its_own_account_and_answers(machine: Path) -> None:
    status = json.loads((machine / "status").read_text())
    assert status["installed"]["system"] == "complete"
    assert status["running"]
    assert status["problem"] is None
    owners = (machine / "owners").read_text()
    assert "bailiwick bailiwick" in owners
    assert " root " not in owners
    process = dict(line.split(":\t", 1) for line in (machine / "process").read_text().splitlines())
    assert "0" not in process["Uid"].split()
    assert int(process["CapEff"], 16) == 1 << 2  # CAP_DAC_READ_SEARCH and nothing else
    assert process["NoNewPrivs"] == "1"
    assert process["Seccomp"] == "2"
    assert '{"decision":"block"' in str(told(machine, "answered")["stranger"])


def test_the_doctor_of_an_ordinary_account_finds_that_all_of_it_holds(machine: Path) -> None:
    checks = {check["name"]: check for check in told(machine, "doctor")["checks"]}
    assert not [one for one in checks.values() if one["outcome"] == "FAILS"]
    assert {"live/installed", "live/deny", "live/fail-closed", "live/garbage"} <= checks.keys()


def test_a_call_made_when_it_was_just_killed_waits_for_the_next(machine: Path) -> None:
    first, second = ((machine / name).read_text().strip() for name in ("pid.first", "pid.second"))
    assert first != second
    assert str(told(machine, "killed")["status"]["pid"]) == second


def test_while_it_can_not_start_its_port_stays_its_own(machine: Path) -> None:
    assert (machine / "broken").read_text().startswith("active ")
    assert "in use" in (machine / "impostor").read_text()
    said = (machine / "status.broken").read_text()
    assert "journalctl -u bailiwick" in said
    assert "log.key" in (machine / "journal").read_text()
    assert told(machine, "mended")["status"]["pid"]


def test_what_was_proven_when_it_was_installed_is_not_proven_again_but_a_changed_policy_is(
    machine: Path,
) -> None:
    installed, changed = (
        [line.split(": ")[1] for line in (machine / name).read_text().splitlines()]
        for name in ("proofs", "proofs.changed")
    )
    assert installed == ["proven before"]
    assert changed.count("proven") == 1  # by the reload, or by the service itself just before


def test_an_installation_over_another_restarts_it(machine: Path) -> None:
    assert (machine / "again.active").read_text() == "active active\n"


def test_uninstalling_leaves_nothing(machine: Path) -> None:
    assert (machine / "gone").read_text() == "inactive inactive\n"
    assert (machine / "left").read_text() == ""
