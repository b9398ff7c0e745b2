"""Unit files of the endpoint service: systemd (system and user) and launchd.

The system service has an account of its own and one capability, CAP_DAC_READ_SEARCH: whether a path inside a
developer's project leads out of it is decided by following its links, and home directories are closed to other
accounts. It writes only its state and runtime directories and talks to nobody but loopback.

What is deliberately not switched on, because the service would judge wrongly:

- ``PrivateTmp``, ``ProtectHome=yes``: it must see the links in projects below ``/tmp`` and ``/home``.
- ``PrivateUsers``: the kernel must name the true account behind a connection.
- ``ProtectProc=invisible``: it must tell a client's process from another that has got the same id.

systemd holds the system service's sockets (systemd.socket(5)). While the service is away, through a crash or an update,
no account can take its port and answer for it, and calls wait for it instead of being refused.
"""

from collections.abc import Sequence
from typing import Final

UNIT: Final = "bailiwick.service"
SOCKET_UNIT: Final = "bailiwick.socket"
ACCOUNT: Final = "bailiwick"
LAUNCHD_LABEL: Final = "org.bailiwick.service"

PORT: Final = 62247
"""The loopback port of a machine-wide service: above those that the kernel gives to outgoing connections, and above those of
development servers, which a session may end by port."""

SYSUSERS: Final = f"""\
# The account of Bailiwick's endpoint service, sysusers.d(5).
u {ACCOUNT} - "Bailiwick endpoint service" /var/lib/bailiwick
"""

SEGMENTS: Final = "/var/lib/bailiwick-segments"
"""Where relays of any account leave what they stopped while the service was away; only the service lists it."""

TMPFILES: Final = f"""\
# Where relays leave what they stopped while the endpoint service was away, tmpfiles.d(5).
d {SEGMENTS} 1733 {ACCOUNT} {ACCOUNT} -
"""

_SYSTEM: Final = """\
[Unit]
Description=Bailiwick endpoint service: decides and records what coding agents do
Documentation=man:systemd.exec(5)
# Sessions are denied while it is down, so it is tried for ever.
StartLimitIntervalSec=0
Requires=bailiwick.socket
After=bailiwick.socket nss-user-lookup.target

[Service]
Type=exec
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=200ms
User=bailiwick
Group=bailiwick
UMask=0077
StateDirectory=bailiwick
StateDirectoryMode=0700
RuntimeDirectory=bailiwick
RuntimeDirectoryMode=0755
RuntimeDirectoryPreserve=yes
ReadWritePaths=-{segments}
OOMScoreAdjust=-500

# Whether a link inside a project leads out of it is found by following it, and homes are closed to others.
AmbientCapabilities=CAP_DAC_READ_SEARCH
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET
IPAddressDeny=any
IPAddressAllow=localhost
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""

_SYSTEM_SOCKET: Final = """\
[Unit]
Description=Bailiwick endpoint service: where hooks, the launcher and the relay reach it
Documentation=man:systemd.socket(5)

[Socket]
ListenStream=127.0.0.1:{port}
ListenStream={socket}
SocketMode=0666
DirectoryMode=0755
RemoveOnStop=yes
# A service that fails again and again must not cost the sockets: somebody else could take the port then.
TriggerLimitIntervalSec=0
IPAddressDeny=any
IPAddressAllow=localhost

[Install]
WantedBy=sockets.target
"""

_USER: Final = """\
[Unit]
Description=Bailiwick endpoint service: decides and records what coding agents do
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=200ms
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native

[Install]
WantedBy=default.target
"""


def system_unit(command: Sequence[str]) -> str:
    """The unit of the machine-wide service, systemd.service(5)."""
    return _SYSTEM.format(command=_quoted(command), segments=SEGMENTS)


def system_socket(socket: str) -> str:
    """The unit that holds the machine-wide service's sockets; ``socket`` is the path of the Unix one."""
    return _SYSTEM_SOCKET.format(port=PORT, socket=socket)


def user_unit(command: Sequence[str]) -> str:
    """The unit of one account's own service; a user manager can't set up most sandboxing."""
    return _USER.format(command=_quoted(command))


def _quoted(command: Sequence[str]) -> str:
    """An ``ExecStart=`` line: words quoted, and what systemd would expand escaped (systemd.syntax(7))."""
    words = (
        w.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") for w in command
    )
    return " ".join(f'"{w}"' if not w or set(w) & set(" \t'\"\\;") else w for w in words)


def launchd_plist(command: Sequence[str], *, log: str) -> bytes:
    """The property list of the service on macOS, launchd.plist(5)."""
    import plistlib  # noqa: PLC0415 - with a reader of XML, which only installing on macOS needs

    return plistlib.dumps(
        {
            "Label": LAUNCHD_LABEL,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "KeepAlive": True,
            "ThrottleInterval": 1,
            "Umask": 0o077,
            "ProcessType": "Interactive",
            "StandardErrorPath": log,
        }
    )
