"""What one call cost and used, whatever became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

from llmrpc import v1 as pb
from llmrpc.call import Call
from llmrpc.errors import LLMClientError
from llmrpc.response import NANO

V = TypeVar("V")

OTHER = "other"
"""The key for all that found no room."""


def nano_usd(amount: float | Decimal) -> int:
    """USD as nano-USD, rounded to the nearest."""
    return round(Decimal(amount) * NANO)


def response_cost(response: pb.LLMResponse) -> int | None:
    """Nano-USD of an answer, with the failed tries before it; None: no price is known."""
    if not response.cost.HasField("total_nano_usd"):
        return None
    failed = (one for one in response.attempts if one.outcome == pb.Attempt.OUTCOME_FAILED)
    return response.cost.total_nano_usd + (_sum(failed) or 0)


def error_cost(call: Call, error: BaseException) -> int | None:
    """Nano-USD that a failed or cancelled call cost all the same; None: nothing is said."""
    cost = error.cost if isinstance(error, LLMClientError) else None
    return attempts_cost(cost, _attempts(call, error))


def attempts_cost(cost: pb.Cost | None, attempts: Iterable[pb.Attempt]) -> int | None:
    """Nano-USD of a call without an answer by its own cost, if it has one, and its attempts."""
    summed = _sum(attempts)
    if cost is None or not cost.HasField("total_nano_usd"):
        return summed
    return max(cost.total_nano_usd, summed or 0)  # the attempts hold the error's own cost too


def error_usage(call: Call, error: BaseException) -> pb.Usage | None:
    """What a failed or cancelled call used all the same; None: nothing is said."""
    if isinstance(error, LLMClientError) and error.usage is not None:
        return error.usage
    used = [one.usage for one in _attempts(call, error) if one.HasField("usage")]
    return used[-1] if used else None


def response_model(response: pb.LLMResponse) -> str:
    """`provider/model`, as the answer names them."""
    return f"{response.provider}/{response.model}"


def error_model(call: Call, request: pb.GenerateRequest, error: BaseException) -> str:
    """`provider/model` of the last try; without one the model that was asked for."""
    attempts = list(_attempts(call, error))
    if attempts:
        return f"{attempts[-1].provider}/{attempts[-1].model}"
    return request.model or "default"


def room(table: Mapping[str, V], key: str, limit: int) -> str:
    """The key, or `OTHER` where the table has `limit` keys and this is a new one."""
    return key if key in table or len(table) < limit else OTHER


def _attempts(call: Call, error: BaseException) -> Iterable[pb.Attempt]:
    """The tries as a gateway told of them, else as clients in this process did."""
    if isinstance(error, LLMClientError) and error.attempts:
        return error.attempts
    return call.trail


def _sum(attempts: Iterable[pb.Attempt]) -> int | None:
    priced = [one.cost.total_nano_usd for one in attempts if one.cost.HasField("total_nano_usd")]
    return sum(priced) if priced else None
