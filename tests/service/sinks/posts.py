"""What the sinks' tests share: a log with records in it, a receiver over HTTP that can misbehave, certificates."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bailiwick.audit.record import Record
from bailiwick.policy.sinks import SinkEntry, load_sinks
from bailiwick.service.sinks.sink import Item
from bailiwick.service.store import Store
from logs import RECORD

T0 = 1_792_000_000_000


def record(number: int) -> Record:
    return replace(
        RECORD, call_id=f"c{number}", time_ms=T0 + number, input=f'{{"command":"echo {number} | cat"}}'
    )


def filled(path: Path, count: int, *, start: int = 0) -> Path:
    """A state directory with ``count`` more records."""
    with Store.open(path, clock=lambda: T0) as store:
        asyncio.run(store.append_all(tuple(record(start + number) for number in range(count))))
    return path


def entry(text: str) -> SinkEntry:
    """The one sink of a configuration given as lines of `key: value`."""
    lines = text.strip().splitlines()
    body = "\n    ".join(line.strip() for line in lines)
    return load_sinks("sinks.yaml", f"sinks:\n  - {body}\n")[0]


async def no_sleep(_: float) -> None:
    await asyncio.sleep(0)


def item(number: int, line: bytes = b'{"a":1}') -> Item:
    return Item(
        index=number,
        event_id=f"e-{number}",
        time_ms=T0 + number,
        host="h",
        kind="tool-call",
        severity=1,
        leaf=b"\x01",
        line=line,
    )


Handler = Callable[[web.Request, bytes], Awaitable[web.Response] | web.Response]


@dataclass(slots=True)
class Receiver:
    """A receiver over HTTP. ``trouble`` are answers it gives first, one for each call, in place of its own."""

    url: str = ""
    trouble: list[Any] = field(default_factory=list)
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextlib.asynccontextmanager
async def receiving(answer: Handler, trouble: Sequence[Any] = ()) -> AsyncIterator[Receiver]:
    """``answer`` gets what no trouble took: a status, a (status, headers), "close" or "slow"."""
    receiver = Receiver(trouble=list(trouble))

    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        receiver.calls.append((request.path_qs, dict(request.headers), body))
        if receiver.trouble and not request.path.endswith("/token"):
            what = receiver.trouble.pop(0)
            if what == "close":
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            if what == "slow":
                await asyncio.sleep(3)
                return web.Response(status=200)
            status, headers = what if isinstance(what, tuple) else (what, {})
            return web.Response(status=status, headers=headers)
        made = answer(request, body)
        return made if isinstance(made, web.Response) else await made

    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]
    try:
        yield receiver
    finally:
        await runner.cleanup()


def answered(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files of a certificate authority, a server's and a client's certificate, and one of a stranger."""

    ca: Path
    server: tuple[Path, Path]
    client: tuple[Path, Path]
    stranger: tuple[Path, Path]


def certificates(room: Path) -> Certificates:
    ca = _authority("Test CA")
    other = _authority("Somebody else")
    return Certificates(
        ca=_written(room / "ca.pem", ca[0].public_bytes(serialization.Encoding.PEM)),
        server=_issued(room, "server", ca),
        client=_issued(room, "client", ca),
        stranger=_issued(room, "stranger", other),
    )


_Authority = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _authority(name: str) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = _builder(subject, subject, key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    built = built.add_extension(usage, critical=True)
    built = built.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return built.sign(key, hashes.SHA256()), key


def _issued(room: Path, name: str, authority: _Authority) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority[1].public_key())
    built = _builder(subject, authority[0].subject, key).add_extension(names, critical=False)
    signed = built.add_extension(issuer, critical=False).sign(authority[1], hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (
        _written(room / f"{name}.pem", signed.public_bytes(serialization.Encoding.PEM)),
        _written(room / f"{name}.key", private),
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
    )


def _written(path: Path, text: bytes) -> Path:
    path.write_bytes(text)
    return path
