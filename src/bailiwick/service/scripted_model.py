"""A scripted Messages API on loopback: the model's part of a session, written down beforehand.

Point a real client at it and it will do what the script says, so that what happens afterwards can be judged
without a model, an account or a network:

    with ScriptedModel([Use(tool="Bash", input={"command": "date"}), Say(text="done")]) as model:
        subprocess.run(["claude", "-p", "go"], env={"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "x"})
        print(model.results["toolu_main_0_0"].text)

Sub-agents are conversations of their own and get a script of their own, chosen by what they ask. Which turn is due
is told by the conversation itself (how many answers it already holds), so a repeated request gets the same answer
and parallel conversations don't disturb each other. Requests the client makes beside the conversation (titles,
summaries, web searches: whatever offers no tool of the client) get ``aside``.

Wire format: the Messages API as documented by Anthropic, streaming and not, and ``count_tokens``.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeAlias

from aiohttp import web

MAX_REQUEST = 64 * 1024 * 1024
"""Bytes of one request accepted; a client session with large tool results stays well below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """The model says ``text``. A turn without a tool use ends the client's turn."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The model asks for ``tool`` with ``input``; ``id`` is ``toolu_<script>_<turn>_<position>`` when left empty."""

    tool: str
    input: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """The API answers with an error instead: HTTP ``status`` (400-599) and the API's error ``kind``."""

    status: int = 400
    kind: str = "invalid_request_error"
    message: str = "scripted failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it arrived. ``body`` is the decoded JSON object, empty when there was none."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """The conversation so far."""
        messages: Sequence[Mapping[str, Any]] = self.body.get("messages", ())
        return messages

    @property
    def text(self) -> str:
        """Everything the model was told, system prompt included, as one text to search in."""
        return "\n".join(
            [*_texts(self.body.get("system")), *(t for m in self.messages for t in _texts(m.get("content")))]
        )

    @property
    def opening(self) -> str:
        """The text of the first message: for a sub-agent, the prompt it was given."""
        return "\n".join(_texts(self.messages[0].get("content"))) if self.messages else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the client told the model about one tool use: its text and whether it was an error."""

    text: str
    is_error: bool
    content: Any = None


Block: TypeAlias = Say | Use
Answer: TypeAlias = Block | Sequence[Block] | Fail
Turn: TypeAlias = Answer | Callable[[Received], Answer | Awaitable[Answer]]
"""One answer: a block, several blocks in one message, an error, or a function of the request that gives one.

The function may wait or act first (stop a service, change a file): the client waits for its answer meanwhile.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The turns of one kind of conversation: the one for which ``when`` holds, asked in order, main script last."""

    name: str
    turns: Sequence[Turn]
    when: Callable[[Received], bool]


class ScriptedModel:
    """A Messages API server on 127.0.0.1 that plays ``turns``, and ``agents`` for other conversations.

    Use it with ``with`` (it then runs in a thread of its own) or ``async with``. When a script is over,
    further requests get ``after``. Raises OSError when ``port`` (0: any free one) is taken.
    """

    def __init__(
        self,
        turns: Iterable[Turn] = (),
        *,
        agents: Iterable[Script] = (),
        aside: str = "ok",
        after: str = "done",
        port: int = 0,
    ) -> None:
        self._scripts = (*agents, Script(name="main", turns=tuple(turns), when=lambda _: True))
        self._aside = aside
        self._after = after
        self._port = port
        self._received: list[Received] = []
        self._errors: list[Exception] = []
        self._runner: web.AppRunner | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # --- what the model saw

    @property
    def url(self) -> str:
        """The address for ``ANTHROPIC_BASE_URL``, once it serves."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        """The loopback port it listens on, once it serves."""
        return self._port

    @property
    def requests(self) -> tuple[Received, ...]:
        """Every request so far, oldest first, whatever its path."""
        return tuple(self._received)

    @property
    def conversation(self) -> tuple[Received, ...]:
        """The requests that asked for a turn: neither token counts nor requests beside the conversation."""
        return tuple(r for r in self._received if _asks_for_turn(r))

    @property
    def errors(self) -> tuple[Exception, ...]:
        """What turns that are functions raised; the client was told of an error instead."""
        return tuple(self._errors)

    @property
    def results(self) -> Mapping[str, Result]:
        """What the model was told of each tool use, by its id (``toolu_main_0_0``: main script, first turn, first block)."""
        return {
            str(block.get("tool_use_id")): Result(
                text="\n".join(_texts(block.get("content"))),
                is_error=bool(block.get("is_error")),
                content=block.get("content"),
            )
            for request in self._received
            for message in request.messages
            for block in _blocks(message.get("content"))
            if block.get("type") == "tool_result"
        }

    # --- serving

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MAX_REQUEST)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def __enter__(self) -> Self:
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self.__aenter__())
        except OSError:
            loop.close()
            raise
        self._loop = loop
        self._thread = threading.Thread(target=loop.run_forever, name="scripted-model", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self.__aexit__(kind, error, trace), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # --- answering

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        received = await _receive(request)
        self._received.append(received)
        if request.method == "POST" and request.path == "/v1/messages/count_tokens":
            return web.json_response({"input_tokens": len(received.text) // 4 + 1})
        if request.method != "POST" or request.path != "/v1/messages":
            return _error(Fail(status=404, kind="not_found_error", message=f"nothing at {request.path}"))
        answer = await self._answer(received)
        if isinstance(answer, Fail):
            return _error(answer)
        number = len(self._received)
        if not received.body.get("stream"):
            return web.json_response(_message(received, answer, number) | {"usage": _usage(answer)})
        response = web.StreamResponse(
            headers={"content-type": "text/event-stream", "cache-control": "no-cache"}
        )
        await response.prepare(request)
        async for chunk in _stream(received, answer, number):
            await response.write(chunk)
        await response.write_eof()
        return response

    async def _answer(self, received: Received) -> tuple[Block, ...] | Fail:
        """The due turn: of the first script that fits, at the place the conversation has reached."""
        if not _asks_for_turn(received):
            return (Say(text=self._aside),)
        script = next(s for s in self._scripts if s.when(received))
        place = sum(1 for m in received.messages if m.get("role") == "assistant")
        if place >= len(script.turns):
            return (Say(text=self._after),)
        turn = script.turns[place]
        answer: Any = turn
        try:
            if callable(turn):
                # In a thread, because a function may wait for what another conversation brings about.
                answer = await asyncio.to_thread(turn, received)
            if isinstance(answer, Awaitable):
                answer = await answer
        except Exception as error:  # noqa: BLE001 - whoever wrote the script finds it in ``errors``
            self._errors.append(error)
            return Fail(status=400, message=f"turn {place} of script {script.name} raised {error!r}")
        if isinstance(answer, Fail):
            return answer
        blocks: Sequence[Block] = (answer,) if isinstance(answer, Say | Use) else answer
        return tuple(
            Use(tool=b.tool, input=b.input, id=b.id or f"toolu_{script.name}_{place}_{n}")
            if isinstance(b, Use)
            else b
            for n, b in enumerate(blocks)
        )


def _asks_for_turn(received: Received) -> bool:
    """A request of a conversation offers tools the client runs; what it asks on the side offers none, or the API's own."""
    tools = received.body.get("tools")
    offered = tools if isinstance(tools, list) else []
    return received.path == "/v1/messages" and any(
        "input_schema" in t for t in offered if isinstance(t, dict)
    )


