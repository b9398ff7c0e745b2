"""Where audit records are sent: `sinks.yaml`, declared once; reader, JSON Schema and reference page come from it.

Secrets never stand in the file: a key that needs one names a file or an environment variable that holds it.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

from bailiwick.model.decision import Origin
from bailiwick.model.value import value
from bailiwick.policy.document import Node, Scalar, read_document
from bailiwick.policy.errors import Problems
from bailiwick.policy.shapes import Choice, Flag, Listed, Number, Record, Text, Word, declare

FILE = "sinks.yaml"
VIEWS = ("record", "ocsf", "ecs", "cef", "leef", "otel")
_NAME = Word(
    what="a name",
    pattern=r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
    hint="begin with a small letter; small letters, digits and single dashes may follow",
)
_URL = Word(
    what="an https address",
    pattern=r"https?://[^\s/?#@]+(?:/[^\s?#]*)?",
    hint="such as https://siem.example.com:8088",
)
_ADDRESS = Word(
    what="host:port",
    pattern=r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}",
    hint="such as logs.example.com:6514",
)
_PATH = Word(what="an absolute path", pattern="/.+", hint="begin with /")
_WORD = Word(what="a name")


@value(frozen=True, slots=True, kw_only=True)
class Secret:
    """Where a secret is found: in a file or in an environment variable, never here."""

    at: Origin
    file: Text | None = declare(_PATH, "The file that holds it, and nothing else.")
    environment: Text | None = declare(
        Word(what="a variable's name", pattern="[A-Za-z_][A-Za-z0-9_]*"),
        "The environment variable that holds it.",
    )


@value(frozen=True, slots=True, kw_only=True)
class Reference(Record):
    """A ``Secret``; a secret that somebody wrote into the file itself is not repeated in the error."""

    of: type = Secret

    def read(self, node: Node, problems: Problems) -> Any:
        """The reference."""
        if isinstance(node, Scalar):
            mend = "take it out, change it (it was readable here), and name the `file:` or `environment:` that holds it"
            problems.add(node.at, "a secret never stands in the configuration", mend, quoted=False)
            return None
        return Record.read(self, node, problems)


@value(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which records are sent; all conditions must hold."""

    at: Origin
    kinds: tuple[Text, ...] = declare(
        Listed(of=Word(what="a kind of record"), single=True), "Kinds of record, as globs: tool-*, detection."
    )
    verdicts: tuple[Text, ...] = declare(
        Listed(of=Choice(words=("abstain", "allow", "ask", "deny")), single=True),
        "Verdicts, said or carried out.",
    )
    severity: Text | None = declare(
        Choice(words=("informational", "low", "medium", "high", "critical")), "This severity and above."
    )


@value(frozen=True, slots=True, kw_only=True)
class SinkEntry:
    """One receiver of audit records."""

    at: Origin
    name: Text = declare(_NAME, "A lasting name; the place reached so far is kept under it.", required=True)
    to: Text = declare(
        Choice(
            words=(
                "file",
                "stdout",
                "syslog",
                "relp",
                "splunk",
                "elastic",
                "sentinel",
                "secops",
                "datadog",
                "otlp",
                "kafka",
            )
        ),
        "The kind of receiver.",
        required=True,
    )
    view: Text | None = declare(
        Choice(words=VIEWS), "The schema or format; each kind of receiver has a usual one."
    )
    only: Filter | None = declare(Record(of=Filter), "Send these records only.")
    count_every: int | None = declare(
        Number(what="seconds", minimum=10, maximum=86_400),
        "Seconds between two count events, by which the receiver can tell that something is missing; 300 where the transport doesn't acknowledge, else 3600.",
    )
    path: Text | None = declare(_PATH, "file: the file to append to.")
    url: Text | None = declare(_URL, "The receiver's address.")
    address: Text | None = declare(_ADDRESS, "syslog, relp: the receiver as host:port.")
    plaintext: bool | None = declare(Flag(), "syslog, relp: true for no TLS; to this machine only.")
    ca: Text | None = declare(
        _PATH, "Certificates that the receiver's must be signed by (PEM); the system's if left out."
    )
    certificate: Text | None = declare(_PATH, "Our own certificate chain for mutual TLS (PEM).")
    key: Text | None = declare(_PATH, "Its private key (PEM).")
    server_name: Text | None = declare(
        _WORD, "The name in the receiver's certificate, where it isn't that of the address."
    )
    secret: Secret | None = declare(
        Reference(), "The token, API key, client secret, password or service-account key."
    )
    index: Text | None = declare(_WORD, "splunk, elastic: the index or data stream.")
    acknowledge: bool | None = declare(
        Flag(), "splunk: false where the token has no indexer acknowledgement (Splunk Cloud)."
    )
    tenant: Text | None = declare(_WORD, "sentinel: directory (tenant) id.")
    client: Text | None = declare(_WORD, "sentinel: application (client) id.")
    rule: Text | None = declare(_WORD, "sentinel: immutable id of the data collection rule.")
    stream: Text | None = declare(_WORD, "sentinel: stream of the rule, such as Custom-Bailiwick.")
    authority: Text | None = declare(
        _URL, "sentinel, secops: where tokens are had, if not from the public cloud."
    )
    instance: Text | None = declare(
        Word(what="an instance", pattern=r"projects/[^/]+/locations/[^/]+/instances/[^/]+"),
        "secops: projects/.../locations/.../instances/...",
    )
    log_type: Text | None = declare(_WORD, "secops: the log type; BAILIWICK if left out.")
    forwarder: Text | None = declare(_WORD, "secops: id of the forwarder that the logs are counted under.")
    tags: tuple[Text, ...] = declare(
        Listed(of=_WORD, single=True), "datadog: tags such as env:prod.", default=()
    )
    brokers: tuple[Text, ...] = declare(
        Listed(of=_ADDRESS, single=True), "kafka: bootstrap brokers.", default=()
    )
    topic: Text | None = declare(_WORD, "kafka: the topic.")
    user: Text | None = declare(_WORD, "kafka: SASL user (SCRAM-SHA-512); its password is the secret.")


