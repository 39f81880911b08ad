"""What calls without an answer, and attempts before one, cost is recorded whole."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from llmrpc import v1 as pb
from llmrpc.response import NANO
from tests.conftest import StartGateway
from tests.gateway.conftest import ask
from tests.gateway.failures import failure_of
from tests.hostile.conftest import KEY
from tests.providers.messages_api import STOP, begin, block, end, events
from tests.running import RunningGateway, until
from tests.upstream import Exchange, Upstream

MODELS = {
    "chat": "openai/gpt-4o-mini",
    "messages": "anthropic/claude-haiku-4-5",
    "gemini": "google/gemini-2.5-flash",
    "responses": "openai/gpt-5",
}
METHODS = pytest.mark.parametrize("method", ["Generate", "StreamText"])
PROMPT = "What does a call cost that nobody waits for?"


async def _started(gateway: StartGateway, upstream: Upstream) -> RunningGateway:
    one = {"api_keys": [KEY], "base_url": upstream.url}
    providers = dict.fromkeys(("openai", "anthropic", "google"), one)
    retry = {"base_delay": 0.001, "max_delay": 0.001, "min_remaining": 0.001}
    return await gateway(providers=providers, retry=retry)


async def _line(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """The fields of the call's log line, once it is there."""

    def lines() -> list[dict[str, Any]]:
        found = [each for each in caplog.records if each.name == "llmrpc.access"]
        return [getattr(each, "fields", {}) for each in found]

    await until(lines)
    return lines()[0]


async def _silent(exchange: Exchange) -> None:
    await exchange.closed.wait()


async def _headers(exchange: Exchange) -> None:
    await exchange.start_stream()
    await exchange.chunk(": the model thinks\n\n")
    exchange.seen.set()
    await exchange.closed.wait()


@pytest.fixture(autouse=True)
def _logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "llmrpc.access")


@METHODS
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("far", [_silent, _headers], ids=["silent", "headers"])
async def test_canceled_before_the_first_delta(
    gateway: StartGateway,
    upstream: Upstream,
    caplog: pytest.LogCaptureFixture,
    model: str,
    method: str,
    far: Any,
) -> None:
    upstream.script(far)
    stub = (await _started(gateway, upstream)).stub
    call: Any = getattr(stub, method)(ask(PROMPT, model=model))
    await until(lambda: upstream.exchanges)
    if far is _headers:
        await upstream.exchanges[0].seen.wait()
    call.cancel()
    line = await _line(caplog)
    assert line["status"] == "CANCELLED"
    assert line["prompt_tokens"] >= len(PROMPT) // 4
    assert line["completion_tokens"] == 0
    assert line["estimated"] is True
    assert line["cost_usd"] > 0


@METHODS
async def test_a_deadline_that_passes_before_it(
    gateway: StartGateway, upstream: Upstream, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    upstream.script(_silent)
    stub = (await _started(gateway, upstream)).stub
    request = ask(PROMPT, model=MODELS["chat"])
    call: Any = getattr(stub, method)(request, timeout=1)
    assert await call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    line = await _line(caplog)
    assert line["status"] == "DEADLINE_EXCEEDED"
    if upstream.exchanges:  # else the machine was too slow to send anything
        assert line["estimated"] is True
        assert line["cost_usd"] > 0


@METHODS
async def test_what_was_never_sent_costs_nothing(
    gateway: StartGateway,
    upstream: Upstream,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    connecting = asyncio.Event()

    async def connect(*_: object) -> None:
        connecting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("aiohttp.TCPConnector._create_connection", connect)
    stub = (await _started(gateway, upstream)).stub
    call: Any = getattr(stub, method)(ask(PROMPT, model=MODELS["chat"]))
    await connecting.wait()
    call.cancel()
    line = await _line(caplog)
    assert line["status"] == "CANCELLED"
    assert "prompt_tokens" not in line
    assert "cost_usd" not in line


async def test_a_count_costs_nothing(
    gateway: StartGateway, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.script(_silent)
    stub = (await _started(gateway, upstream)).stub
    request = ask(PROMPT, model=MODELS["messages"])
    call = stub.CountTokens(pb.CountTokensRequest(request=request))
    await until(lambda: upstream.exchanges)
    call.cancel()
    assert "cost_usd" not in await _line(caplog)


async def _billed_and_broken(exchange: Exchange) -> None:
    await exchange.start_stream()
    await exchange.chunk(events(begin({"input_tokens": 1_000_000, "output_tokens": 1})))
    exchange.break_off()


async def _billed_and_whole(exchange: Exchange) -> None:
    used = {"input_tokens": 1_000_000, "output_tokens": 1}
    said = block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Hello"})
    await exchange.stream([events(begin(used), *said, end("end_turn", used), STOP)])


async def test_an_attempt_that_was_billed_before_the_answer(
    gateway: StartGateway, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.script(_billed_and_broken, _billed_and_broken, _billed_and_whole)
    stub = (await _started(gateway, upstream)).stub
    request = ask(PROMPT, model=MODELS["messages"])
    *_, last = [event async for event in stub.StreamText(request)]
    answer = last.completed
    costs = [attempt.cost.total_nano_usd for attempt in answer.attempts]
    assert len(costs) == 3
    assert min(costs) == max(costs) == answer.cost.total_nano_usd > 0
    assert answer.total_cost.total_nano_usd == sum(costs)
    assert (await _line(caplog))["cost_usd"] == pytest.approx(sum(costs) / NANO)


async def test_attempts_that_were_billed_without_an_answer(
    gateway: StartGateway, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuses(exchange: Exchange) -> None:
        await exchange.answer(400, {"type": "error", "error": {"type": "invalid_request_error"}})

    upstream.script(_billed_and_broken, _billed_and_broken, refuses)
    stub = (await _started(gateway, upstream)).stub
    failure = await failure_of(stub.StreamText(ask(PROMPT, model=MODELS["messages"])))
    costs = [attempt.cost.total_nano_usd for attempt in failure.details.attempts]
    assert len(costs) == 3
    assert sum(costs) > 0
    assert (await _line(caplog))["cost_usd"] == pytest.approx(sum(costs) / NANO)
