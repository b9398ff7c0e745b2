"""Reading a policy repository from disk: every YAML file of it as text, or an error that names the file."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from bailiwick.policy.document import MAX_CHARACTERS
from bailiwick.policy.errors import PolicyError, PolicyErrors

_NO_DIRECTORY = "is not a directory; name that of a policy (`bailiwick init DIR` writes one)"

MAX_FILES = 1000
"""Files of one repository; a directory with more was not meant to be one."""


class NotAPolicyError(NotADirectoryError):
    """What was named as a policy is no directory; the message is whole."""

    def __init__(self, root: Path) -> None:
        # Wherever an error of the system is told by its parts, this one has them too.
        super().__init__(errno.ENOTDIR, _NO_DIRECTORY, str(root))

    def __str__(self) -> str:
        return f"{self.filename} {self.strerror}"


def read_policy_files(root: Path) -> dict[str, str]:
    """File name relative to ``root``, with ``/``, to text; hidden files and directories are left out.

    Raises:
        PolicyErrors: a file is no UTF-8, is too large, can't be read or leads out of ``root``, or there are too many.
        NotAPolicyError: ``root`` is not a directory.
        OSError: a directory below it can't be listed.
    """
    if not root.is_dir():
        raise NotAPolicyError(root)
    files: dict[str, str] = {}
    errors: list[PolicyError] = []
    for path in yaml_files(root):
        name = path.relative_to(root).as_posix()
        if len(files) >= MAX_FILES:
            errors.append(
                _error(name, f"more than {MAX_FILES} files", "point at the policy repository itself")
            )
            break
        text = _read(path, root.resolve(), name)
        if isinstance(text, PolicyError):
            errors.append(text)
        else:
            files[name] = text
    if errors:
        raise PolicyErrors(errors)
    return files


def not_a_policy(root: Path) -> str:
    """What a person is told who named ``root`` as a policy."""
    return str(NotAPolicyError(root))


def _unreadable(error: OSError) -> None:
    """A directory that can't be listed might hold a rule: it must not be passed over."""
    raise error


def yaml_files(root: Path) -> Iterator[Path]:
    """Every YAML file of the repository, in order. Raises ``OSError`` when a directory can't be listed."""
    for folder, folders, names in os.walk(root, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith((".yaml", ".yml")) and not name.startswith("."):
                yield Path(folder, name)


def _read(path: Path, root: Path, name: str) -> str | PolicyError:
    try:
        if not Path(os.path.realpath(path)).is_relative_to(root):
            return _error(
                name, "the file is a link that leads out of the policy", "put the file itself there"
            )
        if not path.is_file():
            return _error(name, "not a plain file", "remove it")
        with path.open("rb") as file:
            # A character takes at most four bytes; what is longer is refused by number, not by reading it.
            data = file.read(4 * MAX_CHARACTERS + 1)
    except OSError as error:
        return _error(
            name, f"can't be read: {error.strerror or error}", "give the service's account read permission"
        )
    if len(data) > 4 * MAX_CHARACTERS:
        return _error(
            name, f"the file is longer than {MAX_CHARACTERS} characters", "split it into several profiles"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return PolicyError(
            file=name,
            line=line,
            column=column,
            message=f"not UTF-8: the byte 0x{data[error.start]:02x}",
            mend="save the file as UTF-8",
        )


def _error(name: str, message: str, mend: str) -> PolicyError:
    return PolicyError(file=name, line=1, column=1, message=message, mend=mend)
