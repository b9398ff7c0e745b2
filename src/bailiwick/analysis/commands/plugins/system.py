"""Programs of the base system where an option or the form of an operand changes what the operands are."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.analysis.commands.plugins.paths import MAX_PARENTS
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import escape
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_READ, _WRITE, _DELETE = AccessKind.READ, AccessKind.WRITE, AccessKind.DELETE


def unknown(arg: Arg) -> Arg:
    """A path of which nothing is known, caused by ``arg``."""
    return Arg("", Kind.UNKNOWN, arg.span)


def date(call: "Call") -> None:
    """``date``: an operand is a format, or else a time the clock is set to."""
    call.begin()
    call.options()
    for operand in call.parsed.operands:
        if not operand.text.startswith("+"):
            call.machine.opaque("may set the clock", operand.span, AccessKind.CHANGE_CONFIG)


def checksum(call: "Call") -> None:
    """``sha256sum`` and its kin: with ``-c`` the operands name the files that are read."""
    call.begin()
    call.options()
    call.operands()
    if call.parsed.given("-c", "--check"):
        for operand in call.parsed.operands or call.args[:1]:
            call.machine.path(_READ, unknown(operand))


def shuf(call: "Call") -> None:
    """``shuf``: with ``-e`` the operands are lines."""
    call.begin()
    call.options()
    if not call.parsed.given("-e", "--echo", "-i", "--input-range"):
        call.operands()


def environment(call: "Call") -> None:
    """A program that shows the environment."""
    call.begin()
    call.options()
    call.operands()
    call.machine.variable(_READ, "*")


def beside(call: "Call", path: Arg, name: str) -> None:
    """A temporary file in the directory of ``path``; ``name`` is a glob."""
    head, slash, _ = path.text.rpartition("/")
    if path.kind is Kind.LITERAL:
        head = escape(head)
    elif path.kind is not Kind.PATTERN or "{" in head:
        call.machine.path(_WRITE, unknown(path))
        return
    call.machine.path(_WRITE, Arg(head + slash + name, Kind.PATTERN, path.span))


def in_place(call: "Call") -> None:
    """``dos2unix`` and its kin: each operand is replaced by way of a temporary file beside it.

    With ``-n`` every second operand is the new file, which is no more.
    """
    call.begin()
    call.options()
    for operand in call.parsed.operands:
        call.machine.path(_READ, operand)
        call.machine.path(_WRITE, operand)
        beside(call, operand, "d2utmp??????")


def shred(call: "Call") -> None:
    """``shred``: overwrites; with ``-u`` it also renames the file to zeros and removes it."""
    call.begin()
    call.options()
    for operand in call.parsed.operands:
        if operand.literal != "-":
            call.machine.path(_WRITE, operand)
            if call.parsed.given("-u", "--remove"):
                call.machine.path(_DELETE, operand)
                beside(call, operand, "0*")


def converter(call: "Call") -> None:
    """A program that reads its first operands and writes the last one, which may be standard output."""
    call.begin()
    call.options()
    parsed, machine = call.parsed, call.machine
    if parsed.operands and parsed.operands[-1].kind is Kind.OPEN:
        machine.path(_WRITE, unknown(parsed.operands[-1]))
    for operand in parsed.operands[:-1]:
        machine.path(_READ, operand)
    for operand in parsed.operands[-1:]:
        if operand.literal != "-":
            machine.path(_WRITE if len(parsed.operands) > 1 else _READ, operand)
    call.effects()


def pdftotext(call: "Call") -> None:
    """``pdftotext``: the text goes to the second operand, or beside the document."""
    call.begin()
    call.options()
    operands, machine = call.parsed.operands, call.machine
    if call.parsed.open or len(operands) > 2:  # noqa: PLR2004 - document and text
        machine.opaque("operands of pdftotext")
    for document in operands[:1]:
        machine.path(_READ, document)
        if not operands[1:]:
            known = document.kind is Kind.LITERAL
            machine.path(
                _WRITE, document.with_text(document.text.removesuffix(".pdf") + ".txt") if known else document
            )
    for text in operands[1:2]:
        if text.literal != "-":
            machine.path(_WRITE, text)


def response(call: "Call") -> None:
    """A program that takes further arguments from a file named by ``@file``."""
    call.begin()
    call.options()
    call.operands()
    for operand in call.parsed.operands:
        if operand.text.startswith("@"):
            call.machine.path(_READ, operand.with_text(operand.text[1:]))
            call.machine.opaque(f"arguments of {call.name} from a file", operand.span)


def strip(call: "Call") -> None:
    """``strip`` and its kin: an operand is replaced by way of a temporary file beside it."""
    response(call)
    for operand in call.parsed.operands:
        beside(call, operand, "st??????")


def rmdir(call: "Call") -> None:
    """``rmdir``: with ``-p`` the directories above go too, as far as they are named."""
    call.begin()
    call.options()
    for operand in call.parsed.operands:
        call.machine.path(_DELETE, operand)
        if not call.parsed.given("-p", "--parents"):
            continue
        head = operand.text.rstrip("/")
        if operand.kind is not Kind.LITERAL or head.count("/") > MAX_PARENTS:
            call.machine.path(_DELETE, unknown(operand))
            continue
        while head := head.rpartition("/")[0].rstrip("/"):
            call.machine.path(_DELETE, operand.with_text(head))


_DATABASE = regex(
    r"(?:passwd|group|hosts|services|protocols|networks|ethers|netgroup|ahosts\w*|shadow|gshadow|rpc|aliases|initgroups)\Z"
)


def getent(call: "Call") -> None:
    """``getent``: reads a database of names; host names are asked of the network."""
    call.begin()
    call.options()
    for operand in call.parsed.operands[:1]:
        if operand.literal is None or not _DATABASE.match(operand.text):
            call.machine.opaque("database that isn't known", operand.span)
        elif operand.text.startswith(("hosts", "ahosts")) and call.parsed.operands[1:]:
            for name in call.parsed.operands[1:]:
                call.machine.connect(name.literal or "*", 53, name.span)
        else:
            call.machine.path(_READ, operand.with_text("/etc/" + operand.text))


_QUERIES = {
    "at": ("-l", "-c", "-V"),
    "batch": (),
    "rpm": ("-q", "--query", "-K", "--checksig", "--querytags", "--showrc"),
    "rpmquery": ("-q", "-a", "-f", "-l", "-i", "-p"),
    "dpkg": (
        *(
            "-l",
            "-L",
            "-s",
            "-S",
            "-p",
            "-C",
            "-V",
            "--list",
            "--listfiles",
            "--status",
            "--search",
            "--print-avail",
            "--audit",
        ),
        *(
            "--get-selections",
            "--print-architecture",
            "--print-foreign-architectures",
            "--compare-versions",
            "--verify",
        ),
        *(
            "--validate-pkgname",
            "--validate-version",
            "--yet-to-unpack",
            "--assert-multi-arch",
            "--assert-support-predepends",
        ),
        *("-h", "-Dh", "--force-help", "--dry-run", "--no-act", "--simulate"),
    ),
    "iptables": ("-L", "-S", "--list", "--list-rules", "-C", "--check"),
    "ip6tables": ("-L", "-S", "--list", "--list-rules", "-C", "--check"),
    "passwd": ("-S", "--status"),
    "chage": ("-l", "--list"),
}


_CHANGES = {
    "rpm": AccessKind.EXECUTE,  # packages bring scripts
    "dpkg": AccessKind.EXECUTE,
    "at": AccessKind.CHANGE_CONFIG,  # as crontab
    "batch": AccessKind.CHANGE_CONFIG,
    "iptables": AccessKind.CHANGE_CONFIG,
    "ip6tables": AccessKind.CHANGE_CONFIG,
    "passwd": AccessKind.CHANGE_CONFIG,
    "chage": AccessKind.CHANGE_CONFIG,
}


def query(call: "Call") -> None:
    """A program that only answers with certain options, and changes something without them."""
    call.begin()
    call.options()
    call.operands()
    if not call.parsed.given(*_QUERIES[call.name], "--help", "--version"):
        call.machine.opaque(f"what {call.name} changes isn't modelled", None, _CHANGES.get(call.name))


def crontab(call: "Call") -> None:
    """``crontab``: a table of what runs later, by the account's own file in the spool."""
    parsed, machine = call.parsed, call.machine
    if parsed.operands or parsed.given("-l", "-e", "-r", "-V"):
        call.begin()
    else:  # the table comes from standard input, as with ``-``
        machine.begin((Arg("-"),), options=parsed.spelled())
    call.options()
    table = Arg("/var/spool/cron/**", Kind.PATTERN)
    if parsed.given("-l", "-e"):
        machine.path(_READ, table)
    if parsed.given("-r"):
        machine.path(_DELETE, table)
    elif parsed.given("-e") or not parsed.given("-l"):
        for file in parsed.operands:
            call.role_of_read(file)
        machine.path(_WRITE, table)
        machine.opaque("sets commands that run later", None, AccessKind.CHANGE_CONFIG)


