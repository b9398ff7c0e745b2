"""Files beside the log: for the account that owns the state directory alone, also where root made them."""

import os
from pathlib import Path


def keep_private(path: Path) -> None:
    """Give ``path`` to the owner of the folder it is in, and to nobody else. Raises OSError.

    Root may look into any log; what its commands leave there must not lock the service's account out.
    """
    path.chmod(0o700 if path.is_dir() else 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