@value(frozen=True, slots=True, kw_only=True)
class Sinks:
    """`sinks.yaml`: where audit records are sent."""

    at: Origin
    sinks: tuple[SinkEntry, ...] = declare(Listed(of=Record(of=SinkEntry)), "The receivers.", required=True)


_TLS = ("ca", "certificate", "key", "server_name")
_HTTP = ("url", *_TLS)

KEYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "file": (("path",), ()),
    "stdout": ((), ()),
    "syslog": (("address",), ("plaintext", *_TLS)),
    "relp": (("address",), ("plaintext", *_TLS)),
    "splunk": (("url", "secret"), (*_TLS, "index", "acknowledge")),
    "elastic": (("url", "index"), (*_TLS, "secret")),
    "sentinel": (("url", "tenant", "client", "rule", "stream", "secret"), (*_TLS, "authority")),
    "secops": (("url", "instance", "forwarder", "secret"), (*_TLS, "log_type", "authority")),
    "datadog": (("url", "secret"), (*_TLS, "tags")),
    "otlp": (("url",), (*_TLS, "secret")),
    "kafka": (("brokers", "topic"), ("ca", "certificate", "key", "user", "secret")),
}
"""For each kind of receiver the keys it needs and the keys it may have, besides those that all may have."""

_ALL = frozenset(("at", "name", "to", "view", "only", "count_every"))


def load_sinks(file: str, text: str) -> tuple[SinkEntry, ...]:
    """The receivers that a `sinks.yaml` names. Raises ``PolicyErrors``, all mistakes at once."""
    problems = Problems({file: text})
    node = read_document(file, text, problems)
    read: Sinks | None = None if node is None else Record(of=Sinks).read(node, problems)
    if read is not None:
        check_sinks(read, problems)
    problems.raise_any()
    return () if read is None else read.sinks


def check_sinks(read: Sinks, problems: Problems) -> None:
    """Note what is wrong with entries that are well formed by themselves."""
    seen: dict[str, Text] = {}
    for entry in read.sinks:
        if first := seen.get(entry.name.text):
            problems.add(
                entry.name.at,
                f"the name `{entry.name}` is given twice",
                f"{first.at} has it already: choose another name",
            )
        seen.setdefault(entry.name.text, entry.name)
        _check_keys(entry, problems)
        _check_transport(entry, problems)
        if entry.secret is not None and (entry.secret.file is None) == (entry.secret.environment is None):
            problems.add(
                entry.secret.at, "a secret is found in one place", "write either `file:` or `environment:`"
            )


def _given(entry: SinkEntry) -> Iterator[tuple[str, Origin]]:
    for one in fields(entry):
        value = getattr(entry, one.name)
        if one.name not in _ALL and value not in (None, ()):
            first = value[0] if isinstance(value, tuple) else value
            yield one.name, getattr(first, "at", entry.at)


def _check_keys(entry: SinkEntry, problems: Problems) -> None:
    kind = entry.to.text
    needed, allowed = KEYS[kind]
    given = dict(_given(entry))
    for key in needed:
        if key not in given:
            problems.add(
                entry.at, f"the key `{key}` is missing", f"a sink to {kind} needs {', '.join(needed)}"
            )
    for key, at in given.items():
        if key not in needed and key not in allowed:
            usable = ", ".join((*needed, *allowed)) or "no further key"
            problems.add(at, f"`{key}` says nothing to a sink to {kind}", f"remove it; {kind} takes {usable}")
    if ("certificate" in given) != ("key" in given):
        problems.add(
            entry.at, "a certificate and its key go together", "write both `certificate:` and `key:`"
        )
    if "user" in given and "secret" not in given:
        problems.add(
            entry.at,
            "a user without a password",
            "write `secret:` with the `file:` or `environment:` that holds it",
        )


def _check_transport(entry: SinkEntry, problems: Problems) -> None:
    """Records leave this machine over TLS only."""
    for url in (entry.url, entry.authority):
        if (
            url is not None
            and urlsplit(url.text).scheme == "http"
            and not is_loopback(urlsplit(url.text).hostname or "")
        ):
            problems.add(
                url.at,
                "http:// to another machine: records and the token would be readable on the way",
                "write https://",
            )
    if (
        entry.plaintext
        and entry.address is not None
        and not is_loopback(entry.address.text.rpartition(":")[0])
    ):
        problems.add(
            entry.address.at,
            "`plaintext: true` to another machine",
            "remove `plaintext`, and name `ca:` where it is your own",
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its spelling alone."""
    host = host.strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
