"""`bailiwick install` and `uninstall`: put Bailiwick in force on a machine, and take it away without a trace."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import orjson

from bailiwick.enforcement.installer import Command, Directory, File, Plan, Platform, Scope, Step, describe
from bailiwick.service.install import InstallError, Site, apply, installed, remove
from bailiwick.service.installation import layout_for, platform_here, prepare

DONE, ENVIRONMENT = 0, 3


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both verbs to the command line."""
    verb = verbs.add_parser(
        "install", help="install the service and the client's managed settings", description=__doc__
    )
    _where(verb)
    verb.add_argument("--dry-run", action="store_true", help="show every change in full and make none")
    verb.add_argument(
        "--policy", type=Path, metavar="DIR", help="the policy to put in force; a starter if left out"
    )
    verb.add_argument(
        "--python", metavar="PATH", help="the interpreter that runs the service; this one if left out"
    )
    verb.add_argument(
        "--target-os", type=Platform, choices=list(Platform), help="with --root: the system to stage for"
    )
    verb.set_defaults(func=run)
    undo = verbs.add_parser("uninstall", help="undo an installation completely", description=__doc__)
    _where(undo)
    undo.add_argument("--purge", action="store_true", help="also remove an edited policy and the audit log")
    undo.set_defaults(func=run_uninstall, target_os=None)


def _where(verb: argparse.ArgumentParser) -> None:
    scope = verb.add_mutually_exclusive_group()
    scope.add_argument(
        "--system",
        dest="scope",
        action="store_const",
        const=Scope.SYSTEM,
        help="govern every account of this machine (needs root)",
    )
    scope.add_argument(
        "--user",
        dest="scope",
        action="store_const",
        const=Scope.USER,
        help="a service for this account alone",
    )
    verb.add_argument(
        "--root", type=Path, metavar="DIR", help="act below DIR as if it were / (staging; runs nothing)"
    )
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    verb.set_defaults(scope=Scope.USER)


def run(asked: argparse.Namespace) -> int:
    """Install, or show what would be done."""
    told: list[str] = []
    try:
        site = _site(asked, told)
        plan = prepare(site, policy=asked.policy, python=asked.python, only_show=asked.dry_run)
        if asked.dry_run:
            _show(site, plan, as_json=asked.json)
            return DONE
        manifest = apply(plan, site)
    except InstallError as error:
        return _failed(error)
    if site.root is not None:
        plan = replace(plan, notes=(f"Staged below {site.root}; nothing of it is in force here.",))
    if asked.json:
        _print({"installed": asked.scope, "manifest": str(manifest.path), "notes": plan.notes, "told": told})
    else:
        print(f"Installed. What was changed is written in {manifest.path}; `bailiwick uninstall` undoes it.")
        print(*plan.notes, sep="\n")
        if told and site.root is None:
            print(
                "Not everything worked (above): the service does not start by itself; `bailiwick claude` starts it."
            )
    return DONE


def run_uninstall(asked: argparse.Namespace) -> int:
    """Undo the installation; what is kept is named."""
    try:
        site = _site(asked)
        found = installed(site)
        platform = site.layout.platform if found is None else found.platform
        site = Site(layout=layout_for(asked.scope, platform), root=site.root, told=site.told)
        kept = remove(site, leavings=site.layout.leavings, purge=asked.purge)
    except InstallError as error:
        return _failed(error)
    if asked.json:
        _print({"uninstalled": asked.scope, "kept": kept})
        return DONE
    print("Uninstalled; everything is as it was before.")
    if kept:
        print(
            "Kept, because it is yours (--purge removes it too):", *(f"  {line}" for line in kept), sep="\n"
        )
    return DONE


def _site(asked: argparse.Namespace, told: list[str] | None = None) -> Site:
    """The place to install at; what it tells on the way is printed, and added to ``told``."""

    def tell(line: str) -> None:
        print(line, file=sys.stderr)
        if told is not None:
            told.append(line)

    if asked.target_os is not None and asked.root is None:
        raise InstallError("--target-os: only with --root, as files for another system are of no use here")
    root = None if asked.root is None else asked.root.resolve()
    if root is not None and not getattr(asked, "dry_run", False):
        root.mkdir(parents=True, exist_ok=True)
    target = asked.target_os or platform_here()
    return Site(layout=layout_for(asked.scope, target), root=root, told=tell)


def _show(site: Site, plan: Plan, *, as_json: bool) -> None:
    if as_json:
        _print({"steps": [_step(site, step) for step in plan.steps], "notes": plan.notes})
        return
    for step in plan.steps:
        print(describe(step, *_now(site, step)), end="")
    print(*plan.notes, sep="\n")
    print(f"{_summary(site, plan)} Nothing was changed.")


def _summary(site: Site, plan: Plan) -> str:
    """How many of what, in a line that stands below pages of detail."""
    files = [(step, _now(site, step)[0]) for step in plan.steps if isinstance(step, File)]
    modes = [(step, _now(site, step)[1]) for step in plan.steps if isinstance(step, File | Directory)]
    counts = {
        "new files": sum(before is None for _, before in files),
        "changed files": sum(before not in {None, step.content} and not step.own for step, before in files),
        "changed modes": sum(
            mode not in {None, step.mode} and not (step.own and isinstance(step, File))
            for step, mode in modes
        ),
        "new directories": sum(isinstance(step, Directory) and mode is None for step, mode in modes),
        "commands": sum(isinstance(step, Command) and bool(step.do) for step in plan.steps),
    }
    return "In all " + ", ".join(f"{count} {what}" for what, count in counts.items()) + "."


def _step(site: Site, step: Step) -> dict[str, object]:
    before, _ = _now(site, step)
    match step:
        case Directory(path=path, mode=mode, reason=reason):
            return {"directory": str(path), "mode": f"{mode:04o}", "reason": reason}
        case File(path=path, mode=mode, reason=reason, content=content):
            text = content.decode("utf-8", "replace")
            changes = before is not None and before != content
            return {
                "file": str(path),
                "mode": f"{mode:04o}",
                "reason": reason,
                "content": text,
                "changes": changes,
            }
        case Command(do=do, undo=undo, reason=reason):
            return {"run": do, "undo": undo, "reason": reason}
        case _:
            return {"wait": str(step.socket), "reason": step.reason}


def _now(site: Site, step: Step) -> tuple[bytes | None, int | None]:
    """Content and mode of what is there now."""
    if not isinstance(step, Directory | File):
        return None, None
    here = site.at(step.path)
    try:
        mode = here.stat().st_mode & 0o7777
        return (here.read_bytes() if isinstance(step, File) else None), mode
    except FileNotFoundError:
        return None, None
    except OSError as error:
        raise InstallError(f"{here}: {error.strerror}; run this as root") from error


def _failed(error: InstallError) -> int:
    print(f"bailiwick: {error}", file=sys.stderr)
    return ENVIRONMENT


def _print(value: object) -> None:
    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
