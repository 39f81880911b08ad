"""Answers whose end is odd, over a real connection: each is paid for once, and arrives."""

from __future__ import annotations

import asyncio
import json

import grpc
import pytest

from llmrpc import v1 as pb
from tests.gateway.conftest import Gateway, Start, ask
from tests.gateway.failures import failure_of
from tests.gateway.handlers import body, good
from tests.gateway.test_streams import begin, read
from tests.upstream import (
    DONE,
    Exchange,
    Handler,
    Upstream,
    chat_answer,
    chat_event,
    chat_finish,
    chat_usage,
)

WHOLE = json.dumps(chat_answer("Hello")).encode()


def _left_open(*events: str) -> Handler:
    """A stream with these events, whose connection then stays open."""

    async def handle(exchange: Exchange) -> None:
        await begin(exchange)
        for event in events:
            await exchange.chunk(event)
        await exchange.closed.wait()

    return handle


async def _completed(gateway: Gateway, upstream: Upstream) -> pb.LLMResponse:
    last = pb.StreamEvent()
    async for event in gateway.stub.StreamText(ask()):
        upstream.exchanges[-1].seen.set()
        last = event
    assert last.HasField("completed")
    return last.completed


async def test_an_answer_without_its_mark_does_not_wait_for_the_stall_timer(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(timeout=600, http__end_grace=0.01, http__usage_grace=600)
    finish = json.loads(chat_finish().removeprefix("data: "))
    finish["usage"] = {"prompt_tokens": 9, "completion_tokens": 3}
    upstream.script(_left_open(f"data: {json.dumps(finish)}\n\n"))
    answer = await _completed(gateway, upstream)
    assert (answer.content, answer.usage.output_tokens) == ("Hello", 3)
    assert not answer.usage.estimated


async def test_the_usage_that_was_asked_for_is_waited_for_longer(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(timeout=600, http__end_grace=600, http__usage_grace=0.01)
    upstream.script(_left_open(chat_finish(), ": alive\n\n"))
    answer = await _completed(gateway, upstream)
    assert (answer.content, answer.finish_reason) == ("Hello", pb.FINISH_REASON_STOP)
    assert answer.usage.estimated


async def test_a_chunk_of_usage_alone_ends_the_answer_at_once(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(timeout=600, http__end_grace=600, http__usage_grace=600)
    upstream.script(_left_open(chat_finish(), chat_usage(9, 3)))
    assert (await _completed(gateway, upstream)).usage.output_tokens == 3


async def test_the_stall_timer_takes_no_complete_answer(start: Start, upstream: Upstream) -> None:
    gateway = await start(timeout=0.05, http__end_grace=600, http__usage_grace=600)
    upstream.script(_left_open(chat_finish()))
    assert (await _completed(gateway, upstream)).content == "Hello"


@pytest.mark.parametrize("last", [[chat_finish()], [chat_finish(), chat_usage(), DONE]])
async def test_a_break_behind_the_end_takes_no_answer(
    gateway: Gateway, upstream: Upstream, last: list[str]
) -> None:
    async def breaks_off(exchange: Exchange) -> None:
        await begin(exchange)
        await exchange.chunk("".join(last))
        exchange.break_off()

    upstream.script(breaks_off)
    answer = await _completed(gateway, upstream)
    assert (answer.content, answer.finish_reason) == ("Hello", pb.FINISH_REASON_STOP)
    assert len(upstream.exchanges) == 1


async def test_what_came_before_a_break_is_told(gateway: Gateway, upstream: Upstream) -> None:
    """The last bytes and the break arrive together; the library would raise the break alone."""

    async def breaks_off(exchange: Exchange) -> None:
        await begin(exchange)
        data = b"".join(chat_event(content=f"{n:04}").encode() for n in range(2000))
        exchange.writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        exchange.break_off()

    upstream.script(breaks_off)
    text, failure, completed = await read(gateway.stub.StreamText(ask()), upstream)
    assert text == "Hello" + "".join(f"{n:04}" for n in range(2000))
    assert failure is not None
    assert failure.reason == "STREAM_INTERRUPTED"
    assert not completed


@pytest.mark.parametrize("method", ["Generate", "StreamText"])
@pytest.mark.parametrize(
    "handler",
    [
        body(b"<html>not a provider</html>"),
        body(b'{"choices": NaN}'),
        body(b'{"choices": [3]}'),
        body(b"hello", content_encoding="gzip"),
        body(b"hello", content_encoding="br"),
        body(b"hello", content_encoding="x-own"),
        body(b'{"choices": ['),
    ],
    ids=["html", "nan", "shape", "no gzip", "br", "unknown encoding", "its own length"],
)
async def test_an_answer_that_cannot_be_read_is_bought_once(
    gateway: Gateway, upstream: Upstream, method: str, handler: Handler
) -> None:
    upstream.script(handler)
    failure = await failure_of(getattr(gateway.stub, method)(ask()))
    assert (failure.code, failure.reason) == (
        grpc.StatusCode.UNAVAILABLE,
        "PROVIDER_RESPONSE_INVALID",
    )
    assert failure.pushback == "-1"
    assert len(upstream.exchanges) == 1


async def test_the_price_of_an_answer_that_cannot_be_read_is_estimated(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(body(json.dumps({"choices": 3, "text": "x" * 4000}).encode()))
    failure = await failure_of(gateway.stub.Generate(ask()))
    assert failure.details.usage.estimated
    assert failure.details.usage.output_tokens >= 1000
    assert failure.details.cost.total_nano_usd > 0


async def _odd_status(exchange: Exchange) -> None:
    await exchange.answer(201, chat_answer("Hello"))


@pytest.mark.parametrize("method", ["Generate", "StreamText"])
async def test_a_201_is_asked_for_once(gateway: Gateway, upstream: Upstream, method: str) -> None:
    upstream.script(_odd_status)
    failure = await failure_of(getattr(gateway.stub, method)(ask()))
    assert failure.reason == "PROVIDER_RESPONSE_INVALID"
    assert len(upstream.exchanges) == 1


def _chunked(*, closed: bool, ends: bool) -> Handler:
    async def handle(exchange: Exchange) -> None:
        await exchange.send(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        await exchange.chunk(WHOLE if closed else WHOLE[:-30])
        if ends:
            await exchange.end_stream()
        else:
            exchange.break_off()

    return handle


@pytest.mark.parametrize("ends", [False, True])
async def test_a_body_that_was_cut_short_is_asked_for_again(
    gateway: Gateway, upstream: Upstream, ends: bool
) -> None:
    upstream.script(_chunked(closed=False, ends=ends), good)
    assert (await gateway.stub.Generate(ask())).content == "Hello"
    assert len(upstream.exchanges) == 2


async def test_a_body_that_is_closed_is_whole_whatever_becomes_of_the_connection(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.script(_chunked(closed=True, ends=False))
    assert (await gateway.stub.Generate(ask())).content == "Hello"
    assert len(upstream.exchanges) == 1


async def test_a_server_that_always_streams_answers_both(
    gateway: Gateway, upstream: Upstream
) -> None:
    async def streams(exchange: Exchange) -> None:
        await exchange.stream([chat_event(content="Hello"), chat_finish(), chat_usage(9, 3), DONE])

    upstream.script(streams)
    answer = await gateway.stub.Generate(ask())
    assert (answer.content, answer.usage.output_tokens) == ("Hello", 3)


async def test_a_server_that_never_streams_answers_both(
    gateway: Gateway, upstream: Upstream
) -> None:
    async def answers(exchange: Exchange) -> None:
        await exchange.answer(200, chat_answer("Hello"))

    upstream.script(answers)
    text, failure, completed = await read(gateway.stub.StreamText(ask()), upstream)
    assert (text, failure, completed) == ("Hello", None, True)


async def test_a_caller_who_leaves_in_the_grace_leaves_nothing_open(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(timeout=600, http__end_grace=600, http__usage_grace=600)
    upstream.script(_left_open(chat_finish()))
    call = gateway.stub.StreamText(ask())
    async for _ in call:
        upstream.exchanges[-1].seen.set()
        break
    call.cancel()
    await asyncio.wait_for(upstream.exchanges[-1].closed.wait(), 10)
