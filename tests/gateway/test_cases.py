"""Every case of `tests/cases` that a whole gateway tells: connections, retries, keys, names.

A case has the steps of the provider, one for each request, the last one for all later ones
(`upstream`), and what callers see: `gives` or `error`, or several `calls` one after the
other, each with its own. A step is

    body or stream    as in `cases.py`, with `status`, `headers` and `type` where they are
                      not those of a good answer; or `says`, any JSON or text. SENT_TOOL stands for
              the name of the first tool, as the request had it
    pause     before the event at this place the provider waits until the caller has seen one
    end       `clean`; `cut`: the connection closes before the body's end; `open`: it
              stays open; `chatter`: the same, and `chatter` is sent again and again

Beside them `ask` is a method or both, `settings` are the gateway's, `keys` counts the
provider's keys, `requests` the requests that it got, and `sends` (a list) is what was in
each. With `held` the caller waits after its first event until the rest was sent and the
connection is closed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from unittest.mock import ANY

import grpc
import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.accumulate import Accumulator
from llmrpc.errors import LLMClientError
from llmrpc_server.config import ConfigError
from llmrpc_server.providers.clients import RowClient
from tests.cases.cases import OWN, Case, params
from tests.cases.expect import (
    check_answer,
    check_error,
    check_words,
    same,
    wanted_error,
)
from tests.cases.laws import check_body, find
from tests.gateway.conftest import KEY, Start
from tests.gateway.failures import read_failure
from tests.running import until
from tests.upstream import Exchange, Handler, Upstream

HI = {"messages": [{"role": "ROLE_USER", "content": "Hi"}]}
PATIENCE = 20.0
"""Seconds that a call may take; what ends sooner by itself has a limit of its own."""
_SENT = b"SENT_TOOL"
"""In an answer: the name of the first tool, as the request had it."""
WRONG = (AssertionError, LLMClientError, grpc.aio.AioRpcError, TimeoutError, ConfigError)
CASES = params("upstream", raises=WRONG)


@pytest.mark.parametrize("case", [each for each in CASES if "held" not in each.values[0].spec])
async def test_it_is_as_callers_expect(case: Case, start: Start, upstream: Upstream) -> None:
    spec = case.spec
    gateway = await start(**_settings(case, upstream.url))
    for method in _methods(spec):
        upstream.script(*(_handler(case, step) for step in spec["upstream"]))
        for call in spec.get("calls", [{**spec, "model": f"{_provider(case)}/{case.model}"}]):
            asked = {**HI, "model": f"{_provider(case)}/{case.model}", **spec.get("request", {})}
            asked["model"] = call.get("model", asked["model"])
            request = json_format.ParseDict(asked, pb.GenerateRequest())
            async with asyncio.timeout(spec.get("seconds", PATIENCE)):
                await _call(getattr(gateway.stub, method)(request), call, upstream)
        sends = spec.get("sends", [])
        assert len(upstream.exchanges) == spec.get("requests", len(sends) or ANY)
        for place, exchange in enumerate(upstream.exchanges):
            body = {**exchange.json, "headers": exchange.headers}
            holds = {"sends": sends[place] if place < len(sends) else {}}
            check_body(body, exchange.body.decode(), {**holds, "laws": spec.get("laws", ())})


@pytest.mark.parametrize("case", [each for each in CASES if "held" in each.values[0].spec])
async def test_what_came_before_a_break_is_read_first(case: Case, upstream: Upstream) -> None:
    (step,) = case.spec["upstream"]
    events = case.events(step)

    async def handle(exchange: Exchange) -> None:
        await exchange.start_stream()
        for event in events[: case.spec["held"]]:
            await exchange.chunk(event)
        await exchange.seen.wait()
        for event in events[case.spec["held"] :]:
            await exchange.chunk(event)
        exchange.break_off()

    upstream.script(handle)
    client = RowClient(case.row, base_url=upstream.url)
    request = json_format.ParseDict({**HI, "model": "m"}, pb.GenerateRequest())
    folded, completed = Accumulator(), None
    stream = await client.open_stream(request)
    try:
        event = await anext(stream)
        upstream.exchanges[0].seen.set()
        await until(upstream.exchanges[0].closed.is_set)
        await _settle()
        while not event.HasField("completed"):
            for delta in event.deltas:
                folded.add(delta)
            event = await anext(stream)
        completed = event.completed
        for delta in event.deltas:
            folded.add(delta)
    except LLMClientError as error:
        if "error" not in case.spec:
            raise
        wanted = wanted_error(case.spec["error"])
        assert _text(folded) == wanted["content"]
        check_error(error, wanted)
    else:
        assert folded.parts() == [*completed.message.parts]
        check_answer(completed, case.spec["gives"])
    finally:
        await stream.aclose()
        await _settle()
        await client.close()


async def _settle() -> None:
    """The loop reads what its sockets have, and their ends."""
    for _ in range(20):
        await asyncio.sleep(0.001)


def _text(folded: Accumulator) -> str:
    return "".join(part.text for part in folded.parts())


def _methods(spec: Mapping[str, Any]) -> list[str]:
    asked = spec.get("ask")
    if asked == "both":
        return ["Generate", "StreamText"]
    streams = any("stream" in step for step in spec["upstream"])
    return [asked or ("StreamText" if streams else "Generate")]


def _provider(case: Case) -> str:
    return str(case.spec.get("provider", OWN))


def _settings(case: Case, url: str) -> dict[str, Any]:
    """The provider, its keys, and what the case sets beside them."""
    keys = [KEY, *(f"sk-spare-{index}" for index in range(1, case.spec.get("keys", 1)))]
    provider: dict[str, Any] = {"base_url": url, "api_keys": keys}
    if _provider(case) == OWN:
        provider |= {"dialect": case.dialect, "default_model": "m"}
    settings: dict[str, Any] = {"default_model": "", "timeout": 10.0}
    for name, value in case.spec.get("settings", {}).items():
        if name.startswith("provider."):
            provider[name.removeprefix("provider.")] = value
        else:
            settings[name] = value
    return {f"providers.{_provider(case)}": provider, **settings}


def _handler(case: Case, step: Mapping[str, Any]) -> Handler:
    end = step.get("end", "clean")

    async def handle(exchange: Exchange) -> None:
        chunked = "stream" in step
        pieces = case.events(step) if chunked else [_whole(case, step)]
        if any(_SENT in piece for piece in pieces):
            (name, *_) = find([exchange.json["tools"]], "name")
            pieces = [piece.replace(_SENT, name.encode()) for piece in pieces]
        kind = "text/event-stream" if chunked else "application/json"
        headers = {"content-type": step.get("type", kind), **step.get("headers", {})}
        if chunked:
            headers["transfer-encoding"] = "chunked"
        else:
            length = len(pieces[0]) + (1 if end == "cut" else 0)
            headers["content-length"] = str(length)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        await exchange.send(f"HTTP/1.1 {step.get('status', 200)} S\r\n{head}\r\n".encode())
        send = exchange.chunk if chunked else exchange.send
        for place, piece in enumerate(pieces):
            if place == step.get("pause"):
                await exchange.seen.wait()
            await send(piece)
        if end == "cut":
            await asyncio.sleep(0.05)  # a break at once is what `held` tries
            exchange.break_off()
        elif end == "chatter":
            (chatter,) = case.events({"stream": [step["chatter"]]})
            while not exchange.closed.is_set():
                with suppress(TimeoutError, ConnectionError):
                    await send(chatter)
                    await asyncio.wait_for(exchange.closed.wait(), 0.05)
        elif end == "open":
            await exchange.closed.wait()
        elif chunked:
            await exchange.end_stream()

    return handle


def _whole(case: Case, step: Mapping[str, Any]) -> bytes:
    if "body" in step:
        return case.body(step)
    says = step["says"]
    return case.encoded(says if isinstance(says, str) else json.dumps(says))


async def _call(call: Any, spec: Mapping[str, Any], upstream: Upstream) -> None:
    """Makes one call, and compares what the caller sees."""
    folded = Accumulator()
    try:
        response = await _response(call, folded, upstream)
    except grpc.aio.AioRpcError as error:
        if "error" not in spec:
            raise
        _check_failure(error, wanted_error(spec["error"]), _text(folded))
        return
    assert "gives" in spec, f"the call did not fail: {response}"
    check_answer(response, spec["gives"])


async def _response(call: Any, folded: Accumulator, upstream: Upstream) -> pb.LLMResponse:
    if not hasattr(call, "__aiter__"):
        response: pb.LLMResponse = await call
        return response
    completed: pb.LLMResponse | None = None
    async for event in call:
        assert completed is None, "something came after the completed response"
        upstream.exchanges[-1].seen.set()
        for delta in event.deltas:
            folded.add(delta)
        if event.HasField("completed"):
            completed = event.completed
    assert completed is not None, "the stream ended without a completed response"
    assert folded.parts() == [*completed.message.parts]
    return completed


def _check_failure(error: grpc.aio.AioRpcError, wanted: Mapping[str, Any], content: str) -> None:
    failure = read_failure(error)
    assert failure.reason == wanted["reason"], failure.message
    check_words(failure.message, wanted)
    seen = {
        "pushback": failure.pushback,
        "content": content,
        "spent": failure.details.usage.estimated,
    }
    same(seen, {name: wanted[name] for name in wanted if name in seen})
