"""The endpoint service: one resident process that answers hooks and opens sessions.

Hooks come over loopback TCP with a session's secret, and the kernel says whose socket it is. Everything else
(launcher, relay, policy helper, administration) comes over a Unix socket, where the kernel names the caller.
"""

import asyncio
import logging
import os
import weakref
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from posixpath import normpath
from typing import Any, Final

import orjson
from aiohttp import web

from bailiwick import __version__
from bailiwick.administration.targets.claude_settings import (
    ServiceAddress,
    SessionDocuments,
    Tier,
    compile_settings,
    session_documents,
)
from bailiwick.audit.query import Query
from bailiwick.enforcement.claude_code import MAX_BODY
from bailiwick.information.sessions import SessionFlags, SessionState
from bailiwick.policy.errors import PolicyErrors
from bailiwick.service.answer import answer, refuse
from bailiwick.service.desk import Desk, NoPolicyError, NotEntitledError, Wish
from bailiwick.service.log_reader import LogReader
from bailiwick.service.peer import Peer, own_uid, process_started, tcp_peer, unix_peer
from bailiwick.service.store import StoreError
from bailiwick.service.trace import report

LOG = logging.getLogger(__name__)

HOST: Final = "127.0.0.1"


class ProblemError(Exception):
    """A request that is refused: HTTP status and what the caller is told."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True, kw_only=True, weakref_slot=True)
class Endpoint:
    """The HTTP face of the service: authenticates, hands on, and always answers."""

    desk: Desk
    port: int
    remember: Callable[[SessionState], Awaitable[None]]
    reloaded: Callable[[], Awaitable[None]]
    _owners: "weakref.WeakKeyDictionary[Any, Peer]" = field(default_factory=weakref.WeakKeyDictionary)

    @property
    def url(self) -> str:
        """Where hooks are sent."""
        return f"http://{HOST}:{self.port}"

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Every request of every connection."""
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            return _reply({"error": f"nothing at {request.method} {request.path}"}, 404)
        try:
            return await handler(request)
        except ProblemError as problem:
            return _reply({"error": str(problem)}, problem.status)
        except (NotEntitledError, NoPolicyError) as error:
            return _reply({"error": str(error)}, 403)
        except PolicyErrors as error:
            return _reply({"error": str(error)}, 400)
        except StoreError as error:
            return _reply({"error": f"it could not be recorded, so it was not done: {error}"}, 503)
        except Exception as error:  # noqa: BLE001 - nobody else answers
            report(LOG, "a request failed", error)
            return _reply({"error": "internal error; the service's log says more"}, 500)

    @property
    def _routes(self) -> Mapping[tuple[str, str], Callable[[web.BaseRequest], Awaitable[web.Response]]]:
        return {
            ("POST", "/v1/hook"): self._hook,
            ("POST", "/v1/session"): self._session,
            ("POST", "/v1/helper"): self._helper,
            ("POST", "/v1/reload"): self._reload,
            ("GET", "/v1/status"): self._status,
            ("POST", "/v1/why"): self._why,
        }

    async def _hook(self, request: web.BaseRequest) -> web.Response:
        """Always 200 with one JSON object: an event that can't be judged is denied in that object."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        state = self.desk.registry.by_token(token)
        peer = self._peer(request)
        # Nothing of a stranger is kept: the message is read only once it is known whose it is.
        if state is None:
            why = "no session of this service; start one with `bailiwick claude`"
            said = await refuse(self.desk, why, uid=peer.uid if peer else None)
        elif peer is None or peer.uid != state.uid:
            said = await refuse(self.desk, "the session belongs to another account", state=state)
        elif (body := await _body(request)) is None:
            said = await refuse(self.desk, f"the event is larger than {MAX_BODY} bytes", state=state)
        else:
            said = await answer(self.desk, state, body)
        return web.Response(body=said, content_type="application/json")

    async def _session(self, request: web.BaseRequest) -> web.Response:
        """Open a session for the calling account and process; its settings come back with its secret in them."""
        peer, asked = self._local(request), await _object(request)
        await self.desk.look_up(peer.uid)
        state = self.desk.new_session(peer.uid, _wish(asked, peer.pid))
        await self.remember(state)
        return _reply(
            {
                "key": state.key,
                "profile": state.profile,
                "documents": asdict(self._documents(state)),
            }
        )

    async def _helper(self, request: web.BaseRequest) -> web.Response:
        """The settings for a client process of the calling account: its own session's, opened when it has none."""
        peer, asked = self._local(request), await _object(request)
        pid, cwd, url = asked.get("client_pid"), asked.get("cwd"), asked.get("base_url")
        if not isinstance(pid, int) or not isinstance(cwd, str) or not cwd.startswith("/"):
            raise ProblemError(400, "client_pid must be a number and cwd an absolute path")
        if not (url is None or (isinstance(url, str) and url.startswith(("http://", "https://")))):
            raise ProblemError(400, "base_url must be a URL")
        started = process_started(pid)
        if started is None:
            raise ProblemError(400, f"there is no process {pid}")
        state = self.desk.registry.by_process(peer.uid, pid, started)
        if state is None:
            await self.desk.look_up(peer.uid)
            wish = Wish(
                project=normpath(cwd),
                client_pid=pid,
                client_started=started,
                base_url=url,
                no_proxy=_text(asked, "no_proxy"),
            )
            state = self.desk.new_session(peer.uid, wish)
            await self.remember(state)
        settings = compile_settings(
            self.desk.policy_for(state),
            service=self._address(state),
            tier=Tier.HELPER,
            project=state.project,
            home=state.home,
            base_url=state.base_url,
            no_proxy=state.no_proxy,
            files=self.desk.files,
        )
        return _reply({"managedSettings": settings})

    async def _reload(self, request: web.BaseRequest) -> web.Response:
        """Read the policy again now; for the service's own account and root."""
        if self._local(request).uid not in {0, own_uid()}:
            raise ProblemError(403, "only the service's account or root may reload the policy")
        await self.desk.policies.refresh()
        await self.reloaded()
        return await self._status(request)

    async def _status(self, request: web.BaseRequest) -> web.Response:
        """What runs, under which policy, and the caller's sessions; root and the service's account see all."""
        peer = self._local(request)
        everyone = peer.uid in {0, own_uid()}
        policies = self.desk.policies
        in_force = policies.in_force
        return _reply(
            {
                "version": __version__,
                "pid": os.getpid(),
                "url": self.url,
                "policy": str(policies.directory),
                "revision": in_force.revision if in_force else None,
                "profiles": sorted(in_force.policies) if in_force else [],
                "problem": policies.problem,
                "sessions": [
                    {
                        "key": s.key,
                        "user": s.user,
                        "profile": s.profile,
                        "project": s.project,
                        "opened": s.opened,
                    }
                    for s in self.desk.registry
                    if not s.ended and (everyone or s.uid == peer.uid)
                ],
            }
        )

    async def _why(self, request: web.BaseRequest) -> web.Response:
        """The last call that was stopped in a session of the caller's, or in any of theirs; root may see all."""
        peer, asked = self._local(request), await _object(request)
        await self.desk.look_up(peer.uid)
        mine = "" if peer.uid == 0 else self.desk.principal(peer.uid).user
        query = Query(user=mine, session=str(asked.get("session") or ""))
        denied = await asyncio.to_thread(_last_stopped, self.desk.store.directory.path, query)
        in_force = self.desk.policies.in_force
        policy = in_force.policies.get(str(denied.get("profile"))) if in_force and denied else None
        return _reply({"denied": denied, "contact": policy.contact if policy else ""})

    def _documents(self, state: SessionState) -> SessionDocuments:
        return session_documents(
            self.desk.policy_for(state),
            service=self._address(state),
            project=state.project,
            home=state.home,
            base_url=state.base_url,
            no_proxy=state.no_proxy,
            files=self.desk.files,
        )

    def _address(self, state: SessionState) -> ServiceAddress:
        return ServiceAddress(url=self.url, token=self.desk.registry.token(state))

    def _local(self, request: web.BaseRequest) -> Peer:
        """The caller on the Unix socket; the loopback port serves hooks only."""
        peer = self._peer(request)
        if peer is None or not peer.pid:
            raise ProblemError(403, "only on the Unix socket")
        return peer

    def _peer(self, request: web.BaseRequest) -> Peer | None:
        """Who is connected, asked of the kernel once per connection."""
        transport = request.transport
        known = self._owners.get(transport) if transport else None
        if known is None and transport is not None:
            connection = transport.get_extra_info("socket")
            try:
                is_unix = connection.family.name == "AF_UNIX"
                known = unix_peer(connection) if is_unix else tcp_peer(connection)
            except OSError:
                return None
            if known is not None:
                self._owners[transport] = known
        return known


