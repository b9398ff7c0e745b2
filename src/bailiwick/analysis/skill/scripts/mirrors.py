"""Programs that copy folders to a place that a script names itself: to a share, a bucket or a store of backups that is somebody's."""

import posixpath
import re

from bailiwick.analysis.skill.facts import Inventory, Label, Origin, Sink
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.skill.sensitive import is_local, is_placeholder, kept_in
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_FOUND = 20
_COPIES = Wide(
    r"\brclone[\"',\s]{1,6}(?:-[\w-]+(?:[ =]\S+)?[\s\"',]+){0,4}(?:copy|sync|move|copyto|moveto|rcat|bisync)\b([^\n]{1,500})|\brestic\b([^\n]{0,200}\bbackup\b[^\n]{0,300})|\b(?:borg|kopia|duplicity|duplicacy)\b([^\n]{0,300})|\bazcopy[\"',\s]{1,6}(?:copy|cp|sync)\b([^\n]{1,400})|\blftp\b([^\n]{0,400}\b(?:put|mirror\s+-R|mput)\b[^\n]{0,200})|\bmc[\"',\s]{1,6}(?:cp|mirror|pipe)\b([^\n]{1,300})|\bcadaver\b([^\n]{0,300})|\b(?:smbclient|mount\.davfs)\b([^\n]{0,300})"
)
_THERE = Wide(
    r"\bRCLONE_CONFIG_\w+_(?:URL|HOST|ENDPOINT)[\"'\]]{0,2}\s*[=:,]\s*[\"']?([^\s\"',)]+)|\brclone[^\n]{0,40}\bconfig\s+create\b[^\n]{0,200}?\b(?:url|host|endpoint)[ =][\"']?([^\s\"']+)|\bRESTIC_REPOSITORY[\"'\]]{0,2}\s*[=:,]\s*[\"']?([^\s\"',)]+)|^\s*(?:url|host|endpoint)\s*=\s*([\w:/.-]+)\s*$(?=[\s\S]{0,400}\brclone\b)",
    re.MULTILINE,
)
"""Where a remote is that another line names."""
_OPTION = re.compile(
    r"(?:--\w+-(?:url|host|endpoint)[\"',\s=]{1,4}|:\w+,(?:url|host|endpoint)=)[\"'\\]{0,2}((?:https?://)?[\w.-]+\.\w{2,})"
)
_AT = re.compile(
    r"\b(?:s3|gs|rest|sftp|ssh|webdav|davs?|ftps?|smb)(?::|://)(?:https?://)?(?:[\w.-]+@)?([\w-]+(?:\.[\w-]+)+)"
)
_FOLDER = re.compile(
    r"(?:~|\$\{?HOME\}?|/home/[\w.-]+|/Users/[\w.-]+|/root)(?:/([\w./*-]*))?(?=[\"'\s,)]|$)|expanduser\(\s*[\"']~/?([\w./*-]*)[\"']|\bhomedir\(\)[^\n\"'`]{0,12}[\"'`]/?([\w./*-]*)[\"'`]"
)
_PRIVATE = re.compile(r"^(?:Documents|Desktop|Pictures|Downloads|Mail|Library)\b|^$|^\*$")


def mirrors(text: str, path: str, role: Role, into: Inventory) -> None:
    """A chain from a folder of the person, or from credentials, to the host of the store."""
    for match in into.first(_COPIES.finditer(text), MAX_FOUND, path):
        said = next(group for group in match.groups() if group is not None)
        host = _host(said, text, path, into)
        if not host or is_local(host) or is_placeholder(host):
            continue
        for folder in into.first(_FOLDER.finditer(said), MAX_FOUND, path):
            name = posixpath.normpath(f"~/{folder[1] or folder[2] or folder[3] or ''}")
            kept = kept_in(name)
            where = place(path, text, match.start())
            if kept is not None:
                into.chain(Label(kept.origin, name, where), Sink.SEND, host, where, role)
            elif _PRIVATE.search(name.removeprefix("~").removeprefix("/")):
                into.chain(Label(Origin.PERSONAL, name, where), Sink.SEND, host, where, role)


def _host(said: str, text: str, path: str, into: Inventory) -> str:
    """The host that a command names, or that the remote it names has; empty where the person says it."""
    if named := _OPTION.search(said) or _AT.search(said):
        return named[1].removeprefix("https://").removeprefix("http://").lower()
    if hosts := hosts_in(said):
        return hosts[0]
    for there in into.first(_THERE.finditer(text), MAX_FOUND, path):
        address = next(group for group in there.groups() if group)
        if found := hosts_in(f"{address} ") or _AT.findall(address):
            return found[0]
    return ""
