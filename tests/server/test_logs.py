"""Log lines: one a call, JSON for machines, aligned text for people."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from llmrpc.secret import Secret
from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from llmrpc_server.logs import LogSettings, start_logging
from llmrpc_server.redaction import Redactor
from tests.conftest import StartProcess
from tests.running import GatewayProcess, as_async, until
from tests.server.scripted import SCRIPTED, SECRET
from tests.server.wire import ask, everything, failure

FAST = {"attempts": 2, "base_delay": 0.001}


def lines(process: GatewayProcess) -> list[dict[str, Any]]:
    whole, _, _unfinished = process.stderr.rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def calls(process: GatewayProcess) -> list[dict[str, Any]]:
    return [line for line in lines(process) if line["logger"] == "llmrpc.access"]


async def test_a_call_is_one_line_of_json(gateway_process: StartProcess) -> None:
    process = await gateway_process(providers=SCRIPTED, retry=FAST)
    async with grpc.aio.insecure_channel(await process.address()) as channel:
        stub = as_async(LLMServiceStub(channel))
        await stub.Generate(ask("say"), metadata=(("x-request-id", "r-1"),))
        await everything(stub.StreamText(ask("say"), metadata=(("x-request-id", "r-2"),)))
        await failure(stub.Generate(ask("down"), metadata=(("x-request-id", "r-3"),)))
        await failure(stub.Generate(ask(temperature=9), metadata=(("x-request-id", "r-4"),)))
        hanging = stub.StreamText(ask("hang-midway"), metadata=(("x-request-id", "r-5"),))
        await anext(aiter(hanging))
        hanging.cancel()
        await until(lambda: len(calls(process)) == 5)
    assert await process.terminate() == 0
    by_id = {line.pop("request_id"): line for line in calls(process)}
    assert list(by_id) == ["r-1", "r-2", "r-3", "r-4", "r-5"]
    whole = by_id["r-1"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", whole.pop("time"))
    assert 0 < whole.pop("seconds") < 10
    assert whole == {
        "level": "info",
        "logger": "llmrpc.access",
        "message": "call",
        "method": "llmrpc.v1.LLMService/Generate",
        "status": "OK",
        "requested_model": "scripted/say",
        "provider": "scripted",
        "model": "say",
        "attempts": 1,
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "cost_usd": 0.005,
    }
    stream = by_id["r-2"]
    assert (stream["method"], stream["cost_usd"]) == ("llmrpc.v1.LLMService/StreamText", 0.005)
    down = by_id["r-3"]
    assert (down["status"], down["reason"]) == ("UNAVAILABLE", "PROVIDER_UNAVAILABLE")
    assert (down["provider"], down["attempts"]) == ("scripted", 2)
    refused = by_id["r-4"]
    assert (refused["status"], refused["reason"]) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert "provider" not in refused
    assert (by_id["r-5"]["status"], by_id["r-5"]["model"]) == ("CANCELLED", "hang-midway")


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_probes_are_logged_at_debug(gateway_process: StartProcess, level: str) -> None:
    process = await gateway_process("--log-level", level)
    async with grpc.aio.insecure_channel(await process.address()) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        await health.Check(health_pb2.HealthCheckRequest())
        await as_async(LLMServiceStub(channel)).Generate(ask())
    assert await process.terminate() == 0
    methods = [line["method"] for line in calls(process)]
    probes = ["grpc.health.v1.Health/Check"] if level == "debug" else []
    assert methods == [*probes, "llmrpc.v1.LLMService/Generate"]


async def test_a_fault_of_ours_is_logged_with_its_request(gateway_process: StartProcess) -> None:
    process = await gateway_process(providers=SCRIPTED)
    async with grpc.aio.insecure_channel(await process.address()) as channel:
        stub = as_async(LLMServiceStub(channel))
        await failure(stub.Generate(ask("boom"), metadata=(("x-request-id", "r-1"),)))
        await failure(stub.Generate(ask("stray"), metadata=(("x-request-id", "r-2"),)))
    assert await process.terminate() == 0
    faults = [line for line in lines(process) if line["level"] == "error"]
    assert [line["message"].split(":")[0] for line in faults] == ["request r-1", "request r-2"]
    assert all("scripted.py" in line["exception"] for line in faults)
    assert faults[0]["exception"].endswith("builtins.ValueError")
    assert SECRET not in process.stderr, "an exception's text may hold a prompt"


async def test_text_for_people(gateway_process: StartProcess) -> None:
    process = await gateway_process("--log-format", "text")
    async with grpc.aio.insecure_channel(await process.address()) as channel:
        await as_async(LLMServiceStub(channel)).Generate(ask())
    assert await process.terminate() == 0
    (line,) = [line for line in process.stderr.splitlines() if " call " in line]
    assert re.match(r"\S+Z INFO +call method=llmrpc\.v1\.LLMService/Generate status=OK ", line)


@pytest.fixture
def _own_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keeps what `start_logging` does to the whole process inside one test."""
    root, calls = logging.getLogger(), logging.getLogger("grpc")
    before, levels = root.handlers[:], (root.level, calls.level)
    for name in ("_srcfile", "logThreads", "logProcesses", "logMultiprocessing"):
        monkeypatch.setattr(logging, name, getattr(logging, name))
    root.handlers.clear()
    yield
    root.handlers[:] = before
    root.setLevel(levels[0])
    calls.setLevel(levels[1])


@pytest.mark.usefixtures("_own_logging")
@pytest.mark.parametrize("style", ["json", "text"])
def test_no_text_makes_a_second_line(style: Any, capsys: pytest.CaptureFixture[str]) -> None:
    start_logging(LogSettings(format=style), Redactor([Secret("sk-canary")]))
    forged = "a\nb\rc\x1b[31m\u2028\x85 sk-canary"
    logging.getLogger("test").info(forged, extra={"fields": {"model": forged}})
    written = capsys.readouterr().err
    assert not {"\n", "\r", "\x1b"} & set(written.removesuffix("\n"))
    assert "sk-canary" not in written
    assert "[redacted]" in written


@pytest.mark.usefixtures("_own_logging")
async def test_lines_come_in_their_order_and_warnings_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    start_logging(LogSettings(format="json"), Redactor([]))
    logger = logging.getLogger("test")
    written: list[str] = []

    def messages() -> list[str]:
        written.append(capsys.readouterr().err)
        whole = "".join(written).rpartition("\n")[0]
        return [json.loads(line)["message"] for line in whole.split("\n") if line]

    logger.info("first")
    logger.warning("second")
    await until(lambda: messages() == ["first", "second"])
    logger.info("third")
    await until(lambda: messages() == ["first", "second", "third"])


async def test_a_stop_in_the_middle_of_calls_is_no_fault(gateway_process: StartProcess) -> None:
    process = await gateway_process(providers=SCRIPTED, listen={"grace": 0.1})
    async with grpc.aio.insecure_channel(await process.address()) as channel:
        stub = as_async(LLMServiceStub(channel))
        call = stub.StreamText(ask("hang-midway"))
        await anext(aiter(call))
        rest = asyncio.ensure_future(failure(everything(call)))
        assert await process.terminate() == 0
        assert (await rest).code() is grpc.StatusCode.UNAVAILABLE
    assert [line for line in lines(process) if line["level"] in ("warning", "error")] == []