def mount(call: "Call") -> None:
    """``mount``: from then on what is below the last operand is another file system's, or another directory's."""
    parsed, machine = call.parsed, call.machine
    call.begin()
    call.options()
    for source in parsed.operands[:-1]:
        if source.text.startswith(("/", ".")) or source.literal is None:
            machine.path(_READ, source)
    for place in parsed.operands[-1:]:
        machine.path(_WRITE, place, tree=True)
    if parsed.operands or parsed.given("-a", "--all"):
        types = parsed.values("-t", "--types")  # mount.TYPE is a program, and some types have a peer
        known = all(kind.literal is not None and _LOCAL_TYPE.match(kind.text) for kind in types)
        machine.opaque("what paths mean afterwards", None, AccessKind.CHANGE_CONFIG if known else None)


_LOCAL_TYPE = regex(
    r"(?:ext[234X]?|xfs|btrfs|vfat|msdos|ntfs|iso9660|tmpfs|proc|sysfs|yaffs2?|rfs|auto|none|squashfs)\Z"
)


def interface(call: "Call") -> None:
    """``ifconfig``: an interface is shown; a further word changes it."""
    call.begin()
    call.options()
    if call.parsed.open or len(call.parsed.operands) > 1:
        call.machine.opaque("changes how the network works", None, AccessKind.CHANGE_CONFIG)


