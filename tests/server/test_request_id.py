"""Every call has an identifier, and every outcome carries it."""

from __future__ import annotations

import asyncio
import re

import pytest

from llmrpc import v1 as pb
from tests.conftest import StartGateway
from tests.running import until
from tests.server.scripted import SCRIPTED
from tests.server.wire import ask, detail, everything, failure, scripted, trailer

HEADER = "x-request-id"


async def test_the_callers_identifier_comes_back(gateway: StartGateway) -> None:
    call = (await gateway()).stub.Generate(ask(), metadata=((HEADER, "order-7/retry:2"),))
    assert (await call).request_id == "order-7/retry:2"
    assert dict(await call.trailing_metadata())[HEADER] == "order-7/retry:2"


async def test_a_call_without_one_is_given_one(gateway: StartGateway) -> None:
    stub = (await gateway()).stub
    first, second = await stub.Generate(ask()), await stub.Generate(ask())
    assert re.fullmatch(r"[0-9a-f]{32}", first.request_id)
    assert first.request_id != second.request_id


@pytest.mark.parametrize("forged", ['a" level="error', "a b", "x" * 129, ""])
async def test_an_identifier_that_could_forge_a_log_line_is_replaced(
    gateway: StartGateway, forged: str
) -> None:
    call = (await gateway()).stub.Generate(ask(), metadata=((HEADER, forged),))
    assert re.fullmatch(r"[0-9a-f]{32}", (await call).request_id)


async def test_errors_carry_it_in_trailers_and_details(gateway: StartGateway) -> None:
    stub = (await gateway(providers=SCRIPTED)).stub
    for call in (
        failure(stub.Generate(ask("boom"), metadata=((HEADER, "r-1"),))),
        failure(everything(stub.StreamText(ask("boom"), metadata=((HEADER, "r-1"),)))),
        failure(everything(stub.StreamText(ask("boom-midway"), metadata=((HEADER, "r-1"),)))),
    ):
        error = await call
        assert trailer(error, HEADER) == "r-1"
        assert detail(error, pb.ErrorDetails).request_id == "r-1"


async def test_streams_carry_it_in_events_and_trailers(gateway: StartGateway) -> None:
    call = (await gateway()).stub.StreamText(ask(), metadata=((HEADER, "r-2"),))
    events = await everything(call)
    assert events[0].started.request_id == events[-1].completed.request_id == "r-2"
    assert dict(await call.trailing_metadata())[HEADER] == "r-2"


async def test_nothing_is_sent_before_the_outcome_is_known(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, retry={"attempts": 1})
    stub = running.stub
    for model, code in (("boom", "INTERNAL"), ("down", "UNAVAILABLE")):
        error = await failure(stub.Generate(ask(model)))
        assert (error.code().name, tuple(error.initial_metadata() or ())) == (code, ())
        call = stub.StreamText(ask(model))
        error = await failure(everything(call))
        assert (error.code().name, tuple(error.initial_metadata() or ())) == (code, ())
    waiting = stub.StreamText(ask("hang"))
    started = asyncio.ensure_future(waiting.initial_metadata())
    await until(lambda: scripted(running).running)
    done, _ = await asyncio.wait({started}, timeout=0.1)
    assert not done
    waiting.cancel()
    await asyncio.wait({started})
