"""Programs that speak to other machines."""

import itertools
import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import STANDARD_INPUT, Arg, Kind
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import escape
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_UPLOAD_PART = regex(r"[^=]*=[@<]([^;]+)")
_IN_BRACKETS = regex(r"//(?:[^/@]*@)?\[[0-9A-Fa-f:.]+\]")
_REDIRECTED = {
    "--resolve": regex(r"(?:\A[+-]?[^:]*:\d+:|,)(\[[^\]]+\]|[^\[\],]+)"),
    "--connect-to": regex(r"\A(?:\[[^\]]*\]|[^:]*):\d*:(\[[^\]]+\]|[^:]+):"),
}
"""Where ``curl`` is told to connect to instead of the host of the URL."""


def curl(call: "Call") -> None:  # noqa: C901, PLR0912, PLR0915 - one arm per form
    """``curl``: URLs, uploads (``-T``, ``-F name=@file``) and downloads named by the URL (``-O``)."""
    from bailiwick.analysis.commands.call import connect, url  # noqa: PLC0415 - the seam imports the plug-ins

    parsed, machine = call.parsed, call.machine
    call.begin()
    for problem in parsed.problems:
        machine.opaque(*problem)
    sends = _sends(call, ("-X", "--request"), _CURL_SENDS)
    for option in parsed.options:
        value = option.value
        if option.name == "--url" and value is not None:
            url(machine, value, sends=sends)
        elif value is None:
            call.option(option)
        elif option.name in ("-F", "--form"):
            if value.literal is None:
                machine.opaque("form part isn't known", value.span, AccessKind.READ)
            elif match := _UPLOAD_PART.match(value.text):
                for name in match[1].split(","):
                    machine.path(AccessKind.READ, value.with_text(name.strip('"')))
        elif option.name in ("-o", "--output"):
            if value.literal != "-":
                machine.path(AccessKind.WRITE, value)
        elif option.name in ("-T", "--upload-file"):
            if value.literal is not None and any(c in value.text for c in "[{"):
                machine.opaque("upload of several files", value.span)
            elif value.literal not in ("-", "."):
                machine.path(AccessKind.READ, value)
        elif option.name in ("-w", "--write-out"):
            if value.literal is None or "%output{" in value.text:
                machine.opaque("write-out format may write a file", value.span)
            elif value.text.startswith("@") and value.text != "@-":
                machine.path(AccessKind.READ, value.with_text(value.text[1:]))
        elif option.name in ("--data-urlencode", "--url-query"):
            name, at, file = value.text.partition("@")
            if at and "=" not in name:
                machine.path(AccessKind.READ, value.with_text(file))
            elif value.literal is None and "=" not in value.text:
                machine.opaque("value may name a file", value.span, AccessKind.READ)
        elif option.name in ("-b", "--cookie"):
            if "=" not in value.text:
                machine.path(AccessKind.READ, value)
        else:
            call.option(option)
            if option.name in ("--resolve", "--connect-to"):
                for name in _REDIRECTED[option.name].findall(value.text):
                    connect(machine, name, None, value.span)
    usual = [scheme.text for scheme in parsed.values("--proto-default")]
    for operand in parsed.operands:
        if usual and "://" not in operand.text:  # what an address without a scheme is taken for
            operand = operand.with_text(f"{usual[-1]}://{operand.text}")  # noqa: PLW2901 - the same word in full
        if (
            operand.literal is not None
            and re.search(r"[\[{]", _IN_BRACKETS.sub("//", operand.text.partition("?")[0], count=1))
            and not parsed.given("-g", "--globoff")
        ):
            machine.connect("*", None, operand.span, sends=sends)
            machine.opaque("URL with a pattern", operand.span, AccessKind.CONNECT)
        else:
            url(machine, operand, sends=sends)
    if parsed.given("-n"):
        machine.path(AccessKind.READ, Arg(machine.home + "/.netrc"))
    if parsed.given("-O", "--remote-name", "-J", "--remote-header-name", "--remote-name-all"):
        _download(call, parsed.operands, guess=not parsed.given("-J", "--remote-header-name"))


