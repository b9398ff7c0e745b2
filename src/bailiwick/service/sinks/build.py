"""From an entry of `sinks.yaml` to a sink that can be sent to."""

from pathlib import Path
from typing import Any

from bailiwick.audit.views.render import OBJECTS, View
from bailiwick.policy.sinks import SinkEntry
from bailiwick.service.sinks import secops, sentinel
from bailiwick.service.sinks.datadog import DatadogSink
from bailiwick.service.sinks.delivery import Plan
from bailiwick.service.sinks.elastic import ElasticSink
from bailiwick.service.sinks.file import FileSink, StdoutSink
from bailiwick.service.sinks.http import Poster
from bailiwick.service.sinks.kafka import KafkaSink, MissingExtraError
from bailiwick.service.sinks.otlp import OtlpSink
from bailiwick.service.sinks.relp import RelpSink
from bailiwick.service.sinks.secrets import SecretError, read_secret
from bailiwick.service.sinks.sink import Sink
from bailiwick.service.sinks.splunk import SplunkSink
from bailiwick.service.sinks.syslog import SyslogSink
from bailiwick.service.sinks.tls import TlsError, context_for
from bailiwick.service.sinks.tokens import client_credentials, signed_assertion

USUAL = {"elastic": View.ECS, "otlp": View.OTEL, "file": View.RECORD, "stdout": View.RECORD}
"""The view of each kind of receiver; OCSF for those that aren't here."""

UNACKNOWLEDGED_COUNT, COUNT = 300, 3_600
"""Seconds between count events where the transport acknowledges nothing, and where it does."""

_AUTHORITY = "https://login.microsoftonline.com"


class SinkError(Exception):
    """A sink can't be made; the message names the entry's place and the mend."""


def plan_of(entry: SinkEntry, sink: Sink) -> Plan:
    """What a sink is to be sent."""
    usual = COUNT if sink.acknowledges else UNACKNOWLEDGED_COUNT
    return Plan(
        name=entry.name.text, view=view_of(entry), only=entry.only, count_every=entry.count_every or usual
    )


def view_of(entry: SinkEntry) -> View:
    """The view that an entry asks for, else the usual one of its kind of receiver."""
    return View(entry.view.text) if entry.view else USUAL.get(entry.to.text, View.OCSF)


def build(entry: SinkEntry) -> Sink:
    """The sink. Raises SinkError where a secret, a certificate or a library is missing."""
    try:
        return _build(entry)
    except (SecretError, TlsError, MissingExtraError) as error:
        raise SinkError(f"{entry.name}: {error}") from error


def _build(entry: SinkEntry) -> Sink:
    match entry.to.text:
        case "file" if entry.path is not None:
            return FileSink(Path(entry.path.text))
        case "stdout":
            return StdoutSink()
        case "syslog":
            return SyslogSink(entry)
        case "relp":
            return RelpSink(entry)
        case "kafka":
            return KafkaSink(_kafka(entry), _text(entry, "topic"))
        case _:
            return _over_http(entry)


def _over_http(entry: SinkEntry) -> Sink:
    url = _text(entry, "url")
    name = entry.server_name.text if entry.server_name else None
    context = context_for(entry) if url.startswith("https:") else None
    poster = Poster(context, server_name=name if context else None)
    secret = read_secret(entry.secret) if entry.secret else ""
    as_json = view_of(entry) in OBJECTS
    match entry.to.text:
        case "splunk":
            acknowledge = entry.acknowledge is not False
            return SplunkSink(
                poster, url, secret, index=_text(entry, "index"), acknowledge=acknowledge, as_json=as_json
            )
        case "elastic" if as_json:
            return ElasticSink(poster, url, _text(entry, "index"), api_key=secret)
        case "sentinel":
            authority = (
                f"{_text(entry, 'authority') or _AUTHORITY}/{_text(entry, 'tenant')}/oauth2/v2.0/token"
            )
            token = client_credentials(
                poster, authority, client=_text(entry, "client"), secret=secret, scope=sentinel.SCOPE
            )
            return sentinel.SentinelSink(
                poster, url, token, rule=_text(entry, "rule"), stream=_text(entry, "stream"), as_json=as_json
            )
        case "secops":
            token = signed_assertion(poster, secret, scope=secops.SCOPE, url=_text(entry, "authority"))
            return secops.SecopsSink(
                poster,
                url,
                token,
                instance=_text(entry, "instance"),
                forwarder=_text(entry, "forwarder"),
                log_type=_text(entry, "log_type") or "BAILIWICK",
            )
        case "datadog":
            return DatadogSink(poster, url, secret, tags=[tag.text for tag in entry.tags])
        case "otlp" if view_of(entry) is View.OTEL:
            return OtlpSink(poster, url, token=secret)
        case _:
            raise SinkError(
                f"{entry.view.at if entry.view else entry.at}: a sink to {entry.to} can't be sent the view {view_of(entry)}"
            )


def _kafka(entry: SinkEntry) -> dict[str, Any]:
    settings: dict[str, Any] = {"bootstrap.servers": ",".join(broker.text for broker in entry.brokers)}
    if entry.ca or entry.certificate or entry.user:
        settings["security.protocol"] = "SASL_SSL" if entry.user else "SSL"
    for key, name in (
        ("ca", "ssl.ca.location"),
        ("certificate", "ssl.certificate.location"),
        ("key", "ssl.key.location"),
    ):
        if path := _text(entry, key):
            settings[name] = path
    if entry.user and entry.secret:
        settings |= {
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": entry.user.text,
            "sasl.password": read_secret(entry.secret),
        }
    return settings


def _text(entry: SinkEntry, key: str) -> str:
    value = getattr(entry, key)
    return value.text if value is not None else ""
