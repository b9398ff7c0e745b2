"""``git``: remotes, configuration and the few sub-commands whose operands are paths or code."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import GIT_GUARD, Arg, Kind
from bailiwick.analysis.commands.plugins.paths import parents
from bailiwick.analysis.commands.specification import Role
from bailiwick.analysis.paths import escaped
from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_SAFE_KEY = regex(
    r"(?i)(user\.(name|email)|color\.\w+|advice\.\w+|init\.defaultbranch|pull\.(rebase|ff)|push\.(default|autosetupremote)"
    r"|branch\.[^.]+\.(remote|merge|rebase)|core\.(autocrlf|filemode|quotepath|ignorecase|eol|safecrlf|longpaths|abbrev)"
    r"|merge\.(conflictstyle|ff)|commit\.(gpgsign|verbose)|tag\.gpgsign|diff\.(renames|algorithm|colormoved)|rerere\.enabled"
    r"|fetch\.prune|log\.(date|decorate)|rebase\.(autostash|autosquash)|status\.\w+|column\.ui)\Z"
)
_PERSONAL = regex(
    r"(?i)(user\.(name|email)|color\.\w+|advice\.\w+|init\.defaultbranch|pull\.(rebase|ff)|push\.(default|autosetupremote)"
    r"|core\.(autocrlf|filemode|quotepath|ignorecase|eol|safecrlf|longpaths|abbrev)|merge\.(conflictstyle|ff)|commit\.verbose"
    r"|diff\.(renames|algorithm|colormoved)|rerere\.enabled|fetch\.prune|log\.(date|decorate)|rebase\.(autostash|autosquash)"
    r"|status\.\w+|column\.ui)\Z"
)
"""Settings that decide neither what runs nor where anything goes; what is set is no word that policy has to see."""
MAX_ASKED = 256
"""Objects of one batch that are looked at; nobody types more."""
_NO_REPOSITORY = frozenset(("", "version", "help", "clone", "init"))
_RANGE = regex(r"\.\.|[\^~@]|\A[0-9a-f]{7,40}\Z|\AHEAD\Z")
_MAGIC = regex(r":(?:\((?P<long>[^)]*)\)|(?P<short>[/!^]+):?)")
_STAGE = regex(r"\A:[0-3]:")
_SCHEME = regex(r"[a-z][a-z0-9+.-]*://")
_HELPER = regex(r"[A-Za-z0-9]+::")
_SCP = regex(r"(?:[\w.-]+@)?([\w.-]+):(?!\\)")
_READING_CONFIG = (
    "--get",
    "--get-all",
    "--get-regexp",
    "--get-urlmatch",
    "-l",
    "--list",
    "--get-color",
    "--get-colorbool",
)


def git(call: "Call") -> None:  # noqa: PLR0915, C901, PLR0912 - one arm per form
    """Every git sub-command; its class and options are data, what its operands mean is here."""
    parsed, machine = call.parsed, call.machine
    _begin(call)
    for reason, span, _ in parsed.problems:
        machine.opaque(reason, span)
    for option in parsed.options:
        value = option.value.literal if option.value is not None else None
        setting = option.name == "-c" and option.role is Role.OPAQUE and value is not None
        if setting and _SAFE_KEY.match((value or "").partition("=")[0]):
            continue
        call.option(option)
    call.effects()
    command = parsed.words[0].text if parsed.words else ""
    if command not in _NO_REPOSITORY:
        # The store stands for what is in it, which may be more than can be looked through at every command.
        machine.path(AccessKind.READ, Arg(".git"))
        if not machine.own(Arg(".git")):
            # Even to look at one runs what its configuration names (core.fsmonitor); the project's is protected.
            machine.opaque("a repository elsewhere may name programs that git runs")
        elif machine.exported(GIT_GUARD) is not None:
            machine.opaque(
                "git without what keeps it from repositories that are just there (safe.bareRepository)"
            )
    operands = parsed.operands
    match command:
        case "clone":
            _clone(call)
        case "fetch" | "pull" | "push" | "ls-remote":
            _remote(call, operands[:1])
        case "remote" | "submodule":
            for operand in operands:
                if _is_address(operand.text):
                    _address(call, operand)
            if len(parsed.words) > 1 and parsed.words[1].text in ("update", "prune"):
                machine.connect("*")
        case "config":
            _config(call)
        case "branch" | "tag" | "symbolic-ref":
            follows = parsed.given("-u", "--set-upstream-to", "--unset-upstream", "--edit-description")
            if (operands or follows) and not parsed.given(
                "-l", "--list", "--contains", "--merged", "--no-merged", "--points-at", "-v", "--verify"
            ):
                for tree in (".git/refs", ".git/logs"):
                    machine.path(AccessKind.WRITE, Arg(tree))
                # What it writes of a branch in the configuration is what that branch follows, and names no program.
                machine.path(AccessKind.WRITE, Arg(".git/{HEAD,packed-refs}{,.lock}", Kind.PATTERN))
        case "rm":
            for operand in operands:
                machine.path(AccessKind.DELETE, operand, tree=parsed.given("-r"))
        case "clean":
            if not operands and not parsed.given("-n", "--dry-run", "-x", "-X"):
                machine.opaque(
                    "removes what git doesn't know, which nothing brings back", None, AccessKind.DELETE
                )
            elif not parsed.given("-n", "--dry-run"):
                for operand in operands or [Arg(".")]:
                    machine.path(AccessKind.DELETE, operand, tree=True)
        case "blame" if operands:
            machine.path(AccessKind.READ, operands[-1])
        case "grep" if parsed.given("--no-index", "--untracked"):
            for operand in operands[1:] or [Arg(".")]:
                machine.path(AccessKind.READ, operand, tree=True)
        case "grep":
            _contents(call, operands if parsed.given("-e", "-f") else operands[1:])
        case "cat-file" if parsed.given("--batch", "--batch-command") and not parsed.given(
            "--batch-all-objects"
        ):
            _batch(call)
        case "stash" if parsed.given("-a", "--all") and (not operands or operands[0].literal != "show"):
            machine.path(
                AccessKind.DELETE, Arg("."), tree=True
            )  # ignored files too, which are the person's own
        case "stash" if [word.text for word in parsed.words] == ["stash", "show"]:
            _contents(call, operands)
        case "checkout" | "restore":
            _restored(call, operands)
        case "format-patch" if not parsed.given("--stdout", "-o", "--output-directory"):
            told = parsed.given("--suffix", "--numbered-files", "--filename-max-length")
            machine.path(AccessKind.WRITE, Arg("./*" if told else "./[0-9v]*.patch", Kind.PATTERN))
        case "add" | "commit":
            for operand in operands:
                machine.path(AccessKind.READ, operand)
        case "log" | "show" | "whatchanged" if parsed.given("-L"):
            for lines in parsed.values("-L"):
                machine.path(AccessKind.READ, lines.with_text(lines.text.rpartition(":")[2]))
            _contents(call, operands)
        case "log" | "show" | "whatchanged" | "cat-file" | "archive":
            _contents(call, operands)
        case "hash-object":
            for operand in operands:
                machine.path(AccessKind.READ, operand)
            if parsed.given("--stdin-paths"):
                machine.path(AccessKind.READ, Arg("", Kind.UNKNOWN))
        case "mv":
            for operand in operands:
                machine.path(AccessKind.DELETE, operand, tree=True)
                machine.path(AccessKind.WRITE, operand, tree=True)
        case "diff":
            if parsed.given("--no-index"):
                for operand in operands:
                    machine.path(AccessKind.READ, operand, tree=True)
            else:
                _contents(call, operands)
        case "init" if _plain_init(call):
            _initialised(call)
        case "init":
            machine.path(AccessKind.WRITE, operands[0] if operands else Arg(".git"), tree=True)
            for operand in operands:
                parents(call, operand)
        case "apply":
            _applied(call)
        case "bisect" | "bundle" | "merge-file":
            call.operands()
        case "worktree" if operands and len(parsed.words) > 1:
            verb = parsed.words[1].text
            if verb in ("remove", "move"):
                machine.path(AccessKind.DELETE, operands[0], tree=True)
            if verb in ("add", "move"):
                machine.path(AccessKind.WRITE, operands[0 if verb == "add" else -1], tree=True)
        case "":
            if operands or not parsed.given("--version", "--help", "-v", "-h", "--exec-path", "--html-path"):
                machine.opaque("git without a sub-command")
        case _:
            pass


def _begin(call: "Call") -> None:
    """A refspec that begins with a plus forces, and one without a source deletes; that is said as the options say it."""
    parsed = call.parsed
    options = parsed.spelled()
    if parsed.words and parsed.words[0].text == "push":
        refs = [operand.text for operand in parsed.operands[1:]]
        if any(ref.startswith("+") for ref in refs):
            options += (("--force", ""), ("-f", ""))
        if any(ref.startswith((":", "+:")) and len(ref) > 1 for ref in refs):
            options += (("--delete", ""), ("-d", ""))
    words = (*parsed.words, *parsed.operands[: 1 if _personal(call) else None])
    call.machine.begin(words, options=options, project_code=parsed.node.project_code)


def _personal(call: "Call") -> bool:
    """Whether a setting of the person's own in this repository is set, by nothing but its name and value."""
    name, operands = [word.text for word in call.parsed.words], call.parsed.operands
    plain = not call.parsed.options or all(option.name == "--local" for option in call.parsed.options)
    known = len(operands) == 2 and all(operand.literal is not None for operand in operands)  # noqa: PLR2004 - name and value
    return name == ["config"] and plain and known and _PERSONAL.match(operands[0].text) is not None


