"""Large calls cost about what a plain call of their size costs: nobody waits for them.

The processor time of the gateway is compared with its own, so the machine does not matter.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from llmrpc import v1 as pb
from tests.gateway.conftest import ask
from tests.gateway.failures import failure_of
from tests.hostile.conftest import KEY, Attack
from tests.hostile.victim import MB, Victim
from tests.providers.messages_api import MODEL as CLAUDE
from tests.upstream import Exchange, Handler, Upstream, chat_answer

TIMES = 10.0
"""How much dearer than a plain call of its size a call may be; those that held the loop were
more than twenty times as dear."""
SIZE = 6 * MB
CALLS = 60_000
OPENAI, ANTHROPIC, GOOGLE = "openai/gpt-4o-mini", f"anthropic/{CLAUDE}", "google/gemini-2.5-flash"
RESPONSES = "openai/gpt-5"


@pytest.fixture
async def running(victim: Attack, upstream: Upstream) -> Victim:
    one = {"base_url": upstream.url, "api_keys": [KEY]}
    return await victim(providers=dict.fromkeys(("openai", "anthropic", "google"), one))


async def _cost(running: Victim, request: pb.GenerateRequest, reason: str = "") -> float:
    """Seconds of processor time that a call takes the gateway; it fails for a reason, if any.

    The less of two counts: other work on the machine only adds.
    """
    stub = running.stub()
    costs = []
    for _ in range(2):
        before = running.cpu_seconds()
        if reason:
            assert (await failure_of(stub.Generate(request))).reason == reason
        else:
            await stub.Generate(request)
        costs.append(running.cpu_seconds() - before)
    return min(costs)


def _text(size: int) -> str:
    return "ab " * (size // 3)


def _with_arguments(model: str, arguments: str) -> pb.GenerateRequest:
    request = ask(model=model, max_tokens=9)
    call = pb.ToolCall(id="c", name="f", arguments=arguments)
    request.messages.add(role=pb.ROLE_ASSISTANT).parts.add(tool_call=call)
    result = pb.ToolResult(tool_call_id="c", content="done")
    request.messages.add(role=pb.ROLE_TOOL).parts.add(tool_result=result)
    return request


def _answers(body: dict[str, Any]) -> Handler:
    data = json.dumps(body)

    async def handle(exchange: Exchange) -> None:
        await exchange.answer(200, data)

    return handle


def _chat(calls: int) -> dict[str, Any]:
    body = chat_answer("x")
    body["choices"][0]["message"]["tool_calls"] = [
        {"id": f"c{number}", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for number in range(calls)
    ]
    return body


def _messages(calls: int, text: str = "x") -> dict[str, Any]:
    content: list[Any] = [{"type": "text", "text": text}]
    content += [
        {"type": "tool_use", "id": f"c{number}", "name": "f", "input": {}}
        for number in range(calls)
    ]
    usage = {"input_tokens": 1, "output_tokens": 1}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": CLAUDE,
        "content": content,
        "stop_reason": "end_turn",
        "usage": usage,
    }


def _gemini(calls: int, text: str = "x") -> dict[str, Any]:
    parts: list[Any] = [{"text": text}]
    parts += [{"functionCall": {"name": "f", "args": {}}} for _ in range(calls)]
    content = {"role": "model", "parts": parts}
    return {"candidates": [{"content": content, "finishReason": "STOP"}]}


def _response(calls: int) -> dict[str, Any]:
    output = [
        {"type": "function_call", "id": f"f{number}", "call_id": f"c{number}", "name": "f"}
        | {"arguments": "{}", "status": "completed"}
        for number in range(calls)
    ]
    return {"id": "r", "object": "response", "status": "completed", "output": output}


ANSWERS: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
    "chat": (OPENAI, _chat),
    "messages": (ANTHROPIC, _messages),
    "gemini": (GOOGLE, _gemini),
    "responses": (RESPONSES, _response),
}


async def test_echo(running: Victim, upstream: Upstream) -> None:
    upstream.script(_answers(chat_answer("x")))
    plain = await _cost(running, ask(_text(SIZE), model=OPENAI))
    small = await _cost(running, ask(_text(SIZE), model="echo"))
    assert small <= TIMES * plain
    assert await _cost(running, ask(_text(SIZE), model="echo", max_tokens=99_999)) <= TIMES * plain
    large = await _cost(running, ask(_text(4 * SIZE), model="echo"))
    assert large <= 10 * max(small, plain), (
        "four times the size; sixteen if it grew with the square"
    )


async def test_arguments_of_tool_calls(running: Victim, upstream: Upstream) -> None:
    for dialect, (model, make) in ANSWERS.items():
        upstream.script(_answers(make(1)))
        plain = await _cost(running, ask(_text(SIZE), model=model, max_tokens=9))
        for escape in (r"\n", r"\\", "\\" + "u0041", "\\" + "ud83d"):
            arguments = f'{{"a": "{escape * (SIZE // len(escape))}"}}'
            cost = await _cost(running, _with_arguments(model, arguments))
            assert cost <= TIMES * plain, (dialect, escape)


async def test_an_answer_of_many_calls(running: Victim, upstream: Upstream) -> None:
    for dialect, (model, make) in ANSWERS.items():
        many = make(CALLS)
        upstream.script(_answers(chat_answer(_text(len(json.dumps(many))))))
        plain = await _cost(running, ask(model=OPENAI))
        upstream.script(_answers(many))
        request = ask(model=model, max_tokens=9)
        cost = await _cost(running, request, "PROVIDER_RESPONSE_INVALID")
        assert cost <= TIMES * plain, dialect


def _beside(name: str, value: Any) -> dict[str, Any]:
    body = _gemini(0)
    body["candidates"][0][name] = value
    return body


async def test_an_answer_with_much_beside_it(running: Victim, upstream: Upstream) -> None:
    request = ask(model=GOOGLE, max_tokens=9)
    wide = 400_000
    bodies = {
        "candidates": {"candidates": [{} for _ in range(wide)]},
        "values": _beside("safetyRatings", [1] * wide),
        "keys": _beside("safetyRatings", {f"k{number}": 1 for number in range(wide // 4)}),
        "fields": _gemini(0) | {f"field{number}": 1 for number in range(wide // 10)},
    }
    for name, body in bodies.items():
        upstream.script(_answers(chat_answer(_text(len(json.dumps(body))))))
        plain = await _cost(running, ask(model=OPENAI))
        upstream.script(_answers(body))
        reason = "PROVIDER_RESPONSE_INVALID" if name == "candidates" else ""
        cost = await _cost(running, request, reason)
        assert cost <= TIMES * max(plain, 0.02), name


async def test_names_that_a_provider_gives(running: Victim, upstream: Upstream) -> None:
    """They are searched for secrets, whatever they are made of."""
    upstream.script(_answers(chat_answer(_text(SIZE))))
    plain = await _cost(running, ask(model=OPENAI))
    for field in ("id", "model"):
        for piece in ("a", "%", "a%g"):
            upstream.script(_answers(chat_answer("x") | {field: piece * (SIZE // len(piece))}))
            assert await _cost(running, ask(model=OPENAI)) <= TIMES * plain, (field, piece)


async def test_a_long_error_in_a_stream(running: Victim, upstream: Upstream) -> None:
    """Its words are looked at for phrases, one of which begins with these."""
    upstream.script(_answers(chat_answer(_text(SIZE))))
    plain = await _cost(running, ask(model=OPENAI))
    words = "input token count " * 8000
    error = {"message": words, "type": "invalid_request_error", "code": "x"}

    async def fails(exchange: Exchange) -> None:
        await exchange.stream([f"data: {json.dumps({'error': error})}\n\n"])

    stub = running.stub()
    upstream.script(fails)
    costs = []
    for _ in range(2):
        before = running.cpu_seconds()
        await failure_of(stub.StreamText(ask(model=OPENAI)))
        costs.append(running.cpu_seconds() - before)
    assert min(costs) <= TIMES * plain


async def test_calls_with_one_id(running: Victim, upstream: Upstream) -> None:
    upstream.script(_answers(chat_answer("x")))
    request = ask(model=OPENAI)
    turn = request.messages.add(role=pb.ROLE_ASSISTANT)
    for number in range(2000):
        turn.parts.add(tool_call=pb.ToolCall(id=f"c{number}", name="f", arguments="{}"))
    for number in range(2000):
        result = pb.ToolResult(tool_call_id=f"c{number}", content="x")
        request.messages.add(role=pb.ROLE_TOOL).parts.add(tool_result=result)
    own = await _cost(running, request)
    for message in request.messages:
        for part in message.parts:
            if part.HasField("tool_call"):
                part.tool_call.id = "c"
            elif part.HasField("tool_result"):
                part.tool_result.tool_call_id = "c"
    assert await _cost(running, request) <= 3 * own


@pytest.mark.parametrize("same", [False, True], ids=["many properties", "one property"])
async def test_a_tool_of_many_alternatives(
    running: Victim, upstream: Upstream, *, same: bool
) -> None:
    upstream.script(_answers(chat_answer("x")))
    names = [["a"] if same else [f"p{one}_{two}" for two in range(20)] for one in range(8000)]
    branches = [
        {"properties": {name: {"const": one} for name in some}, "required": some}
        for one, some in enumerate(names[: 8000 if same else 500])
    ]
    request = ask(model=OPENAI)
    tool = request.tools.add().function
    tool.name, tool.parameters = "f", json.dumps({"type": "object", "anyOf": branches})
    plain = await _cost(running, ask(_text(SIZE), model=OPENAI))
    assert await _cost(running, request) <= TIMES * plain


@pytest.mark.parametrize("name", ["%", "a", "%41"])
async def test_long_names_in_an_answer(running: Victim, upstream: Upstream, name: str) -> None:
    """They are searched for secrets in one pass: with the square of these it took seconds."""
    upstream.script(_answers(chat_answer(_text(SIZE))))
    plain = await _cost(running, ask(model=OPENAI))
    long = name * (10_000 // len(name)) + "%"
    upstream.script(_answers(chat_answer("x") | {"id": long, "system_fingerprint": long}))
    cost = await _cost(running, ask(model=OPENAI))
    assert cost <= TIMES * plain


async def test_an_answer_of_many_things_that_are_nothing(
    running: Victim, upstream: Upstream
) -> None:
    """Things of which no part of the answer comes are counted too, before they are read."""
    invalid = "PROVIDER_RESPONSE_INVALID"
    message: dict[str, Any] = {"role": "assistant", "content": "x"}
    odd: list[dict[str, Any]] = [
        message | {"tool_calls": [{}] * (5 * CALLS)},
        message | {"tool_calls": [{}] * (25 * CALLS)},
        message | {"annotations": [1] * (10 * CALLS)},
        message | {"content": [{}] * (5 * CALLS)},
    ]
    bodies = [
        (chat_answer("x") | {"choices": [{"message": each, "finish_reason": "stop"}]}, invalid)
        for each in odd
    ]
    bodies.append((chat_answer("x") | {"system_fingerprint": [1] * (15 * CALLS)}, ""))
    bodies.append(({"error": {"message": "a" * SIZE}}, "PROVIDER_UNAVAILABLE"))
    upstream.script(_answers(chat_answer(_text(SIZE))))
    plain = await _cost(running, ask(model=OPENAI))
    for place, (body, reason) in enumerate(bodies):
        upstream.script(_answers(body))
        cost = await _cost(running, ask(model=OPENAI, max_tokens=9), reason)
        assert cost <= TIMES * plain, place
