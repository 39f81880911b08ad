"""Calls of Chat Completions that are more than a function's name and arguments."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc.errors import ProviderNotAvailableError, StreamInterruptedError
from llmrpc_server.providers.dialect import Answer, Defaults, Encoded
from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.registry import ROWS
from tests.providers.chat import HEAD, chunk, fold

ASK = pb.LLMMessage(role=pb.ROLE_USER, content="Go on.")


def whole(*calls: dict[str, Any], provider: str = "openai") -> Answer:
    message = {"content": None, "tool_calls": list(calls)}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    body = json.dumps({**HEAD, "choices": [choice]}).encode()
    return OpenAIDialect(ROWS[provider]).decode(body)


def streamed(*pieces: dict[str, Any], provider: str = "openai") -> Answer:
    chunks = (chunk({"tool_calls": [piece]}) for piece in pieces)
    folded = fold(*chunks, chunk({}, "tool_calls"), provider=provider)
    folded.response()
    return folded.decoder.answer


def second(answer: Answer, provider: str = "openai") -> tuple[list[dict[str, Any]], Encoded]:
    """The calls as they are sent back, and the whole request."""
    request = pb.GenerateRequest(messages=[ASK, answer.parts.message(), ASK])
    encoded = OpenAIDialect(ROWS[provider]).encode(request, "m", Defaults(), stream=False)
    calls: list[dict[str, Any]] = json.loads(encoded.body)["messages"][1]["tool_calls"]
    return calls, encoded


MCP = {"id": "c", "type": "mcp", "mcp": {"name": "f", "input": "xyz"}, "label": 1.0}
PIECES = [
    {"index": 0, "id": "c", "type": "mcp", "mcp": {"name": "f", "input": "x"}},
    {"index": 0, "type": "mcp", "mcp": {"input": "y"}},
    {"index": 0, "mcp": {"input": "z"}, "label": 1.0},
]


@pytest.mark.parametrize("provider", ["openai", "groq", "mistral", "openrouter", "vllm"])
@pytest.mark.parametrize("as_stream", [False, True])
def test_a_call_of_an_unknown_type_is_a_block_that_goes_back(
    provider: str, as_stream: bool
) -> None:
    answer = streamed(*PIECES, provider=provider) if as_stream else whole(MCP, provider=provider)
    (part,) = answer.parts.parts()
    assert part.provider_block.type == "mcp"
    assert part.provider_block.id == "c"
    assert json.loads(part.provider_block.data) == MCP
    assert answer.finish_reason == pb.FINISH_REASON_ACTION_REQUIRED
    calls, encoded = second(answer, provider)
    assert calls == [MCP]
    assert not encoded.warnings


def test_an_unknown_call_whose_function_comes_later_is_whole() -> None:
    pieces = [{"index": 0, "id": "c", "type": "new"}, {"index": 0, "function": {"name": "f"}}]
    (part,) = streamed(*pieces).parts.parts()
    assert json.loads(part.provider_block.data) == {
        "id": "c", "type": "new", "function": {"name": "f"},
    }  # fmt: skip


THOUGHT = {"google": {"thought_signature": "S=="}}
SIGNED: dict[str, Any] = {
    "id": "c", "type": "function", "extra_content": THOUGHT,
    "function": {"name": "f", "arguments": "{}", "thought_signature": "T=="},
}  # fmt: skip


@pytest.mark.parametrize("as_stream", [False, True])
def test_unknown_fields_of_a_call_go_back_with_it(as_stream: bool) -> None:
    first = {**SIGNED, "index": 0, "function": {**SIGNED["function"], "arguments": ""}}
    pieces = [first, {"index": 0, "function": {"arguments": "{}"}}]
    answer = streamed(*pieces) if as_stream else whole(SIGNED)
    (part,) = answer.parts.parts()
    assert (part.tool_call.id, part.tool_call.name, part.tool_call.arguments) == ("c", "f", "{}")
    assert json.loads(part.signature.extra) == {
        "extra_content": THOUGHT, "function": {"thought_signature": "T=="},
    }  # fmt: skip
    assert answer.finish_reason == pb.FINISH_REASON_TOOL_CALLS
    calls, encoded = second(answer)
    assert calls == [SIGNED]
    assert not encoded.warnings


def test_a_field_that_comes_with_the_last_piece_counts() -> None:
    answer = streamed(
        {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}},
        {"index": 0, "mark": "a"},
        {"index": 0, "mark": "b", "none": None},
    )
    (part,) = answer.parts.parts()
    assert json.loads(part.signature.extra) == {"mark": "b"}


def test_a_function_by_another_word_keeps_it() -> None:
    call = {"id": "c", "type": "builtin_function", "function": {"name": "$w", "arguments": "{}"}}
    for answer in (whole(call), streamed({**call, "index": 0})):
        (part,) = answer.parts.parts()
        assert part.tool_call.name == "$w"
        assert second(answer)[0] == [call]


def test_a_lone_function_call_keeps_its_fields() -> None:
    call = {"name": "f", "arguments": "{}", "new": [1]}
    folded = fold(chunk({"function_call": call}), chunk({}, "function_call"))
    (part,) = folded.response().message.parts
    assert json.loads(part.signature.extra) == {"function": {"new": [1]}}


@pytest.mark.parametrize("arguments", [{"a": 1.0, "b": 10**400}, [1], "x"])
def test_arguments_that_are_no_text_stay_as_they_are(arguments: Any) -> None:
    call = {"id": "c", "function": {"name": "f", "arguments": arguments}}
    wanted = arguments if isinstance(arguments, str) else json.dumps(arguments)
    for answer in (whole(call), streamed({**call, "index": 0})):
        assert answer.parts.parts()[0].tool_call.arguments == wanted


def test_a_call_goes_on_after_a_finish_reason() -> None:
    piece = {"index": 0, "id": "c", "function": {"arguments": "1"}}
    late = {"index": 0, "function": {"name": "f", "arguments": "2"}}
    chunks = [
        chunk({"tool_calls": [piece]}),
        chunk({}, "tool_calls"),
        chunk({"tool_calls": [late]}),
    ]
    with pytest.raises(StreamInterruptedError):
        fold(*chunks)
    got = fold(*chunks, b"data: [DONE]\n\n").response()
    (part,) = got.message.parts
    assert part.tool_call == pb.ToolCall(id="c", name="f", arguments="12")
    assert got.finish_reason == pb.FINISH_REASON_TOOL_CALLS


def test_arguments_that_are_no_utf_8_are_an_unreadable_answer() -> None:
    body = json.dumps({"choices": [{"index": 0, "message": {"tool_calls": [SIGNED]}}]}).encode()
    with pytest.raises(ProviderNotAvailableError):
        OpenAIDialect(ROWS["openai"]).decode(body.replace(b'"{}"', b'"\xd6"'))


def test_calls_of_a_custom_tool_may_all_have_the_number_0() -> None:
    calls = [
        {"index": 0, "id": each, "type": "custom", "custom": {"name": "n", "input": each}}
        for each in ("a", "b")
    ]
    parts = streamed(*calls).parts.parts()
    assert [part.provider_block.id for part in parts] == ["a", "b"]


def test_extra_fields_of_another_provider_stay_behind_with_a_warning() -> None:
    calls, encoded = second(whole(SIGNED), "groq")
    assert "extra_content" not in calls[0]
    assert [each.field for each in encoded.warnings] == ["messages[1].parts[0].signature"]


def test_extra_fields_that_cannot_be_read_are_refused() -> None:
    message = whole(SIGNED).parts.message()
    message.parts[0].signature.extra = "[1e999"
    request = pb.GenerateRequest(messages=[ASK, message, ASK])
    with pytest.raises(Exception, match=r"messages\[1\]\.parts\[0\]\.signature\.extra"):
        OpenAIDialect(ROWS["openai"]).encode(request, "m", Defaults(), stream=False)
