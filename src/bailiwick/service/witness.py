"""Running a witness (`bailiwick witness`): what it remembers in a folder of its own, what it answers over HTTP.

state/                0700, of whoever runs the witness: not of whoever runs the log
  witness.key         Ed25519 seed (0600)        witness-mldsa44.key  ML-DSA-44 seed (0600)
  witness.pub         both public halves: give them to whoever verifies
  logs.pub            the keys of the logs that are witnessed
  seen/<hash>.note    of each log the checkpoint cosigned last
  lock                held while the witness runs
"""

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Self

from aiohttp import web

from bailiwick.audit.note import Algorithm, Note, NoteError, Signer, TreeHead, VerifierKey, parse_keys
from bailiwick.audit.witness import MAX_REQUEST, Seen, WitnessAnswer, add_checkpoint
from bailiwick.service.state_directory import (
    StoreError,
    check_private,
    read_secret,
    sync_directory,
    write_private,
)

_SEEDS = (("witness.key", Algorithm.COSIGNATURE), ("witness-mldsa44.key", Algorithm.ML_DSA_44))


@dataclass(slots=True)
class Witness:
    """A witness: its keys, the logs it knows, what it cosigned last. Raises StoreError."""

    path: Path
    signers: tuple[Signer, ...]
    logs: Mapping[str, tuple[VerifierKey, ...]]
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def create(cls, path: Path, name: str) -> Self:
        """A new witness of this name, in an empty or new folder."""
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_private(path, directory=True)
            if (path / "witness.pub").exists():
                raise StoreError(f"{path}: there is a witness here", mend="use another --state")
            (path / "seen").mkdir(mode=0o700, exist_ok=True)
            for file, _ in _SEEDS:
                write_private(path / file, os.urandom(32))
            write_private(path / "logs.pub", b"")
            keys = [Signer.from_seed(name, read_secret(path / file), kind).verifier for file, kind in _SEEDS]
            VerifierKey.parse(str(keys[0]))
            write_private(path / "witness.pub", "".join(f"{key}\n" for key in keys).encode())
            sync_directory(path)
        except OSError as error:
            raise StoreError(f"{error.filename or path}: {error.strerror}") from error
        except NoteError as error:
            raise StoreError(
                f"--name {name}: {error}", mend="use a name like witness.example.com/1"
            ) from error
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Self:
        """The witness in a folder."""
        try:
            check_private(path, directory=True)
            public = parse_keys((path / "witness.pub").read_text(encoding="ascii"))
            known = parse_keys((path / "logs.pub").read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, NoteError) as error:
            raise StoreError(
                f"{path}: {error}", mend="make a witness with `bailiwick witness init`"
            ) from error
        signers = tuple(
            Signer.from_seed(public[0].name, read_secret(path / file), kind) for file, kind in _SEEDS
        )
        if tuple(signer.verifier for signer in signers) != public:
            raise StoreError(
                f"{path}: the keys aren't those of witness.pub", mend="restore them from a backup"
            )
        logs: dict[str, tuple[VerifierKey, ...]] = {}
        for key in known:
            logs[key.name] = (*logs.get(key.name, ()), key)
        return cls(path, signers, logs)

    def trust(self, text: str) -> list[str]:
        """Witness the logs whose public keys these are, from the next start on; their origins. Raises NoteError."""
        keys = parse_keys(text)
        known = [key for held in self.logs.values() for key in held]
        everything = [*known, *(key for key in keys if key not in known)]
        write_private(self.path / "logs.pub", "".join(f"{key}\n" for key in everything).encode())
        sync_directory(self.path)
        return sorted({key.name for key in keys})

    def seen(self, origin: str) -> Seen:
        """What was cosigned last of a log."""
        note = self.note(origin)
        if not note:
            return Seen()
        try:
            head = TreeHead.parse(Note.parse(note).text)
        except NoteError as error:
            raise StoreError(f"{self._file(origin)}: {error}", mend="restore it from a backup") from error
        return Seen(head.size, head.root)

    def note(self, origin: str) -> str:
        """The checkpoint of a log cosigned last, with the cosignatures; empty when there is none."""
        try:
            return self._file(origin).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"{self._file(origin)}: {error}") from error

    def _file(self, origin: str) -> Path:
        return self.path / "seen" / f"{sha256(origin.encode()).hexdigest()}.note"

    def answer(self, body: bytes) -> WitnessAnswer:
        """The answer to a submission; what it cosigns is on stable storage when this returns. One at a time."""
        answer = add_checkpoint(body, self.logs, self.seen, self.signers, int(time.time()))
        if answer.remember is not None:
            file = self._file(answer.origin)
            try:
                write_private(file, (answer.checkpoint + answer.body).encode())
                sync_directory(file.parent)
            except OSError as error:
                raise StoreError(f"{file}: {error.strerror}") from error
        return answer

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder: two witnesses with one key could cosign two histories."""
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreError(f"{self.path}: in use by another witness", mend="stop it first") from None
            yield
        finally:
            os.close(lock)

    def application(self) -> web.Application:
        """The witness as a web application."""
        app = web.Application(client_max_size=MAX_REQUEST + 1)
        app.router.add_post("/add-checkpoint", self._add)
        app.router.add_get("/checkpoint/{hash}", self._show)
        return app

    async def _add(self, request: web.Request) -> web.Response:
        body = await request.read()
        async with self._alone:
            try:
                answer = await asyncio.to_thread(self.answer, body)
            except StoreError as error:
                return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR, text=f"{error}\n")
        return web.Response(
            status=answer.status,
            body=answer.body.encode(),
            headers={"Content-Type": f"{answer.content_type}; charset=utf-8"}
            if answer.content_type == "text/plain"
            else {"Content-Type": answer.content_type},
        )

    async def _show(self, request: web.Request) -> web.Response:
        """What was cosigned last of the log whose origin has this SHA-256: for monitors."""
        wanted = request.match_info["hash"]
        origin = next((name for name in self.logs if sha256(name.encode()).hexdigest() == wanted), "")
        note = self.note(origin) if origin else ""
        if not note:
            return web.Response(status=HTTPStatus.NOT_FOUND, text="nothing was cosigned of this log\n")
        return web.Response(text=note)


async def serve(witness: Witness, host: str, port: int, ready: "asyncio.Future[int] | None" = None) -> None:
    """Answer until cancelled. ``ready`` gets the port listened on. Raises OSError."""
    runner = web.AppRunner(witness.application(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        if ready is not None:
            ready.set_result(runner.addresses[0][1])
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
