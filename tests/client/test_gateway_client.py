"""GatewayClient over a real connection: answers, metadata, deadlines."""

from __future__ import annotations

import asyncio
import time

import grpc
import pytest
import trustme

from llmrpc import (
    TLS,
    Call,
    GatewayClient,
    GenerationTimeoutError,
    InvalidRequestError,
    LLMClientError,
    LLMMessage,
    Secret,
    accumulate,
)
from llmrpc import v1 as pb
from tests.client.gateway import Gateway, Hang, response, serve, stream, until

HELLO = [LLMMessage("user", "Hello")]


async def test_generate_text(gateway: Gateway, client: GatewayClient) -> None:
    gateway.play([response("Hi")])
    answer = await client.generate_text(HELLO, model="m", temperature=0.0, top_p=0.5, stop="X")
    assert (answer.content, answer.model, answer.tokens_used) == ("Hi", "scripted-1", 5)
    assert answer.finish_reason == "stop"
    sent = gateway.requests[0]
    assert sent.messages[0].content == "Hello"
    assert sent.HasField("temperature")
    assert not sent.HasField("max_tokens")
    assert list(sent.stop) == ["X"]


async def test_stream_text(gateway: Gateway, client: GatewayClient) -> None:
    gateway.play(stream("One", " two"))
    assert [chunk async for chunk in client.stream_text(HELLO)] == ["One", " two"]


async def test_open_stream_adds_up(gateway: Gateway, client: GatewayClient) -> None:
    gateway.play(stream("One", " two"))
    async with await client.open_stream(pb.GenerateRequest()) as events:
        assert await accumulate(events) == response("One two")


async def test_open_stream_waits_for_the_first_event(
    gateway: Gateway, client: GatewayClient
) -> None:
    gateway.play([Hang()])
    opening = asyncio.create_task(client.open_stream(pb.GenerateRequest()))
    await until(lambda: gateway.requests)
    assert not opening.done()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await until(lambda: gateway.cancelled)


async def test_metadata(gateway: Gateway) -> None:
    gateway.play([response("Hi")])
    call = Call(
        request_id="r-7", trace_context=(("traceparent", "00-1-2-01"), ("tracestate", "a=b"))
    )
    async with GatewayClient(gateway.target, token=Secret("canary")) as client:
        await client.generate(pb.GenerateRequest(), call)
        assert "canary" not in repr(vars(client))
    seen = gateway.metadata[0]
    assert seen["authorization"] == "Bearer canary"
    assert seen["x-request-id"] == "r-7"
    assert (seen["traceparent"], seen["tracestate"]) == ("00-1-2-01", "a=b")


def test_a_token_is_not_sent_in_the_clear() -> None:
    for target in (
        "gateway.example:50051",
        "10.0.0.7",
        "dns:///gateway.example:1",
        "[2001:db8::1]:5",
    ):
        with pytest.raises(ValueError, match="unencrypted"):
            GatewayClient(target, token="t")
        GatewayClient(target, token="t", tls=True)
        GatewayClient(target, token="t", allow_insecure_token=True)
    for target in ("localhost", "127.0.0.1:1", "[::1]:5", "::1", "unix:/run/g", "ipv4:127.0.0.1:1"):
        GatewayClient(target, token="t")


def test_a_token_that_is_no_header_is_refused() -> None:
    with pytest.raises(ValueError, match="characters") as caught:
        GatewayClient(token="a\nb: c")
    assert "b: c" not in str(caught.value)


async def test_a_request_id_that_is_no_header_is_refused(client: GatewayClient) -> None:
    with pytest.raises(ValueError, match="request_id"):
        await client.generate(pb.GenerateRequest(), Call(request_id="r\n1"))


def test_the_port_is_filled_in() -> None:
    targets = ("", "gw", "gw:1", "::1", "[::1]", "[::1]:1", "dns:///gw:1", "unix:/a")
    assert [GatewayClient(target).target for target in targets] == [
        "localhost:50051",
        "gw:50051",
        "gw:1",
        "[::1]:50051",
        "[::1]:50051",
        "[::1]:1",
        "dns:///gw:1",
        "unix:/a",
    ]


async def test_what_belongs_to_a_call_goes_with_plain_calls_too(gateway: Gateway) -> None:
    gateway.play(stream("Hi"))
    call = Call(request_id="r-8", metadata=(("X-Team", "a"),))
    async with GatewayClient(gateway.target) as client:
        assert [text async for text in client.stream_text(HELLO, call=call, timeout=20)] == ["Hi"]
        gateway.play([response("Hi")])
        await client.generate_text(HELLO, call=call)
    for seen in gateway.metadata:
        assert (seen["x-request-id"], seen["x-team"]) == ("r-8", "a")
    assert [limit is not None and limit < 21 for limit in gateway.deadlines] == [True, False]


