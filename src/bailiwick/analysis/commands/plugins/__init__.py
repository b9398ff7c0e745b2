"""Commands whose arguments are a language of their own; each plug-in is named by a specification file."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.plugins import (
    awk,
    code,
    git,
    network,
    paths,
    scripts,
    search,
    tools,
    wrappers,
)

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

PLUGINS: Mapping[str, "Callable[[Call], None]"] = {
    "archive": paths.archive,
    "awk": awk.awk,
    "bucket": network.bucket,
    "compress": paths.compress,
    "curl": network.curl,
    "database": network.database,
    "dd": paths.dd,
    "env": wrappers.env,
    "fd": search.fd,
    "find": search.find,
    "git": git.git,
    "grep": search.grep,
    "interpreter": code.interpreter,
    "jq": scripts.jq,
    "kill": tools.kill,
    "lookup": network.lookup,
    "mkdir": paths.mkdir,
    "mktemp": paths.mktemp,
    "mode": paths.mode,
    "project": tools.project,
    "ps": tools.ps,
    "python": code.python,
    "reader": tools.reader,
    "remote": network.remote,
    "sed": scripts.sed,
    "shell": wrappers.shell,
    "split": paths.split,
    "sqlite": network.sqlite,
    "ssh": network.ssh,
    "su": wrappers.su,
    "sudo": wrappers.sudo,
    "tar": scripts.tar,
    "tool": tools.tool,
    "transfer": paths.transfer,
    "unzip": paths.unzip,
    "watch": wrappers.watch,
    "wget": network.wget,
    "xargs": wrappers.xargs,
    "yq": scripts.yq,
}
