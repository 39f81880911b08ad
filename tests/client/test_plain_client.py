"""A client written in plain Python, and what a class must define to be one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from google.protobuf import struct_pb2

from llmrpc import (
    BaseLLMClient,
    Call,
    GenerationTimeoutError,
    InvalidRequestError,
    LLMMessage,
    LLMResponse,
    ProviderNotAvailableError,
    StreamInterruptedError,
    WrapperClient,
    accumulate,
)
from llmrpc import v1 as pb

HELLO = [LLMMessage("user", "Hello")]


class Shouting(BaseLLMClient):
    token_costs = {"loud": {"input": 1.0, "output": 2.0}}  # noqa: RUF012 - as a user writes it

    def __init__(self, fail_after: int | None = None) -> None:
        super().__init__("shouting")
        self.closed = False
        self._fail_after = fail_after

    async def generate_text(  # type: ignore[override]
        self,
        messages: list[LLMMessage],
        model: str,
        temperature: float | None,
        max_tokens: int | None,
    ) -> LLMResponse:
        return LLMResponse(
            content=messages[-1].content.upper(), model=model, prompt_tokens=2, completion_tokens=3
        )

    async def stream_text(  # type: ignore[override]
        self,
        messages: list[LLMMessage],
        model: str,
        temperature: float | None,
        max_tokens: int | None,
    ) -> AsyncGenerator[str, None]:
        for place, letter in enumerate(messages[-1].content.upper()):
            if place == self._fail_after:
                raise ProviderNotAvailableError("out of breath")
            yield letter

    async def close(self) -> None:
        self.closed = True


def request(**fields: Any) -> pb.GenerateRequest:
    return pb.GenerateRequest(messages=[m.to_proto() for m in HELLO], model="loud", **fields)


async def test_it_answers_in_the_contracts_types() -> None:
    call = Call("r-1")
    async with Shouting() as client:
        answer = await client.generate(request(), call)
    assert client.closed
    assert (answer.content, answer.provider, answer.model) == ("HELLO", "shouting", "loud")
    assert (answer.tokens_used, answer.request_id) == (5, "r-1")
    assert answer.cost_estimate == pytest.approx((2 * 1 + 3 * 2) / 1000)
    assert answer.cost.total_nano_usd == 8_000_000
    assert answer.attempts[0].outcome == pb.Attempt.OUTCOME_SUCCEEDED


async def test_its_stream_is_whole() -> None:
    async with await Shouting().open_stream(request(), Call("r-1")) as events:
        answer = await accumulate(events)
    assert answer.content == "HELLO"
    assert answer.usage.estimated
    assert answer.attempts[0].outcome == pb.Attempt.OUTCOME_SUCCEEDED


async def test_an_error_before_the_first_chunk_may_be_tried_again() -> None:
    call = Call()
    with pytest.raises(ProviderNotAvailableError):
        await Shouting(fail_after=0).open_stream(request(), call)
    assert call.trail[0].reason == pb.ERROR_REASON_PROVIDER_UNAVAILABLE


async def test_an_error_behind_it_interrupts_the_stream() -> None:
    async with await Shouting(fail_after=2).open_stream(request()) as events:
        with pytest.raises(StreamInterruptedError, match="out of breath") as raised:
            await accumulate(events)
    assert raised.value.usage is not None
    assert raised.value.usage.output_tokens == 1


class Odd(BaseLLMClient):
    """Streams what it is told to, and raises or falls silent in the end."""

    def __init__(self, *chunks: str, error: Exception | None = None) -> None:
        super().__init__("odd")
        self._chunks, self._error = chunks, error

    async def generate_text(self, *args: object, **kwargs: object) -> LLMResponse:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def stream_text(self, *args: object, **kwargs: object) -> AsyncGenerator[str, None]:
        for chunk in self._chunks:
            yield chunk
        if self._error is not None:
            raise self._error
        await asyncio.Event().wait()


async def test_empty_chunks_are_no_first_delta() -> None:
    with pytest.raises(ProviderNotAvailableError):
        await Odd("", "", error=ProviderNotAvailableError("down")).open_stream(request())


async def test_an_error_of_its_own_interrupts_the_stream_without_its_text() -> None:
    call = Call()
    async with await Odd("x", error=KeyError("canary")).open_stream(request(), call) as events:
        with pytest.raises(StreamInterruptedError) as raised:
            await accumulate(events)
    assert "canary" not in str(raised.value)
    assert call.trail[0].outcome == pb.Attempt.OUTCOME_FAILED


async def test_the_deadline_binds_it() -> None:
    def soon() -> Call:
        return Call(deadline=time.monotonic() + 0.01)

    with pytest.raises(GenerationTimeoutError):
        await Odd().generate(request(), soon())
    with pytest.raises(GenerationTimeoutError):
        await Odd().open_stream(request(), soon())
    async with await Odd("x").open_stream(request(), soon()) as events:
        with pytest.raises(GenerationTimeoutError) as raised:
            await accumulate(events)
    assert raised.value.usage is not None
    assert raised.value.usage.output_tokens == 1


async def test_silence_is_bounded_without_a_deadline() -> None:
    client, call = Odd(), Call()
    client.stall_timeout = 0.01
    with pytest.raises(GenerationTimeoutError, match="odd sent nothing") as raised:
        await client.open_stream(request(), call)
    assert raised.value.reason_name == "PROVIDER_STALLED"
    assert call.trail[0].reason == pb.ERROR_REASON_PROVIDER_STALLED


async def test_silence_behind_the_first_chunk_tells_what_was_used() -> None:
    client, call = Odd("x"), Call(deadline=time.monotonic() + 60)
    client.stall_timeout = 0.01
    async with await client.open_stream(request(), call) as events:
        with pytest.raises(GenerationTimeoutError) as raised:
            await accumulate(events)
    assert raised.value.reason_name == "PROVIDER_STALLED"
    assert raised.value.usage is not None
    assert raised.value.usage.output_tokens == 1
    assert call.trail[0].outcome == pb.Attempt.OUTCOME_FAILED


def spoken(*parts: pb.Part, **fields: Any) -> pb.GenerateRequest:
    """A user's question, an answer of these parts, and a request for more."""
    said = pb.LLMMessage(role=pb.ROLE_ASSISTANT, parts=parts)
    return pb.GenerateRequest(messages=[HELLO[0].to_proto(), said, HELLO[0].to_proto()], **fields)


