"""Policy helper: what the client runs at its start to get the settings of whoever started it.

A program of its own (``python3 -IS policy_helper.py --socket PATH``), named in the managed settings file under
``policyHelpers``. The client gives no arguments and no input; it takes ``{"managedSettings": {...}}`` from
standard output, and refuses to start after any other outcome (``onFailure: refuse``).

1. Say which client process asks, and in which directory it was started: the client runs this in ``/``.
2. Ask the service, which knows the account from the socket, not from anything said here.
3. Print the answer when it is whole and holds settings; else end with status 1 and say why.
"""

import posix
import sys
from types import ModuleType

DEFAULT_ENDPOINT = "https://api.anthropic.com"


def main() -> None:
    """Print the settings for the client that started this program, and end the program."""
    relay = beside()
    try:
        options = relay.parse(sys.argv[1:])
        relay.arm(options, 1)
        envelope = relay.exchange(options, "/v1/helper", question())  # (2)
        check(relay, envelope)
        relay.write_all(1, envelope)  # (3)
    except relay.Failure as failure:
        relay.end(1, str(failure))
    except OSError as error:
        relay.end(1, f"the service can't be reached: {error.strerror or error}")
    except BaseException as error:  # noqa: BLE001 - nothing may look like success
        relay.end(1, f"the policy helper failed: {type(error).__name__}")
    relay.end(0)


def check(relay: ModuleType, envelope: bytes) -> None:
    """Raise the relay's ``Failure`` unless ``envelope`` holds settings."""
    answer, _ = relay.scan(envelope.decode("utf-8").strip())
    settings = answer.get("managedSettings")
    if not isinstance(settings, dict) or not settings:
        raise relay.Failure("the service's answer holds no settings")


def beside() -> ModuleType:
    """The relay's module, from the directory of this program: nothing else is ever looked for there."""
    folder = __file__.rpartition("/")[0] or "."
    sys.path.insert(0, folder)
    try:
        return __import__("relay")
    finally:
        sys.path.remove(folder)


def question() -> bytes:
    """The client's process, directory and own model endpoint as JSON (1)."""
    parent = posix.getppid()
    try:
        directory = posix.readlink(f"/proc/{parent}/cwd")
    except OSError:
        directory = posix.getcwd()
    endpoint = started_with(parent, b"ANTHROPIC_BASE_URL") or DEFAULT_ENDPOINT
    direct = started_with(parent, b"NO_PROXY") or started_with(parent, b"no_proxy") or ""
    shell = started_with(parent, b"CLAUDE_CODE_SHELL") or started_with(parent, b"SHELL") or ""
    asked = f'"client_pid":{parent},"cwd":{quoted(directory)},"base_url":{quoted(endpoint)},"no_proxy":{quoted(direct)}'
    return f'{{{asked},"shell":{quoted(shell)}}}'.encode("ascii")


def started_with(process: int, name: bytes) -> str:
    """A variable that a process was started with; what a repository's settings added later is not in it."""
    try:
        descriptor = posix.open(f"/proc/{process}/environ", posix.O_RDONLY | posix.O_CLOEXEC)
        block = b"".join(iter(lambda: posix.read(descriptor, 1 << 16), b""))
        posix.close(descriptor)
    except OSError:
        return posix.environ.get(name, b"").decode("utf-8", "replace")
    values = [entry[len(name) + 1 :] for entry in block.split(b"\0") if entry.startswith(name + b"=")]
    return values[0].decode("utf-8", "replace") if values else ""


def quoted(text: str) -> str:
    """``text`` as a JSON string in ASCII."""
    inside = "".join(
        character if " " <= character <= "~" and character not in '"\\' else escaped(character)
        for character in text
    )
    return f'"{inside}"'


def escaped(character: str) -> str:
    """One character as JSON escapes; beyond the basic plane a pair of them."""
    code = ord(character)
    if code < 1 << 16:
        return f"\\u{code:04x}"
    code -= 1 << 16
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


if __name__ == "__main__":
    main()
