"""What a batch came to, in numbers and words."""

from __future__ import annotations

from google.rpc import code_pb2, status_pb2

from llmrpc import v1 as pb
from llmrpc.cli.batch.tally import Tally
from tests.client.gateway import info, response


def unpriced() -> pb.BatchResult:
    answer = response("Hi")
    answer.cost.CopyFrom(pb.Cost(unpriced=True))
    return pb.BatchResult(id="a", response=answer)


def test_a_price_that_nobody_knows_is_not_zero() -> None:
    tally = Tally()
    assert tally.cost() == "$0"
    tally.add(unpriced())
    assert tally.cost() == "no price known"
    tally.add(pb.BatchResult(id="b", response=response("Hi")))
    assert tally.cost() == "$0.001200 + 1 of unknown price"
    assert (tally.summary()["costUsd"], tally.summary()["unpriced"]) == (0.0012, 1)


def test_what_failed_and_cost_all_the_same_counts() -> None:
    status = status_pb2.Status(code=code_pb2.UNAVAILABLE, message="broke")
    status.details.add().Pack(info("STREAM_INTERRUPTED"))
    usage = pb.Usage(input_tokens=10, cache_read_tokens=2, output_tokens=3)
    details = pb.ErrorDetails(usage=usage, cost=pb.Cost(total_nano_usd=2_000_000))
    status.details.add().Pack(details)
    tally = Tally()
    tally.add(pb.BatchResult(id="a", status=status))
    assert tally.tokens() == "12 in + 3 out = 15 tokens"
    assert tally.cost() == "$0.002000"
    assert tally.summary()["reasons"] == {"STREAM_INTERRUPTED": 1}
