"""A break that comes while nobody reads: the library would raise it before what it has."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from llmrpc import v1 as pb
from llmrpc.errors import StreamInterruptedError
from llmrpc_server.providers.adapter import ProviderClient
from llmrpc_server.providers.dialects import Dialects
from llmrpc_server.providers.registry import DIALECTS, ROWS
from llmrpc_server.providers.streaming import UpstreamStream
from tests.gateway.conftest import ask
from tests.running import until
from tests.upstream import DONE, Exchange, Handler, Upstream, chat_event, chat_finish, chat_usage

REST = "".join(f"{n:04}" for n in range(100))


@pytest.fixture
async def client(upstream: Upstream) -> AsyncGenerator[ProviderClient, None]:
    client = ProviderClient(Dialects(ROWS["openai"], DIALECTS), api_key="k", base_url=upstream.url)
    yield client
    await client.close()


def _sends(*last: str) -> Handler:
    """One delta, and once it was read all the rest, and the break."""

    async def handle(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.chunk(chat_event(content="Hello"))
        await exchange.seen.wait()
        events = [chat_event(content=REST[at : at + 4]) for at in range(0, len(REST), 4)]
        data = "".join([*events, *last]).encode()
        exchange.writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        exchange.break_off()

    return handle


async def _open(client: ProviderClient, upstream: Upstream) -> UpstreamStream:
    """A stream whose first event was read, and whose connection has broken since."""
    stream = await client.open_stream(ask())
    assert isinstance(stream, UpstreamStream)
    assert (await anext(stream)).deltas[0].text == "Hello"
    upstream.exchanges[-1].seen.set()
    await until(stream._response.content.exception)
    return stream


async def test_what_came_is_told_before_the_break(
    client: ProviderClient, upstream: Upstream
) -> None:
    upstream.script(_sends())
    async with aclosing(await _open(client, upstream)) as stream:
        event = await anext(stream)
        assert "".join(delta.text for delta in event.deltas) == REST
        with pytest.raises(StreamInterruptedError):
            await anext(stream)


@pytest.mark.parametrize(
    "last", [(chat_finish(),), (chat_finish(), chat_usage()), (chat_finish(), chat_usage(), DONE)]
)
async def test_a_complete_answer_is_one_in_spite_of_the_break(
    client: ProviderClient, upstream: Upstream, last: tuple[str, ...]
) -> None:
    upstream.script(_sends(*last))
    async with aclosing(await _open(client, upstream)) as stream:
        events = [event async for event in stream]
    assert events[-1].completed.content == "Hello" + REST
    assert events[-1].completed.finish_reason == pb.FINISH_REASON_STOP
