"""What an installation is made from on this machine, and what must be right before anything is changed."""

import json
import os
import platform
import stat
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path, PurePosixPath

import bailiwick
from bailiwick.administration.compile import compile_set
from bailiwick.administration.targets.claude_settings import compile_installation
from bailiwick.enforcement.installer import (
    HELPER,
    Contents,
    Layout,
    Plan,
    Platform,
    Scope,
    helper_program,
    plan,
    system_layout,
    user_layout,
)
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.starter import editor_schemas, starter_files
from bailiwick.service.install import InstallError, Site
from bailiwick.service.named_file import read_named
from bailiwick.service.policy_files import read_policy_files
from bailiwick.service.proven import mark_of


def platform_here() -> Platform:
    """The operating system this runs on. Raises InstallError on one without an installation."""
    match platform.system():
        case "Linux":
            return Platform.LINUX
        case "Darwin":
            return Platform.MACOS
        case other:
            raise InstallError(f"no installation for {other}; stage one for another system with --target-os")


def layout_for(scope: Scope, target: Platform) -> Layout:
    """Where an installation of this kind goes, for this account."""
    if scope is Scope.SYSTEM:
        return system_layout(target)
    config, state = os.environ.get("XDG_CONFIG_HOME"), os.environ.get("XDG_STATE_HOME")
    return user_layout(
        PurePosixPath(os.environ.get("HOME") or Path.home()),
        config=PurePosixPath(config) if config else None,
        state=PurePosixPath(state) if state else None,
        platform=target,
    )


def prepare(site: Site, *, policy: Path | None, python: str | None, only_show: bool = False) -> Plan:
    """The plan for this site, once everything it rests on is right. Raises InstallError.

    With ``only_show`` what (1) and (2) refuse becomes a note of the plan: whoever isn't root yet may see what would be done.

    1. This account may do it, and the machine starts services the way the plan does.
    2. What will run with the service's rights can't be changed by anybody with less.
    3. The policy to be put in force compiles.
    4. Other managed settings of the client are readable and don't claim what ours need.
    """
    layout = site.layout
    refused = ""
    if site.root is None and layout.scope is Scope.SYSTEM:
        try:
            _may_install(layout)  # (1)
            _nobody_else_can_change(python or sys.executable)  # (2)
        except InstallError as error:
            if not only_show:
                raise
            refused = f"As things are it would be refused: {error}"
    files, texts, starter = _policy(site, policy)  # (3)
    # Only for the interpreter and the place that it is proven by.
    marked = layout.scope is Scope.SYSTEM and site.root is None and python in {None, sys.executable}
    if layout.managed is not None:
        _no_quarrel(site, layout)  # (4)
    helper = str(layout.programs / HELPER) if layout.programs is not None else ""
    planned = plan(
        layout,
        Contents(
            python=python or sys.executable,
            policy=files,
            starter=starter,
            managed_settings=compile_installation(helper=helper) if helper else {},
            programs=_programs(layout) if helper else {},
            proven=mark_of(texts) if marked else b"",
        ),
    )
    return replace(planned, notes=(*planned.notes, refused)) if refused else planned


def _may_install(layout: Layout) -> None:
    if os.geteuid() != 0:
        raise InstallError(
            f"{layout.managed}: only root may write the client's managed settings; run it with sudo, "
            "or install for yourself alone with `bailiwick install --user`"
        )
    if layout.platform is Platform.LINUX and not Path("/run/systemd/system").is_dir():
        raise InstallError(
            "/run/systemd/system: not there, so systemd doesn't run this machine's services; stage the files with "
            "--root DIR and have your own service manager run `python -m bailiwick.service.run`"
        )


def _nobody_else_can_change(python: str) -> None:
    """The service decides for every account, so its program must be root's all the way up."""
    for start in (Path(python), Path(python).resolve(), Path(bailiwick.__file__).parent.resolve()):
        for path in (start, *start.parents):
            found = path.lstat()
            open_to_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not stat.S_ISLNK(found.st_mode)
            if found.st_uid != 0 or (open_to_others and not found.st_mode & stat.S_ISVTX):
                raise InstallError(
                    f"{path}: others than root can change it, and the service would run {start}; install Bailiwick "
                    "where only root writes and run it from there: `sudo python3 -m venv /opt/bailiwick && "
                    "sudo /opt/bailiwick/bin/pip install . && sudo /opt/bailiwick/bin/bailiwick install --system`"
                )


def _policy(site: Site, given: Path | None) -> tuple[dict[str, bytes], dict[str, str], bool]:
    """The files to put, the policy's own text, and whether it is only a start. No policy is put where there is one."""
    there = site.at(site.layout.policy)
    source = given or (there if there.is_dir() and any(there.rglob("*.yaml")) else None)
    if source is None:
        files = starter_files()
        texts = {name: text for name, text in files.items() if name.endswith(".yaml")}
        compile_set(texts)
        return {name: text.encode() for name, text in files.items()}, texts, True
    try:
        texts = read_policy_files(source)
        compile_set(texts)
    except (PolicyErrors, OSError) as error:
        raise InstallError(f"{source}: this policy can't be put in force: {error}") from error
    schemas = editor_schemas()
    files = schemas if given is None else texts | schemas
    return {name: text.encode() for name, text in files.items()}, texts, given is None


def _no_quarrel(site: Site, layout: Layout) -> None:
    """Refuse beside a managed file that already stops the client or that hands policy to another program."""
    drop_ins = site.at(layout.managed / "managed-settings.d") if layout.managed else Path()
    ours = site.at(layout.drop_in) if layout.drop_in else Path()
    base = site.at(layout.managed / "managed-settings.json") if layout.managed else Path()
    for path in (base, *sorted(drop_ins.glob("[!.]*.json"))):
        if path == ours or not path.exists():
            continue
        try:
            settings = json.loads(read_named(path))
        except (OSError, ValueError) as error:
            raise InstallError(
                f"{path}: {error}; the client refuses to start on such a file: mend or remove it"
            ) from error
        named = [
            key for key in ("policyHelper", "policyHelpers") if isinstance(settings, dict) and key in settings
        ]
        if named:
            raise InstallError(
                f"{path}: its {named[0]} names another program that hands out managed settings, and the client "
                "runs only one; remove it there first"
            )


def _programs(layout: Layout) -> dict[str, bytes]:
    """What the client starts: the policy helper, asking this installation's socket, and the relay it uses."""
    sources = resources.files("bailiwick.enforcement")
    return {
        HELPER: helper_program(layout),
        "policy_helper.py": (sources / "policy_helper.py").read_bytes(),
        "relay.py": (sources / "relay.py").read_bytes(),
    }
