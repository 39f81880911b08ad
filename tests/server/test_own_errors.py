"""What an own client raises ends its own call, with a status that says whose fault it was."""

from __future__ import annotations

import errno
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

import grpc
import pytest

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call
from llmrpc.stream import EventStream
from llmrpc.types import LLMResponse
from tests.conftest import StartGateway
from tests.server.wire import ask, detail, everything, failure, reason, status

SECRET = "sk-a-text-that-stays-inside"


class _LibraryError(Exception):
    """As HTTP libraries raise it: no OSError itself, but caused by one."""


def caused(cause: Exception, error: Exception | None = None) -> Exception:
    error = error or _LibraryError(SECRET)
    error.__cause__ = cause
    return error


DOWN, SILENT, OURS = "PROVIDER_UNAVAILABLE", "PROVIDER_STALLED", "INTERNAL"
RAISED: dict[str, tuple[BaseException, str]] = {
    "refused": (ConnectionRefusedError(errno.ECONNREFUSED, SECRET), DOWN),
    "reset": (ConnectionResetError(SECRET), DOWN),
    "system": (OSError(SECRET), DOWN),
    "unreached": (TimeoutError(errno.ETIMEDOUT, SECRET), DOWN),
    "wrapped": (caused(caused(ConnectionResetError(SECRET))), DOWN),
    "grouped": (ExceptionGroup(SECRET, [ConnectionResetError(SECRET)]), DOWN),
    "timeout": (TimeoutError(SECRET), SILENT),
    "wrapped-timeout": (caused(TimeoutError(SECRET)), SILENT),
    "value": (ValueError(SECRET), OURS),
    "type": (TypeError(SECRET), OURS),
    "key": (KeyError(SECRET), OURS),
    "runtime": (RuntimeError(SECRET), OURS),
    "value-by-a-file": (caused(FileNotFoundError(SECRET), ValueError(SECRET)), OURS),
    "exit": (SystemExit(SECRET), OURS),
    "interrupt": (KeyboardInterrupt(SECRET), OURS),
    "generator": (GeneratorExit(SECRET), OURS),
    "base-group": (BaseExceptionGroup(SECRET, [SystemExit(1), ValueError(SECRET)]), OURS),
}
"""What a client raises, by the model that it is asked for, and the reason of the status."""
CODES = {
    DOWN: grpc.StatusCode.UNAVAILABLE,
    SILENT: grpc.StatusCode.DEADLINE_EXCEEDED,
    OURS: grpc.StatusCode.INTERNAL,
}


class Plain(BaseLLMClient):
    """Raises by the model's name; with `later-` before it after the first delta."""

    def __init__(self) -> None:
        super().__init__("plain")

    async def generate_text(self, *args: Any, **kwargs: Any) -> LLMResponse:
        raise RAISED[kwargs["model"]][0]

    async def stream_text(self, *args: Any, **kwargs: Any) -> AsyncGenerator[str, None]:
        if kwargs["model"].startswith("later-"):
            yield "one"
        raise RAISED[kwargs["model"].removeprefix("later-")][0]


class Sudden(Plain):
    """Raises before there is anything to await."""

    def generate_text(self, *args: Any, **kwargs: Any) -> Any:
        raise RAISED[kwargs["model"]][0]

    def stream_text(self, *args: Any, **kwargs: Any) -> Any:
        raise RAISED[kwargs["model"]][0]