def _plain_init(call: "Call") -> bool:
    """Whether a repository is made with nothing but its name and that of its branch: no template of somebody's, no place of its own."""
    options = {option.name for option in call.parsed.options}
    operands = call.parsed.operands
    return options <= {"-q", "--quiet", "-b", "--initial-branch", "--object-format"} and (
        not operands or (len(operands) == 1 and bool(operands[0].literal))
    )


def _initialised(call: "Call") -> None:
    """Git's own first files. Its settings are the ones it always writes, and of hooks there are samples, which never run."""
    machine, operands = call.machine, call.parsed.operands
    for operand in operands:
        parents(call, operand)
        machine.path(AccessKind.WRITE, operand)
    top = f"{escaped(operands[0].text.rstrip('/') or '/')}/.git" if operands else ".git"
    machine.path(AccessKind.WRITE, Arg(f"{top}{{,/HEAD{{,.lock}},/description,/t??????}}", Kind.PATTERN))
    machine.path(AccessKind.WRITE, Arg(f"{top}/{{branches,info,objects,refs}}{{,/**}}", Kind.PATTERN))
    machine.path(AccessKind.CHANGE_CONFIG, Arg(f"{top}/config{{,.lock}}", Kind.PATTERN))
    machine.path(AccessKind.CHANGE_CONFIG, Arg(f"{top}/hooks{{,/*.sample}}", Kind.PATTERN))


