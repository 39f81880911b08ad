"""A stream's span: it ends when the stream does, however it does, and once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from llmrpc import v1 as pb
from llmrpc.call import Call
from llmrpc.errors import StreamInterruptedError
from tests.policies.fakes import PROMPT, Provider, Stream, completed, delta, send
from tests.policies.spans import FIELDS, USED, Traces, attributes


async def test_a_stream(traces: Traces) -> None:
    stream = Stream(delta("Hel"), delta("lo"), completed("Hello", **FIELDS))
    client = traces.around(Provider(stream))
    events = await send(client, "open_stream")
    assert [event.deltas[0].text for event in [await anext(events), await anext(events)]] == [
        "Hel",
        "lo",
    ]
    assert traces.spans == ()
    last = await anext(events)
    assert last.completed.content == "Hello"
    span = traces.one()
    assert span.name == "chat m"
    assert span.status.status_code is StatusCode.UNSET
    found = attributes(span)
    assert found["gen_ai.request.stream"] is True
    assert found["gen_ai.response.model"] == "gpt-4o-1"
    assert USED.items() <= found.items()
    with pytest.raises(StopAsyncIteration):
        await anext(events)
    await events.aclose()
    assert stream.closes == 1
    assert traces.one() is span


async def test_the_time_to_the_first_chunk(traces: Traces) -> None:
    class Slow(Provider):
        async def open_stream(self, request: pb.GenerateRequest, call: Call | None = None) -> Any:
            await traces.clock.sleep(1.5)
            return await super().open_stream(request, call)

    events = await send(traces.around(Slow()), "open_stream")
    await traces.clock.sleep(4)
    await anext(events)
    assert attributes(traces.one())["gen_ai.response.time_to_first_chunk"] == 1.5


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StreamInterruptedError(PROMPT), "STREAM_INTERRUPTED"),
        (ValueError(PROMPT), "ValueError"),
        (asyncio.CancelledError(), "CancelledError"),
        (StopAsyncIteration(), "StopAsyncIteration"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_stream_that_breaks_ends_its_span_once(
    traces: Traces, error: BaseException, kind: str
) -> None:
    stream = Stream(delta("Hel"), error, error)
    events = await send(traces.around(Provider(stream)), "open_stream")
    await anext(events)
    for _ in range(2):
        with pytest.raises(type(error)):
            await anext(events)
        assert traces.error() == kind
    await events.aclose()
    assert stream.closes == 1
    assert traces.error() == kind


async def test_a_stream_that_is_left_ends_its_span_once(traces: Traces) -> None:
    stream = Stream(delta("Hel"), completed("Hello"))
    events = await send(traces.around(Provider(stream)), "open_stream")
    await anext(events)
    await events.aclose()
    assert traces.error() == "CancelledError"
    await anext(events)
    await events.aclose()
    assert stream.closes == 2
    assert traces.error() == "CancelledError"


async def test_a_stream_that_refuses_to_close_ends_its_span(traces: Traces) -> None:
    stream = Stream(delta("Hel"))
    stream.refuses_to_close = ValueError("stuck")
    events = await send(traces.around(Provider(stream)), "open_stream")
    with pytest.raises(ValueError, match="stuck"):
        await events.aclose()
    assert traces.error() == "CancelledError"
