"""The embedded default: what it answers, and that it passes nothing over in silence."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import struct_pb2

from llmrpc import InvalidRequestError, accumulate
from llmrpc import v1 as pb
from llmrpc_server.providers.echo import SAMPLING, EchoClient

PICTURE = pb.Part(image=pb.Image(uri="https://a/b.png"))
SIGNATURE = pb.Signature(provider="echo", data="x")


def ask(*parts: pb.Part, **fields: Any) -> pb.GenerateRequest:
    """A first turn of these parts, then a plain question."""
    first = pb.LLMMessage(role=pb.ROLE_USER, parts=parts or [pb.Part(text="Hi")])
    last = pb.LLMMessage(role=pb.ROLE_USER, content=fields.pop("text", "one two three"))
    return pb.GenerateRequest(messages=[first, last], **fields)


def option(key: str) -> dict[str, struct_pb2.Value]:
    return {key: struct_pb2.Value(bool_value=True)}


async def answered(request: pb.GenerateRequest, client: EchoClient | None = None) -> pb.LLMResponse:
    """Its answer, after a look that the stream gives the same."""
    client = client or EchoClient()
    whole = await client.generate(request)
    async with await client.open_stream(request) as events:
        streamed = await accumulate(events)
    assert (streamed.message, streamed.usage) == (whole.message, whole.usage)
    assert streamed.warnings == whole.warnings
    assert streamed.finish_reason == whole.finish_reason
    return whole


@pytest.mark.parametrize(
    ("fields", "content", "finish"),
    [
        ({}, "one two three", pb.FINISH_REASON_STOP),
        ({"max_tokens": 3}, "one two three", pb.FINISH_REASON_STOP),
        ({"max_tokens": 2}, "one two", pb.FINISH_REASON_LENGTH),
        ({"stop": ["thr", "wo"]}, "one t", pb.FINISH_REASON_STOP),
        ({"text": " a\n b "}, " a\n b ", pb.FINISH_REASON_STOP),
        ({"stop": ["one"]}, "", pb.FINISH_REASON_STOP),
    ],
)
async def test_it_says_the_last_message_again(
    fields: dict[str, Any], content: str, finish: pb.FinishReason.ValueType
) -> None:
    answer = await answered(ask(**fields))
    assert (answer.content, answer.finish_reason) == (content, finish)
    assert (answer.cost.total_nano_usd, answer.cost.unpriced) == (0, False)
    assert not answer.warnings


async def test_a_configured_bound_stands_where_a_request_is_silent() -> None:
    assert (await answered(ask(), EchoClient(max_tokens=1))).content == "one"
    assert (await answered(ask(max_tokens=2), EchoClient(max_tokens=1))).content == "one two"


REFUSED = {
    "tools": ask(tools=[pb.Tool(function=pb.FunctionTool(name="a"))]),
    "tool_choice": ask(tool_choice=pb.ToolChoice(mode=pb.ToolChoice.MODE_AUTO)),
    "response_format": ask(response_format=pb.ResponseFormat()),
    "reasoning": ask(reasoning=pb.Reasoning()),
    "fallback": ask(fallback=pb.FallbackOptions(models=["gpt-4o"])),
    "recovery": ask(recovery=pb.RECOVERY_RESTART),
    "provider_options[echo.nonsense]": ask(provider_options=option("echo.nonsense")),
    "messages[0].parts[0].image": ask(PICTURE),
    "messages[0].parts[0].reasoning": ask(pb.Part(reasoning="a", signature=SIGNATURE)),
}


@pytest.mark.parametrize("path", REFUSED)
async def test_a_requirement_that_it_lacks_is_refused_by_name(path: str) -> None:
    for start in (EchoClient().generate, EchoClient().open_stream):
        with pytest.raises(InvalidRequestError) as raised:
            await start(REFUSED[path])
        assert raised.value.reason_name == "FIELD_NOT_SUPPORTED"
        assert raised.value.metadata == {"field": path, "provider": "echo", "model": "echo"}
        assert [each.field for each in raised.value.violations] == [path]


HINTS = {
    "provider_options[openai.user]": ask(provider_options=option("openai.user")),
    "messages[0].parts[0].signature": ask(pb.Part(text="a", signature=SIGNATURE)),
    "messages[0].parts[0].cache_breakpoint": ask(
        pb.Part(text="a", cache_breakpoint=pb.CacheBreakpoint())
    ),
    "messages[0].parts[0].annotations": ask(
        pb.Part(text="a", annotations=[pb.Annotation(provider="echo")])
    ),
    "end_user_id": ask(end_user_id="u-1"),
    "messages[0].parts[0].redacted_reasoning": ask(pb.Part(redacted_reasoning="a")),
    **{name: ask(**{name: 1}) for name in SAMPLING},
}


@pytest.mark.parametrize("path", sorted(HINTS))
async def test_a_hint_is_left_out_with_a_warning(path: str) -> None:
    answer = await answered(HINTS[path])
    assert answer.content == "one two three"
    assert [warning.field for warning in answer.warnings] == [path]


@pytest.mark.parametrize(
    "fields",
    [{"fallback": pb.FallbackOptions(disabled=True)}, {"recovery": pb.RECOVERY_NONE}],
    ids=str,
)
async def test_it_does_by_itself_what_forbids_a_second_model(fields: dict[str, Any]) -> None:
    assert not (await answered(ask(**fields))).warnings