def _applied(call: "Call") -> None:
    """The patches are read; which files they change, they say themselves."""
    for operand in call.parsed.operands:
        call.role_of_read(operand)
    looking = call.parsed.given("--check", "--stat", "--numstat", "--summary", "--apply")
    if not looking or call.parsed.given("--apply"):
        call.machine.opaque("the patch names the files")


def _contents(call: "Call", operands: list[Arg]) -> None:
    """Files whose content git shows out of its history: ``HEAD:path``, and operands that may be paths."""
    for operand in operands:
        if operand.literal is None:
            continue
        if (magic := _MAGIC.match(operand.text)) is not None:
            if not set("!^") & set(magic["short"] or "") and "exclude" not in (magic["long"] or ""):
                call.machine.path(
                    AccessKind.READ, _pathspec(operand, operand.text[magic.end() :], magic["long"] or "")
                )
            continue
        revision, colon, name = _STAGE.sub(":", operand.text).partition(":")
        if colon:
            call.machine.path(AccessKind.READ, operand.with_text(name or "."))
        elif not _RANGE.search(revision):
            call.machine.path(AccessKind.READ, _pathspec(operand, operand.text))


def _pathspec(operand: Arg, text: str, magic: str = "") -> Arg:
    """The files that a pathspec selects (gitglossary(7)): its ``*`` crosses slashes unless it says ``glob``."""
    if "literal" in magic or not (set("*?[") & set(text) or "icase" in magic):
        return operand.with_text(text or ".")
    text = re.sub(r"[{},]", r"\\\g<0>", text)
    if "glob" not in magic:
        text = re.sub(r"\*+", "**", text)
    if "icase" in magic:
        text = "".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() and c.isascii() else c for c in text)
    return Arg(f"./{text}" if text[:1] not in "/." else text, Kind.PATTERN, operand.span, operand.sources)