def option(key: str) -> dict[str, struct_pb2.Value]:
    return {key: struct_pb2.Value(bool_value=True)}


CALLED = pb.ToolCall(id="1", name="a")
SIGNED = pb.Signature(provider="shouting", data="x")
REFUSED = {
    "top_k": request(top_k=3),
    "tools": request(tools=[pb.Tool(function=pb.FunctionTool(name="a"))]),
    "provider_options[shouting.loudness]": request(provider_options=option("shouting.loudness")),
    "messages[1].parts[1].tool_call": spoken(pb.Part(text="a"), pb.Part(tool_call=CALLED)),
    "messages[1].parts[0].reasoning": spoken(pb.Part(reasoning="a", signature=SIGNED)),
}


@pytest.mark.parametrize("path", REFUSED)
async def test_what_it_cannot_see_is_refused_by_name(path: str) -> None:
    for start in (Shouting().generate, Shouting().open_stream):
        with pytest.raises(InvalidRequestError) as raised:
            await start(REFUSED[path])
        assert raised.value.reason_name == "FIELD_NOT_SUPPORTED"
        assert [violation.field for violation in raised.value.violations] == [path]


async def test_all_that_it_cannot_see_is_named_at_once() -> None:
    with pytest.raises(InvalidRequestError, match="and 2 more") as raised:
        await Shouting().generate(spoken(pb.Part(tool_call=CALLED), top_k=3, seed=1))
    fields = ["messages[1].parts[0].tool_call", "top_k", "seed"]
    assert [violation.field for violation in raised.value.violations] == fields


FOREIGN = pb.Signature(provider="anthropic", data="x")
HINTS = {
    "messages[1].parts[0].cache_breakpoint": spoken(
        pb.Part(text="a", cache_breakpoint=pb.CacheBreakpoint())
    ),
    "messages[1].parts[0].signature": spoken(pb.Part(text="a", signature=FOREIGN)),
    "messages[1].parts[0].reasoning": spoken(pb.Part(reasoning="a")),
    "messages[1].parts[0].redacted_reasoning": spoken(pb.Part(redacted_reasoning="a")),
    "provider_options[openai.user]": request(provider_options=option("openai.user")),
}


@pytest.mark.parametrize("path", HINTS)
async def test_a_hint_is_left_out_with_a_warning(path: str) -> None:
    answer = await Shouting().generate(HINTS[path])
    assert answer.content == "HELLO"
    assert [warning.field for warning in answer.warnings] == [path]
    async with await Shouting().open_stream(HINTS[path]) as events:
        assert (await accumulate(events)).warnings == answer.warnings


class Noting(Shouting):
    """Notes what it is called with."""

    async def generate_text(self, **kwargs: Any) -> LLMResponse:  # type: ignore[override]
        self.got = kwargs
        return LLMResponse(content="", model="quiet", finish_reason="length")


async def test_its_own_options_and_nobody_elses_reach_it() -> None:
    client = Noting()
    await client.generate(
        request(provider_options={**option("shouting.loudness"), **option("openai.user")})
    )
    assert client.got["provider_options"] == {"shouting.loudness": True}
    await client.generate(request(provider_options=option("openai.user")))
    assert "provider_options" not in client.got


async def test_defaults_stand_where_a_request_is_silent() -> None:
    client = Noting()
    client.default_temperature, client.default_max_tokens = 0.7, 5
    await client.generate(request())
    assert (client.got["temperature"], client.got["max_tokens"]) == (0.7, 5)
    await client.generate(request(temperature=0, max_tokens=9))
    assert (client.got["temperature"], client.got["max_tokens"]) == (0, 9)


async def test_an_empty_answer_can_be_sent_back() -> None:
    client = Noting()
    answer = await client.generate_text(messages=HELLO)
    contract = await client.generate(request())
    messages = [HELLO[0].to_proto(), contract.message, HELLO[0].to_proto()]
    await client.generate(pb.GenerateRequest(messages=messages, model="loud"))
    assert answer.content == ""
    assert client.got["messages"] == [HELLO[0], LLMMessage("assistant"), HELLO[0]]


async def test_a_wrapper_hands_everything_on() -> None:
    inner = Shouting()
    async with WrapperClient(inner) as client:
        assert client.provider_name == "shouting"
        assert (await client.generate_text(HELLO, "loud")).content == "HELLO"
        assert [c async for c in client.stream_text(HELLO, "loud")] == list("HELLO")
    assert inner.closed


async def test_unknown_options_are_refused_with_the_known_ones() -> None:
    with pytest.raises(TypeError, match=r"unknown option temprature; known are .*top_p.*stop"):
        await WrapperClient(Shouting()).generate_text(HELLO, temprature=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"role": "robot", "content": "x"}, "'robot' is none of system, user, assistant, tool"),
        ({"role": "user", "content": ""}, "is empty"),
        ({"role": "user", "content": "x", "parts": [pb.Part(text="y")]}, "not both"),
    ],
)
def test_messages_are_validated(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LLMMessage(**arguments)