_CURL_SENDS = frozenset((
    "-d", "--data", "--data-ascii", "--data-binary", "--data-raw", "--data-urlencode", "--json", "-F", "--form",
    "--form-string", "-T", "--upload-file", "--url-query", "-Q", "--quote",
))  # fmt: skip
_WGET_SENDS = frozenset(("--post-data", "--post-file", "--body-data", "--body-file"))
_ASKING = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that change nothing (RFC 9110, 9.2.1)."""


def _sends(call: "Call", method: tuple[str, ...], options: frozenset[str]) -> bool:
    """Whether a body, a file or a method that changes something is given; a header or cookie out of a file is data too."""
    return any(
        option.name in options
        or (option.name in method and (option.value is None or option.value.literal not in _ASKING))
        or (
            option.name in ("-H", "--header")
            and option.value is not None
            and option.value.text[:1] in ("@", "")
        )
        or (option.name in ("-b", "--cookie") and option.value is not None and "=" not in option.value.text)
        for option in call.parsed.options
    )


def _download(call: "Call", urls: list[Arg], *, guess: bool) -> None:
    """A file in the working directory, named by the URL where that says it."""
    for address in urls:
        match = (
            re.match(r"(?:[a-z+]+://)?[^/?#]+/(?:[^?#]*/)?([^/?#]+)", address.text)
            if address.literal
            else None
        )
        if guess and match and not match[1].startswith("."):
            call.machine.path(AccessKind.WRITE, address.with_text("./" + match[1]))
        else:
            call.machine.path(AccessKind.WRITE, Arg("./*", Kind.PATTERN, address.span))


def wget(call: "Call") -> None:
    """``wget``: downloads into the working directory unless told where."""
    from bailiwick.analysis.commands.call import url  # noqa: PLC0415 - the seam imports the plug-ins

    parsed = call.parsed
    sends = _sends(call, ("--method",), _WGET_SENDS)
    call.begin()
    for problem in parsed.problems:
        call.machine.opaque(*problem)
    for file in parsed.values("-i", "--input-file"):
        call.machine.connect("*", None, file.span)
        call.machine.opaque("addresses that a file names", file.span, AccessKind.CONNECT)
        if not parsed.given("-O", "--output-document", "-P", "--directory-prefix", "--spider"):
            call.machine.path(AccessKind.WRITE, Arg(".", span=file.span), tree=True)
    for option in parsed.options:
        if (
            option.value is not None
            and option.value.literal == "-"
            and option.name in ("-O", "--output-document", "-o")
        ):
            continue
        call.option(option)
    for operand in parsed.operands:
        url(call.machine, operand, sends=sends)
    if parsed.given(
        "-r",
        "-m",
        "-p",
        "-H",
        "-x",
        "--recursive",
        "--mirror",
        "--page-requisites",
        "--span-hosts",
        "--force-directories",
    ):
        call.machine.path(AccessKind.WRITE, Arg("."), tree=True)
        if parsed.given("-H", "--span-hosts"):
            call.machine.connect("*")
    elif not parsed.given("-O", "--output-document", "-P", "--directory-prefix", "--spider"):
        _download(
            call, parsed.operands, guess=not parsed.given("--content-disposition", "--trust-server-names")
        )
        call.machine.path(AccessKind.WRITE, Arg("./.wget-hsts").with_text(call.machine.home + "/.wget-hsts"))


def ssh(call: "Call") -> None:
    """``ssh``: a connection; what runs on the other side isn't this machine's."""
    from bailiwick.analysis.commands.call import connect, host  # noqa: PLC0415 - the seam imports the plug-ins

    call = _options_after(call)
    parsed, machine = call.parsed, call.machine
    call.begin()
    call.options()
    if parsed.operands:
        target = parsed.operands[0]
        if target.literal is not None:
            named = parsed.values("-p")
            name, port = _ssh_place(target.text)
            if named:
                port = named[-1].text
            connect(machine, name, int(port) if port.isdecimal() else 22, target.span)
        else:
            host(machine, target)
    _ssh_options(call)
    here = parsed.operands and _HERE.match(parsed.operands[0].text.rpartition("@")[2].lower())
    worst = None if here else AccessKind.EXECUTE
    if len(parsed.operands) > 1 or machine.stdin is not None:
        machine.opaque("a command on another machine", None, worst)
    elif not parsed.given("-V", "-N", "-G", "-Q"):
        machine.opaque("a session on another machine", None, worst)


def _ssh_place(destination: str) -> tuple[str, str]:
    """Host and port of ``[user@]host`` or ``ssh://[user@]host[:port]``, where the host may be an IPv6 address."""
    place = destination.removeprefix("ssh://").rpartition("@")[2]
    if place.startswith("["):
        name, _, port = place[1:].partition("]")
        return name, port.removeprefix(":")
    if place.count(":") > 1:
        return place, ""
    name, _, port = place.partition(":")
    return name, port


