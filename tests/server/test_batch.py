"""One bad item spoils itself alone, and says what a call of its own would say."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from llmrpc import v1 as pb
from llmrpc_server.rpc import batch
from llmrpc_server.rpc.details import MAX_BYTES
from tests.conftest import StartGateway
from tests.running import RunningGateway, until
from tests.server.scripted import SCRIPTED, SECRET
from tests.server.test_health import DOWN, UP, health, watch
from tests.server.wire import ask, detail, everything, failure, scripted, status

INVALID = grpc.StatusCode.INVALID_ARGUMENT.value[0]
Lines = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    """The fields of the access lines of a kind, `call` or `item`."""
    caplog.set_level(logging.INFO, "llmrpc.access")

    def of(kind: str) -> list[dict[str, Any]]:
        found = [r for r in caplog.records if r.name == "llmrpc.access" and r.getMessage() == kind]
        return [vars(record)["fields"] for record in found]

    return of


def item(name: str, model: str = "say", **fields: Any) -> pb.BatchItem:
    return pb.BatchItem(id=name, generate=ask(model, **fields))


async def results(
    running: RunningGateway, items: Iterable[pb.BatchItem], **options: Any
) -> list[pb.BatchResult]:
    call = running.stub.BatchGenerate(iter(items), **options)
    found: list[Any] = await everything(call)
    return found


def _comparable(told: status_pb2.Status) -> tuple[Any, ...]:
    """A status without what is another in every call."""
    info, own = detail(told, error_details_pb2.ErrorInfo), detail(told, pb.ErrorDetails)
    own.ClearField("request_id")
    for attempt in own.attempts:
        attempt.ClearField("duration")
    kinds = [each.type_url for each in told.details]
    return told.code, told.message, str(info), str(own), kinds


@pytest.mark.parametrize(
    "request_", [ask(model) for model in ("boom", "odd", "stray", "down", "broken", "gpt-9")]
    + [
        pb.GenerateRequest(model="nobody/none", messages=ask().messages),
        pb.GenerateRequest(),
        ask("say", temperature=9),
        ask("say", idempotency_key="a"),
        ask("x" * 300),
    ],
    ids=lambda request: request.model[:20] or "empty",
)  # fmt: skip
async def test_an_items_status_is_that_of_a_call_of_its_own(
    gateway: StartGateway, request_: pb.GenerateRequest
) -> None:
    running = await gateway(providers=SCRIPTED, retry={"attempts": 2, "base_delay": 0.001})
    if request_.model == "scripted/gpt-9":
        request_.model = "gpt-9"
    alone = status(await failure(running.stub.Generate(request_)))
    batch = [item("a"), pb.BatchItem(id="b", generate=request_), item("c")]
    found = {result.id: result for result in await results(running, batch)}
    assert found["a"].response.content == found["c"].response.content == "answer"
    assert _comparable(found["b"].status) == _comparable(alone)
    assert SECRET not in str(found["b"])
    assert found["b"].status.ByteSize() <= MAX_BYTES


async def test_every_item_has_its_own_request_id(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, retry={"attempts": 1})
    batch = [item("a"), item("b", "down"), item("c")]
    found = {
        result.id: result
        for result in await results(running, batch, metadata=(("x-request-id", "r-1"),))
    }
    assert found["a"].response.request_id == "r-1/1"
    assert detail(found["b"].status, pb.ErrorDetails).request_id == "r-1/2"
    assert found["c"].response.request_id == "r-1/3"
    assert len(found["c"].response.attempts) == 1


@pytest.mark.parametrize(
    ("bad", "name", "field", "told"),
    [
        (item("a"), "a", "id", "item 2: id must be unique in its batch"),
        (item(""), "", "id", "item 2: id must not be empty"),
        (item("x" * 300), "x" * 256, "id", "item 2: id exceeds the limit of 256 characters"),
        (pb.BatchItem(id="b"), "b", "request", "item 2: request must be set"),
    ],
    ids=["twice", "empty", "long", "no request"],
)
async def test_a_bad_item_is_told_by_its_place(
    gateway: StartGateway, bad: pb.BatchItem, name: str, field: str, told: str
) -> None:
    running = await gateway(providers=SCRIPTED)
    found = await results(running, [item("a"), bad, item("c")])
    assert {result.id for result in found if result.HasField("response")} == {"a", "c"}
    (refused,) = [result for result in found if result.HasField("status")]
    assert (refused.id, refused.status.code, refused.status.message) == (name, INVALID, told)
    violations = detail(refused.status, error_details_pb2.BadRequest).field_violations
    assert [violation.field for violation in violations] == [field]
    assert detail(refused.status, pb.ErrorDetails).request_id.endswith("/2")


async def test_an_item_that_is_no_message_spoils_itself_alone(gateway: StartGateway) -> None:
    channel: Any = (await gateway(providers=SCRIPTED)).channel()
    messages = [item("a").SerializeToString(), b"\xff\xff\xff", item("c").SerializeToString()]
    call = channel.stream_stream("/llmrpc.v1.LLMService/BatchGenerate")(iter(messages))
    found = [pb.BatchResult.FromString(data) async for data in call]
    assert {result.id for result in found if result.HasField("response")} == {"a", "c"}
    (refused,) = [result for result in found if result.HasField("status")]
    assert (refused.id, refused.status.code) == ("", INVALID)
    assert "no valid llmrpc.v1.BatchItem" in refused.status.message


async def test_a_key_that_a_provider_repeats_is_masked_in_an_item(gateway: StartGateway) -> None:
    key = "sk-canary-provider-key"
    running = await gateway(
        providers={"scripted": SCRIPTED["scripted"] | {"api_keys": [key]}}, retry={"attempts": 1}
    )
    (found,) = await results(running, [item("a", f"echo-{key}")])
    assert found.status.message == "bad key [redacted]"
    info = detail(found.status, error_details_pb2.ErrorInfo)
    assert info.metadata["provider_code"] == "[redacted]"
    (attempt,) = detail(found.status, pb.ErrorDetails).attempts
    assert attempt.message == "bad key [redacted]"


async def test_every_item_has_a_line_with_what_it_cost(gateway: StartGateway, lines: Lines) -> None:
    running = await gateway(providers=SCRIPTED, retry={"attempts": 1})
    metadata = (("x-request-id", "r-1"),)
    await results(running, [item("a"), item("b", "broken"), item("")], metadata=metadata)
    await until(lambda: lines("call"))
    good, broken, bad = sorted(lines("item"), key=lambda line: str(line["request_id"]))
    assert (good["request_id"], good["status"], good["cost_usd"]) == ("r-1/1", "OK", 0.005)
    assert (good["provider"], good["requested_model"]) == ("scripted", "scripted/say")
    assert (broken["reason"], broken["cost_usd"]) == ("STREAM_INTERRUPTED", 0.001)
    assert (bad["request_id"], bad["reason"]) == ("r-1/3", "INVALID_REQUEST")
    (whole,) = lines("call")
    assert (whole["request_id"], whole["items"], whole["failed"]) == ("r-1", 3, 2)
    assert "cost_usd" not in whole


async def test_a_cancelled_batch_tells_of_the_items_that_ran(
    gateway: StartGateway, lines: Lines
) -> None:
    running = await gateway(providers=SCRIPTED)
    call = running.stub.BatchGenerate(iter([item("a", "hang"), item("b", "hang")]))
    await until(lambda: scripted(running).running == 2)
    call.cancel()
    await until(lambda: lines("call"))
    assert [line["status"] for line in lines("item")] == ["CANCELLED"] * 2
    assert scripted(running).running == 0


async def test_a_batch_that_is_nearly_done_ends_well_while_the_server_stops(
    gateway: StartGateway,
) -> None:
    running = await gateway(providers=SCRIPTED, listen={"grace": 20.0})
    watched = watch(health(running), "")
    assert (await watched.read()).status == UP
    call: Any = running.stub.BatchGenerate()
    await call.write(item("a"))
    assert (await call.read()).id == "a"
    stopping = asyncio.ensure_future(running.app.lifecycle.stop())
    assert (await watched.read()).status == DOWN
    await call.write(item("b"))
    await call.done_writing()
    assert (await call.read()).response.content == "answer"
    assert await call.read() is grpc.aio.EOF
    assert await call.code() is grpc.StatusCode.OK
    await asyncio.wait_for(stopping, 10)


async def test_a_batch_without_end_is_told_that_the_server_stops(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, listen={"grace": 0.6}, batch={"concurrency": 2})
    call: Any = running.stub.BatchGenerate()
    await call.write(item("a"))
    assert (await call.read()).id == "a"
    await call.write(item("b", "hang"))
    await until(lambda: scripted(running).running)
    stopping = asyncio.ensure_future(running.app.lifecycle.stop())
    error = await failure(call.read())
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert detail(error, error_details_pb2.ErrorInfo).reason == "GATEWAY_OVERLOADED"
    assert "shutting down" in str(error.details())
    assert scripted(running).running == 0
    await asyncio.wait_for(stopping, 10)


async def test_a_batch_without_items_is_let_go_before_the_grace_is_over(
    gateway: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "NOTHING_NEW", 0.01)
    running = await gateway(providers=SCRIPTED, listen={"grace": 20.0})
    call: Any = running.stub.BatchGenerate()
    await call.write(item("a"))
    assert (await call.read()).id == "a"
    stopping = asyncio.ensure_future(running.app.lifecycle.stop())
    error = await asyncio.wait_for(failure(call.read()), 10)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    await asyncio.wait_for(stopping, 10)


async def test_what_runs_is_answered_when_nothing_new_is_taken(
    gateway: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "NOTHING_NEW", 0.01)
    running = await gateway(providers=SCRIPTED, timeout=1.0, listen={"grace": 20.0})
    call: Any = running.stub.BatchGenerate()
    await call.write(item("a", "hang"))
    await until(lambda: scripted(running).running)
    stopping = asyncio.ensure_future(running.app.lifecycle.stop())
    late = await call.read()
    assert (late.id, late.status.code) == ("a", grpc.StatusCode.DEADLINE_EXCEEDED.value[0])
    assert (await failure(call.read())).code() is grpc.StatusCode.UNAVAILABLE
    await asyncio.wait_for(stopping, 10)
