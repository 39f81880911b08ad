"""CostController: a day's money, counted whole and not overspent."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from llmrpc import (
    BudgetExceededError,
    Call,
    CostController,
    GatewayClient,
    GenerationTimeoutError,
    InvalidRequestError,
    LLMClientError,
    LLMMessage,
    StreamInterruptedError,
)
from llmrpc import v1 as pb
from llmrpc.daily_budget import MODELS
from tests.client.gateway import Gateway, Hang, response, stream, until
from tests.client.priced import HELLO, Priced, ask

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
PRICES = {"scripted-1": {"input": 0.001, "output": 0.1}}
"""A token of output costs 100,000 nano-USD, a byte of input 1,000."""


class Clock:
    """The wall clock of a test."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


async def test_calls_are_counted_until_the_money_is_spent() -> None:
    controller = CostController(daily_budget=0.0025, clock=Clock())
    inner = Priced(nano_usd=1_000_000)
    client = inner.with_callbacks(controller)
    await client.generate_text(HELLO)
    assert [chunk async for chunk in client.stream_text(HELLO)] == ["One", " two"]
    assert (controller.spent, controller.remaining) == (0.002, 0.0005)
    await client.generate_text(HELLO)
    assert (controller.spent, controller.remaining) == (0.003, 0.0)
    assert controller.by_model == {"scripted/scripted-1": 0.003}
    for refused in (client.generate_text(HELLO), anext(client.stream_text(HELLO))):
        with pytest.raises(BudgetExceededError):
            await refused
    assert inner.sent == 3


async def test_the_refusal_says_why_and_until_when() -> None:
    controller = CostController(daily_budget=0.001, clock=Clock())
    client = Priced(nano_usd=1_200_000).with_callbacks(controller)
    await client.generate_text(HELLO)
    call = Call()
    with pytest.raises(BudgetExceededError) as caught:
        await client.generate(pb.GenerateRequest(), call)
    error = caught.value
    assert error.reason_name == "BUDGET_EXCEEDED"
    assert error.metadata == {
        "budget": "daily",
        "spent_usd": "0.0012",
        "reserved_usd": "0.00",
        "amount_usd": "0.001",
        "resets_at": "2026-11-26T00:00:00+00:00",
    }
    assert (error.retry_after, error.request_id) == (12 * 3600, call.request_id)
    assert "$0.0012 of $0.001 are spent" in error.message
    assert controller.resets_at == datetime(2026, 11, 26, tzinfo=UTC)


async def test_the_day_ends_at_midnight_of_utc() -> None:
    clock = Clock()
    controller = CostController(daily_budget=0.001, clock=clock)
    client = Priced(nano_usd=1_000_000).with_callbacks(controller)
    await client.generate_text(HELLO)
    clock.now = datetime(2026, 11, 25, 23, 59, 59, tzinfo=UTC).timestamp()
    with pytest.raises(BudgetExceededError):
        await client.generate_text(HELLO)
    clock.now += 1
    assert (controller.spent, controller.by_model, controller.remaining) == (0.0, {}, 0.001)
    await client.generate_text(HELLO)
    clock.now -= 1  # set back: that gives no second day
    assert controller.spent == 0.001
    controller.reset()
    assert controller.spent == 0.0


async def test_a_call_over_midnight_counts_on_the_day_it_ends() -> None:
    clock = Clock()
    controller = CostController(daily_budget=1, prices=PRICES, clock=clock)
    inner = Priced(nano_usd=1_000_000)
    inner.may_answer.clear()
    client = inner.with_callbacks(controller)
    running = asyncio.ensure_future(client.generate_text(HELLO, "scripted-1", max_tokens=10))
    await until(lambda: inner.sent)
    assert controller.remaining < 1
    clock.now += 86_400
    assert controller.remaining == 1
    inner.may_answer.set()
    await running
    assert (controller.spent, controller.remaining) == (0.001, 0.999)


