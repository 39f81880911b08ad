"""What a response cost together with the failed attempts before it."""

from __future__ import annotations

from llmrpc import v1 as pb
from llmrpc.response import total_cost

_OWN = pb.Cost(total_nano_usd=30, input_nano_usd=10, output_nano_usd=20, price_source="config")


def _failed(**cost: int | bool) -> pb.Attempt:
    return pb.Attempt(outcome=pb.Attempt.OUTCOME_FAILED, cost=pb.Cost(**cost))  # type: ignore[arg-type]


def test_failed_attempts_are_added_item_by_item() -> None:
    attempts = [_failed(total_nano_usd=7, input_nano_usd=7), _failed(total_nano_usd=5)]
    total = total_cost(_OWN, attempts)
    assert total == pb.Cost(
        total_nano_usd=42, input_nano_usd=17, output_nano_usd=20, price_source="config"
    )


def test_an_attempt_that_cost_nothing_or_answered_adds_nothing() -> None:
    answered = pb.Attempt(outcome=pb.Attempt.OUTCOME_SUCCEEDED, cost=_OWN)
    free = pb.Attempt(outcome=pb.Attempt.OUTCOME_FAILED)
    assert total_cost(_OWN, [free, answered]) == _OWN


def test_with_an_attempt_without_a_price_the_rest_is_an_estimate() -> None:
    total = total_cost(_OWN, [_failed(unpriced=True)])
    assert total.estimated
    assert not total.unpriced
    assert total.total_nano_usd == 30


def test_an_estimated_attempt_makes_the_sum_an_estimate() -> None:
    assert total_cost(_OWN, [_failed(total_nano_usd=1, estimated=True)]).estimated


def test_a_response_without_a_price_has_no_total() -> None:
    total = total_cost(pb.Cost(unpriced=True), [_failed(total_nano_usd=7, input_nano_usd=7)])
    assert total.unpriced
    assert not total.HasField("total_nano_usd")
    assert total.input_nano_usd == 7
