"""`bailiwick service`: start, stop, reload or run the endpoint service by hand."""

import argparse
import os
import signal
import sys
import time

import orjson

from bailiwick.service import run as service_run
from bailiwick.service.launch import same_policy
from bailiwick.service.local import RefusedError, ServiceError, call, ensure_running, is_running
from bailiwick.service.places import Places, find

DONE, USAGE, ENVIRONMENT = 0, 2, 3

STOP_SECONDS = 10.0


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    verb = verbs.add_parser("service", help="start, stop, reload or run the service", description=__doc__)
    verb.add_argument(
        "action",
        choices=("start", "stop", "reload", "run"),
        help="start in the background; stop; read the policy again now; run in the foreground",
    )
    verb.add_argument("--policy", metavar="DIR", help="policy repository")
    verb.add_argument("--state", metavar="DIR", help="state directory")
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    verb.set_defaults(func=run)


def run(asked: argparse.Namespace) -> int:
    """Exit code 2 after a start or reload that found a policy that does not compile: the one in force stays."""
    places = find(asked.state, asked.policy)
    try:
        match asked.action:
            case "start":
                ensure_running(places)
                same_policy(places)
                status = call(places, "GET", "/v1/status")
                code = _said(asked, status, "runs")
                if status["problem"]:
                    held = (
                        "the last one stays" if status["revision"] else "none is in force, so all is denied"
                    )
                    print(
                        f"bailiwick: policy {status['policy']}: {held}: {status['problem']}", file=sys.stderr
                    )
                    return USAGE
                return code
            case "stop":
                stopped = _stop(places)
                return _said(asked, {"stopped": stopped}, "stopped" if stopped else "was not running")
            case "reload":
                status = call(places, "POST", "/v1/reload")
                if status["problem"]:
                    print(f"bailiwick: the policy in force stays: {status['problem']}", file=sys.stderr)
                    return USAGE
                return _said(asked, status, f"policy {str(status['revision'])[:12]} is in force")
            case _:
                arguments = ["--state", str(places.state), "--policy", str(places.policy)]
                if places.runtime is not None:
                    arguments += ["--runtime", str(places.runtime)]
                return service_run.main(arguments)
    except ServiceError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE if isinstance(error, RefusedError) else ENVIRONMENT


def _stop(places: Places) -> bool:
    """End the running service in order; False when none ran. Raises ServiceError when it can't be ended."""
    if places.machine_wide:
        raise ServiceError(
            "systemd keeps this machine's service running; use `sudo systemctl stop bailiwick`"
        )
    if not is_running(places):
        return False
    number = int(call(places, "GET", "/v1/status")["pid"])
    try:
        os.kill(number, signal.SIGTERM)
    except OSError as error:
        raise ServiceError(f"process {number}: {error.strerror}") from error
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(places):
        if time.monotonic() > deadline:
            raise ServiceError(f"process {number} did not end within {STOP_SECONDS:g} s; see {places.log}")
        time.sleep(0.02)
    return True


def _said(asked: argparse.Namespace, value: dict[str, object], line: str) -> int:
    if asked.json:
        print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
    else:
        print(f"The service {line}." if "policy" not in line else line)
    return DONE