def _options_after(call: "Call") -> "Call":
    """Options may stand behind the host as well, before the command."""
    from bailiwick.analysis.commands.call import Call as _Call  # noqa: PLC0415 - the seam imports the plug-ins
    from bailiwick.analysis.commands.options import parse  # noqa: PLC0415 - same

    parsed = call.parsed
    if len(parsed.operands) < 2 or not parsed.operands[1].text.startswith("-"):  # noqa: PLR2004 - host and option
        return call
    behind = parse(parsed.node, tuple(parsed.operands[1:]))
    behind.options[:0], behind.problems[:0], behind.reached[:0] = (
        parsed.options,
        parsed.problems,
        parsed.reached,
    )
    behind.operands.insert(0, parsed.operands[0])
    behind.open |= parsed.open
    return _Call(call.args, behind, call.machine)


_HERE = regex(r"(?:localhost\b.*|127\.[\d.]+|0(?:\.0)*|::1|\[::1\])(?::\d+)?\Z|\Z")
"""This very machine, by another way in."""
_QUIET_SETTING = regex(
    r"(?i)(?:StrictHostKeyChecking|ConnectTimeout|ConnectionAttempts|BatchMode|ServerAlive\w+|LogLevel|Port|User|HostKeyAlias"
    r"|PreferredAuthentications|\w+Authentication|IdentitiesOnly|Compression|TCPKeepAlive|CheckHostIP|RequestTTY|AddressFamily"
    r"|NumberOfPasswordPrompts|ForwardX11\w*|Ciphers|MACs|KexAlgorithms|HostKeyAlgorithms|\w+AcceptedAlgorithms|IPQoS|HashKnownHosts"
    r"|VisualHostKey|ExitOnForwardFailure|ClearAllForwardings|UpdateHostKeys)[= ][\w@.,+-]*\Z"
)
"""Settings that name neither a file nor a program nor a host."""
_FILE_SETTING = regex(r"(?i)(UserKnownHostsFile|GlobalKnownHostsFile|IdentityFile|CertificateFile)[= ](.+)\Z")


def _ssh_options(call: "Call") -> None:
    """Settings, jump hosts and tunnels of ``ssh`` and ``scp``."""
    parsed, machine = call.parsed, call.machine
    for setting in parsed.values("-o"):
        if setting.literal is not None and (match := _FILE_SETTING.match(setting.text)):
            for name in match[2].split():
                kind = AccessKind.WRITE if match[1].lower().endswith("hostsfile") else AccessKind.READ
                machine.path(kind, setting.with_text(name))
        elif setting.literal is None or not _QUIET_SETTING.match(setting.text):
            machine.opaque(f"option -o of {call.name}", setting.span)
    for file in parsed.values("-F"):
        machine.path(AccessKind.READ, file)
        machine.opaque("settings may name programs", file.span, AccessKind.EXECUTE)
    for jump in parsed.values("-J"):
        for name in jump.text.split(",") if jump.literal is not None else ["*"]:
            machine.connect(
                name.removeprefix("ssh://").rpartition("@")[2].partition(":")[0].lower(), 22, jump.span
            )
    for tunnel in parsed.values("-D", "-L", "-R", "-W"):
        machine.connect("*", None, tunnel.span)
        machine.opaque("a tunnel", tunnel.span, AccessKind.CONNECT)
        if "/" in tunnel.text or tunnel.literal is None:
            machine.path(AccessKind.WRITE, Arg("", Kind.UNKNOWN, tunnel.span))  # a socket in the file system


def remote(call: "Call") -> None:
    """``scp`` and ``rsync``: the last operand is written, the others read; either may be on another machine."""
    from bailiwick.analysis.commands.call import remote as _remote  # noqa: PLC0415 - the seam imports the plug-ins

    parsed, machine = call.parsed, call.machine
    call.begin()
    call.options()
    _ssh_options(call)
    for shell in parsed.values("-e", "--rsh"):
        _remote_shell(call, shell)
    if parsed.open:
        machine.opaque("which operand is the destination isn't known", None, AccessKind.WRITE)
    for source in parsed.operands[:-1]:
        _remote(machine, source, AccessKind.READ, tree=True)
    if parsed.operands:
        last = parsed.operands[-1]
        local = not _remote(machine, last, AccessKind.WRITE, tree=True)
        if local and any(o.name.startswith(("--delete", "--force")) for o in parsed.options):
            machine.path(AccessKind.DELETE, last, tree=True)