async def test_calls_at_once_reserve_what_they_can_cost() -> None:
    """A hundred calls that may cost 1,000,000 and a little each: three fit, then none."""
    controller = CostController(daily_budget=0.0035, prices=PRICES, clock=Clock())
    inner = Priced(nano_usd=900_000)
    inner.may_answer.clear()
    client = inner.with_callbacks(controller)
    calls = [
        asyncio.ensure_future(client.generate_text(HELLO, "x/scripted-1", max_tokens=10))
        for _ in range(100)
    ]
    await until(lambda: sum(call.done() for call in calls) == 97)
    assert inner.sent == 3
    assert 0 < controller.remaining < 0.0005
    inner.may_answer.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    refused = [one for one in results if isinstance(one, BudgetExceededError)]
    assert len(refused) == 97
    assert "reserved for calls under way, this call may cost $0.001" in refused[0].message
    assert (controller.spent, controller.remaining) == (0.0027, 0.0008)


async def test_without_a_bound_the_calls_under_way_finish() -> None:
    controller = CostController(daily_budget=0.001, clock=Clock())
    inner = Priced(nano_usd=1_000_000)
    inner.may_answer.clear()
    client = inner.with_callbacks(controller)
    calls = asyncio.gather(*(client.generate_text(HELLO) for _ in range(5)))
    await until(lambda: inner.sent == 5)
    inner.may_answer.set()
    await calls
    assert controller.spent == 0.005
    with pytest.raises(BudgetExceededError):
        await client.generate_text(HELLO)


async def test_a_picture_is_not_in_the_bound() -> None:
    controller = CostController(daily_budget=0.001, prices=PRICES, clock=Clock())
    picture = pb.Part(image=pb.Image(data=b"x" * 100_000, media_type="image/png"))
    client = Priced(nano_usd=0).with_callbacks(controller)
    await client.generate_text([LLMMessage("user", parts=[picture])], "scripted-1", max_tokens=1)
    with pytest.raises(BudgetExceededError):
        await client.generate_text([LLMMessage("user", "x" * 100_000)], "scripted-1", max_tokens=1)


async def test_an_answer_without_a_price(caplog: pytest.LogCaptureFixture) -> None:
    controller = CostController(daily_budget=1, clock=Clock())
    client = Priced(nano_usd=None).with_callbacks(controller)
    with caplog.at_level(logging.WARNING, "llmrpc.cost_controller"):
        await client.generate_text(HELLO)
        await client.generate_text(HELLO)
    assert (controller.spent, controller.unpriced_calls) == (0.0, 2)
    assert [record.message for record in caplog.records] == [
        "nobody knows what a call of scripted/scripted-1 cost; it counts as zero"
    ]


@pytest.mark.parametrize("names", [{"prices": PRICES}, {"fallback": PRICES["scripted-1"]}])
async def test_own_prices_stand_in(names: dict[str, dict[str, float]]) -> None:
    controller = CostController(daily_budget=1, clock=Clock(), **names)  # type: ignore[arg-type]
    await Priced(nano_usd=None).with_callbacks(controller).generate_text(HELLO)
    assert (controller.spent, controller.unpriced_calls) == (0.000203, 0)


async def test_failed_tries_before_the_answer_count_too() -> None:
    controller = CostController(daily_budget=1, clock=Clock())
    failed = pb.Attempt(outcome=pb.Attempt.OUTCOME_FAILED, cost=pb.Cost(total_nano_usd=500_000))
    inner = Priced()
    answer = response("Hi", attempts=[failed, pb.Attempt(cost=pb.Cost(total_nano_usd=1_200_000))])
    await controller.on_llm_end(Call(), pb.GenerateRequest(), answer, 1.0)
    assert controller.spent == 0.0017
    assert inner.sent == 0


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_failed_call_counts_what_its_error_carries(streamed: bool) -> None:
    controller = CostController(daily_budget=1, prices=PRICES, clock=Clock())
    error = StreamInterruptedError("broken", cost=pb.Cost(total_nano_usd=300_000))
    client = Priced(error=error).with_callbacks(controller)
    with pytest.raises(StreamInterruptedError):
        await ask(client, streamed=streamed, model="scripted-1", max_tokens=10)
    assert (controller.spent, controller.remaining) == (0.0003, 0.9997)


