"""Prompts and keys leave by no log line, span, status or metadata."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import grpc

from llmrpc import v1 as pb
from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from tests.conftest import StartProcess
from tests.running import GatewayProcess, as_async, until
from tests.server.collector import collecting
from tests.server.scripted import SCRIPTED
from tests.server.wire import ask, everything

PROMPT = "canary prompt nobody may read"
PROVIDER_KEY = "sk-canary-of-the-provider"
CALLER_KEY = "llmrpc_canary-of-the-caller"
WRONG_KEY = "llmrpc_canary-of-a-stranger"
TOOL = "canary_tool_arguments"
CANARIES = (PROMPT, PROVIDER_KEY, CALLER_KEY, WRONG_KEY, TOOL, "canary")


async def test_no_canary_gets_out(gateway_process: StartProcess) -> None:
    async with collecting() as collector:
        process = await gateway_process(
            *("--log-level", "debug"),
            providers={
                "scripted": SCRIPTED["scripted"] | {"api_keys": [PROVIDER_KEY]},
                "mine": {
                    "dialect": "openai",
                    "base_url": "http://127.0.0.1:1/v1",
                    "api_keys": [PROVIDER_KEY],
                },
            },
            retry={"attempts": 2, "base_delay": 0.001},
            auth=[{"name": "tutor", "key": "${CALLER_KEY}"}],
            environment=collector.environment | {"CALLER_KEY": CALLER_KEY},
        )
        said = await _all_outcomes(process)
        assert await process.terminate() == 0
        spans = [str(span) for span in collector.spans]
    assert len(spans) > 15
    assert len(process.stderr.splitlines()) > 15
    for canary in CANARIES:
        for place in (process.stdout, process.stderr, *spans, *said):
            assert canary not in place, place


async def _all_outcomes(process: GatewayProcess) -> list[str]:
    """Makes calls that end in every way; statuses and metadata as text."""
    said: list[str] = []

    async def record(call: Any, outcome: Awaitable[Any]) -> None:
        try:
            await outcome
        except grpc.aio.AioRpcError as error:
            said.append(repr(error))
        said.extend(map(repr, (await call.initial_metadata(), await call.trailing_metadata())))

    async with grpc.aio.insecure_channel(await process.address()) as channel:
        stub = as_async(LLMServiceStub(channel))
        metadata = (("authorization", f"Bearer {CALLER_KEY}"),)
        call_part = pb.Part(tool_call=pb.ToolCall(id="1", name="a", arguments=TOOL))
        turn = pb.LLMMessage(role=pb.ROLE_ASSISTANT, parts=[call_part])
        wrong = ask("say", PROMPT, temperature=9)
        wrong.messages.append(pb.LLMMessage(role=pb.ROLE_USER, content=PROMPT))
        for model in ("say", "boom", "down", "stray", "mine/gpt-4o"):
            request = ask(
                model, PROMPT, tools=[pb.Tool(function=pb.FunctionTool(name="a", description=TOOL))]
            )
            request.messages.append(turn)
            request.messages.append(pb.LLMMessage(role=pb.ROLE_USER, content=PROMPT))
            for stranger in (False, True):
                sent = (("authorization", f"Bearer {WRONG_KEY}"),) if stranger else metadata
                whole = stub.Generate(request, metadata=sent)
                await record(whole, whole)
                stream = stub.StreamText(request, metadata=sent)
                await record(stream, everything(stream))
                items = [pb.BatchItem(id=TOOL, generate=request), pb.BatchItem(id=TOOL)]
                batch = stub.BatchGenerate(iter(items), metadata=sent)
                await record(batch, _statuses(batch, said))
                count = stub.CountTokens(pb.CountTokensRequest(request=request), metadata=sent)
                await record(count, count)
        for refused in (wrong, ask("say", PROMPT, labels={"a": PROMPT})):
            whole = stub.Generate(refused, metadata=metadata)
            await record(whole, whole)
        for model in ("hang", "hang-midway"):
            before = process.stderr.count("CANCELLED")
            stream = stub.StreamText(ask(model, PROMPT), metadata=metadata)
            stream_ended = anext(aiter(stream)) if model == "hang-midway" else None
            if stream_ended is not None:
                await stream_ended
                stream.cancel()
            else:
                whole = stub.Generate(ask(model, PROMPT), metadata=metadata, timeout=1)
                await record(whole, whole)
                stream.cancel()
            await until(lambda: process.stderr.count("CANCELLED") > before)  # noqa: B023
    return said


async def _statuses(batch: Any, said: list[str]) -> None:
    """Reads a batch; what is said of its items that failed, without their ids."""
    said.extend(
        [
            result.status.SerializeToString().decode("latin-1")
            async for result in batch
            if result.HasField("status")
        ]
    )
