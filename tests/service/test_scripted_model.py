"""The scripted Messages API, as a client sees it."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import pytest

from bailiwick.service.scripted_model import Fail, Received, Say, Script, ScriptedModel, Use

TOOLS = [{"name": "Bash", "input_schema": {"type": "object"}}]


def post(url: str, body: Mapping[str, Any], path: str = "/v1/messages") -> Any:
    request = urllib.request.Request(  # noqa: S310 - loopback, made here
        url + path, data=json.dumps(body).encode(), headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
        text = reply.read().decode()
        return text if reply.headers["content-type"].startswith("text/event-stream") else json.loads(text)


def ask(url: str, messages: Sequence[Mapping[str, Any]], **more: Any) -> Any:
    return post(url, {"model": "m", "messages": messages, "tools": TOOLS, **more})


def events(stream: str) -> list[Mapping[str, Any]]:
    parsed = []
    for chunk in stream.strip().split("\n\n"):
        kind, data = chunk.split("\n")
        parsed.append(json.loads(data.removeprefix("data: ")))
        assert kind == f"event: {parsed[-1]['type']}"
    return parsed


def test_turns_follow_the_conversation_and_a_repeated_request_gets_the_same_answer() -> None:
    with ScriptedModel([Use(tool="Bash", input={"command": "date"}), Say(text="bye")]) as model:
        opening = [{"role": "user", "content": "go"}]
        first = ask(model.url, opening)
        again = ask(model.url, opening)
        told = {"type": "tool_result", "tool_use_id": "toolu_main_0_0", "content": "Monday", "is_error": True}
        second = ask(
            model.url,
            [
                *opening,
                {"role": "assistant", "content": first["content"]},
                {"role": "user", "content": [told]},
            ],
        )
        third = ask(model.url, [*opening, *({"role": "assistant", "content": "x"},) * 2])
    assert first["content"] == again["content"]
    assert first["content"] == [
        {"type": "tool_use", "id": "toolu_main_0_0", "name": "Bash", "input": {"command": "date"}}
    ]
    assert first["stop_reason"] == "tool_use"
    assert (second["content"][0]["text"], second["stop_reason"]) == ("bye", "end_turn")
    assert third["content"][0]["text"] == "done"
    assert (model.results["toolu_main_0_0"].text, model.results["toolu_main_0_0"].is_error) == (
        "Monday",
        True,
    )


def test_streaming_says_the_same_as_one_piece() -> None:
    with ScriptedModel(
        [(Say(text="héllo"), Use(tool="Bash", input={"command": "a\nb"}, id="mine"))]
    ) as model:
        whole = ask(model.url, [{"role": "user", "content": "go"}])
        stream = events(ask(model.url, [{"role": "user", "content": "go"}], stream=True))
    kinds = [event["type"] for event in stream]
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    deltas = [event["delta"] for event in stream if event["type"] == "content_block_delta"]
    assert deltas[0]["text"] == whole["content"][0]["text"] == "héllo"
    assert json.loads(deltas[1]["partial_json"]) == whole["content"][1]["input"] == {"command": "a\nb"}
    starts = [event["content_block"] for event in stream if event["type"] == "content_block_start"]
    assert starts[1] == {"type": "tool_use", "id": "mine", "name": "Bash", "input": {}}
    assert stream[-2]["delta"]["stop_reason"] == whole["stop_reason"] == "tool_use"


def test_other_conversations_have_their_own_script() -> None:
    helper = Script(name="sub", turns=[Use(tool="Bash")], when=lambda asked: "SUB" in asked.opening)
    with ScriptedModel([Say(text="main")], agents=[helper]) as model:
        main = ask(model.url, [{"role": "user", "content": "SUPER? no: plain"}])
        sub = ask(model.url, [{"role": "user", "content": [{"type": "text", "text": "SUB task"}]}])
    assert main["content"][0]["text"] == "main"
    assert sub["content"][0]["id"] == "toolu_sub_0_0"


@pytest.mark.parametrize("tools", [[], [{"type": "web_search_20250305", "name": "web_search"}]])
def test_requests_beside_the_conversation_do_not_use_up_turns(tools: Sequence[object]) -> None:
    with ScriptedModel([Say(text="first")], aside="a title") as model:
        title = post(model.url, {"messages": [{"role": "user", "content": "name it"}], "tools": tools})
        first = ask(model.url, [{"role": "user", "content": "go"}])
        count = post(model.url, {"messages": [], "system": "x" * 400}, "/v1/messages/count_tokens")
    assert title["content"][0]["text"] == "a title"
    assert first["content"][0]["text"] == "first"
    assert count["input_tokens"] > 100
    assert len(model.requests) == 3
    assert len(model.conversation) == 1


def test_a_turn_may_act_before_it_answers() -> None:
    seen: list[str] = []

    async def slow(asked: Received) -> Say:
        await asyncio.sleep(0.01)
        seen.append(asked.text)
        return Say(text="late")

    with ScriptedModel([slow]) as model:
        reply = ask(
            model.url, [{"role": "user", "content": "now"}], system=[{"type": "text", "text": "be good"}]
        )
    assert reply["content"][0]["text"] == "late"
    assert seen == ["be good\nnow"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/messages", {"messages": [], "tools": TOOLS}, 529),
        ("/v1/elsewhere", {}, 404),
    ],
)
def test_errors_look_like_the_api_s(path: str, body: Mapping[str, Any], status: int) -> None:
    with ScriptedModel([Fail(status=529, kind="overloaded_error")]) as model:
        with pytest.raises(urllib.error.HTTPError) as caught:
            post(model.url, body, path)
        with caught.value as error:
            assert error.code == status
            assert json.loads(error.read())["type"] == "error"


def test_a_turn_that_raises_is_an_error_of_the_script_and_ends_the_session() -> None:
    def broken(_: Received) -> Say:
        raise LookupError("no such file")

    with ScriptedModel([broken]) as model:
        with pytest.raises(urllib.error.HTTPError) as caught:
            ask(model.url, [{"role": "user", "content": "go"}])
        with caught.value as error:
            assert error.headers["x-should-retry"] == "false"
    assert [str(error) for error in model.errors] == ["no such file"]


def test_what_is_no_json_is_recorded_and_answered() -> None:
    with ScriptedModel() as model:
        request = urllib.request.Request(model.url + "/v1/messages", data=b"\xff{")  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
            assert json.loads(reply.read())["content"][0]["text"] == "ok"
    assert model.requests[0].body["unparsed"].endswith("{")


def test_many_conversations_at_once() -> None:
    async def play() -> list[str]:
        async with ScriptedModel([Say(text="x")]) as model, aiohttp.ClientSession() as session:

            async def one() -> str:
                body = {"messages": [{"role": "user", "content": "go"}], "tools": TOOLS}
                async with session.post(model.url + "/v1/messages", json=body) as reply:
                    return str((await reply.json())["content"][0]["text"])

            return await asyncio.gather(*(one() for _ in range(20)))

    assert asyncio.run(play()) == ["x"] * 20


def test_a_taken_port_is_said_at_once() -> None:
    with (
        ScriptedModel() as model,
        pytest.raises(OSError, match=str(model.port)),
        ScriptedModel(port=model.port),
    ):
        pass
