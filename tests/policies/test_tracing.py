"""The span of each try: what it says, what it never says, and that it always ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from llmrpc import ApiKey, Secret
from llmrpc import v1 as pb
from llmrpc.call import Call, Target
from tests.policies.fakes import (
    METHODS,
    PROMPT,
    Provider,
    Stream,
    ask,
    down,
    failure,
    send,
)
from tests.policies.spans import COST, FIELDS, USAGE, USED, Traces, attributes

SECRET = "sk-a-secret-key"
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = (("traceparent", f"00-{TRACE}-{CALLER}-01"), ("tracestate", "vendor=1"))


async def test_a_whole_answer(traces: Traces) -> None:
    answer = pb.LLMResponse(content="Hello", **FIELDS)
    client = traces.around(Provider(answer, name="openai"))
    key = ApiKey("openai-2", Secret(SECRET))
    call = Call(target=Target("mistral", "large", key))
    assert await client.generate(ask(temperature=0.5, max_tokens=7), call) is answer
    span = traces.one()
    assert (span.name, span.kind) == ("chat large", SpanKind.CLIENT)
    assert span.status.status_code is StatusCode.UNSET
    assert attributes(span) == USED | {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "mistral_ai",
        "gen_ai.request.model": "large",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 7,
        "gen_ai.response.model": "gpt-4o-1",
        "gen_ai.response.id": "r-7",
        "gen_ai.response.finish_reasons": ("stop",),
        "llmrpc.provider_key": "openai-2",
    }


async def test_a_count(traces: Traces) -> None:
    counted = pb.CountTokensResponse(prompt_tokens=42)
    client = traces.around(Provider(counted))
    assert await send(client, "count_tokens") is counted
    span = traces.one()
    assert (span.name, span.kind) == ("count_tokens m", SpanKind.CLIENT)
    assert span.status.status_code is StatusCode.UNSET
    assert attributes(span) == {
        "gen_ai.operation.name": "count_tokens",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
    }


async def test_only_a_stream_has_a_first_chunk(traces: Traces) -> None:
    await send(traces.around(Provider()), "generate")
    found = attributes(traces.one())
    assert "gen_ai.request.stream" not in found
    assert "gen_ai.response.time_to_first_chunk" not in found


@METHODS
async def test_the_span_stands_inside_the_callers_trace_and_goes_on_upstream(
    traces: Traces, method: str
) -> None:
    client = traces.around(provider := Provider())
    call = Call(trace_context=PARENT, caller="tutor", target=Target("openai", "m"))
    request = ask()
    got = await getattr(client, method)(request, call)
    if method == "open_stream":
        await got.aclose()
    span, (asked,) = traces.one(), provider.asked
    assert span.parent is not None
    assert (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, CALLER)
    own = span.get_span_context()
    assert own is not None
    assert dict(asked.call.trace_context) == {
        "traceparent": f"00-{TRACE}-{own.span_id:016x}-01",
        "tracestate": "vendor=1",
    }
    assert asked.method == method
    assert asked.request is request
    assert (asked.call.request_id, asked.call.caller) == (call.request_id, "tutor")
    assert (asked.call.target, asked.call.trail is call.trail) == (call.target, True)
    assert call.trace_context == PARENT


@METHODS
async def test_every_try_has_a_span_of_its_own(traces: Traces, method: str) -> None:
    client = traces.around(Provider(down(), down()))
    await failure(client, method)
    await failure(client, method)
    got = await send(client, method)
    if method == "open_stream":
        await got.aclose()
    kinds = [attributes(span).get("error.type") for span in traces.spans]
    unavailable = "PROVIDER_UNAVAILABLE"
    assert kinds[:2] == [unavailable, unavailable]
    assert kinds[2] == ("CancelledError" if method == "open_stream" else None)


@METHODS
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (down(), "PROVIDER_UNAVAILABLE"),
        (ValueError(PROMPT), "ValueError"),
        (asyncio.CancelledError(), "CancelledError"),
    ],
    ids=["down", "fault", "canceled"],
)
async def test_whatever_goes_wrong_ends_the_span(
    traces: Traces, method: str, error: BaseException, kind: str
) -> None:
    with pytest.raises(type(error)) as caught:
        await send(traces.around(Provider(error)), method)
    assert caught.value is error
    assert traces.error() == kind


@pytest.mark.parametrize("way", ["generate", "open_stream", "count_tokens", "broken", "left"])
async def test_what_a_failed_try_used_stands_beside_its_error(traces: Traces, way: str) -> None:
    earlier = pb.Attempt(usage=pb.Usage(input_tokens=100))
    call = Call(trail=[earlier])
    method = way if way not in ("broken", "left") else "open_stream"
    outcome = down() if way == method else Stream(down())

    class Spending(Provider):
        """What a try used is known when it has failed."""

        def _play(self, *asked: Any) -> Any:
            try:
                return super()._play(*asked)
            finally:
                call.trail[-1].usage.CopyFrom(USAGE)
                call.trail[-1].cost.CopyFrom(COST)

    client = traces.around(Spending(outcome))
    if way == method:
        await failure(client, method, call)
    else:
        events = await send(client, method, call)
        if way == "broken":
            with pytest.raises(type(down())):
                await anext(events)
        await events.aclose()
    assert USED.items() <= attributes(traces.one()).items()


async def test_a_failure_before_any_try_used_nothing(traces: Traces) -> None:
    class Refusing(Provider):
        def _play(self, *asked: Any) -> Any:
            raise down()

    await failure(traces.around(Refusing()))
    assert traces.error() == "PROVIDER_UNAVAILABLE"
    assert not USED.keys() & attributes(traces.one()).keys()


@METHODS
@pytest.mark.parametrize("error", [None, ValueError(f"{PROMPT} {SECRET}")], ids=["good", "bad"])
async def test_no_span_holds_a_prompt_an_answer_or_a_key(
    traces: Traces, method: str, error: Exception | None
) -> None:
    client = traces.around(Provider(*([error] if error else [])))
    call = Call(target=Target("openai", "m", ApiKey("openai-1", Secret(SECRET))))
    try:
        got = await send(client, method, call)
    except ValueError:
        got = None
    if method == "open_stream" and got is not None:
        await anext(got)
    text = traces.one().to_json()
    assert "openai-1" in text
    assert not any(private in text for private in (PROMPT, SECRET, "Hello"))