def _remote_shell(call: "Call", shell: Arg) -> None:
    """``rsync -e 'ssh -p 2222'``: that program, given the other host."""
    remote = [o for o in call.parsed.operands if o.literal is None or _PLACE.match(o.text)]
    if not remote and shell.text.partition(" ")[0] == "ssh":
        return  # both sides are here
    hosts = [match for o in call.parsed.operands if o.literal is not None and (match := _PLACE.match(o.text))]
    if shell.literal is None or _SHELL_SIGNS.search(shell.text) or not hosts or not shell.text.strip():
        program = shell.text.partition(" ")[0]  # the rest may be options that run others
        worst = AccessKind.EXECUTE if program in ("ssh", "") and shell.literal is None else None
        call.machine.opaque(f"option -e of {call.name}", shell.span, worst)
        return
    words = [*shell.text.split(), hosts[-1][1], "rsync"]
    call.machine.run(tuple(shell.with_text(word) for word in words))


_PLACE = regex(r"([\w.+@-]+):")
_SHELL_SIGNS = regex(r"[^\w\s./=:@~,+-]")


def ping(call: "Call") -> None:
    """``ping``: an echo request has no port, so it reaches nobody who listens on one."""
    from bailiwick.analysis.commands.call import host  # noqa: PLC0415 - the seam imports the plug-ins

    call.begin()
    call.options()
    for operand in call.parsed.operands:
        host(call.machine, operand, port=0)


def lookup(call: "Call") -> None:
    """``dig`` and its kin: the name asked for is itself a message to its owner."""
    parsed, machine = call.parsed, call.machine
    machine.begin(tuple(parsed.operands))
    for before, arg in itertools.pairwise(call.args):
        text = arg.literal
        if call.name == "dig" and before.literal == "-f":  # a file of names
            machine.path(AccessKind.READ, arg)
            machine.connect("*", 53, arg.span)
        elif text is None:
            machine.connect("*", 53, arg.span)
            machine.opaque("name looked up isn't known", arg.span, AccessKind.CONNECT)
        elif text.startswith("@"):
            machine.connect(text[1:].lower(), 53, arg.span)
        elif (
            text.startswith("-")
            and text not in ("-4", "-6", "-x", "-t", "-v", "-a")
            and (call.name != "dig" or text != "-f")
        ):
            machine.opaque(f"unknown option {text} of {call.name}", arg.span)
        elif re.fullmatch(r"(?=.*[.:])[\w.:-]+\.?", text) or (
            re.fullmatch(r"[\w-]+", text) and not text.startswith("-") and not _RECORD_TYPE.match(text)
        ):
            machine.connect(text.rstrip(".").lower(), 53, arg.span)


def _psql(call: "Call") -> None:
    """Where its results go, and variables: some hold a prompt, which may run a program."""
    machine = call.machine
    for output in call.parsed.values("-o", "--output"):
        if output.text.startswith("|"):
            machine.script(output.with_text(output.text[1:]))
        elif output.literal != "-":
            machine.path(AccessKind.WRITE, output)
    for variable in call.parsed.values("-v", "--set", "--variable"):
        if variable.literal is None or "`" in variable.text or variable.text[:1].isupper():
            machine.opaque("a variable of psql's own may run a program", variable.span, AccessKind.EXECUTE)


_COPY = regex(
    r"(?is)\s*\\copy\s+(?:[\w.]+(?:\s*\([\w\s,]*\))?|\([^'\\]*\))\s+(?:(?P<to>to)|from)\s+'(?P<file>[^'\\]+)'(?:\s+[\w\s,()]*)?;?\s*\Z"
)
"""A table copied to or from one file of this machine, by psql itself."""
_RECORD_TYPE = regex(
    r"(?i)(?:a|aaaa|any|axfr|ixfr|caa|cname|dnskey|ds|hinfo|https|in|ch|hs|mx|naptr|ns|nsec3?|ptr|rrsig|soa|spf|srv|sshfp|svcb|tlsa|txt)\Z"
)
"""Words that say what of a name is asked for."""


