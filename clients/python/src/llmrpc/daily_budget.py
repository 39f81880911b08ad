"""The sums of one day in nano-USD, and what is reserved of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from llmrpc.errors import BudgetExceededError
from llmrpc.response import NANO
from llmrpc.spent import room

DAY = 86_400
MODELS = 1000
"""Models that `by_model` tells apart in a day; later ones are `other`."""


class DailyBudget:
    """An amount for each day of UTC; safe in any number of threads.

    `clock` gives seconds since the epoch. Spent and reserved together exceed the
    amount only by what a call costs beyond its reservation.
    """

    def __init__(self, amount: int, clock: Callable[[], float]) -> None:
        self.amount = amount
        self._clock = clock
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Starts today anew: nothing is spent or reserved."""
        with self._lock:
            self._start(self._today())

    def look(self) -> tuple[int, int, int, dict[str, int]]:
        """Today's sums: spent, reserved, calls of unknown cost, spent by model."""
        with self._lock:
            self._turn()
            return self._spent, self._reserved, self._unknown, dict(self._by_model)

    def ends_at(self) -> datetime:
        """When the day is over."""
        with self._lock:
            self._turn()
            return self._end()

    def reserve(self, call: str, bound: int) -> None:
        """Sets an amount aside for a call, or raises `BudgetExceededError`."""
        with self._lock:
            self._turn()
            free = self.amount - self._spent - self._reserved
            if free <= 0 or bound > free:
                raise self._refusal(call, bound)
            self._reserved += bound
            self._reservations.setdefault(call, []).append(bound)

    def settle(self, call: str, model: str, cost: int | None, *, keep: bool = False) -> bool:
        """Turns a call's reservation into its cost; says whether anybody knows that.

        `keep`: a cost that is not known is what was reserved.
        """
        with self._lock:
            self._turn()
            reserved = self._release(call)
            if cost is None and keep and reserved:
                cost = reserved
            if cost is None:
                self._unknown += 1
            elif cost:
                self._spent += cost
                key = room(self._by_model, model, MODELS)
                self._by_model[key] = self._by_model.get(key, 0) + cost
            return cost is not None

    def _release(self, call: str) -> int:
        waiting = self._reservations.get(call)
        if not waiting:
            return 0
        reserved = waiting.pop()
        if not waiting:
            del self._reservations[call]
        self._reserved -= reserved
        return reserved

    def _refusal(self, call: str, bound: int) -> BudgetExceededError:
        end = self._end()
        spent, reserved, amount = _usd(self._spent), _usd(self._reserved), _usd(self.amount)
        parts = [f"${spent} of ${amount} are spent"]
        if self._reserved:
            parts.append(f"${reserved} are reserved for calls under way")
        if bound:
            parts.append(f"this call may cost ${_usd(bound)}")
        return BudgetExceededError(
            f"the daily budget is used up: {', '.join(parts)}; "
            f"the next day begins at {end:%Y-%m-%d %H:%M} UTC",
            metadata={
                "budget": "daily",
                "spent_usd": spent,
                "reserved_usd": reserved,
                "amount_usd": amount,
                "resets_at": end.isoformat(),
            },
            retry_after=max(0.0, end.timestamp() - self._clock()),
            request_id=call,
        )

    def _today(self) -> int:
        return int(self._clock() // DAY)

    def _turn(self) -> None:
        """Begins a new day; a clock that is set back begins none, so nothing is forgotten."""
        today = self._today()
        if today > self._day:
            self._start(today)

    def _start(self, day: int) -> None:
        self._day = day
        self._spent = self._reserved = self._unknown = 0
        self._by_model: dict[str, int] = {}
        self._reservations: dict[str, list[int]] = {}

    def _end(self) -> datetime:
        return datetime.fromtimestamp((self._day + 1) * DAY, UTC)


def _usd(nano: int) -> str:
    """USD as people write it: at least cents, and no digit lost."""
    whole, _, fraction = f"{Decimal(nano) / NANO:.9f}".rstrip("0").partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"
