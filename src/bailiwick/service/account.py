"""An account of this machine: name, home and groups from the system's own databases (NSS), and its shell."""

import grp
import os
import pwd
import shutil
from pathlib import PurePath

from bailiwick.model.request import Principal


def principal_of(uid: int) -> Principal:
    """The account with this uid; one without an entry is known by its number and has no groups or home."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Principal(user=f"uid:{uid}", uid=uid)
    groups: set[str] = set()
    for gid in os.getgrouplist(entry.pw_name, entry.pw_gid):
        try:
            groups.add(grp.getgrgid(gid).gr_name)
        except KeyError:
            groups.add(f"gid:{gid}")
    return Principal(user=entry.pw_name, uid=uid, groups=frozenset(groups), home=entry.pw_dir)


def shell_of(named: str) -> str:
    """The shell that the client runs commands with when it was started with ``named`` as the account's.

    As client 2.1.330 chooses: that one where it is a bash or a zsh, else zsh, else bash; empty where there is none.
    """
    usable = [named] if ("bash" in named or "zsh" in named) and PurePath(named).is_absolute() else []
    found = [shutil.which(shell) for shell in (*usable, "zsh", "bash")]
    return next((shell for shell in found if shell), "")
