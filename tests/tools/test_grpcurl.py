"""grpcurl, as somebody who has nothing but an address types it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import StartGateway
from tests.running import RunningGateway
from tests.server.scripted import SCRIPTED
from tests.tools.programs import Done, run

SERVICE = "llmrpc.v1.LLMService"
HELLO = {"messages": [{"role": "ROLE_USER", "content": "Hello there"}]}
METHODS = ["BatchGenerate", "CountTokens", "Generate", "ListModels", "StreamText"]


async def grpcurl(running: RunningGateway, *words: str, data: Any = None) -> Done:
    """The words stand behind the address, as a verb or a method does."""
    request = () if data is None else ("-d", json.dumps(data))
    return await run("grpcurl", "-plaintext", "-max-time", "20", *request, running.address, *words)


async def test_services_and_methods_are_listed(gateway: StartGateway) -> None:
    running = await gateway()
    services = await grpcurl(running, "list")
    assert services.out.split() == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        SERVICE,
    ]
    methods = await grpcurl(running, "list", SERVICE)
    assert methods.out.split() == [f"{SERVICE}.{name}" for name in METHODS]


@pytest.mark.parametrize(
    ("symbol", "line"),
    [
        (SERVICE, "rpc StreamText ( .llmrpc.v1.GenerateRequest ) returns"),
        (f"{SERVICE}.BatchGenerate", "( stream .llmrpc.v1.BatchItem ) returns ( stream "),
        (f"{SERVICE}.CountTokens", "rpc CountTokens ( .llmrpc.v1.CountTokensRequest )"),
        ("llmrpc.v1.GenerateRequest", "optional double temperature ="),
        ("llmrpc.v1.GenerateRequest.model", "string model = 2;"),
        ("llmrpc.v1.Role", "ROLE_USER = 2;"),
        ("llmrpc.v1.ErrorDetails", "repeated .llmrpc.v1.Attempt attempts = 4;"),
        ("google.rpc.ErrorInfo", "string reason = 1;"),
        ("google.rpc.RetryInfo", ".google.protobuf.Duration retry_delay = 1;"),
        ("grpc.health.v1.Health", "rpc Check"),
    ],
)
async def test_symbols_are_described(gateway: StartGateway, symbol: str, line: str) -> None:
    described = await grpcurl(await gateway(), "describe", symbol)
    assert line in described.out, described.complaints


async def test_all_is_described_at_once(gateway: StartGateway) -> None:
    described = await grpcurl(await gateway(), "describe")
    assert described.status == 0, described.complaints
    assert described.out.count(" is a service:") == 4


async def test_generate_in_plain_json(gateway: StartGateway) -> None:
    (answer,) = (await grpcurl(await gateway(), f"{SERVICE}/Generate", data=HELLO)).json
    assert (answer["content"], answer["tokens_used"]) == ("Hello there", 4)


async def test_stream_in_plain_json(gateway: StartGateway) -> None:
    events = (await grpcurl(await gateway(), f"{SERVICE}/StreamText", data=HELLO)).json
    assert [event["sequence"] for event in events] == [1, 2]
    assert "".join(delta["text"] for each in events for delta in each["deltas"]) == "Hello there"
    assert events[-1]["completed"]["content"] == "Hello there"


async def test_a_batch_from_standard_input(gateway: StartGateway) -> None:
    running = await gateway()
    items = "".join(json.dumps({"id": name, "generate": HELLO}) for name in "ab")
    words = ("-plaintext", "-d", items, running.address, f"{SERVICE}/BatchGenerate")
    results = (await run("grpcurl", *words)).json
    assert {each["id"]: each["response"]["content"] for each in results} == {
        "a": "Hello there",
        "b": "Hello there",
    }


async def test_an_unknown_field_is_named(gateway: StartGateway) -> None:
    done = await grpcurl(await gateway(), f"{SERVICE}/Generate", data={"prompt": "Hello"})
    assert done.status != 0
    assert "no known field named prompt" in done.complaints


async def test_error_details_are_readable(gateway: StartGateway) -> None:
    running = await gateway()
    words = ("-plaintext", "-format-error", "-d", '{"temperature": 9}', running.address)
    done = await run("grpcurl", *words, f"{SERVICE}/Generate")
    assert done.status == 64 + 3
    error = json.loads(done.complaints)
    info, bad, own = error["details"]
    assert (info["@type"], info["reason"]) == (
        "type.googleapis.com/google.rpc.ErrorInfo",
        "INVALID_REQUEST",
    )
    assert [each["field"] for each in bad["field_violations"]] == ["messages", "temperature"]
    assert own["@type"] == "type.googleapis.com/llmrpc.v1.ErrorDetails"
    assert own["request_id"]


async def test_what_was_tried_is_readable(gateway: StartGateway) -> None:
    running = await gateway(providers=SCRIPTED, retry={"attempts": 2, "base_delay": 0.001})
    request = HELLO | {"model": "scripted/down"}
    done = await grpcurl(running, f"{SERVICE}/StreamText", data=request)
    assert "Code: Unavailable" in done.complaints
    assert '"reason": "PROVIDER_UNAVAILABLE"' in done.complaints
    assert done.complaints.count('"outcome": "OUTCOME_FAILED"') == 2
    assert "@value" not in done.complaints  # what grpcurl cannot decode it prints as base64


@pytest.mark.parametrize("verbose", [False, True])
async def test_the_request_id_is_shown(gateway: StartGateway, verbose: bool) -> None:
    running = await gateway()
    how = ("-v",) if verbose else ()
    words = ("-plaintext", *how, "-H", "x-request-id: mine-1", "-d", json.dumps(HELLO))
    done = await run("grpcurl", *words, running.address, f"{SERVICE}/Generate")
    assert '"request_id": "mine-1"' in done.out
    assert ("x-request-id: mine-1" in done.out.partition("trailers received")[2]) is verbose
