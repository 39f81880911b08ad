"""A gateway stops without losing a call: NOT_SERVING, a pause, the grace, the end."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time

import grpc
import pytest

from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from tests.conftest import StartGateway, StartProcess
from tests.running import as_async, until
from tests.server.scripted import SCRIPTED
from tests.server.test_health import DOWN, UP, check, health, watch
from tests.server.wire import ask, everything, failure, scripted


async def test_watchers_hear_before_the_port_closes(gateway: StartGateway) -> None:
    running = await gateway(listen={"drain_pause": 20.0})
    stub = health(running)
    watched = watch(stub, "")
    assert (await watched.read()).status == UP
    stopping = asyncio.ensure_future(running.app.lifecycle.stop())
    assert (await watched.read()).status == DOWN
    assert await check(stub, "llmrpc.v1.LLMService") == DOWN
    fresh = running.stub
    assert (await fresh.Generate(ask())).content == "Hello there"
    running.app.lifecycle.request_stop()
    running.app.lifecycle.request_stop()
    await asyncio.wait_for(stopping, 10)
    assert (await failure(fresh.Generate(ask()))).code() is grpc.StatusCode.UNAVAILABLE


async def test_a_running_stream_finishes_within_the_grace(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, listen={"grace": 20.0})
    call = running.stub.StreamText(ask("tick-10"))
    reading = asyncio.ensure_future(everything(call))
    await until(lambda: scripted(running).running)
    stopping = asyncio.ensure_future(running.app.lifecycle.stop())
    assert (await reading)[-1].HasField("completed")
    await asyncio.wait_for(stopping, 10)


async def test_the_grace_ends(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, listen={"grace": 0.1})
    reading = asyncio.ensure_future(everything(running.stub.StreamText(ask("hang-midway"))))
    await until(lambda: scripted(running).running)
    await asyncio.wait_for(running.app.lifecycle.stop(), 10)
    await until(lambda: not scripted(running).running)
    with pytest.raises((grpc.aio.AioRpcError, asyncio.CancelledError)):
        await reading


async def test_a_second_signal_cuts_it_short(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, listen={"grace": 60.0})
    reading = asyncio.ensure_future(everything(running.stub.StreamText(ask("hang-midway"))))
    await until(lambda: scripted(running).running)
    lifecycle = running.app.lifecycle
    lifecycle.request_stop()
    stopping = asyncio.ensure_future(lifecycle.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    lifecycle.request_stop()
    await asyncio.wait_for(stopping, 10)
    await until(lambda: not scripted(running).running)
    await asyncio.wait({reading})
    assert reading.cancelled() or reading.exception()


async def test_a_watch_does_not_hold_up_the_stop(gateway: StartGateway) -> None:
    running = await gateway(listen={"grace": 60.0})
    watched = watch(health(running), "")
    assert (await watched.read()).status == UP
    await asyncio.wait_for(running.app.lifecycle.stop(), 10)
    assert (await watched.read()).status == DOWN
    assert await watched.read() is grpc.aio.EOF


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_process_well(
    gateway_process: StartProcess, number: signal.Signals
) -> None:
    process = await gateway_process(providers=SCRIPTED, listen={"grace": 20.0})
    async with grpc.aio.insecure_channel(await process.address()) as channel:
        call = as_async(LLMServiceStub(channel)).StreamText(ask("tick-15"))
        events = aiter(call)
        await anext(events)
        process.process.send_signal(number)
        rest = [event async for event in events]
        assert rest[-1].HasField("completed")
        assert await process.ended() == 0
    assert "Traceback" not in process.stderr
    assert "stopped" in process.stderr


SIGNALLED_AT_ITS_START = """
import os, signal
from llmrpc_server.__main__ import main
from llmrpc_server.app import App

start = App.start

async def signalled(app):
    os.kill(os.getpid(), signal.SIGTERM)
    return await start(app)

App.start = signalled
raise SystemExit(main(["--address", "127.0.0.1:0"]))
"""


def test_a_signal_at_the_start_ends_the_process_well() -> None:
    program = [sys.executable, "-c", SIGNALLED_AT_ITS_START]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "stopped" in done.stderr


async def test_a_second_signal_ends_the_process_at_once(gateway_process: StartProcess) -> None:
    process = await gateway_process(providers=SCRIPTED, listen={"grace": 60.0})
    async with grpc.aio.insecure_channel(await process.address()) as channel:
        events = aiter(as_async(LLMServiceStub(channel)).StreamText(ask("hang-midway")))
        await anext(events)
        started = time.monotonic()
        process.process.send_signal(signal.SIGTERM)
        await until(lambda: "stopping" in process.stderr)
        assert await process.terminate() == 0
        assert time.monotonic() - started < 20
        await failure(anext(events))
    assert "Traceback" not in process.stderr