def _batch(call: "Call") -> None:
    """The objects asked for on standard input; with ``--batch-command`` behind a verb."""
    asked = call.machine.stdin
    if asked is None or asked.literal is None:
        call.machine.opaque("which objects git shows isn't known")
        return
    for line in asked.text.splitlines()[:MAX_ASKED]:
        _contents(call, [asked.with_text(line.split(" ")[-1])])


def _restored(call: "Call", operands: list[Arg]) -> None:
    """Files of the work tree that git overwrites by name; the whole tree is the project's own, like a branch's."""
    if call.parsed.given("--staged", "-S", "-b", "-B", "--orphan", "--detach", "-d"):
        return
    for operand in operands:
        if operand.literal != ".":
            call.machine.path(AccessKind.WRITE, operand)
            call.machine.path(AccessKind.WRITE, operand, tree=True)


def _is_address(text: str) -> bool:
    return bool(_SCHEME.match(text) or _HELPER.match(text) or _SCP.match(text))


def _address(call: "Call", address: Arg) -> None:
    """A repository named by URL, by ``host:path`` or by path."""
    machine, text = call.machine, address.literal
    if text is None and re.match(r"https?://", address.text):
        call.url(address)
        machine.opaque("repository isn't known", address.span)
    elif text is None:
        machine.connect("*", None, address.span)
        machine.opaque("repository isn't known", address.span)
    elif _HELPER.match(text):
        machine.opaque("transport that runs a program", address.span)
    elif text.startswith("-"):
        machine.opaque("repository that looks like an option", address.span)
    elif _SCHEME.match(text):
        call.url(address)
    elif match := _SCP.match(text):
        machine.connect(match[1].lower(), 22, address.span)
    else:
        machine.path(AccessKind.READ, address, tree=True)


def _remote(call: "Call", operands: list[Arg]) -> None:
    """The configured remote (its host isn't in the text) or an address."""
    if operands and (operands[0].literal is None or _is_address(operands[0].text) or "/" in operands[0].text):
        _address(call, operands[0])
    else:
        call.machine.connect("*")


def _clone(call: "Call") -> None:
    operands = call.parsed.operands
    if not operands:
        call.machine.opaque("repository isn't known")
        return
    _address(call, operands[0])
    if len(operands) > 1:
        call.machine.path(AccessKind.WRITE, operands[1], tree=True)
        return
    name = operands[0].text.rstrip("/").removesuffix(".git").rstrip("/")
    name = re.split(r"[/:]", name)[-1]
    if operands[0].literal is None or not name or name in (".", ".."):
        call.machine.path(AccessKind.WRITE, Arg("", Kind.UNKNOWN, operands[0].span))
    else:
        call.machine.path(AccessKind.WRITE, operands[0].with_text("./" + name), tree=True)


def _config(call: "Call") -> None:
    parsed, machine = call.parsed, call.machine
    files = parsed.values("-f", "--file")
    files = files or ([Arg(machine.home + "/.gitconfig")] if parsed.given("--global") else [])
    files = files or ([Arg("/etc/gitconfig")] if parsed.given("--system") else [Arg(".git/config")])
    operands = parsed.operands
    if operands and operands[0].literal in ("list", "get"):
        operands = [Arg("")]
    if parsed.given(*_READING_CONFIG) or (
        len(operands) == 1
        and not parsed.given("--unset", "--unset-all", "--remove-section", "--rename-section", "-e", "--edit")
    ):
        machine.path(AccessKind.READ, files[0])
        return
    if _personal(call):
        machine.path(AccessKind.CHANGE_CONFIG, files[0])
        return
    machine.path(AccessKind.WRITE, files[0])
    if files[0].literal is not None:
        machine.path(AccessKind.WRITE, files[0].with_text(files[0].text + ".lock"))
    key = operands[0] if operands else None
    if key is None or key.literal is None or not _SAFE_KEY.match(key.text):
        machine.opaque("git configuration that may name programs", key.span if key else None)
