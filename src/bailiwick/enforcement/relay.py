"""Relay of hook calls: standard input to the service, its answer to standard output.

A program of its own, run by the client as a command hook (``python3 -IS relay.py --socket PATH``) where HTTP
hooks do not fit. It imports nothing of Bailiwick and only built-in modules, because it starts once per call.

The client runs the call after every outcome but exit status 2 and a readable denial (study §3.3), so every
failure here ends with status 2 and a line on standard error that says why:

1. a timer that nothing resets ends the program after ``--timeout`` seconds;
2. read all of standard input, at most ``MAX_BODY``;
3. send it, and read the reply until the peer closes, at most ``MAX_REPLY``;
4. accept only status 200 with a complete body that is one JSON object;
5. write it.

With ``--segment FILE``, or ``--segments DIR`` for the file there that is named by the account's number (``1000.segment``), what
it stopped is kept: one line at the end of that file, on stable storage before the program ends, which the service adopts when it is back. It says when, why, which event, tool and call, how large, and the event's
hash; nothing of what the event says, so no secret either.

For events that decide nothing, ``--notice`` makes the failure status 1, because status 2 on a stop event makes
the agent go on.
"""

import _signal  # type: ignore[import-not-found]  # built in; `signal` itself loads enum
import _socket
import posix
import sys

MAX_BODY = 16 * 1024 * 1024
MAX_REPLY = 32 * 1024 * 1024
MAX_SECRET = 4096
MAX_PORT = 65535
PRINTABLE = bytes(range(33, 127))
DEADLINE = "8"
MAX_SECONDS = 600
BLOCK, NOTICE = 2, 1

MAX_SEGMENT = 1024 * 1024
"""A segment that has grown so large takes no more lines: a service that is away has lost nothing but their number."""

EVENTS = [
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "PermissionRequest",
    "UserPromptSubmit",
    "UserPromptExpansion",
    "SessionStart",
    "SessionEnd",
    "SubagentStart",
    "SubagentStop",
    "Stop",
    "Notification",
    "PreCompact",
    "ConfigChange",
]
TOOLS = [
    "Agent",
    "Bash",
    "BashOutput",
    "Edit",
    "ExitPlanMode",
    "Glob",
    "Grep",
    "KillShell",
    "LS",
    "MultiEdit",
    "NotebookEdit",
    "NotebookRead",
    "Read",
    "Skill",
    "SlashCommand",
    "Task",
    "TodoWrite",
    "WebFetch",
    "WebSearch",
    "Write",
]
"""Names that are kept as they are; of others only their form: a name may be made up to carry something."""

USAGE = "usage: relay.py (--socket PATH | --port N) [--timeout SECONDS] [--token-file FILE] [--segment FILE | --segments DIR] [--notice]"

Options = dict[str, str]

stopped: dict[str, bytes] = {}
"""What is to be kept should the program fail: the segment's path, and the event once it is read."""


class Failure(Exception):  # noqa: N818 - how a relay fails, not a mistake in it
    """The answer can't be had; the text says why."""


def main() -> None:
    """Relay one hook call and end the program."""
    status = NOTICE if "--notice" in sys.argv else BLOCK
    try:
        options = parse(sys.argv[1:])
        if "--segment" in options:
            stopped["segment"] = options["--segment"].encode("utf-8", "surrogateescape")
        elif "--segments" in options:
            name = f"{options['--segments']}/{posix.getuid()}.segment"
            stopped["segment"] = name.encode("utf-8", "surrogateescape")
        arm(options, status)  # (1)
        stopped["event"] = read_input()  # (2)
        reply = exchange(options, "/v1/hook", stopped["event"], token(options))  # (3) (4)
        write_all(1, reply)  # (5)
    except Failure as failure:
        end(status, str(failure))
    except OSError as error:
        end(status, f"the service can't be reached: {error.strerror or error}")
    except BaseException as error:  # noqa: BLE001 - nothing may end with another status
        end(status, f"the relay failed: {type(error).__name__}")
    end(0)


def end(status: int, message: str = "") -> None:
    """End the program now, with a line on standard error if there is something to say."""
    if message:
        if "segment" in stopped:
            try:
                keep(stopped.pop("segment"), stopped.get("event", b""), message)
            except BaseException as error:  # noqa: BLE001 - nothing may end with another status
                message += f" (and that could not be kept: {type(error).__name__})"
        try:
            text = f"bailiwick relay: {message}; nothing runs without an answer of the policy service\n"
            posix.write(2, text.encode("utf-8", "replace"))
        except OSError:
            pass
    posix._exit(status)  # noqa: SLF001 - public as os._exit