def finger(call: "Call") -> None:
    """``finger``: ``user@host`` asks that host."""
    call.begin()
    call.options()
    for operand in call.parsed.operands:
        if operand.literal is None:
            call.machine.connect("*", 79, operand.span)
            call.machine.opaque("host isn't known", operand.span, AccessKind.CONNECT)
        elif "@" in operand.text:
            call.machine.connect(operand.text.rpartition("@")[2].lower(), 79, operand.span)


def netcat(call: "Call") -> None:
    """``nc host port``: what it sends and receives are its standard input and output."""
    call.begin()
    call.options()
    operands = call.parsed.operands
    if call.parsed.given("-l", "--listen"):
        call.machine.connect("*", None)
        call.machine.opaque("listens for whoever calls", None, AccessKind.CONNECT)
        return
    host = operands[0] if operands else None
    ports = operands[1].literal if len(operands) > 1 else None
    if host is None or host.literal is None or len(operands) > 2:  # noqa: PLR2004 - host and port
        call.machine.connect("*", None)
        call.machine.opaque("peer of netcat isn't known")
    else:
        call.machine.connect(host.text.lower(), int(ports) if ports and ports.isdigit() else None, host.span)


_SERVICE = regex(r"[A-Za-z0-9][\w@.-]*\Z", re.ASCII)


def service(call: "Call") -> None:
    """``service name status``: any other action runs the service's own program, and a path any program."""
    call.begin()
    call.options()
    match [operand.literal for operand in call.parsed.operands]:
        case [str(name), "status"] if _SERVICE.match(name):
            pass
        case [] if call.parsed.given("--status-all", "--help", "--version"):
            pass
        case _:
            call.machine.opaque("runs a service's own program", None, AccessKind.EXECUTE)


def strace(call: "Call") -> None:
    """``strace``: ``-o`` names a file, or a command after ``|`` or ``!``."""
    call.begin()
    call.options()
    for log in call.parsed.values("-o", "--output"):
        if log.text.startswith(("|", "!")):
            call.machine.script(log.with_text(log.text[1:]))
        elif call.parsed.given("-ff", "--output-separately") and log.kind is Kind.LITERAL:
            call.machine.path(_WRITE, Arg(escape(log.text) + ".*", Kind.PATTERN, log.span))
        else:
            call.machine.path(_WRITE, log)
    if call.parsed.operands:
        call.machine.run(tuple(call.parsed.operands))


