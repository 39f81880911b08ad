"""`LLMMonitor`: how the calls of an application go, in numbers."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from llmrpc import v1 as pb
from llmrpc.call import Call
from llmrpc.callbacks import LLMCallback
from llmrpc.durations import Durations
from llmrpc.response import NANO
from llmrpc.spent import (
    error_cost,
    error_model,
    error_usage,
    nano_usd,
    response_cost,
    response_model,
    room,
)

MODELS = 100
"""Models that a monitor tells apart; later ones are `other`."""

_BUCKETS = tuple(one.name for one in pb.Usage.DESCRIPTOR.fields if one.name.endswith("_tokens"))


@dataclass(frozen=True, slots=True)
class LLMNumbers:
    """Calls that are over, summed up."""

    requests: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    """Cancelled or left early by the application: neither a success nor a failure."""
    success_rate: float | None = None
    """Succeeded of succeeded and failed, 0 to 1; None before the first."""
    errors: Mapping[str, int] = field(default_factory=dict)
    """Failures by the exception's name: `RateLimitError`."""
    tokens: Mapping[str, int] = field(default_factory=dict)
    """By the buckets of `Usage`, those above zero: `input_tokens`, `cache_read_tokens`."""
    tokens_used: int = 0
    cost: float = 0.0
    """USD."""
    unpriced: int = 0
    """Answers without a price; they count zero in `cost`."""
    mean_seconds: float | None = None
    """Of the calls that succeeded, start to last event; None before the first."""
    p50_seconds: float | None = None
    """Half of them were no slower, within 5 percent."""
    p95_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class LLMSnapshot:
    """What a monitor has seen up to now."""

    running: int
    """Calls under way."""
    total: LLMNumbers
    by_model: Mapping[str, LLMNumbers]
    """By `provider/model`; `other` for those after the first hundred."""

    def as_dict(self) -> dict[str, Any]:
        """The same in plain dicts and numbers, for JSON."""
        return asdict(self)


class LLMMonitor(LLMCallback):
    """Counts requests, successes, errors, tokens, cost and times of calls.

        monitor = LLMMonitor()
        client = client.with_callbacks(monitor)
        print(monitor.snapshot().as_dict())

    Its memory is bounded, and it works once a call, never once a token. One monitor
    serves any number of clients, event loops and threads: a `BlockingClient`'s calls
    are counted in its own thread, and `snapshot` may be taken in any other.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._total = _Sums()
        self._by_model: dict[str, _Sums] = {}

    def record_request(
        self,
        provider: str = "",
        model: str = "",
        success: bool = True,
        response_time: float | None = None,
        tokens_used: int = 0,
        cost: float | None = None,
        error: str = "",
    ) -> None:
        """Counts a call that was made without this monitor as a callback.

        `response_time` is in seconds, `cost` in USD (None: unknown), `error` the name of
        what it failed with.
        """
        nano = None if cost is None else nano_usd(cost)
        with self._lock:
            self._running += 1
            for sums in self._over(f"{provider}/{model}"):
                if success:
                    sums.succeeded += 1
                    sums.unpriced += nano is None
                    if response_time is not None:
                        sums.durations.add(response_time)
                else:
                    sums.failed += 1
                    sums.errors[error or "Error"] += 1
                sums.nano_usd += nano or 0
                sums.unsplit_tokens += tokens_used

    def get_metrics(self) -> dict[str, Any]:
        """`snapshot` in plain dicts and numbers."""
        return self.snapshot().as_dict()

    def snapshot(self) -> LLMSnapshot:
        """The numbers of this moment."""
        with self._lock:
            return LLMSnapshot(
                running=self._running,
                total=self._total.numbers(),
                by_model={model: sums.numbers() for model, sums in self._by_model.items()},
            )

    def reset(self) -> None:
        """Forgets all calls that are over."""
        with self._lock:
            self._total, self._by_model = _Sums(), {}

    async def on_llm_start(self, call: Call, request: pb.GenerateRequest) -> None:
        with self._lock:
            self._running += 1

    async def on_llm_end(
        self, call: Call, request: pb.GenerateRequest, response: pb.LLMResponse, duration: float
    ) -> None:
        cost = response_cost(response)
        with self._lock:
            for sums in self._over(response_model(response)):
                sums.succeeded += 1
                sums.durations.add(duration)
                sums.spend(response.usage, cost)
                sums.unpriced += cost is None

    async def on_llm_error(
        self, call: Call, request: pb.GenerateRequest, error: BaseException, duration: float
    ) -> None:
        usage, cost = error_usage(call, error), error_cost(call, error)
        with self._lock:
            for sums in self._over(error_model(call, request, error)):
                if isinstance(error, asyncio.CancelledError):
                    sums.cancelled += 1
                else:
                    sums.failed += 1
                    sums.errors[type(error).__name__] += 1
                sums.spend(usage, cost)

    def _over(self, model: str) -> tuple[_Sums, _Sums]:
        """The sums that a call of this model belongs to, now that it is over."""
        self._running -= 1
        key = room(self._by_model, model, MODELS)
        return self._total, self._by_model.setdefault(key, _Sums())


class _Sums:
    """The sums of some calls."""

    def __init__(self) -> None:
        self.succeeded = self.failed = self.cancelled = self.unpriced = self.nano_usd = 0
        self.unsplit_tokens = 0
        self.errors: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self.durations = Durations()

    def spend(self, usage: pb.Usage | None, cost: int | None) -> None:
        self.nano_usd += cost or 0
        if usage is not None:
            for bucket in _BUCKETS:
                if count := getattr(usage, bucket):
                    self.tokens[bucket] += count

    def numbers(self) -> LLMNumbers:
        judged = self.succeeded + self.failed
        return LLMNumbers(
            requests=judged + self.cancelled,
            succeeded=self.succeeded,
            failed=self.failed,
            cancelled=self.cancelled,
            success_rate=self.succeeded / judged if judged else None,
            errors=dict(self.errors),
            tokens=dict(self.tokens),
            tokens_used=sum(self.tokens.values()) + self.unsplit_tokens,
            cost=self.nano_usd / NANO,
            unpriced=self.unpriced,
            mean_seconds=self.durations.mean(),
            p50_seconds=self.durations.quantile(0.50),
            p95_seconds=self.durations.quantile(0.95),
        )
