"""LLMMonitor: every call is counted once, by what became of it."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import threading
from contextlib import aclosing, suppress

import pytest

from llmrpc import Call, LLMMonitor, LLMNumbers, RateLimitError, StreamInterruptedError
from llmrpc import v1 as pb
from llmrpc.durations import Durations
from llmrpc.monitor import MODELS
from tests.client.gateway import response, until
from tests.client.priced import HELLO, Priced


async def test_calls_that_succeed() -> None:
    monitor = LLMMonitor()
    client = Priced(nano_usd=1_000_000).with_callbacks(monitor)
    assert monitor.snapshot().total == LLMNumbers()
    await client.generate_text(HELLO)
    assert [chunk async for chunk in client.stream_text(HELLO)] == ["One", " two"]
    seen = monitor.snapshot()
    total = seen.total
    assert (total.requests, total.succeeded, total.failed, total.success_rate) == (2, 2, 0, 1.0)
    assert (total.cost, total.unpriced, seen.running) == (0.002, 0, 0)
    assert total.mean_seconds is not None
    assert 0 < total.mean_seconds < 10
    assert seen.by_model == {"scripted/scripted-1": total}
    assert json.loads(json.dumps(seen.as_dict()))["total"]["requests"] == 2
    monitor.reset()
    assert (monitor.snapshot().total, monitor.snapshot().by_model) == (LLMNumbers(), {})


async def test_calls_that_fail() -> None:
    monitor = LLMMonitor()
    limited = RateLimitError("slow", attempts=[pb.Attempt(provider="openai", model="gpt-4o")])
    spent = pb.Cost(total_nano_usd=300_000)
    broken = StreamInterruptedError("broken", usage=pb.Usage(output_tokens=4), cost=spent)
    for error in (limited, limited, broken, None):
        client = Priced(nano_usd=None, error=error).with_callbacks(monitor)
        with suppress(RateLimitError, StreamInterruptedError):
            await client.generate_text(HELLO, model="m")
    total = monitor.snapshot().total
    assert total.errors == {"RateLimitError": 2, "StreamInterruptedError": 1}
    assert (total.requests, total.failed, total.success_rate) == (4, 3, 0.25)
    assert (total.tokens, total.tokens_used) == ({"output_tokens": 4}, 4)
    assert (total.cost, total.unpriced) == (0.0003, 1)
    by_model = {model: one.requests for model, one in monitor.snapshot().by_model.items()}
    assert by_model == {"openai/gpt-4o": 2, "m": 1, "scripted/scripted-1": 1}


async def test_calls_that_are_left_or_cancelled_are_no_failures() -> None:
    monitor = LLMMonitor()
    inner = Priced()
    client = inner.with_callbacks(monitor)
    async with aclosing(client.stream_text(HELLO)) as chunks:
        await anext(chunks)
        assert monitor.snapshot().running == 1
    inner.may_answer.clear()
    task = asyncio.ensure_future(client.generate_text(HELLO))
    await until(lambda: inner.sent == 2)
    task.cancel()
    await asyncio.wait([task])
    seen = monitor.snapshot()
    assert (seen.total.requests, seen.total.cancelled, seen.running) == (2, 2, 0)
    assert (seen.total.errors, seen.total.success_rate) == ({}, None)


async def test_tokens_are_in_the_buckets_of_usage() -> None:
    monitor = LLMMonitor()
    usage = pb.Usage(input_tokens=5, cache_read_tokens=3, reasoning_tokens=2, estimated=True)
    for _ in range(2):
        answer = response("Hi", usage=usage)
        await monitor.on_llm_end(Call(), pb.GenerateRequest(), answer, 1.0)
    total = monitor.snapshot().total
    assert total.tokens == {"input_tokens": 10, "cache_read_tokens": 6, "reasoning_tokens": 4}
    assert total.tokens_used == 20


async def test_models_beyond_the_bound_are_one() -> None:
    monitor = LLMMonitor()
    for number in range(MODELS + 5):
        answer = response("Hi")
        answer.model = f"m{number}"
        await monitor.on_llm_end(Call(), pb.GenerateRequest(), answer, 1.0)
    by_model = monitor.snapshot().by_model
    assert len(by_model) == MODELS + 1
    assert by_model["other"].requests == 5


def test_a_blocking_client_in_many_threads() -> None:
    monitor = LLMMonitor()
    with Priced().with_callbacks(monitor).blocking() as client:

        def work() -> None:
            for _ in range(20):
                client.generate_text(HELLO)
                monitor.snapshot()

        threads = [threading.Thread(target=work) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert monitor.snapshot().total.succeeded == 100


def test_quantiles_are_within_five_percent_in_bounded_memory() -> None:
    draw = random.Random(3)  # noqa: S311 - durations are no secret
    seen = [draw.lognormvariate(0, 2) for _ in range(20_000)]
    durations = Durations()
    for seconds in seen:
        durations.add(seconds)
    cuts = statistics.quantiles(seen, n=100)
    assert durations.mean() == pytest.approx(statistics.fmean(seen))
    assert durations.quantile(0.50) == pytest.approx(cuts[49], rel=0.06)
    assert durations.quantile(0.95) == pytest.approx(cuts[94], rel=0.06)
    durations.add(0)
    durations.add(1e9)
    assert len(durations._classes) < 230