class Typed(BaseLLMClient):
    """The same in the contract's types."""

    def __init__(self) -> None:
        super().__init__("typed")

    async def generate(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.LLMResponse:
        raise RAISED[_model(call)][0]

    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        model = _model(call)
        if not model.startswith("later-"):
            raise RAISED[model][0]
        return _Once(RAISED[model.removeprefix("later-")][0])

    async def count_tokens(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> pb.CountTokensResponse:
        raise RAISED[_model(call)][0]

    async def list_models(self) -> list[pb.Model]:
        raise SystemExit(SECRET)


class _Once(EventStream):
    def __init__(self, error: BaseException) -> None:
        self._error: BaseException = error
        self._begun = False

    async def __anext__(self) -> pb.StreamEvent:
        if self._begun:
            raise self._error
        self._begun = True
        return pb.StreamEvent(sequence=1, deltas=[pb.Delta(text="one")])

    async def aclose(self) -> None:
        """Has nothing to let go of."""


def _model(call: Call | None) -> str:
    assert call is not None
    assert call.target is not None
    return call.target.model


OWN = {
    name: {"client": f"{__name__}:{name.title()}", "models": ["a"]}
    for name in ("plain", "sudden", "typed")
}


@pytest.mark.parametrize("name", RAISED)
@pytest.mark.parametrize("provider", OWN)
async def test_the_reason_says_whose_fault_it_was(
    gateway: StartGateway, provider: str, name: str
) -> None:
    running = await gateway(providers={provider: OWN[provider]}, retry={"attempts": 1})
    _, expected = RAISED[name]
    request, stub = ask(f"{provider}/{name}"), running.stub
    calls: list[Callable[[], Any]] = [
        lambda: stub.Generate(request, timeout=30),
        lambda: everything(stub.StreamText(request, timeout=30)),
    ]
    if provider == "typed":
        counted = pb.CountTokensRequest(request=request)
        calls.append(lambda: stub.CountTokens(counted, timeout=30))
    for call in calls:
        error = await failure(call())
        assert (error.code(), reason(error)) == (CODES[expected], expected)
        assert SECRET not in str(error) + str(status(error))
    assert (await stub.Generate(ask("echo/echo"))).content == "Hello there"


@pytest.mark.parametrize("name", RAISED)
@pytest.mark.parametrize("provider", ["plain", "typed"])
async def test_after_the_first_delta_it_interrupts_the_stream(
    gateway: StartGateway, provider: str, name: str
) -> None:
    stub = (await gateway(providers={provider: OWN[provider]}, retry={"attempts": 1})).stub
    call = stub.StreamText(ask(f"{provider}/later-{name}"), timeout=30)
    error = await failure(everything(call))
    _, expected = RAISED[name]
    if expected == DOWN or (provider == "plain" and isinstance(RAISED[name][0], Exception)):
        expected = "STREAM_INTERRUPTED" if expected != SILENT else SILENT
    assert reason(error) == expected
    assert SECRET not in str(error) + str(status(error))
    if provider == "plain":
        assert detail(error, pb.ErrorDetails).usage.output_tokens == 1
    assert (await stub.Generate(ask("echo/echo"))).content == "Hello there"


async def test_an_item_of_a_batch_spoils_itself_alone(gateway: StartGateway) -> None:
    stub = (await gateway(providers=OWN, retry={"attempts": 1})).stub
    models = ["plain/exit", "plain/generator", "typed/interrupt", "typed/refused", "echo/echo"]
    items = [pb.BatchItem(id=model, generate=ask(model)) for model in models]
    results = [each async for each in stub.BatchGenerate(iter(items), timeout=30)]
    codes = {each.id: each.status.code for each in results}
    ours, down = CODES[OURS].value[0], CODES[DOWN].value[0]
    assert codes == dict(zip(models, [ours, ours, ours, down, 0], strict=True))


async def test_a_connection_that_failed_is_tried_again(gateway: StartGateway) -> None:
    retry = {"attempts": 3, "base_delay": 0.001}
    stub = (await gateway(providers=OWN, retry=retry)).stub
    for model, tries in (("plain/refused", 3), ("plain/timeout", 1), ("plain/value", 1)):
        error = await failure(stub.Generate(ask(model)))
        attempts = detail(error, pb.ErrorDetails).attempts
        found = [pb.ErrorReason.Name(each.reason) for each in attempts]
        assert found == [f"ERROR_REASON_{reason(error)}"] * tries


async def test_a_list_of_models_that_raises_leaves_the_server_up(gateway: StartGateway) -> None:
    running = await gateway(providers={"typed": OWN["typed"]}, models={"discovery": True})
    listed = (await running.stub.ListModels(pb.ListModelsRequest(), timeout=30)).models
    assert "typed/a" in [model.name for model in listed]
    assert (await running.stub.Generate(ask("echo/echo"))).content == "Hello there"


async def test_what_would_end_the_server_is_logged(
    gateway: StartGateway, caplog: pytest.LogCaptureFixture
) -> None:
    stub = (await gateway(providers=OWN)).stub
    await failure(stub.Generate(ask("plain/exit")))
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "plain raised SystemExit"


class Returned(Plain):
    """Methods of other shapes, which no class shows."""

    def generate_text(self, *args: Any, **kwargs: Any) -> Any:
        return LLMResponse(content="a", model="a")

    def stream_text(self, *args: Any, **kwargs: Any) -> Any:
        made = {"coroutine": _coroutine, "list": lambda: ["a"], "iterator": _Chunks}
        return made[kwargs["model"]]()


async def _coroutine() -> str:
    return "a"


class _Chunks:
    """Chunks of a class that is no generator."""

    def __init__(self) -> None:
        self._left = ["two", "one"]

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> str:
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop()


@pytest.mark.parametrize("shape", ["coroutine", "list", "iterator"])
async def test_a_stream_of_another_shape(gateway: StartGateway, shape: str) -> None:
    returned = {"returned": {"client": f"{__name__}:Returned", "models": ["a"]}}
    stub = (await gateway(providers=returned)).stub
    call = everything(stub.StreamText(ask(f"returned/{shape}"), timeout=30))
    if shape == "iterator":
        assert "".join(delta.text for event in await call for delta in event.deltas) == "onetwo"
        return
    error = await failure(call)
    assert reason(error) == "INTERNAL"
    assert "stream_text: it must be an async generator; write it with" in str(error.details())
    error = await failure(stub.Generate(ask("returned/a")))
    assert "generate_text: it must be a coroutine; write it with" in str(error.details())
