"""Real receivers: rsyslog and syslog-ng as Debian ships them, unpacked by scripts/receivers, on ports of their own."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from posts import Certificates

ROOM = Path(__file__).parents[3] / ".cache" / "receivers"
TRIPLE = f"{os.uname().machine}-linux-gnu"
LIBRARIES = ROOM / "usr/lib" / TRIPLE


def program(name: str) -> str:
    """The receiver's program. Skips the test where there is none."""
    found = shutil.which(name, path=f"{ROOM}/usr/sbin:{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not here; scripts/receivers fetches it")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Daemon:
    """A receiver that can be killed and started again; what it received is in ``output``."""

    command: list[str]
    port: int
    output: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {
            "LD_LIBRARY_PATH": f"{LIBRARIES}:{ROOM}/lib/{TRIPLE}:{ROOM}/usr/lib/syslog-ng",
            "PATH": os.environ["PATH"],
        }
        with self.output.with_suffix(".err").open("ab") as errors:
            self.process = subprocess.Popen(self.command, env=environment, stdout=errors, stderr=errors)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            assert self.process.poll() is None, self.output.with_suffix(".err").read_text()
            time.sleep(0.02)
        raise AssertionError(f"{self.command[0]} doesn't listen")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def lines(self) -> list[str]:
        return self.output.read_text(encoding="utf-8").split("\n")[:-1] if self.output.exists() else []

    def wait_for(self, enough: Callable[[list[str]], bool]) -> list[str]:
        deadline = time.monotonic() + 60
        while not enough(self.lines()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.lines()


@contextlib.contextmanager
def rsyslog(room: Path, made: Certificates, *, protocol: str) -> Iterator[Daemon]:
    """rsyslog that wants a client certificate of the test's authority; ``protocol`` is tls or relp."""
    binary = program("rsyslogd")
    port, output = free_port(), room / f"{protocol}.out"
    modules = LIBRARIES / "rsyslog" if binary.startswith(str(ROOM)) else None
    certificate, key = made.server
    if protocol == "tls":
        listening = f"""
            global(defaultNetstreamDriverCAFile="{made.ca}" defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{key}")
            module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/name" permittedPeer=["client"])
            input(type="imtcp" port="{port}" address="127.0.0.1" ruleset="keep")
        """
    else:
        listening = f"""
            module(load="imrelp" tls.tlslib="openssl")
            input(type="imrelp" port="{port}" address="127.0.0.1" tls="on" tls.caCert="{made.ca}" tls.myCert="{certificate}" tls.myPrivKey="{key}"
              tls.authMode="name" tls.permittedPeer=["client"] maxDataSize="128k" ruleset="keep")
        """
    config = room / f"{protocol}.conf"
    config.write_text(
        f"""
        global(workDirectory="{room}" maxMessageSize="128k")
        template(name="all" type="string" string="%syslogseverity% %hostname% %app-name% %msgid% %structured-data% %msg%\\n")
        ruleset(name="keep") {{ action(type="omfile" file="{output}" template="all" flushOnTXEnd="on") }}
        {listening}
        """
    )
    command = [
        binary,
        "-n",
        "-f",
        str(config),
        "-i",
        str(room / f"{protocol}.pid"),
        *(["-M", str(modules)] if modules else []),
    ]
    daemon = Daemon(command=command, port=port, output=output)
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.kill()


@contextlib.contextmanager
def syslog_ng(room: Path, made: Certificates) -> Iterator[Daemon]:
    """syslog-ng that wants a client certificate of the test's authority."""
    binary = program("syslog-ng")
    port, output = free_port(), room / "ng.out"
    certificate, key = made.server
    config = room / "ng.conf"
    config.write_text(
        f"""@version: 3.38
        options {{ keep-hostname(yes); }};
        source s {{ syslog(ip("127.0.0.1") port({port}) transport("tls") log-msg-size(131072)
          tls(key-file("{key}") cert-file("{certificate}") ca-file("{made.ca}") peer-verify(required-trusted))); }};
        destination d {{ file("{output}" template("$LEVEL_NUM $HOST $PROGRAM $MSGID ${{.SDATA.bailiwick@32473.logIndex}} $MSG\\n")); }};
        log {{ source(s); destination(d); }};
        """
    )
    modules = next(iter(ROOM.glob("usr/lib/syslog-ng/*/")), None)
    command = [
        binary, "-F", "--no-caps", "-f", str(config), "-R", str(room / "ng.persist"), "-p", str(room / "ng.pid"), "-c", str(room / "ng.ctl"),
        *(["--module-path", str(modules)] if modules and binary.startswith(str(ROOM)) else []),
    ]  # fmt: skip
    daemon = Daemon(command=command, port=port, output=output)
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.kill()
