"""Something would run later, outside the session: cron, start-up files, units, authorised keys, hooks."""

from collections.abc import Iterator
from functools import cache

from bailiwick.model.access import Access, AccessKind, Confidence, Finding, PathTarget, ProgramTarget
from bailiwick.model.glob import GlobSet, intersects, path_glob
from bailiwick.model.regex import regex
from bailiwick.rules.rule import Evidence, Rule, Severity

_PLACES: tuple[tuple[str, str], ...] = (
    *((f"/~/{name}", "a shell start-up file") for name in (
        ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile", ".zshrc", ".zshenv", ".zprofile",
        ".zlogin", ".zlogout", ".kshrc", ".cshrc", ".tcshrc", ".login", ".config/fish/**", ".pam_environment", ".xprofile",
        ".xinitrc", ".xsessionrc", ".config/environment.d/**", ".inputrc", ".bashrc.d/**", ".zshrc.d/**",
    )),
    *((name, "a shell start-up file") for name in (
        "/etc/profile", "/etc/profile.d/**", "/etc/bash.bashrc", "/etc/bashrc", "/etc/zsh/**", "/etc/zshrc", "/etc/environment",
    )),
    *((name, "a scheduled job") for name in ("/etc/cron*", "/etc/cron*/**", "/var/spool/cron/**", "/etc/anacrontab", "/var/spool/at/**")),
    *((name, "a service unit") for name in (
        "/etc/systemd/**", "/lib/systemd/**", "/usr/lib/systemd/**", "/run/systemd/system/**", "/~/.config/systemd/**",
        "/~/.local/share/systemd/**", "/etc/init.d/**", "/etc/rc.local", "/etc/rc*.d/**", "/Library/Launch*/**", "/~/Library/LaunchAgents/**",
        "/~/.config/autostart/**", "/etc/xdg/autostart/**", "/etc/udev/rules.d/**",
    )),
    *((name, "who may log in") for name in (
        "/~/.ssh/authorized_keys", "/~/.ssh/authorized_keys2", "/~/.ssh/rc", "/~/.ssh/config", "/~/.ssh/config.d/**", "/etc/ssh/**",
        "/etc/sudoers", "/etc/sudoers.d/**", "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/pam.d/**", "/~/.rhosts", "/~/.k5login",
    )),
    *((name, "a hook of git") for name in (
        "/**/.git/hooks/**", "/**/.git/modules/**/hooks/**", "/**/.git/config", "/**/.git/modules/**/config", "/~/.gitconfig", "/~/.config/git/**", "/etc/gitconfig",
    )),
    *((name, "what is loaded into every program") for name in ("/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d/**")),
    *((name, "what a language starts with") for name in ("/**/site-packages/*.pth", "/**/sitecustomize.py", "/**/usercustomize.py")),
)  # fmt: skip

_HOME = regex(r"/(?:root|(?:home|Users)/[^/]+|var/root)(?=/)")
_EXPANDED = 256
"""Existing paths of a pattern that are looked at; the pattern itself is compared whole."""

_WRITING = frozenset((AccessKind.WRITE, AccessKind.DELETE))


@cache
def _places() -> GlobSet:
    return GlobSet([path_glob(place) for place, _ in _PLACES])


def _find(evidence: Evidence) -> Iterator[Finding]:
    home = evidence.request.principal.home
    git = [
        access.cause for _, access, program in evidence.programs() if program.name == "git" and access.cause
    ]
    for access in evidence.facts.accesses:
        if access.kind not in _WRITING:
            message = _command(access)
        elif any(access.cause and span.start <= access.cause.start < span.end for span in git):
            # Git keeps its own books; what makes it run something is read from its arguments.
            message = ""
        else:
            message = _place(access, home)
        if message:
            field = "tool_input.command" if access.cause else ""
            confidence = Confidence.LOW if access.kind is AccessKind.DELETE else Confidence.HIGH
            yield Finding(
                rule=RULE.id, message=message, field=field, cause=access.cause, confidence=confidence
            )


def _place(access: Access, home: str) -> str:
    if not isinstance(access.target, PathTarget):
        return ""
    target = access.target
    paths = [target.real] if target.real else []
    places: list[int] = []
    if target.pattern and target.path.endswith("/**"):
        # A tree counts when it lies in such a place, not when such a place lies somewhere below it.
        paths.append(f"{target.path[:-2]}x")
    elif target.pattern and "/**/" in target.path:
        paths.append(f"{target.path.partition('/**/')[0]}/x")
    elif target.pattern:
        pattern = path_glob(_from_home(target.path, home))
        places = [i for i, glob in enumerate(_places().globs) if intersects(glob, pattern)]
    else:
        paths.append(target.path)
    paths.extend(
        (target.expanded or ())[:_EXPANDED] if target.pattern and not target.path.endswith("/**") else ()
    )
    places.extend(i for path in paths for i in _places().matching(_from_home(path, home)))
    return f"{access.kind.value} {target.path}: {_PLACES[places[0]][1]}" if places else ""


def _from_home(path: str, home: str) -> str:
    if len(home) > 1 and path.startswith(f"{home}/"):
        return f"/~{path[len(home) :]}"
    return _HOME.sub("/~", path, count=1) if _HOME.match(path) else path


def _command(access: Access) -> str:
    if not isinstance(access.target, ProgramTarget):
        return ""
    program = access.target
    words = [word for word in program.argv[1:] if word is not None]
    match program.name:
        case "crontab" if "-l" not in words:
            return "crontab sets scheduled jobs"
        case "at" | "batch" if not {"-l", "-d", "-c"} & set(words):
            return f"{program.name} schedules a job"
        case "systemctl" if {"enable", "link", "edit", "preset", "set-property"} & set(words):
            return "systemctl changes what starts by itself"
        case "systemd-run" if any(word.startswith("--on-") or word == "--timer-property" for word in words):
            return "systemd-run schedules a job"
        case "launchctl" if {"load", "bootstrap", "enable", "submit"} & set(words):
            return "launchctl changes what starts by itself"
        case (
            "update-rc.d"
            | "chkconfig"
            | "rc-update"
            | "visudo"
            | "useradd"
            | "adduser"
            | "usermod"
            | "ssh-copy-id"
        ):
            return f"{program.name} changes what starts or who may log in"
        case "git" if "config" in words and any(_GIT_CODE.fullmatch(word) for word in words):
            return "git config names a program that git will run"
        case _:
            return ""


_GIT_CODE = regex(
    r"(?i)core\.(?:hookspath|sshcommand|editor|pager|fsmonitor|askpass|gitproxy)|alias\..+|credential\.(?:.*\.)?helper|diff\..*"
    r"(?:command|textconv)|diff\.external|filter\..*(?:clean|smudge|process)|merge\..*driver|(?:gpg|sequence)\..*|include\.path|includeif\..*"
)

RULE = Rule(
    id="command/persistence", title="Runs later, outside the session", severity=Severity.CRITICAL, find=_find
)