async def _receive(request: web.Request) -> Received:
    raw = await request.read()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        body = {"unparsed": raw.decode("utf-8", "replace")}
    return Received(
        method=request.method,
        path=request.path,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body if isinstance(body, dict) else {"unparsed": body},
    )


def _error(fail: Fail) -> web.Response:
    body = {"type": "error", "error": {"type": fail.kind, "message": fail.message}}
    # The client retries what looks temporary, for minutes, unless it is told not to.
    return web.json_response(body, status=fail.status, headers={"x-should-retry": "false"})


def _blocks(content: Any) -> Iterator[Mapping[str, Any]]:
    """The blocks of a message's content, which may also be a plain string."""
    if isinstance(content, str):
        yield {"type": "text", "text": content}
    elif isinstance(content, list):
        yield from (block for block in content if isinstance(block, dict))


def _texts(content: Any) -> Iterator[str]:
    for block in _blocks(content):
        if block.get("type") == "text":
            yield str(block.get("text", ""))
        elif block.get("type") == "tool_result":
            yield from _texts(block.get("content"))


def _usage(answer: Sequence[Block]) -> dict[str, int]:
    return {"input_tokens": 10, "output_tokens": 5 * max(1, len(answer))}


def _message(received: Received, answer: Sequence[Block], number: int) -> dict[str, Any]:
    content: list[dict[str, Any]] = [
        {"type": "text", "text": b.text}
        if isinstance(b, Say)
        else {"type": "tool_use", "id": b.id, "name": b.tool, "input": dict(b.input)}
        for b in answer
    ]
    return {
        "id": f"msg_scripted_{number}",
        "type": "message",
        "role": "assistant",
        "model": received.body.get("model", "scripted"),
        "content": content,
        "stop_reason": "tool_use" if any(isinstance(b, Use) for b in answer) else "end_turn",
        "stop_sequence": None,
    }


async def _stream(received: Received, answer: Sequence[Block], number: int) -> AsyncIterator[bytes]:
    """The same message as server-sent events."""
    message = _message(received, answer, number)
    stop = {"stop_reason": message.pop("stop_reason"), "stop_sequence": None}
    content: list[dict[str, Any]] = message.pop("content")
    start = message | {"content": [], "stop_reason": None, "usage": {"input_tokens": 10, "output_tokens": 1}}
    yield _event("message_start", {"message": start})
    for index, block in enumerate(content):
        if block["type"] == "text":
            empty, delta = block | {"text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            empty = block | {"input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield _event("content_block_start", {"index": index, "content_block": empty})
        yield _event("content_block_delta", {"index": index, "delta": delta})
        yield _event("content_block_stop", {"index": index})
    yield _event(
        "message_delta", {"delta": stop, "usage": {"output_tokens": _usage(answer)["output_tokens"]}}
    )
    yield _event("message_stop", {})


def _event(kind: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()
