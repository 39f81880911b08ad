"""A provider that a user wrote, named in the configuration by its import path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2

from llmrpc import v1 as pb
from llmrpc.accumulate import accumulate
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call
from llmrpc.types import LLMResponse
from llmrpc_server.app import App
from tests.conftest import StartGateway
from tests.running import configured
from tests.server.wire import ask, detail, everything, failure

CLOSED: list[str] = []


class Shouting(BaseLLMClient):
    """What the documentation shows: fifteen lines, text alone."""

    def __init__(self) -> None:
        super().__init__("shouting")

    async def generate_text(
        self,
        messages: Any,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        **kwargs: Any,
    ) -> LLMResponse:
        return LLMResponse(content=messages[-1].content.upper(), model=model or "shouting-1")

    async def stream_text(
        self,
        messages: Any,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[str, None]:
        for word in messages[-1].content.upper().split():
            yield f"{word} "

    async def close(self) -> None:
        CLOSED.append(self.provider_name)


class Demanding(Shouting):
    def __init__(self, name: str) -> None:
        super().__init__()


class Stuck(Shouting):
    async def close(self) -> None:
        raise RuntimeError("stuck")


class Exiting(Shouting):
    async def close(self) -> None:
        raise SystemExit("stuck")


class Leaving(Shouting):
    def __init__(self) -> None:
        raise SystemExit(3)


class Failing(Shouting):
    def __init__(self) -> None:
        raise RuntimeError("no licence")


MINE = {"mine": {"client": f"{__name__}:Shouting", "models": ["loud"], "default_model": "quiet"}}


async def test_no_model_may_mean_an_alias(gateway: StartGateway) -> None:
    running = await gateway(
        providers=MINE, default_model="ours", aliases={"ours": "loud", "loud": "echo"}
    )
    response = await running.stub.Generate(ask())
    assert (response.provider, response.model) == ("mine", "loud")


@pytest.mark.parametrize(("model", "upstream"), [("mine/a", "a"), ("loud", "loud"), ("", "quiet")])
async def test_it_answers_through_the_gateway(
    gateway: StartGateway, model: str, upstream: str
) -> None:
    CLOSED.clear()
    running = await gateway(providers=MINE)
    request = ask(text="hello there")
    request.model = model
    whole = await running.stub.Generate(request)
    assert (whole.content, whole.provider, whole.model) == ("HELLO THERE", "mine", upstream)
    events = await everything(running.stub.StreamText(request))
    assert [delta.text for event in events for delta in event.deltas] == ["HELLO ", "THERE "]
    assert (events[0].started.provider, events[0].started.model) == ("mine", upstream)

    async def replay() -> Any:
        for event in events:
            yield event

    assert (await accumulate(replay())).content == "HELLO THERE "
    await running.app.close()
    assert CLOSED == ["mine"]


@pytest.mark.parametrize(("name", "why"), [("Stuck", "stuck"), ("Exiting", "raised SystemExit")])
async def test_one_that_fails_to_close_leaves_nothing_open(
    tmp_path: Path, name: str, why: str
) -> None:
    CLOSED.clear()
    stuck = {"stuck": {"client": f"{__name__}:{name}"}}
    app = App(configured(tmp_path, {"providers": stuck | MINE}, {}))
    session = app._upstream.open()
    with pytest.raises(RuntimeError, match=why):
        await app.close()
    assert CLOSED == ["mine"]
    assert session.closed


async def test_what_it_cannot_see_is_refused_by_name(gateway: StartGateway) -> None:
    running = await gateway(providers=MINE)
    part = pb.Part(image=pb.Image(uri="https://a/b.png"))
    request = pb.GenerateRequest(messages=[pb.LLMMessage(role=pb.ROLE_USER, parts=[part])])
    error = await failure(running.stub.Generate(request))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    info = detail(error, error_details_pb2.ErrorInfo)
    assert info.reason == "FIELD_NOT_SUPPORTED"
    assert info.metadata["field"] == "messages[0].parts[0].image"


async def test_a_provider_of_the_registry_under_another_name(gateway: StartGateway) -> None:
    running = await gateway(
        providers={"mine": {"dialect": "openai", "base_url": "http://127.0.0.1:1/v1"}},
        retry={"attempts": 1},
    )
    error = await failure(running.stub.Generate(ask("mine/some-model")))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "mine at 127.0.0.1" in str(error.details())


@pytest.mark.parametrize("model", ["nobody/x", "gpt-99", "openai/gpt-4o"])
async def test_an_unknown_model_says_what_to_do(gateway: StartGateway, model: str) -> None:
    running = await gateway(providers=MINE)
    request = ask()
    request.model = model
    error = await failure(running.stub.Generate(request))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    hint = "set OPENAI_API_KEY" if model.startswith("openai/") else "say provider/model"
    assert hint in str(error.details())


class Telling(Shouting):
    """Says what it was asked with, and hangs when it streams."""

    async def generate_text(
        self,
        messages: Any,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        **kwargs: Any,
    ) -> LLMResponse:
        return LLMResponse(content=f"{temperature} {max_tokens}", model=model or "")

    async def stream_text(
        self,
        messages: Any,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[str, None]:
        await asyncio.Event().wait()
        yield ""


async def test_the_gateways_defaults_and_its_stall_timer_hold_for_it(gateway: StartGateway) -> None:
    mine = {"mine": {"client": f"{__name__}:Telling"}}
    running = await gateway(providers=mine, temperature=0.25, max_tokens=7, timeout=1.0)
    assert (await running.stub.Generate(ask())).content == "0.25 7"
    error = await failure(everything(running.stub.StreamText(ask())))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert detail(error, error_details_pb2.ErrorInfo).reason == "PROVIDER_STALLED"


async def test_the_gateways_bound_holds_for_echo(gateway: StartGateway) -> None:
    running = await gateway(max_tokens=1)
    assert (await running.stub.Generate(ask(text="a b c"))).content == "a"


async def test_an_attempt_tells_what_it_used(gateway: StartGateway) -> None:
    running = await gateway(providers=MINE)
    for model in ("mine/a", "echo"):
        request = ask(text="hello there")
        request.model = model
        (attempt,) = (await running.stub.Generate(request)).attempts
        assert attempt.usage.output_tokens > 0
        assert attempt.HasField("cost")


async def test_a_stream_left_early_is_on_the_trail_as_estimated() -> None:
    call = Call()
    events = await Shouting().open_stream(ask(text="one two three"), call)
    await anext(events)
    await events.aclose()
    (attempt,) = call.trail
    assert attempt.outcome == pb.Attempt.OUTCOME_FAILED
    assert attempt.usage.estimated
    assert attempt.usage.output_tokens == 1
