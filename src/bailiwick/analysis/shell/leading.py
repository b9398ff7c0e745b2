"""Where the value of a variable leads the programs that get it: to files, and to other machines.

A file or a host named in a variable is reached as surely as one named in an argument, and no list of variables is ever
complete; so a value counts by its form. Only where the form says little does the name decide.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bailiwick.analysis.address import canonical_host
from bailiwick.analysis.commands.argument import Arg, Place
from bailiwick.analysis.commands.call import PORTS
from bailiwick.analysis.shell.choosing import chosen
from bailiwick.analysis.shell.own import is_own
from bailiwick.analysis.shell.state import State
from bailiwick.model.access import AccessKind, HostTarget
from bailiwick.model.regex import regex
from bailiwick.model.value import value

if TYPE_CHECKING:
    from bailiwick.analysis.shell.interpreter import Interpreter

SEARCHED = frozenset(("PATH", "CDPATH"))
"""Where the shell itself looks; what that means is told of the commands that follow."""
_OPTIONS = regex(r"\w*(?:OPTS?|OPTIONS?|FLAGS|ARGS)", re.IGNORECASE)
"""Names whose values are options of a program, as words."""
_PEER = regex(r"\w*?(?:(?<!NO_)PROXY|HOST(?:ADDR)?|SERVERS?|ENDPOINT\w*|REMOTE)", re.IGNORECASE)
"""Names of the other end, which may be given without a scheme."""
_SOURCE = regex(
    r"\w*(?:REGISTR(?:Y|IES)|REPOSITORIES|INDEX|MIRROR|PYPI|DOWNLOAD|INSTALL_BINARY)\w*"
    r"|(?:GIT|PIP|UV|GO|CARGO|NPM|DOCKER|PUB|BAZELISK)_?\w*",
    re.IGNORECASE,
)
"""Names that say where a program gets its code or sends what it has; an application's own addresses are others."""
_LISTENING = frozenset(("HOST", "HOSTNAME", "BIND", "LISTEN"))
"""Names of the address a server listens at."""
_WRITTEN = regex(
    r"\w*(?:TRACE|LOG|OUTPUT|REPORT|COVERAGE|DUMP|PROFILE_FILE|REPL_HISTORY)\w*|\w*HISTFILE|SQLITE_HISTORY|GIT_INDEX_FILE"
    r"|PYTHONPYCACHEPREFIX|GCOV_PREFIX|GMON_OUT_PREFIX",
    re.IGNORECASE,
)
"""Names of what a program writes."""
_PATH = regex(r"(?:/|~|\.\.(?:/|$)).*", re.DOTALL)
_ADDRESS = regex(
    r"([a-z][a-z0-9+.-]*)://(?:[^/?#\s]*@)?(\[[0-9a-f:.]+\]|[^/?#:@\s]*)(?::([0-9]{1,5}))?", re.IGNORECASE
)
_BARE = regex(r"([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::([0-9]{1,5}))?", re.IGNORECASE)
_WEB = frozenset(("http", "https"))

MAX_PARTS = 64
"""Parts of one value that are looked at; what is longer leads anywhere."""


@value(frozen=True, slots=True)
class Lead:
    """One file or host: ``path`` as it is written, or ``host`` with its port. ``written`` says that a file is written."""

    path: str = ""
    host: str = ""
    port: int | None = None
    written: bool = False


def lead(interpreter: "Interpreter", name: str, value: Arg, state: State, span: Place | None) -> None:
    """Report the files outside the project and the hosts to which a variable leads the programs that get it."""
    record = interpreter.record
    if name in SEARCHED:
        return

    def path_of(text: str) -> Arg:
        return Arg(re.sub(r"^~(?=/|$)", interpreter.context.home, text))

    if why := chosen(name, value.literal, lambda text: is_own(interpreter, path_of(text), state)):
        record.opaque(why, span, AccessKind.EXECUTE)
    if value.literal is None:
        if value.text.startswith("/"):
            record.path(AccessKind.READ, value, state, span)
        return
    for found in leads(name, value.text):
        if found.host:
            record.access(AccessKind.CONNECT, HostTarget(host=found.host, port=found.port), span)
            continue
        path = path_of(found.path)
        if not is_own(interpreter, path, state):
            record.path(AccessKind.READ, path, state, span)
        if found.written:
            record.path(AccessKind.WRITE, path, state, span)


_HERE = frozenset(("127.0.0.1", "0.0.0.0"))  # noqa: S104 - read, not listened on
"""This machine, like ``localhost``, which isn't taken for a host without a port either."""


def leads(name: str, value: str) -> Iterator[Lead]:
    """Where ``value`` leads who gets it as ``name``. Total; a value with more than ``MAX_PARTS`` parts leads anywhere."""
    parts = _parts(name, value)
    if len(parts) > MAX_PARTS:
        yield Lead(path="/**")
        return
    peer = _PEER.fullmatch(name) is not None and name not in _LISTENING
    steering = peer or _SOURCE.fullmatch(name) is not None
    written = _WRITTEN.fullmatch(name) is not None
    for part in parts:
        if _PATH.fullmatch(part) or (written and "/" in part and "://" not in part):
            yield Lead(path=part, written=written)
        elif address := _ADDRESS.match(part):
            scheme, host, port = address[1].lower(), address[2], address[3]
            if scheme == "file":
                yield Lead(path=part[address.end(1) + 3 :])
            elif host and (steering or scheme not in _WEB):
                usual = PORTS.get(scheme.partition("+")[0])
                yield Lead(host=canonical_host(host) or "*", port=int(port) if port else usual)
        elif peer and "." in part and (bare := _BARE.fullmatch(part)) and part not in _HERE:
            yield Lead(host=canonical_host(bare[1]) or "*", port=int(bare[2]) if bare[2] else None)


def _parts(name: str, value: str) -> list[str]:
    """The words, or the elements of a list of paths, that a value consists of."""
    if _OPTIONS.fullmatch(name):
        return [part for word in value.split() for part in word.split("=", 1)]
    return re.split(r"[,|;\s]+" if "://" in value else r"[:,;\s]+", value.strip())


__all__ = ["MAX_PARTS", "Lead", "lead", "leads"]