def flock(call: "Call") -> None:
    """``flock file command`` or ``flock file -c 'code'``: the file is created and held meanwhile."""
    call.begin()
    call.options()
    operands = call.parsed.operands
    if operands and not (operands[0].literal or "").isdigit():
        call.machine.path(_WRITE, operands[0])
    match [operand.literal for operand in operands[1:]]:
        case ["-c" | "--command", _]:
            call.machine.script(operands[2])
        case [_, *_]:
            call.machine.run(tuple(operands[1:]))
        case _:
            pass


_SHOWN = ("-l", "-y", "-e", "-B", "-F", "-L", "-c")


def ssh_keygen(call: "Call") -> None:
    """``ssh-keygen``: makes a pair of files, or shows one."""
    call.begin()
    call.options()
    parsed, machine = call.parsed, call.machine
    own = machine.home + "/.ssh/"
    files = parsed.values("-f")
    if parsed.given("-R", "-H"):
        for name in files or [Arg(own + "known_hosts")]:
            machine.path(_WRITE, name)
            beside(call, name, "known_hosts*")
    elif parsed.given(*_SHOWN, "-p", "-i", "-Q"):
        for name in files or [Arg(own + "**", Kind.PATTERN)]:
            machine.path(_READ, name)
            if parsed.given("-p", "-c"):
                machine.path(_WRITE, name)
    elif parsed.operands or parsed.given("-A", "-k", "-u", "-h", "-g", "-U", "-r"):
        machine.opaque("form of ssh-keygen")
    else:
        for name in files or [Arg(own + "id_*", Kind.PATTERN)]:
            machine.path(_WRITE, name)
            if name.kind is not Kind.UNKNOWN:
                machine.path(_WRITE, name.with_text(name.text + ".pub"))


def ar(call: "Call") -> None:
    """``ar``: the letters of the first word say whether the archive is read, changed or unpacked."""
    call.begin()
    call.options()
    parsed, machine = call.parsed, call.machine
    operands = list(parsed.operands)
    given = "".join(option.name[1:] for option in parsed.options if len(option.name) == 2)  # noqa: PLR2004 - -x
    letters = operands.pop(0).literal if operands and not given else given
    letters = (letters or "").lstrip("-")
    for _ in range(len(set("abi") & set(letters)) + ("N" in letters)):
        operands[:1] = []  # the member or count that the modifier names
    if not letters or not operands or parsed.open or any(o.text.startswith("@") for o in parsed.operands):
        machine.opaque("form of ar")
        return
    archive, members = operands[0], operands[1:]
    if set("tpx") & set(letters):
        machine.path(_READ, archive)
        if "x" in letters:
            machine.path(_WRITE, Arg("."), tree=True)
    else:
        machine.path(_WRITE, archive)
        beside(call, archive, "st*")
        for member in members:
            machine.path(_READ, member)


def patch(call: "Call") -> None:
    """``patch``: files that the patch names are changed; one may be named outright."""
    call.begin()
    call.options()
    call.operands()
    trial = call.parsed.given("--dry-run", "-o", "--output")
    if len(call.parsed.operands) < 2:  # noqa: PLR2004 - file and patch
        call.machine.path(_READ if trial else _WRITE, unknown(call.args[0]))
    if not trial:
        for file in call.parsed.operands[:1]:
            beside(call, file, "*")
        call.machine.opaque("the patch names the files", None, _WRITE)


def sysctl(call: "Call") -> None:
    """``sysctl``: names are shown; a name with a value is set."""
    call.begin()
    call.options()
    for operand in call.parsed.operands:
        if operand.literal is None or not _KERNEL_NAME.match(
            operand.text
        ):  # a value, or a way out of /proc/sys
            call.machine.opaque("changes how the kernel works, or reads elsewhere", operand.span)


_KERNEL_NAME = regex(r"\w+(?:[./-]\w+)*\Z", re.ASCII)
