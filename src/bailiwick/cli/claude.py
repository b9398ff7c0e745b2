"""`bailiwick claude`: a governed session. What follows `--` is the client's own."""

import argparse
import sys

from bailiwick.service.launch import ClientError, Launch, LaunchError, launch
from bailiwick.service.local import RefusedError, ServiceError
from bailiwick.service.places import find

USAGE, ENVIRONMENT = 2, 3

_EXAMPLES = """examples:
  bailiwick claude --profile frontend -- -p "fix the test"
  bailiwick claude --allowedTools Read,Edit,Search,Bash --readOnlyFiles "/etc/**,/var/**" --maxBashTimeout 30

The three narrowing options can only take away from what the profile allows. `Search` stands for Grep and Glob."""


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    verb = verbs.add_parser(
        "claude",
        help="start a governed session of the client",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument(
        "--profile", metavar="NAME", help="one of the profiles your roles allow; the first if left out"
    )
    verb.add_argument(
        "--allowedTools", type=_names, metavar="TOOLS", help="only these tools, comma separated"
    )
    verb.add_argument(
        "--readOnlyFiles",
        type=_names,
        metavar="GLOBS",
        help="nothing may write or delete these, comma separated",
    )
    verb.add_argument(
        "--maxBashTimeout", type=_seconds, metavar="SECONDS", help="no shell command runs longer than this"
    )
    verb.add_argument("--policy", metavar="DIR", help="policy repository, for the service this starts")
    verb.add_argument("--state", metavar="DIR", help="state directory of the service")
    verb.add_argument("--client", metavar="PATH", help="the client's program, `claude` on PATH if left out")
    verb.add_argument(
        "--json",
        action="store_true",
        help="name the session on standard error as one JSON object, before the client begins",
    )
    verb.add_argument("arguments", nargs="*", metavar="-- ...", help="the client's own arguments")
    verb.set_defaults(func=run)


def run(asked: argparse.Namespace) -> int:
    """Does not return when the session starts: the client takes this process's place."""
    try:
        launch(
            find(asked.state, asked.policy),
            Launch(
                arguments=asked.arguments,
                profile=asked.profile,
                client=asked.client,
                allowed_tools=asked.allowedTools,
                read_only_files=asked.readOnlyFiles or (),
                max_bash_timeout=asked.maxBashTimeout,
                announced=asked.json,
            ),
        )
    except (LaunchError, RefusedError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except (ClientError, ServiceError, OSError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT


def _names(text: str) -> tuple[str, ...]:
    """A comma separated list; commas inside braces belong to a glob."""
    names, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if character == "," and depth <= 0:
            names.append(text[start:index])
            start = index + 1
    cleaned = tuple(name.strip() for name in [*names, text[start:]])
    if not all(cleaned):
        raise argparse.ArgumentTypeError(f"an empty name in {text!r}")
    return cleaned


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of seconds above zero")
    return int(text)
