"""A command that is neither a function nor a builtin: a program of the system, of the project, or one that nobody knows."""

from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Place
from bailiwick.analysis.commands.perform import perform
from bailiwick.analysis.commands.plugins.consoles import console
from bailiwick.analysis.commands.plugins.foreign import foreign
from bailiwick.analysis.commands.plugins.goals import begin
from bailiwick.analysis.commands.plugins.launches import launch
from bailiwick.analysis.commands.plugins.tools import handed, named_files
from bailiwick.analysis.commands.specification import find
from bailiwick.analysis.shell.own import built_here
from bailiwick.analysis.shell.redirection import content
from bailiwick.analysis.shell.running import Running
from bailiwick.analysis.shell.state import State, normal
from bailiwick.model.access import AccessKind, ProgramTarget
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.shell.interpreter import Interpreter

_SYSTEM = frozenset(
    ("/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")
)
_TOOL = regex(
    r"/node_modules/\.bin/[^/]+\Z|/vendor/bin/[^/]+\Z|/\.?v?env[^/]*/bin/[^/]+\Z|/\.(?:tox|nox|direnv|pixi)/(?:[^/]+/)+bin/[^/]+\Z"
    r"|/(?:python|pypy)[0-9.]*\Z|/(?:node|ruby|perl|php|bash|sh|dash|zsh)\Z"
)
"""Where a project keeps the tools that are installed for it, and interpreters wherever they lie."""
_SHEBANG = regex(r"#!(?:/usr)?/bin/(?:env )?(bash|sh)\n")


def run(
    interpreter: "Interpreter", args: tuple[Arg, ...], state: State, span: Place | None, stdin: Arg | None
) -> None:
    """Hand it to its specification; of a program without one, everything it is given may be a file that it reads."""
    interpreter.listed = None
    name = base = args[0].text
    path = None
    if "/" in name:
        directory, _, base = name.rpartition("/")
        if not name.startswith("/") or normal(directory or "/") not in _SYSTEM:
            _named_by_path(interpreter, args, state, span, stdin)
            return
        path = normal(name)
    specification = find(base)
    running = Running(interpreter, state, args, span, stdin, path)
    if specification is None:
        running.begin(tuple(a for a in args[1:] if not a.text.startswith("-")), unknown=True)
        for _, file, outside in named_files(args):
            running.path(AccessKind.READ, file, tree=outside)
        return
    perform(specification, args, running)


def _named_by_path(
    interpreter: "Interpreter", args: tuple[Arg, ...], state: State, span: Place | None, stdin: Arg | None
) -> None:
    """A program named by its path: the project's own, or one that nobody knows."""
    name = args[0].text
    if name.startswith("/"):
        places: tuple[str, ...] = (normal(name),)
    elif state.cwd is None:
        places = ()
    else:
        places = tuple(normal(f"{there}/{name}") for there in state.cwd)
    project = normal(interpreter.context.project)
    for place in places:
        own = place.startswith(project.rstrip("/") + "/") or built_here(interpreter, place, project)
        running = Running(interpreter, state, args, span, stdin, place, of_project=own)
        text = content(interpreter, args[0], state)
        drafted = text or content(interpreter, args[0], state, perhaps=True)
        words = tuple(a for a in args[1:] if not a.text.startswith("-"))
        base = place.rpartition("/")[2]
        known = find(base)
        if own and known is not None and _TOOL.search(place):
            perform(known, args, running)  # .venv/bin/python is what python is
            running.path(AccessKind.READ, args[0])
        else:
            begin(running, base, args, words, project_code=own)
            running.path(AccessKind.READ, args[0])
            handed(running, args)
            if known is not None and known.plugin == "project":
                foreign(running, known.name, args[1:])  # ./gradlew is what gradle is
                launch(running, known.name, args[1:])
            console(running, base, args[1:])
        shebang = None if drafted is None else _SHEBANG.match(drafted.text)
        # What no line names a program for, the shell reads itself.
        is_shell = drafted is not None and (shebang is not None or not drafted.text.startswith("#!"))
        if drafted is not None and is_shell:
            running.script(drafted, args, dialect=shebang[1] if shebang else interpreter.dialect)
        if not own and (text is None or shebang is None):
            running.opaque(f"runs the program {place}")
        elif own and running.meddled(args[0], read=is_shell):
            running.opaque("runs a program that the same command wrote")
    if not places:
        target = ProgramTarget(
            name=name.rpartition("/")[2], argv=tuple(a.literal for a in args), as_user=interpreter.as_user
        )
        index = interpreter.record.access(AccessKind.EXECUTE, target, span)
        interpreter.readers.append(index)
        interpreter.writers.append(index)
        interpreter.record.opaque(f"runs the program {name} in a directory that isn't known", span)