def keep(segment: bytes, event: bytes, why: str) -> None:
    """Append what was stopped to the segment, on stable storage. Raises OSError."""
    line = told(event, why)
    sync = getattr(posix, "fdatasync", posix.fsync)
    flags = (
        posix.O_WRONLY
        | posix.O_APPEND
        | posix.O_CREAT
        | posix.O_NOFOLLOW
        | posix.O_CLOEXEC
        | posix.O_NONBLOCK
    )
    for _ in range(5):
        descriptor = posix.open(segment, flags, 0o600)
        try:
            mine = posix.fstat(descriptor)
            if mine.st_size > MAX_SEGMENT:
                return
            write_all(descriptor, line)
            sync(descriptor)
            if not mine.st_size:
                settle(segment.rpartition(b"/")[0] or b".")
            # The service may have taken the file away in between and read it before: then it goes into the next one.
            # While this one is open its number isn't given to another.
            now = posix.stat(segment)
            if (now.st_dev, now.st_ino) == (mine.st_dev, mine.st_ino):
                return
        except FileNotFoundError:
            continue
        finally:
            posix.close(descriptor)


def settle(folder: bytes) -> None:
    """Bring the name of a new file to stable storage; in a folder that this account can't list the file system does it."""
    try:
        descriptor = posix.open(folder, posix.O_RDONLY | posix.O_CLOEXEC)
    except PermissionError:
        return
    try:
        posix.fsync(descriptor)
    finally:
        posix.close(descriptor)


def told(event: bytes, why: str) -> bytes:
    """The line that is kept of an event: names that are known, and numbers."""
    try:
        said, _ = scan(event.decode("utf-8").strip(" \t\r\n"))
    except (ValueError, StopIteration, RecursionError, SystemError):
        said = {}
    given = said if isinstance(said, dict) else {}
    name, tool, call = (str(given.get(one, "")) for one in ("hook_event_name", "tool_name", "tool_use_id"))
    shown = tool if tool in TOOLS else "mcp" if tool[:5] == "mcp__" else "other" if tool else ""
    plain = call[:8] == "toolu_01" and call[8:].isalnum() and call.isascii() and len(call) <= MAX_CALL
    reason = next((kept for kept in REASONS if why.startswith(kept)), "the relay failed")
    fields = (
        ("id", posix.urandom(8).hex()),
        ("event", name if name in EVENTS else "other" if name else ""),
        ("tool", shown),
        ("call", call if plain else ""),
        ("hash", hashed(event)),
        ("why", reason),
    )
    text = ",".join([f'"{key}":"{value}"' for key, value in fields])
    return f'{{"v":1,"time_ms":{now_ms()},"bytes":{len(event)},{text}}}\n'.encode("ascii")


def now_ms() -> int:
    """Milliseconds since 1970; read here because this is a program, not a part of the house."""
    return int(__import__("time").time_ns()) // 1_000_000


MAX_CALL = 40
REASONS = (
    "the service can't be reached",
    "the service did not answer in time",
    "the service closed the connection",
    "the service replied with status",
    "the reply",
    "the event is larger",
    "there is no event",
    "the session's secret is malformed",
)


def hashed(event: bytes) -> str:
    """SHA-256 of the event, empty where this Python's own needs a library to be loaded."""
    for name in ("_sha256", "_sha2"):
        if name in sys.builtin_module_names:
            return str(__import__(name).sha256(event).hexdigest())
    return ""


def parse(arguments: list[str]) -> Options:
    """Options by name. Raises ``Failure``."""
    options: Options = {}
    rest = iter(arguments)
    for name in rest:
        value: str | None = "yes" if name == "--notice" else next(rest, None)
        known = ("--notice", "--socket", "--port", "--timeout", "--token-file", "--segment", "--segments")
        if name not in known or value is None:
            raise Failure(USAGE)
        options[name] = value
    if ("--socket" in options) == ("--port" in options):
        raise Failure(USAGE)
    port = options.get("--port", "1")
    if not (port.isascii() and port.isdigit() and 0 < int(port) <= MAX_PORT):
        raise Failure("--port is no port")
    return options


