"""JSON that decoders do not take, in answers of OpenAI's dialects and in the turn after them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer, Defaults
from llmrpc_server.providers.registry import DIALECTS, ROWS
from llmrpc_server.rpc.limits import Limits
from llmrpc_server.rpc.validation import Validator
from tests.providers.golden import Folded

ASK = pb.LLMMessage(role=pb.ROLE_USER, content="Go on.")
CHAT, RESPONSES = "openai", "openai-responses"
HOLE = '"@hole@"'
ODD = {
    "no double": "1e999",
    "a long integer": "1" + "0" * 400,
    "a key twice": '{"a": 1, "a": 2}',
    "half a pair": '"\\ud800"',
    "half a pair as a key": '{"\\udc00": 1}',
    "a pair": '"\\ud83d\\ude00"',
    "an escaped escape": '"\\\\ud800"',
    "deep": "[" * 300 + "]" * 300,
}


def codec(dialect: str, row: str) -> Any:
    return DIALECTS[dialect](ROWS[row].speaking(dialect))


def answers(dialect: str, row: str, body: dict[str, Any], odd: str) -> list[Answer]:
    """The answer whole, and as a stream; the odd value stands in the hole."""
    if dialect == CHAT:
        choice = dict(body["choices"][0])
        choice["delta"] = choice.pop("message")
        events = [{**body, "choices": [choice]}]
    else:
        added = {"type": "response.output_item.done"}
        events = [
            {**added, "output_index": place, "item": item}
            for place, item in enumerate(body["output"])
        ]
        events.append({"type": "response.completed", "response": body})
    data = "".join(f"data: {json.dumps(each)}\n\n" for each in events).replace(HOLE, odd)
    folded = Folded(codec(dialect, row).decoder(1 << 20))
    folded.run(data.encode())
    folded.response()
    whole: Answer = codec(dialect, row).decode(json.dumps(body).replace(HOLE, odd).encode())
    return [whole, folded.decoder.answer]


def second(dialect: str, row: str, answer: Answer) -> bytes:
    request = pb.GenerateRequest(messages=[ASK, answer.parts.message(), ASK])
    Validator(Limits()).check(request)
    body: bytes = codec(dialect, row).encode(request, "m", Defaults(), stream=False).body
    return body


def chat(message: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    extra: dict[str, Any] = {
        name: more.pop(name) for name in ("logprobs", "content_filter_results") if name in more
    }
    said: dict[str, Any] = {"role": "assistant", "content": "ok", **(message or {})}
    choice = {"index": 0, "message": said, "finish_reason": "stop", **extra}
    return {"choices": [choice], **more}


def responses(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": "ok", "annotations": []}]
    said = {"type": "message", "id": "m", "role": "assistant", "content": content}
    return {"status": "completed", "output": [said, *items], **more}


CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
BESIDE = {
    "chat: metadata": (CHAT, "perplexity", chat(related_questions=["@hole@"])),
    "chat: log probabilities": (CHAT, "openai", chat(logprobs={"content": [{"a": "@hole@"}]})),
    "chat: a filter": (CHAT, "azure", chat(content_filter_results={"hate": {"a": "@hole@"}})),
    "chat: a cost": (CHAT, "openrouter", chat(usage={"prompt_tokens": 1, "cost": "@hole@"})),
    "chat: a citation": (
        CHAT, "openai", chat({"annotations": [{"type": "x", "x": {"start_index": "@hole@"}}]}),
    ),
    "chat: citations": (CHAT, "openai", chat({"annotations": "@hole@"})),
    "chat: sources": (CHAT, "perplexity", chat(search_results=[{"url": "u", "a": "@hole@"}])),
    "chat: a trace": (CHAT, "groq", chat({"executed_tools": [{"type": "x", "index": "@hole@"}]})),
    "chat: an image": (CHAT, "openrouter", chat({"images": [{"image_url": {"url": "@hole@"}}]})),
    "chat: reasoning": (
        CHAT, "openrouter",
        chat({"reasoning_details": [{"type": "reasoning.text", "text": "", "a": "@hole@"}]}),
    ),
    "chat: reasoning that is no list": (CHAT, "openrouter", chat({"reasoning_details": "@hole@"})),
    "chat: an unknown field": (CHAT, "openai", chat({"odd": ["@hole@"]})),
    "chat: a call": (CHAT, "openai", chat({"tool_calls": [{**CALL, "a": "@hole@"}]})),
    "chat: a custom call": (
        CHAT, "openai",
        chat({"tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "f"},
                              "a": "@hole@"}]}),
    ),
    "responses: an item": (RESPONSES, "openai", responses({"type": "x", "a": "@hole@"})),
    "responses: a search": (
        RESPONSES, "openai", responses({"type": "web_search_call", "action": {"a": "@hole@"}}),
    ),
    "responses: an image": (
        RESPONSES, "openai",
        responses({"type": "image_generation_call", "result": "eA==", "output_format": "@hole@"}),
    ),
    "responses: a call": (
        RESPONSES, "openai",
        responses({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}",
                   "a": "@hole@"}),
    ),
    "responses: metadata": (RESPONSES, "openai", responses(moderation={"a": "@hole@"})),
    "responses: uses": (RESPONSES, "openai", responses(
        usage={"input_tokens": 1, "num_sources_used": "@hole@"}, tool_usage={"a": "@hole@"})),
    "responses: an unknown field": (RESPONSES, "openai", responses(future={"a": "@hole@"})),
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("beside", BESIDE)
def test_an_odd_value_costs_no_answer_and_no_second_turn(beside: str, odd: str) -> None:
    dialect, row, body = BESIDE[beside]
    for answer in answers(dialect, row, body, ODD[odd]):
        assert answer.parts.content() == "ok"
        response = pb.LLMResponse(
            message=answer.parts.message(), provider_metadata=answer.metadata
        ).SerializeToString()
        assert pb.LLMResponse.FromString(response).HasField("message")
        json.loads(second(dialect, row, answer))


KEPT = (
    "chat: a custom call",
    "chat: a call",
    "responses: an item",
    "responses: a search",
    "responses: a call",
)


@pytest.mark.parametrize("odd", [each for each in ODD if not each.startswith("half")])
@pytest.mark.parametrize("beside", KEPT)
def test_an_odd_value_in_what_goes_back_goes_back_as_it_came(beside: str, odd: str) -> None:
    dialect, row, body = BESIDE[beside]
    for answer in answers(dialect, row, body, ODD[odd]):
        sent = second(dialect, row, answer)
        assert sent.count(ODD[odd].encode()) == 1


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
def test_half_of_a_pair_in_a_text_is_replaced_with_a_warning(dialect: str) -> None:
    body = chat({"content": "@hole@"})
    if dialect == RESPONSES:
        body = responses()
        body["output"][0]["content"][0]["text"] = "@hole@"
    for answer in answers(dialect, "openai", body, '"a\\ud83d\\ude00\\ud83d\\n\\udc00\\\\ud800"'):
        assert answer.parts.content() == "a😀�\n�\\ud800"
        assert len(answer.warnings) == 1
    if dialect == CHAT:
        folded = Folded(codec(CHAT, "openai").decoder(1 << 20))
        halves = ("\\ud83d", "b", "c")
        pieces = [
            b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % half.encode()
            for half in halves
        ]
        end = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        folded.run(*pieces, end)
        assert folded.response().content == "�bc"
