"""``aws``: an operation of a service is told by its two words; its options are data unless they name files."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.analysis.commands.specification import Role
from bailiwick.model.access import AccessKind

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_OUTPUT = frozenset(
    [
        "create-hosted-configuration-version",
        "delete-thing-shadow",
        "describe-input-device-thumbnail",
        "execute-gremlin-explain-query",
        "execute-gremlin-profile-query",
        "execute-open-cypher-explain-query",
        "execute-query",
        "export-api",
        "get-clip",
        "get-code-binding-source",
        "get-configuration",
        "get-connection-function",
        "get-export",
        "get-function",
        "get-glyphs",
        "get-hosted-configuration-version",
        "get-image-frame",
        "get-image-set-metadata",
        "get-introspection-schema",
        "get-job-output",
        "get-latest-configuration",
        "get-lineage-event",
        "get-map-glyphs",
        "get-map-sprites",
        "get-map-style-descriptor",
        "get-map-tile",
        "get-media",
        "get-media-for-fragment-list",
        "get-object",
        "get-object-torrent",
        "get-package-version-asset",
        "get-position-estimate",
        "get-profile",
        "get-raw-message-content",
        "get-read-set",
        "get-reference",
        "get-resource-position",
        "get-sdk",
        "get-snapshot-block",
        "get-sol-function-package-content",
        "get-sol-function-package-descriptor",
        "get-sol-network-package-content",
        "get-sol-network-package-descriptor",
        "get-sprites",
        "get-static-map",
        "get-style-descriptor",
        "get-thing-shadow",
        "get-tile",
        "get-work-unit-results",
        "invoke",
        "invoke-agent-runtime",
        "invoke-endpoint",
        "invoke-model",
        "post-content",
        "put-session",
        "recognize-utterance",
        "synthesize-speech",
        "update-thing-shadow",
    ]
)
"""Operations that answer with bytes: their last word is the file these are written to (botocore's models)."""
_LOCAL = re.compile(
    r"(?:ssm start-session|ecs execute-command|ec2-instance-connect (?:ssh|open-tunnel)|eks (?:update-kubeconfig|get-token)"
    r"|emr (?:ssh|put|get|socks|create-cluster)|emr-containers update-role-trust-policy|deploy (?:push|register|install|uninstall|deregister)"
    r"|codecommit credential-helper|codeartifact login|servicecatalog generate|history .*|gamelift upload-build|opsworks.* register"
    r"|cloudformation package|datapipeline put-.*|signin .*|login.*|ecr(?:-public)? get-login.*|rds generate-.*|dlm create-default-role"
    r"|cloudtrail validate-logs|logs start-live-tail|sts decode.*|kinesis subscribe.*|configservice .*|(?:s3|configure|sso)(?: .*)?)\Z"
)
"""Commands of the client's own that do more here than ask the service."""
_FILE = re.compile(r"(?:.*@=)?fileb?://(.*)", re.DOTALL)
_OPTION = re.compile(r"--[a-z][a-z0-9-]*\Z")


def aws(call: "Call") -> None:
    """One operation of a service."""
    machine, args = call.machine, call.args
    words = [arg for arg in (*call.parsed.words, *call.parsed.operands[:1]) if arg.kind is not Kind.OPEN]
    names = " ".join(arg.literal or "?" for arg in words)
    machine.begin(tuple(words), options=call.parsed.spelled())
    call.effects()
    if "?" in names or len(words) < 2 or _LOCAL.match(names):  # noqa: PLR2004 - service and operation
        machine.opaque("an operation that does more than ask the service", words[0].span if words else None)
    option = ""
    for arg in args[1:]:
        if arg.kind is Kind.OPEN or arg.may_be_option or (arg.kind is Kind.UNKNOWN and not arg.text):
            machine.opaque("a word that isn't known may name a file", arg.span)
        elif arg.text.startswith("--"):
            name, equals, value = arg.text.partition("=")
            option = name
            if not _OPTION.match(name):
                machine.opaque(f"option {name[:30]}", arg.span)
            if equals:
                _value(call, option, arg.with_text(value))
        elif arg.text.startswith("-") and len(arg.text) > 1 and not arg.text[1].isdigit():
            machine.opaque(f"option {arg.text[:30]}", arg.span)
        else:
            _value(call, option, arg)
            option = ""
    if len(words) > 1 and words[1].literal in _OUTPUT:
        _outputs(call, words)


def _outputs(call: "Call", words: list[Arg]) -> None:
    """The file an answer is written to: a word that no option takes, or the last, as its option may take none."""
    args = call.args
    for index, arg in enumerate(args[1:], 1):
        valued = args[index - 1].text.startswith("--") and "=" not in args[index - 1].text
        named = (
            not arg.text.startswith("--") and arg.literal != "-" and not any(arg is word for word in words)
        )
        if named and (not valued or index == len(args) - 1):
            call.machine.path(AccessKind.WRITE, arg)


def _value(call: "Call", option: str, value: Arg) -> None:
    """The value of an option, as far as it reaches beyond the call."""
    machine = call.machine
    if match := _FILE.match(value.text):
        machine.path(AccessKind.READ, value.with_text(match[1].split(",")[0].rstrip('}]"')))
    elif option == "--endpoint-url":
        call.role(Role.URL, value)
    elif option.endswith("-outfile"):
        machine.path(AccessKind.WRITE, value)
    elif option.endswith("-file") or option == "--ca-bundle":
        machine.path(AccessKind.READ, value)
    elif option.endswith(("-path", "-dir", "-root", "-kubeconfig")) and value.text.startswith(
        ("/", ".", "~")
    ):
        machine.opaque(f"what {option} does with a path", value.span)


def cluster(call: "Call") -> None:
    """``kubectl get a,b``, ``get a/x b/y``: told once for each kind, in small letters, as the server takes them."""
    call.options()
    first = call.parsed.operands[:1]
    others = [operand for operand in call.parsed.operands[1:] if "/" in operand.text]
    spelled = [piece for operand in (*first, *others) for piece in operand.text.split(",")]
    known = all(operand.literal is not None for operand in (*first, *others))
    kinds = list(dict.fromkeys(piece.partition("/")[0].lower() for piece in spelled)) if known else []
    if not kinds or kinds == spelled[:1] or (len(kinds) == 1 and first[0].text.startswith(f"{kinds[0]}/")):
        call.begin()
    else:
        for kind in kinds:
            named = [operand for operand in call.parsed.operands[1:] if "/" not in operand.text]
            words = (*call.parsed.words, first[0].with_text(kind), *named)
            call.machine.begin(words, options=call.parsed.spelled())
    call.operands()