def _last_stopped(directory: Path, query: Query) -> dict[str, Any] | None:
    """The newest record that ``query`` holds for and that was denied or asked about."""
    with LogReader(directory) as log:
        newest = next(log.search(query, limit=1, stopped=True), None)
    return None if newest is None else newest.record


def _wish(asked: Mapping[str, Any], pid: int) -> Wish:
    """What a launcher asks for. Raises ``ProblemError`` naming the field that is wrong."""
    project, profile, url = asked.get("project"), asked.get("profile"), asked.get("base_url")
    tools, globs, seconds = (asked.get(k) for k in ("allowed_tools", "read_only_files", "max_bash_timeout"))
    if not isinstance(project, str) or not project.startswith("/"):
        raise ProblemError(400, "project must be an absolute path")
    if not (profile is None or isinstance(profile, str)):
        raise ProblemError(400, "profile must be a name")
    if not (url is None or isinstance(url, str)):
        raise ProblemError(400, "base_url must be a URL")
    if not (tools is None or _strings(tools)) or not (globs is None or _strings(globs)):
        raise ProblemError(400, "allowed_tools and read_only_files must be lists of names")
    if not (seconds is None or (type(seconds) is int and seconds > 0)):
        raise ProblemError(400, "max_bash_timeout must be a positive number of seconds")
    return Wish(
        project=normpath(project),
        profile=profile,
        flags=SessionFlags(
            allowed_tools=None if tools is None else tuple(tools),
            read_only_files=tuple(globs or ()),
            max_bash_timeout=seconds,
        ),
        unattended=bool(asked.get("unattended")),
        client_version=str(asked.get("client_version") or ""),
        base_url=url,
        no_proxy=_text(asked, "no_proxy"),
        client_pid=pid,
        client_started=process_started(pid) or 0,
    )


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name)
    return value if isinstance(value, str) else ""


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


async def _body(request: web.BaseRequest) -> bytes | None:
    """The whole message, or None when it is larger than ``MAX_BODY``; one without end is not waited for."""
    parts, size = [], 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > 2 * MAX_BODY:
            return None
        if size <= MAX_BODY:
            parts.append(part)
        else:
            parts.clear()
    return b"".join(parts) if size <= MAX_BODY else None


async def _object(request: web.BaseRequest) -> Mapping[str, Any]:
    body = await _body(request)
    try:
        asked = orjson.loads(body or b"")
    except orjson.JSONDecodeError as error:
        raise ProblemError(400, f"not JSON: {error}") from error
    if not isinstance(asked, dict):
        raise ProblemError(400, "not a JSON object")
    return asked


def _reply(value: Mapping[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")
