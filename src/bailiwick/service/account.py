"""An account of this machine as a principal: name, home and groups from the system's own databases (NSS)."""

import grp
import os
import pwd

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