def database(call: "Call") -> None:  # noqa: C901, PLR0912 - one arm per form
    """Database clients: a connection; statements with client escapes are opaque."""
    parsed, machine = call.parsed, call.machine
    files = parsed.values("-f", "--file") if call.name == "psql" else []
    own = bool(files) and all(machine.own(file) and file.literal not in STANDARD_INPUT for file in files)
    call.begin(project_code=own)
    call.options()
    hosts = parsed.values("-h", "--host")
    for given in hosts:
        if given.literal is not None and given.text.startswith("/"):
            machine.path(AccessKind.WRITE, given)
        elif given.literal is not None:
            machine.connect(given.text.lower(), _database_port(call), given.span)
        else:
            machine.opaque("host isn't known", given.span, AccessKind.CONNECT)
    named = [*parsed.operands, *parsed.values("-d", "--dbname", "--uri")]
    if call.name == "redis-cli":
        named += parsed.values("-u")
    urls = [o for o in named if "://" in o.text]
    for given in named:
        if "=" in given.text and "://" not in given.text:
            machine.connect("*", None, given.span)
            machine.opaque("connection parameters", given.span)
    for address in urls:
        call.url(address)
    if not hosts and not urls:
        machine.connect("localhost", _database_port(call))
    if call.name == "redis-cli" and parsed.operands:
        _redis(call, parsed.operands)
    if call.name == "psql":
        _psql(call)
    statements = parsed.values("-c", "-e", "--command", "--execute", "--eval")
    for statement in statements:
        if call.name == "psql" and statement.literal is not None and (copied := _COPY.match(statement.text)):
            kind = AccessKind.WRITE if copied["to"] else AccessKind.READ
            machine.path(kind, statement.with_text(copied["file"]))
        elif (
            statement.literal is None
            or (call.name in {"mongosh", "mongo"} and not _DOCUMENTS.match(statement.text))
            or ("\\" in statement.text and not _LOOKING.match(statement.text))
            or (call.name in {"mysql", "mariadb"} and _CLIENT.search(statement.text))
            or re.search(
                r"(?i)\bsystem\b|\bsource\b|\bload\b|\boutfile\b|\bdumpfile\b|\bload_file\b|\binfile\b|\bprogram\b|pg_read|pg_ls|lo_|\bcopy\b[^;]*\b(?:from|to)\s+[e$']|\bdblink",
                statement.text,
            )
        ):
            machine.opaque("statement that may reach beyond the database", statement.span)
    if call.name == "pg_restore":
        machine.opaque("statements from a file", None, AccessKind.EXECUTE)
        for operand in parsed.operands:
            machine.path(AccessKind.READ, operand, tree=True)
    if not (statements or own) and call.name in (
        "psql",
        "mysql",
        "mariadb",
        "mongosh",
        "mongo",
        "cqlsh",
        "clickhouse-client",
    ):
        # Beyond the database, at worst, the client runs a program for them.
        machine.opaque("statements from a file, standard input or a terminal", None, AccessKind.EXECUTE)


_CLIENT = regex(r"(?i)(?:\A|[;\n])\s*(?:pager|nopager|tee|notee|edit|source|system|delimiter|connect)\b")
"""Commands of mysql's own by their long names."""
_LOOKING = regex(
    r"\s*\\(?:d[a-zA-Z]*[+S]*|l\+?|conninfo|dt\+?|z|sf|sv|encoding|timing|x)(?:\s+[\w.*\"]+)*\s*\Z"
)
"""Commands of psql's own that only show something."""
_DOCUMENTS = regex(
    r"\s*(?:printjson\()?db(?!\S*(?:constructor|prototype|__|eval|\.call|\.apply|\.bind))"
    r"(?:\.\w+|\(['\w\s{}:,\"$.\[\]/-]*\))+\)?\s*;?\s*\Z"
)
"""A call on the database with plain values; mongosh is a JavaScript shell with all of node's library otherwise."""
_REDIS_REACHING = frozenset(
    [
        "eval",
        "eval_ro",
        "evalsha",
        "evalsha_ro",
        "script",
        "function",
        "fcall",
        "module",
        "config",
        "slaveof",
        "replicaof",
        "debug",
        "migrate",
        "shutdown",
        "cluster",
        "acl",
        "failover",
        "save",
        "bgsave",
        "bgrewriteaof",
        "restore",
        "sync",
        "psync",
    ]
)
"""Commands by which a server runs code, writes files or turns to another server."""


