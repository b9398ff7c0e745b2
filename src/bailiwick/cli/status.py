"""`bailiwick status`: is it installed, does the service run, which policy is in force, who is governed."""

import argparse
from datetime import UTC, datetime
from typing import Any

import orjson

from bailiwick.enforcement.installer import Scope
from bailiwick.service.fallback import segments_problem
from bailiwick.service.install import InstallError, Site, installed
from bailiwick.service.installation import layout_for, platform_here
from bailiwick.service.local import ServiceError, call
from bailiwick.service.places import Places, find

DONE, FINDINGS, ENVIRONMENT = 0, 1, 3


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    verb = verbs.add_parser(
        "status", help="what is installed, running and governed here", description=__doc__
    )
    verb.add_argument("--policy", metavar="DIR", help="policy repository")
    verb.add_argument("--state", metavar="DIR", help="state directory")
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    verb.set_defaults(func=run)


def run(asked: argparse.Namespace) -> int:
    """Exit code 0 when a service answers and all is well, 1 when it reports a problem, 3 when none answers."""
    places = find(asked.state, asked.policy)
    status: dict[str, Any] = {"installed": _installations(), "state": str(places.state)}
    try:
        status |= {"running": True, **call(places, "GET", "/v1/status")}
    except ServiceError as error:
        status |= {"running": False, "problem": str(error), "policy": str(places.policy)}
    if places.machine_wide:
        status["segments"] = {"path": str(places.segments), "problem": segments_problem(places)}
    if asked.json:
        print(orjson.dumps(status, option=orjson.OPT_INDENT_2).decode())
    else:
        _print(places, status)
    if not status["running"]:
        return ENVIRONMENT
    return FINDINGS if status["problem"] or not status["revision"] else DONE


def _installations() -> dict[str, str]:
    """Each kind of installation: ``complete``, ``interrupted``, ``none``, or why it can't be told."""
    found: dict[str, str] = {}
    for scope in Scope:
        try:
            manifest = installed(Site(layout=layout_for(scope, platform_here())))
        except InstallError as error:
            found[scope.value] = str(error)
            continue
        found[scope.value] = (
            "none" if manifest is None else ("complete" if manifest.complete else "interrupted")
        )
    return found


def _print(places: Places, status: dict[str, Any]) -> None:
    for scope, state in status["installed"].items():
        mend = "  (run the same command again, or `bailiwick uninstall`)" if state == "interrupted" else ""
        print(f"{scope + ' installation:':22}{state}{mend}")
    if not status["running"]:
        print(f"{'service:':22}not running")
        print(f"{'':22}{status['problem']}")
        return
    print(f"{'service:':22}runs as process {status['pid']} at {status['url']}, version {status['version']}")
    revision = status["revision"]
    in_force = f"revision {revision[:12]}" if revision else "none in force: everything is denied"
    print(f"{'policy:':22}{status['policy']}, {in_force}")
    if status["problem"]:
        print(f"{'policy problem:':22}{status['problem'].splitlines()[0]}")
        print(f"{'':22}all of it: bailiwick policy check {status['policy']}")
    print(f"{'profiles:':22}{', '.join(status['profiles']) or '-'}")
    print(f"{'log:':22}{places.state / 'log.db'}")
    if told := status.get("segments"):
        print(f"{'kept by relays in:':22}{told['problem'] or told['path']}")
    sessions = status["sessions"]
    print(f"{'open sessions:':22}{len(sessions)}")
    for session in sessions:
        opened = datetime.fromtimestamp(session["opened"], tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
        print(
            f"  {session['key']}  {session['user']}  {session['profile']}  since {opened}  {session['project']}"
        )