async def test_deadlines(gateway: Gateway) -> None:
    gateway.play([response("Hi")])
    async with GatewayClient(gateway.target, timeout=500) as client:
        await client.generate(pb.GenerateRequest())
        await client.generate(pb.GenerateRequest(), Call(deadline=time.monotonic() + 200))
        await client.generate_text(HELLO, timeout=100)
    async with GatewayClient(gateway.target) as client:
        await client.generate(pb.GenerateRequest())
    most = [None if d is None or d > 1e6 else round(d, -2) for d in gateway.deadlines]
    assert most == [500, 200, 100, None]


async def test_the_deadline_ends_the_call_on_both_sides(
    gateway: Gateway, client: GatewayClient
) -> None:
    gateway.play([Hang()])
    seconds = 0.1
    while not gateway.requests:  # the first call may take longer to get there
        with pytest.raises(GenerationTimeoutError) as caught:
            await client.generate(pb.GenerateRequest(), Call("r-9", time.monotonic() + seconds))
        assert caught.value.request_id == "r-9"
        seconds *= 2
    await until(lambda: gateway.cancelled)


async def test_a_cancelled_task_cancels_the_unary_call(
    gateway: Gateway, client: GatewayClient
) -> None:
    gateway.play([Hang()])
    task = asyncio.create_task(client.generate(pb.GenerateRequest()))
    await until(lambda: gateway.requests)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: gateway.cancelled)


async def test_an_answer_above_grpcs_own_bound(gateway: Gateway, client: GatewayClient) -> None:
    gateway.play([response("x" * (5 * 2**20))])
    assert len((await client.generate(pb.GenerateRequest())).content) == 5 * 2**20


async def test_a_request_above_the_bound_is_refused_here(
    gateway: Gateway, client: GatewayClient
) -> None:
    request = pb.GenerateRequest(messages=[pb.LLMMessage(content="x" * (64 * 2**20 + 1))])
    with pytest.raises(InvalidRequestError, match="67108864"):
        await client.generate(request)
    assert not gateway.requests


async def test_close_ends_what_runs_with_a_typed_error(gateway: Gateway) -> None:
    gateway.play([Hang()])
    client = GatewayClient(gateway.target)
    unary = asyncio.create_task(client.generate(pb.GenerateRequest()))
    stream_ = asyncio.create_task(client.open_stream(pb.GenerateRequest()))
    await until(lambda: len(gateway.requests) == 2)
    await client.close()
    for task in (unary, stream_):
        with pytest.raises(LLMClientError, match="closed"):
            await task
    await until(lambda: gateway.cancelled == 2)
    with pytest.raises(RuntimeError, match="closed"):
        await client.generate(pb.GenerateRequest())


def test_one_client_one_loop(tmp_path: object) -> None:
    async def call(client: GatewayClient) -> None:
        with pytest.raises(LLMClientError):
            await client.generate(pb.GenerateRequest(), Call(deadline=time.monotonic()))

    client = GatewayClient("127.0.0.1:1")
    first = asyncio.new_event_loop()
    first.run_until_complete(call(client))
    with pytest.raises(RuntimeError, match="another event loop"):
        asyncio.run(call(client))
    first.run_until_complete(client.close())
    first.close()


async def test_mutual_tls(tmp_path: object) -> None:
    authority = trustme.CA()
    server, caller = authority.issue_cert("localhost"), authority.issue_cert("caller@example.org")
    credentials = grpc.ssl_server_credentials(
        [(server.private_key_pem.bytes(), server.cert_chain_pems[0].bytes())],
        authority.cert_pem.bytes(),
        require_client_auth=True,
    )
    with (
        authority.cert_pem.tempfile() as ca,
        caller.private_key_pem.tempfile() as key,
        caller.cert_chain_pems[0].tempfile() as cert,
    ):
        async with serve(Gateway([[response("Hi")]]), credentials) as gateway:
            async with GatewayClient(gateway.target, tls=TLS(ca, cert, key), token="t") as client:
                assert (await client.generate_text(HELLO)).content == "Hi"
            async with GatewayClient(gateway.target, tls=TLS(ca), timeout=5) as client:
                with pytest.raises(LLMClientError):
                    await client.generate_text(HELLO)


def test_half_a_client_certificate_is_refused() -> None:
    with pytest.raises(ValueError, match="together"):
        TLS(cert="c.pem")
