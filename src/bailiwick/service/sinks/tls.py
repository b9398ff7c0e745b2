"""TLS to a receiver: its certificate is always verified; ours is shown where one is configured."""

import ssl

from bailiwick.policy.sinks import SinkEntry


class TlsError(Exception):
    """A certificate or key can't be used; the message names the file."""


def context_for(entry: SinkEntry) -> ssl.SSLContext:
    """The context for a sink, TLS 1.2 or later. Raises TlsError."""
    try:
        context = ssl.create_default_context(cafile=entry.ca.text if entry.ca else None)
    except (OSError, ssl.SSLError) as error:
        raise TlsError(f"{entry.ca.at if entry.ca else entry.at}: {entry.ca}: {_why(error)}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if entry.certificate is not None and entry.key is not None:
        try:
            context.load_cert_chain(entry.certificate.text, entry.key.text)
        except (OSError, ssl.SSLError) as error:
            raise TlsError(
                f"{entry.certificate.at}: {entry.certificate}, {entry.key}: {_why(error)}"
            ) from error
    return context


def _why(error: OSError) -> str:
    return str(error.strerror or error.reason if isinstance(error, ssl.SSLError) else error.strerror or error)
