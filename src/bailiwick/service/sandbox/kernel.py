"""Landlock, seccomp and capabilities for the calling process, straight from the kernel's interface (no library).

Numbers are those of ``linux/landlock.h``, ``linux/prctl.h``, ``linux/seccomp.h`` and ``linux/capability.h``.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bailiwick.enforcement.sandbox.landlock import HANDLED, Right

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_CONNECT_TCP, _BIND_TCP = 2, 1
_SCOPE = 3
"""Abstract Unix sockets and signals stay inside."""
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 38, 22, 24
_SECCOMP_FILTER = 2
_NEWNS, _NEWUSER = 0x00020000, 0x10000000
_MS_REC, _MS_PRIVATE, _MNT_DETACH = 0x4000, 0x40000, 2
_CAPABILITY_VERSION: Final = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def landlock_abi() -> int:
    """The version of Landlock that the kernel offers; 0 for none."""
    if sys.platform != "linux":  # where that number is another call
        return 0
    return max(int(_libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION_FLAG)), 0)


def restrict(rights: Sequence[tuple[str, Right]], *, network: bool) -> None:
    """Hold this process, and what it starts, to ``rights``; without ``network`` no TCP either. Raises ``OSError``.

    A path that is gone by now is left out: nothing is granted there.
    """
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    handled = struct.pack("=QQQ", int(HANDLED), 0 if network else _BIND_TCP | _CONNECT_TCP, _SCOPE)
    ruleset = _checked(_libc.syscall(_CREATE, handled, ctypes.c_size_t(len(handled)), 0))
    try:
        for path, right in rights:
            try:
                there = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                rule = struct.pack("=Qi", int(right), there)
                _checked(_libc.syscall(_ADD, ruleset, _PATH_BENEATH, rule, 0))
            finally:
                os.close(there)
        _checked(_libc.syscall(_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)


def leave_mounts() -> None:
    """Give this process mounts of its own, with the right to change them. Raises ``OSError``.

    Root keeps its account; anybody else gets a user name space in which they are themselves.
    """
    uid, gid = os.getuid(), os.getgid()
    _checked(_libc.unshare(_NEWNS | (_NEWUSER if uid else 0)))
    if uid:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{uid} {uid} 1"),
            ("gid_map", f"{gid} {gid} 1"),
        ):
            Path("/proc/self", name).write_text(text, encoding="ascii")
    mount("", "/", "", _MS_REC | _MS_PRIVATE)


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """``mount(2)``. Raises ``OSError``."""
    texts = [os.fsencode(text) or None for text in (source, target, kind, options)]
    _checked(_libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]))


def unmount(target: str) -> None:
    """Take a mount away, at the latest when nobody uses it any more. Raises ``OSError``."""
    _checked(_libc.umount2(os.fsencode(target), _MNT_DETACH))


def drop_capabilities() -> None:
    """Give up every privilege for good, root's too."""
    number = 0
    while _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) == 0:
        number += 1
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    _checked(_libc.capset(header, struct.pack("=6I", *[0] * 6)))


def filter_calls(program: bytes) -> None:
    """Install a system call filter (classic BPF). Raises ``OSError``."""
    instructions = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    holder = Program(len(program) // 8, ctypes.addressof(instructions))
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(holder), 0, 0))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
