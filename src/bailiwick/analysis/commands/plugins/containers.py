"""``docker``, ``podman`` and compose: what a container reaches of this machine is what is mounted into it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.model.access import AccessKind

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_HOST_NAMESPACES = ("--pid", "--ipc", "--uts", "--userns", "--cgroupns", "--network", "--net")
_BEYOND = (
    "--cap-add", "--security-opt", "--device", "--volumes-from", "--runtime", "--cgroup-parent", "--device-cgroup-rule",
    "--gpus", "--log-driver", "--log-opt", "--storage-opt", "--volume-driver", "--link",
)  # fmt: skip
"""Options that give a container more than its mounts."""
_SOCKETS = ("docker.sock", "containerd.sock", "podman.sock", "crio.sock")


def container(call: "Call") -> None:
    """``run`` and ``create``: mounts are accesses; what loosens the container's hold is opaque."""
    machine = call.machine
    call.begin()
    call.options()
    machine.connect("*")  # it has a network, and its image may have to be fetched
    for option in call.parsed.options:
        value = option.value
        if value is None:
            continue
        if option.name in ("-v", "--volume"):
            _volume(call, value)
        elif option.name == "--mount":
            _mount(call, value)
        elif option.name in ("-e", "--env"):
            if value.literal is not None and "=" not in value.text:
                machine.variable(AccessKind.READ, value.text, None, value.span)
        elif option.name in _BEYOND or (
            option.name in _HOST_NAMESPACES
            and (value.literal is None or value.text.startswith(("host", "container:")))
        ):
            machine.opaque(f"a container with {option.name}", option.span)


def _volume(call: "Call", value: Arg) -> None:
    """``source:target[:options]``; a source without a slash is a volume of the daemon's own."""
    source, colon, rest = value.text.partition(":")
    if value.kind is Kind.UNKNOWN and not colon:
        call.machine.opaque("what is mounted into a container isn't known", value.span)
    elif colon and source.startswith(("/", ".", "~")):
        read_only = value.literal is not None and "ro" in rest.partition(":")[2].split(",")
        path = Arg(source, Kind.PATTERN if value.kind is Kind.PATTERN else Kind.LITERAL, value.span)
        _mounted(call, path, read_only=read_only)
    elif value.kind is Kind.PATTERN or (not colon and value.kind is not Kind.LITERAL):
        call.machine.opaque("what is mounted into a container isn't known", value.span)


def _mount(call: "Call", value: Arg) -> None:
    """``type=bind,source=path,target=path[,readonly]``."""
    fields = dict(_fields(value.text))
    kind = fields.get("type", "volume")
    if value.literal is None:
        call.machine.opaque("what is mounted into a container isn't known", value.span)
    elif kind == "bind":
        read_only = any(fields.get(name, "false") in ("", "true", "1") for name in ("readonly", "ro"))
        _mounted(call, value.with_text(fields.get("source", fields.get("src", "/"))), read_only=read_only)
    elif kind not in ("volume", "tmpfs") or "volume-opt" in fields:
        call.machine.opaque("what is mounted into a container isn't known", value.span)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for field in text.split(","):
        name, _, value = field.strip().partition("=")
        yield name.lower(), value


def _mounted(call: "Call", path: Arg, *, read_only: bool) -> None:
    machine = call.machine
    machine.path(AccessKind.READ, path, tree=True)
    if not read_only:
        machine.path(AccessKind.WRITE, path, tree=True)
        machine.path(AccessKind.DELETE, path, tree=True)
    if path.text.rstrip("/").endswith(_SOCKETS):
        machine.opaque("a container that commands the daemon", path.span)


def copy(call: "Call") -> None:
    """``cp``: one side is ``container:path``, the other here, ``-`` for a stream."""
    call.begin()
    call.options()
    call.effects()
    operands = call.parsed.operands
    for kind, operand in zip((AccessKind.READ, AccessKind.WRITE), operands, strict=False):
        inside = ":" in operand.text and not operand.text.startswith(("/", ".", "~"))
        if not inside and operand.literal != "-":
            call.machine.path(kind, operand, tree=True)
    if call.parsed.open or len(operands) > 2:  # noqa: PLR2004 - source and destination
        call.machine.opaque("which operand is the destination isn't known")


def build(call: "Call") -> None:
    """``build``: a directory that is sent to the daemon is read, the project's own as its code; a URL is fetched.

    What a build copies from the project goes into an image, not to the session; what its steps print is the doing of
    the project's code, as with ``make``.
    """
    from bailiwick.analysis.commands.call import url  # noqa: PLC0415 - the seam imports the plug-ins

    call.begin()
    call.options()
    call.effects()
    for option in call.parsed.options:
        if option.value is not None:
            _build_option(call, option.name, option.value)
    for operand in call.parsed.operands:
        if "://" in operand.text or operand.text.startswith(("git@", "github.com/")):
            url(call.machine, operand)
        elif operand.literal != "-" and not call.machine.own(operand):
            call.machine.path(AccessKind.READ, operand, tree=True)


def _build_option(call: "Call", name: str, value: Arg) -> None:
    """What a build is given of this machine, and where its cache goes."""
    machine, (head, equals, rest) = call.machine, value.text.partition("=")
    if name == "--ssh":
        for place in rest.split(",") if equals else ():
            machine.path(AccessKind.READ, value.with_text(place))
    elif name == "--build-arg" and not equals:
        machine.variable(AccessKind.READ, head, None, value.span)
    elif name in ("--cache-to", "--cache-from"):
        fields = dict(_fields(value.text))
        if name == "--cache-to" and fields.get("type") == "local":
            machine.path(AccessKind.WRITE, value.with_text(fields.get("dest", ".")), tree=True)
        elif "type" not in fields or fields["type"] in ("registry", "s3", "azblob"):
            machine.opaque("a cache in a registry", value.span, AccessKind.CONNECT)
    elif name in ("--allow", "--builder") or (name == "--network" and value.text == "host"):
        machine.opaque(f"a build with {name}", value.span)


def compose(call: "Call") -> None:
    """Compose: containers are described by the project, unless a file from elsewhere describes them."""
    call.begin()
    call.options()
    call.effects()
    for name in call.parsed.values("-e", "--env", "--build-arg"):
        if name.literal is not None and "=" not in name.text:
            call.machine.variable(AccessKind.READ, name.text, None, name.span)
    for file in call.parsed.values("-f", "--file", "--project-directory"):
        if (
            file.literal in (None, "-")
            or file.text.startswith(("/", "~", "http", "git", "oci"))
            or ".." in file.text
        ):
            call.machine.opaque("containers are described by a file that may not be the project's", file.span)
