"""`CostController`: a day's money, and no call beyond it."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from llmrpc import v1 as pb
from llmrpc.call import Call
from llmrpc.callbacks import LLMCallback
from llmrpc.daily_budget import MODELS, DailyBudget
from llmrpc.errors import GenerationTimeoutError, StreamInterruptedError
from llmrpc.price_table import Prices, PriceTable
from llmrpc.response import NANO, completion_tokens, prompt_tokens
from llmrpc.spent import (
    error_cost,
    error_model,
    error_usage,
    nano_usd,
    response_cost,
    response_model,
)

_MAY_HAVE_COST = (asyncio.CancelledError, StreamInterruptedError, GenerationTimeoutError)
"""Ends behind which a provider may have worked, and charges for it."""

_logger = logging.getLogger("llmrpc.cost_controller")


class CostController(LLMCallback):
    """Counts what the calls of a day cost, and refuses calls once its budget is spent.

        client = client.with_callbacks(CostController(daily_budget=5.00))

    A refused call raises `BudgetExceededError`, and nothing is sent. The day is
    that of UTC by the wall clock (`clock` gives it in seconds since the epoch); a
    call over midnight counts on the day in which it ends. Nothing is kept on disk:
    a new process starts at zero. One controller serves any number of clients, event
    loops and threads.

    - `daily_budget`: USD.
    - `prices`: USD per 1,000 tokens by model, as in `BaseLLMClient.token_costs`.
      A call of a listed model with `max_tokens` reserves the most that it can cost
      before it is sent, and is refused where that is more than remains, so many
      calls at once do not overspend together.
    - `fallback`: such prices for every model that `prices` lacks.

    **What may be overshot.** A call that reserved can cost more than that by its
    pictures, sound and documents, by repeated tries, and by a price that is too
    low. A call without a price or without `max_tokens` reserves nothing: when the
    budget runs out, all of those that are under way still finish, so the overshoot
    is at most what they cost; so it is for calls that are under way at midnight.

    **What is not known.** An answer that comes without a price counts by `prices`
    and `fallback`; where they have none it counts zero, `unpriced_calls` counts it,
    and the first of each model is logged as a warning. A call that was cancelled,
    left early, interrupted or timed out counts what its error or its attempts say;
    where they are silent, as when a gateway's caller goes away, what it reserved is
    counted as spent, and without a reservation it is one of `unpriced_calls`. Any
    other error without a cost is free.
    """

    def __init__(
        self,
        daily_budget: float | Decimal,
        *,
        prices: Mapping[str, Prices] | None = None,
        fallback: Prices | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not math.isfinite(daily_budget) or daily_budget < 0:
            raise ValueError(f"daily_budget: must be at least 0 USD, got {daily_budget}")
        self._budget = DailyBudget(nano_usd(daily_budget), clock)
        self._prices = PriceTable(prices or {}, fallback)
        self._warned: set[str] = set()

    @property
    def daily_budget(self) -> float:
        """USD for a day."""
        return self._budget.amount / NANO

    @property
    def spent(self) -> float:
        """USD that the calls of today cost."""
        return self._budget.look()[0] / NANO

    @property
    def daily_spent(self) -> float:
        """The same as `spent`."""
        return self.spent

    def can_make_request(self, estimated_cost: float | Decimal = 0) -> bool:
        """Whether so many USD can be spent today; nothing is reserved."""
        spent, reserved, *_ = self._budget.look()
        left = self._budget.amount - spent - reserved
        return left > 0 and nano_usd(estimated_cost) <= left

    def record_cost(self, cost: float | Decimal, model: str = "other") -> None:
        """Counts USD that were spent without this controller as a callback."""
        if not math.isfinite(cost) or cost < 0:
            raise ValueError(f"cost: must be at least 0 USD, got {cost}")
        self._budget.settle("", model, nano_usd(cost))

    @property
    def remaining(self) -> float:
        """USD that are neither spent nor reserved for calls under way; never below zero."""
        spent, reserved, *_ = self._budget.look()
        return max(0, self._budget.amount - spent - reserved) / NANO

    @property
    def unpriced_calls(self) -> int:
        """Calls of today whose cost nobody knows; they count zero."""
        return self._budget.look()[2]

    @property
    def by_model(self) -> dict[str, float]:
        """USD of today by `provider/model`; `other` where there are too many."""
        return {model: nano / NANO for model, nano in self._budget.look()[3].items()}

    @property
    def resets_at(self) -> datetime:
        """When the next day begins, in UTC."""
        return self._budget.ends_at()

    def reset(self) -> None:
        """Starts the day anew: nothing is spent."""
        self._budget.reset()

    async def before_llm_send(self, call: Call, request: pb.GenerateRequest) -> None:
        self._budget.reserve(call.request_id, self._prices.bound(request) or 0)

    async def on_llm_end(
        self, call: Call, request: pb.GenerateRequest, response: pb.LLMResponse, duration: float
    ) -> None:
        model = response_model(response)
        cost = response_cost(response)
        if cost is None:
            names = (model, request.model)
            cost = self._prices.cost(names, response.prompt_tokens, response.completion_tokens)
        if not self._budget.settle(call.request_id, model, cost):
            self._warn(model)

    async def on_llm_error(
        self, call: Call, request: pb.GenerateRequest, error: BaseException, duration: float
    ) -> None:
        model = error_model(call, request, error)
        cost, usage = error_cost(call, error), error_usage(call, error)
        if cost is None and usage is not None:
            names = (model, request.model)
            cost = self._prices.cost(names, prompt_tokens(usage), completion_tokens(usage))
        if cost is None and not isinstance(error, _MAY_HAVE_COST):
            cost = 0
        if not self._budget.settle(call.request_id, model, cost, keep=True):
            self._warn(model)

    def _warn(self, model: str) -> None:
        if model not in self._warned and len(self._warned) < MODELS:
            self._warned.add(model)
            _logger.warning("nobody knows what a call of %s cost; it counts as zero", model)
