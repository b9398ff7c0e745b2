"""The system call filter: what neither mounts nor Landlock have a word for, as a classic BPF program (``seccomp.2``).

It refuses and never kills, so that a program can fall back. A call of another architecture than the machine's own is
refused, since numbers mean something else there.
"""

import errno
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_X32: Final = 0x40000000
"""Numbers from here on are the x32 calls of x86-64: the same calls under other numbers."""

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """An architecture: its ``AUDIT_ARCH_*`` and the numbers of the calls that are named here."""

    audit: int
    socket: int
    always: tuple[int, ...]
    metadata: tuple[int, ...]


MACHINES: Final[Mapping[str, Machine]] = {
    # always: io_uring_setup (makes sockets unseen), add_key, request_key, keyctl (key rings are not per sandbox).
    # metadata: chmod, chown, utime and xattr with all their variants.
    "x86_64": Machine(
        audit=0xC000003E,
        socket=41,
        always=(425, 248, 249, 250),
        metadata=(
            *(90, 91, 92, 93, 94, 260, 268, 452),
            *(132, 235, 261, 280),
            *(188, 189, 190, 197, 198, 199, 463, 466, 469),
        ),
    ),
    "aarch64": Machine(
        audit=0xC00000B7,
        socket=198,
        always=(425, 217, 218, 219),
        metadata=(*(52, 53, 54, 55, 452), 88, *(5, 6, 7, 14, 15, 16, 463, 466, 469)),
    ),
}


def program(machine: str, *, sockets: Sequence[int], metadata: bool) -> bytes | None:
    """The filter for ``machine`` (``uname -m``), or None where it is not known.

    ``sockets`` are the address families that may be used; ``metadata`` says whether modes, owners, times and extended
    attributes may be changed.
    """
    known = MACHINES.get(machine)
    if known is None:
        return None
    refused = (*known.always, *(() if metadata else known.metadata))
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, known.audit),
        _refuse(errno.EPERM),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        _refuse(errno.EPERM),
    ]
    for number in refused:
        steps += [(_EQUAL, 0, 1, number), _refuse(errno.ENOSYS if number in known.always else errno.EPERM)]
    steps += [(_EQUAL, 0, len(sockets) + 2, known.socket), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
    # Past the families that are left to try, and past the refusal.
    steps += [(_EQUAL, len(sockets) - at, 0, family) for at, family in enumerate(sockets)]
    steps += [_refuse(errno.EACCES), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _refuse(number: int) -> tuple[int, int, int, int]:
    return _RETURN, 0, 0, _ERRNO | number
