"""The conformance runner of the Python client: ../../README.md says what it gets and prints."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration

from llmrpc import TLS, Call, GatewayClient, LLMClientError, accumulate, error_from_status
from llmrpc import v1 as pb

Json = dict[str, Any]


async def replay(events: Iterable[pb.StreamEvent]) -> AsyncGenerator[pb.StreamEvent, None]:
    for event in events:
        yield event


async def until_there(path: Path, task: asyncio.Task[None]) -> None:
    """Waits for a file, or for the call to be over without it."""
    while not (await asyncio.to_thread(path.exists) or task.done()):  # noqa: ASYNC110
        await asyncio.sleep(0.002)


def told(error: LLMClientError) -> Json:
    """An error as the suite compares it."""
    delay = Duration()
    if error.retry_after is not None:
        delay.FromNanoseconds(round(error.retry_after * 1e9))
    every: Json = {
        "kind": type(error).__name__.removesuffix("Error"),
        "code": error.code,
        "reason": error.reason_name,
        "message": error.message,
        "metadata": error.metadata,
        "retry_delay": "" if error.retry_after is None else delay.ToJsonString(),
        "violations": [
            {"field": one.field, "description": one.description} for one in error.violations
        ],
        "quota_violations": [
            {"subject": one.subject, "description": one.description}
            for one in error.quota_violations
        ],
        "request_id": error.request_id,
        "attempts": [json_format.MessageToDict(one) for one in error.attempts],
    }
    shown = {key: value for key, value in every.items() if value}
    shown["retryable"] = error.retryable
    if error.usage is not None:
        shown["usage"] = json_format.MessageToDict(error.usage)
    if error.cost is not None:
        shown["cost"] = json_format.MessageToDict(error.cost)
    return shown


class Runner:
    """The calls of one scenario, each told what the one before gave."""

    def __init__(self, client: GatewayClient) -> None:
        self.client = client
        self.request = pb.GenerateRequest()
        self.answer: pb.LLMMessage | None = None

    async def run(self, call: Json) -> Json:
        output: Json = {}
        task = asyncio.create_task(self.work(call, output))
        if "cancel_when" in call:
            await until_there(Path(call["cancel_when"]), task)
            task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            output["cancelled"] = True
        except LLMClientError as error:
            output["error"] = told(error)
        return output

    async def work(self, call: Json, output: Json) -> None:
        own: Json = {"metadata": tuple(call.get("metadata", {}).items())}
        if "request_id" in call:
            own["request_id"] = call["request_id"]
        if "timeout_ms" in call:
            own["deadline"] = time.monotonic() + call["timeout_ms"] / 1000
        method = getattr(self, call["method"])
        await method(call, Call(**own), output)

    def asked(self, call: Json) -> pb.GenerateRequest:
        if "continue" in call:
            request = pb.GenerateRequest()
            request.CopyFrom(self.request)
            if self.answer is not None:
                request.messages.append(self.answer)
            more = json_format.ParseDict({"messages": call["continue"]}, pb.GenerateRequest())
            request.messages.extend(more.messages)
        else:
            request = json_format.ParseDict(call["request"], pb.GenerateRequest())
        self.request = request
        return request

    async def Generate(self, call: Json, own: Call, output: Json) -> None:
        response = await self.client.generate(self.asked(call), own)
        self.answer = response.message
        output["response"] = json_format.MessageToDict(response)

    async def StreamText(self, call: Json, own: Call, output: Json) -> None:
        seen: list[pb.StreamEvent] = []
        output["events"] = events = []
        enough = call.get("cancel_after") or 0
        async with await self.client.open_stream(self.asked(call), own) as stream:
            async for event in stream:
                seen.append(event)
                events.append(json_format.MessageToDict(event))
                if len(seen) == enough:
                    output["cancelled"] = True
                    return
        response = await accumulate(replay(seen))
        self.answer = response.message
        output["accumulated"] = json_format.MessageToDict(response)
        if call.get("bytes"):
            data = response.SerializeToString(deterministic=True)
            output["bytes"] = base64.b64encode(data).decode()

    async def Text(self, call: Json, own: Call, output: Json) -> None:
        output["texts"] = texts = []
        fields = {field.name: value for field, value in self.asked(call).ListFields()}
        fields = {"messages": [], **fields}
        async with aclosing(self.client.stream_text(**fields, call=own)) as chunks:
            async for chunk in chunks:  # those before an error count too
                texts.append(chunk)  # noqa: PERF401

    async def BatchGenerate(self, call: Json, own: Call, output: Json) -> None:
        output["results"] = results = []
        items = [json_format.ParseDict(item, pb.BatchItem()) for item in call["request"]]
        async with aclosing(self.client.batch(items, own)) as batch:
            async for result in batch:
                one: Json = {"id": result.id}
                if result.HasField("status"):
                    one["error"] = told(error_from_status(result.status))
                else:
                    one["response"] = json_format.MessageToDict(result.response)
                results.append(one)

    async def CountTokens(self, call: Json, own: Call, output: Json) -> None:
        count = await self.client.count_tokens(self.asked(call), own)
        output["response"] = json_format.MessageToDict(count)

    async def ListModels(self, call: Json, own: Call, output: Json) -> None:
        models = await self.client.list_models(call["request"].get("filter", ""), own)
        output["models"] = [json_format.MessageToDict(model) for model in models]

    async def Health(self, call: Json, own: Call, output: Json) -> None:
        output["health"] = await self.client.health(call["request"].get("service", ""), own)


def connect(target: Json) -> GatewayClient:
    tls = None
    if "ca" in target:
        tls = TLS(ca=target["ca"], cert=target.get("cert"), key=target.get("key"))
    return GatewayClient(target["address"], token=target.get("token"), tls=tls)


async def run(scenario: Json) -> Json:
    async with connect(scenario["target"]) as client:
        runner = Runner(client)
        return {
            "name": scenario["name"],
            "calls": [await runner.run(call) for call in scenario["calls"]],
        }


def again(vector: Json) -> Json:
    """A wire vector, parsed and serialized."""
    message = getattr(pb, vector["message"].rpartition(".")[2])()
    try:
        message.ParseFromString(base64.b64decode(vector["bytes"]))
    except Exception as error:  # noqa: BLE001 - whatever the parser raises is the output
        return {"name": vector["name"], "error": str(error)}
    result = {
        "name": vector["name"],
        "bytes": base64.b64encode(message.SerializeToString(deterministic=True)).decode(),
    }
    if "json" in vector:
        result["json"] = json_format.MessageToDict(message)
    return result


def main(arguments: list[str]) -> None:
    vectors = arguments[:1] == ["--vectors"]
    with asyncio.Runner() as loop:
        for path in arguments[vectors:]:
            given = json.loads(Path(path).read_text())
            result = again(given) if vectors else loop.run(run(given))
            sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
            sys.stdout.flush()


main(sys.argv[1:])