_DATABASE_PORTS = {
    "redis-cli": 6379,
    "mongosh": 27017,
    "mongo": 27017,
    "clickhouse-client": 9000,
} | dict.fromkeys(
    ("mysql", "mysqldump", "mariadb", "mysqladmin", "mariadb-admin", "mysqlcheck", "mysqlshow"), 3306
)
_POSTGRESQL = 5432


def _database_port(call: "Call") -> int | None:
    """The port that is said, else the server's usual one; None where it isn't known."""
    usual = _DATABASE_PORTS.get(call.name, _POSTGRESQL)
    said = call.parsed.values("-P" if usual == _DATABASE_PORTS["mysql"] else "-p", "--port")
    if said:
        known = re.fullmatch(r"[0-9]{1,5}", said[-1].literal or "")
        return int(known[0]) if known else None
    return None if call.name == "cqlsh" else usual


def _redis(call: "Call", operands: list[Arg]) -> None:
    words = [(operand.literal or "").lower() for operand in operands[:2]]
    if operands[0].literal is None or (words[0] in _REDIS_REACHING and words != ["config", "get"]):
        call.machine.opaque("a command that reaches beyond the database", operands[0].span)


def sqlite(call: "Call") -> None:
    """``sqlite3``: the database file is written; dot commands are opaque."""
    parsed, machine = call.parsed, call.machine
    call.begin()
    call.options()
    for database in parsed.operands[:1]:
        if database.text.startswith("file:"):
            machine.opaque("a database named by an address", database.span)
        machine.path(AccessKind.READ, database)
        machine.path(AccessKind.WRITE, database)
        if database.literal is not None:  # its journal and shared memory
            beside = escape(database.text) + "-*"
            machine.path(AccessKind.WRITE, Arg(beside, Kind.PATTERN, database.span))
    for statement in parsed.operands[1:]:
        if statement.literal is not None and (named := _DOT_FILE.match(statement.text)):
            kind = AccessKind.READ if named["reads"] else AccessKind.WRITE
            machine.path(kind, statement.with_text(named["file"]))
        elif (
            statement.literal is None
            or (statement.text.lstrip().startswith(".") and not _DOTTED.match(statement.text))
            or re.search(
                r"(?i)attach|load_extension|readfile|writefile|fsdir|lsmode|zipfile|virtual\s+table|edit\s*\(|vacuum\s+into|fts3_tokenizer|pragma(?!\s+(?:\w+\.)?(?:table_x?info|table_list|index_x?info|index_list|foreign_key_(?:list|check)|(?:quick|integrity)_check|database_list|user_version|page_count|page_size|journal_mode|encoding|compile_options|foreign_keys)\b)",
                statement.text,
            )
        ):
            machine.opaque("statement that may reach beyond the database", statement.span)
    if len(parsed.operands) < 2:  # noqa: PLR2004 - database and statement
        machine.opaque("statements from standard input or a terminal", None, AccessKind.EXECUTE)


_DOTTED = regex(
    r"\s*\.(?:tables|schema|indexes|indices|databases|fullschema|dbinfo|show|help|dump|stats|mode|headers?|width|timer|changes|nullvalue)(?:\s+[\w%*.-]+)*\s*\Z"
)
"""Commands of sqlite3's own that only show something."""
_DOT_FILE = regex(
    r"\s*\.(?:(?P<reads>import(?:\s+--(?:csv|ascii)|\s+--skip\s+\d+)*)|output|once|backup|save)\s+(?P<file>[\w./~][\w./~-]*)(?(reads)\s+\w+)\s*\Z"
)
"""Those that read or write one file. A bar before its name would run a program; two names are a schema and a file."""


def bucket(call: "Call") -> None:
    """Copies to and from a cloud bucket: what isn't a bucket's URL is a path here."""
    call.begin()
    call.options()
    call.effects()
    operands = call.parsed.operands
    for index, operand in enumerate(operands):
        if not operand.text.startswith(("s3://", "gs://")):
            last = index == len(operands) - 1
            call.machine.path(AccessKind.WRITE if last else AccessKind.READ, operand, tree=True)
    if call.parsed.words[-1:] and call.parsed.words[-1].text == "mv" and operands:
        call.machine.path(AccessKind.DELETE, operands[0], tree=True)