def arm(options: Options, status: int) -> None:
    """End the program with ``status`` after the time given, whatever it is waiting for then. Raises ``Failure``."""
    given = options.get("--timeout", DEADLINE)
    if not (given.isascii() and given.isdigit() and 0 < int(given) <= MAX_SECONDS):
        raise Failure(f"--timeout is no number of seconds up to {MAX_SECONDS}")
    _signal.signal(_signal.SIGALRM, lambda *_: end(status, "the service did not answer in time"))
    _signal.setitimer(_signal.ITIMER_REAL, int(given))


def read_input() -> bytes:
    """All of standard input. Raises ``Failure`` when it is empty or larger than ``MAX_BODY``."""
    parts, size = [], 0
    while part := posix.read(0, 1 << 16):
        parts.append(part)
        size += len(part)
        if size > MAX_BODY:
            raise Failure("the event is larger than 16 MiB")
    if not size:
        raise Failure("there is no event on standard input")
    return b"".join(parts)


def token(options: Options) -> bytes:
    """The session's secret: from a file, else from the variable BAILIWICK_TOKEN; empty when there is none."""
    secret = posix.environ.get(b"BAILIWICK_TOKEN", b"")
    if "--token-file" in options:
        descriptor = posix.open(options["--token-file"], posix.O_RDONLY | posix.O_CLOEXEC)
        secret = posix.read(descriptor, MAX_SECRET + 1).strip()
        posix.close(descriptor)
    if len(secret) > MAX_SECRET or not all(byte in PRINTABLE for byte in secret):
        raise Failure("the session's secret is malformed")
    return secret


def exchange(options: Options, path: str, body: bytes, secret: bytes = b"") -> bytes:
    """The service's answer to ``body``: one JSON object. Raises ``Failure`` or ``OSError``."""
    if "--socket" in options:
        peer = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        peer.connect(options["--socket"])
    else:
        peer = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        peer.connect(("127.0.0.1", int(options["--port"])))
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\n"
    )
    if secret:
        head += f"Authorization: Bearer {secret.decode('ascii')}\r\n"
    peer.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode("ascii") + body)
    reply = bytearray()
    while part := peer.recv(1 << 16):
        reply += part
        if len(reply) > MAX_REPLY:
            raise Failure("the reply is too large")
    return answer(bytes(reply))


def answer(reply: bytes) -> bytes:
    """The body of an HTTP reply, checked. Raises ``Failure``."""
    if not reply:
        raise Failure("the service closed the connection without a reply")
    head, separator, body = reply.partition(b"\r\n\r\n")
    first, *fields = head.split(b"\r\n")
    version, _, status = first.partition(b" ")
    if not separator or version not in {b"HTTP/1.1", b"HTTP/1.0"}:
        raise Failure("the reply is not HTTP")
    if status[:4].strip() != b"200":
        raise Failure(f"the service replied with status {status[:40].decode('ascii', 'replace')}")
    lengths = [field[15:].strip() for field in fields if field[:15].lower() == b"content-length:"]
    if len(lengths) != 1 or not lengths[0].isdigit():
        raise Failure("the reply does not say how long it is")
    if len(body) != int(lengths[0]):
        raise Failure("the reply is cut off")
    if not is_object(body):
        raise Failure("the reply is not a JSON object")
    return body


def is_object(body: bytes) -> bool:
    """Whether ``body`` is exactly one JSON object in UTF-8."""
    try:
        text = body.decode("utf-8").strip(" \t\r\n")
        value, stop = scan(text)
    except (ValueError, StopIteration, RecursionError, SystemError):
        return False  # the last: the scanner can't raise the package's own error while that isn't loaded
    return isinstance(value, dict) and stop == len(text)


def scan(text: str) -> tuple[object, int]:
    """One JSON value from the start of ``text`` and where it stops.

    The interpreter's own scanner is used by itself: the package around it costs more than all else here.
    """
    try:
        import _json  # noqa: PLC0415 - it may be missing
    except ImportError:
        import json  # noqa: PLC0415 - the slow way round

        return json.JSONDecoder(parse_constant=constant).raw_decode(text)

    class Rules:
        strict = True
        object_hook = object_pairs_hook = None
        parse_float, parse_int, parse_constant = float, int, staticmethod(constant)

    value: tuple[object, int] = _json.make_scanner(Rules())(text, 0)  # type: ignore[arg-type]
    return value


def constant(name: str) -> None:
    """NaN and Infinity are not JSON."""
    raise ValueError(name)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``."""
    view = memoryview(data)
    while view:
        view = view[posix.write(descriptor, view) :]


if __name__ == "__main__":
    main()