@pytest.mark.parametrize(
    ("error", "spent"),
    [
        (InvalidRequestError("no"), 0.0),
        (GenerationTimeoutError("late"), 0.001025),
        (GenerationTimeoutError("late", usage=pb.Usage(output_tokens=2)), 0.0002),
        (
            LLMClientError("no", attempts=[pb.Attempt(cost=pb.Cost(total_nano_usd=9_000))] * 2),
            0.000018,
        ),
    ],
    ids=["free", "unknown", "by its usage", "by its attempts"],
)
async def test_an_error_without_a_cost(error: LLMClientError, spent: float) -> None:
    """The unknown cost of a call is what it reserved: nothing is counted too low."""
    controller = CostController(daily_budget=1, prices=PRICES, clock=Clock())
    client = Priced(error=error).with_callbacks(controller)
    with pytest.raises(LLMClientError):
        await client.generate_text(HELLO, "scripted-1", max_tokens=10)
    assert controller.spent == spent
    assert controller.remaining == pytest.approx(1 - spent)


async def test_a_stream_that_is_left_counts_what_it_reserved(
    gateway: Gateway, client: GatewayClient
) -> None:
    controller = CostController(daily_budget=1, prices=PRICES, clock=Clock())
    watched = client.with_callbacks(controller)
    gateway.play([*stream("One", whole=False), Hang()])
    async with aclosing(watched.stream_text(HELLO, "scripted-1", max_tokens=10)) as chunks:
        await anext(chunks)
    assert (controller.spent, controller.unpriced_calls) == (0.001025, 0)
    async with aclosing(watched.stream_text(HELLO)) as chunks:
        await anext(chunks)
    assert (controller.spent, controller.unpriced_calls) == (0.001025, 1)


async def test_a_cancelled_call_counts_what_its_attempts_say() -> None:
    controller = CostController(daily_budget=1, prices=PRICES, clock=Clock())
    inner = Priced()
    inner.may_answer.clear()
    request = pb.GenerateRequest(model="scripted-1", max_tokens=10)
    call = Call(trail=[pb.Attempt(cost=pb.Cost(total_nano_usd=7_000))])
    task = asyncio.ensure_future(inner.with_callbacks(controller).generate(request, call))
    await until(lambda: inner.sent)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (controller.spent, controller.remaining) == (0.000007, 0.999993)


async def test_a_batch_ends_where_the_money_does(client: GatewayClient) -> None:
    """What fits is answered; the first item that is refused is raised behind the answers."""
    controller = CostController(daily_budget=0.0025, prices=PRICES, clock=Clock())
    message = pb.LLMMessage(role=pb.ROLE_USER, content="Hello")
    request = pb.GenerateRequest(model="scripted-1", max_tokens=10, messages=[message])
    items = [pb.BatchItem(id=str(number), generate=request) for number in range(5)]
    results = client.with_callbacks(controller).batch(items)
    assert [(await anext(results)).response.cost.total_nano_usd for _ in "01"] == [1_200_000] * 2
    with pytest.raises(BudgetExceededError):
        await anext(results)
    assert controller.spent == 0.0024


async def test_models_beyond_the_bound_are_one() -> None:
    controller = CostController(daily_budget=Decimal(1), clock=Clock())
    for number in range(MODELS + 5):
        answer = response("Hi")
        answer.model = f"m{number}"
        answer.cost.total_nano_usd = 1_000
        await controller.on_llm_end(Call(), pb.GenerateRequest(), answer, 1.0)
    assert len(controller.by_model) == MODELS + 1
    assert controller.by_model["other"] == 0.000005


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf")])
def test_a_budget_that_is_none(amount: float) -> None:
    with pytest.raises(ValueError, match="daily_budget: must be at least 0 USD, got"):
        CostController(daily_budget=amount)


@pytest.mark.parametrize("prices", [{"input": 1.0}, {"input": 1.0, "output": -1.0}])
def test_a_price_that_is_none(prices: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"m\.output: must be at least 0 USD"):
        CostController(daily_budget=1, prices={"m": prices})


def test_a_tenth_is_a_tenth() -> None:
    assert CostController(daily_budget=0.1).daily_budget == 0.1
