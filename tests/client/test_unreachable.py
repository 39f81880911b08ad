"""Why no gateway is to be had: nobody there, TLS that does not match, a wrong port, a bound."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from llmrpc import (
    TLS,
    GatewayClient,
    InvalidRequestError,
    LLMMessage,
    ProviderNotAvailableError,
    channel,
)
from tests.client.gateway import Gateway, response, secured, serve
from tests.conftest import Certificates
from tests.running import LIMIT

HELLO = [LLMMessage("user", "Hello")]
CALLS = json.loads(dict(channel._OPTIONS)["grpc.service_config"])["methodConfig"][0]
POLICY = CALLS["retryPolicy"]
QUICK = {"methodConfig": [CALLS | {"retryPolicy": POLICY | {"initialBackoff": "0.01s"}}]}


async def refused(
    target: str, tls: bool | TLS | None = None, options: Sequence[tuple[str, Any]] = ()
) -> ProviderNotAvailableError:
    """What a call to the target raises after as many tries as ever, with short pauses."""
    quick = [("grpc.service_config", json.dumps(QUICK)), *options]
    async with GatewayClient(target, tls=tls, timeout=LIMIT, channel_options=quick) as client:
        with pytest.raises(ProviderNotAvailableError) as caught:
            await client.generate_text(HELLO)
    assert caught.value.request_id == ""
    return caught.value


async def test_nobody_there_is_told_soon(closed_port: int) -> None:
    async with GatewayClient(f"127.0.0.1:{closed_port}") as client, asyncio.timeout(LIMIT):
        with pytest.raises(ProviderNotAvailableError, match="no gateway answers at") as caught:
            await client.generate_text(HELLO)
    assert caught.value.metadata["cause"] == "nobody"


def test_the_pauses_between_the_tries_are_a_second_at_most() -> None:
    first, most = (float(POLICY[f"{name}Backoff"].rstrip("s")) for name in ("initial", "max"))
    waits = (
        min(most, first * POLICY["backoffMultiplier"] ** n)
        for n in range(POLICY["maxAttempts"] - 1)
    )
    assert sum(waits) * 1.2 < 1  # gRPC varies each by a fifth


async def test_a_name_that_is_not_known() -> None:
    error = await refused("no-such-host.invalid:1")
    assert error.message.startswith("no gateway answers at no-such-host.invalid:1: ")


async def test_tls_to_a_gateway_without() -> None:
    async with serve(Gateway([[response("Hi")]])) as gateway:
        error = await refused(gateway.target, tls=True)
    assert error.message == f"TLS does not match: what answers at {gateway.target} speaks no TLS"
    assert error.metadata == {"target": gateway.target, "cause": "tls"}


async def test_no_tls_to_a_gateway_with(certificates: Certificates) -> None:
    async with serve(Gateway([[response("Hi")]]), secured(certificates)) as gateway:
        error = await refused(gateway.target)
    assert error.message.startswith("TLS does not match: something answers at localhost:")
    assert "hangs up" in error.message


async def test_an_authority_that_is_not_trusted(
    certificates: Certificates, foreign_certificates: Certificates
) -> None:
    async with serve(Gateway([[response("Hi")]]), secured(certificates)) as gateway:
        error = await refused(gateway.target, TLS(foreign_certificates.ca))
    assert error.message.startswith("TLS does not match: the certificate of what answers at ")
    assert error.message.endswith("(unable to get local issuer certificate)")


async def test_a_certificate_for_another_name(certificates: Certificates) -> None:
    async with serve(Gateway([[response("Hi")]]), secured(certificates)) as gateway:
        named = [("grpc.ssl_target_name_override", "gateway.example")]
        error = await refused(gateway.target, TLS(certificates.ca), named)
    assert error.message.endswith("is for another name")
    assert error.metadata["cause"] == "tls"


async def test_no_certificate_of_the_caller(certificates: Certificates) -> None:
    async with serve(Gateway([[response("Hi")]]), secured(certificates, mutual=True)) as gateway:
        error = await refused(gateway.target, TLS(certificates.ca))
    assert error.message.startswith("TLS does not match: ")


@contextmanager
def http_1() -> Iterator[str]:
    """The address of a server that speaks HTTP/1; its connections are over when it is."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve_each() -> None:
            with suppress(OSError):  # nothing comes any more: it is shut down
                while True:
                    refuse(listener.accept()[0])

        def refuse(connection: socket.socket) -> None:
            with connection, suppress(OSError):  # the caller has hung up
                connection.recv(2**16)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(2**16):
                    pass

        serving = threading.Thread(target=serve_each)
        serving.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            serving.join()


async def test_a_port_that_speaks_http_1() -> None:
    with http_1() as target:
        error = await refused(target)
    assert "speaks HTTP/1 and not gRPC" in error.message
    assert error.metadata["cause"] == "protocol"


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("http://localhost:50051", "localhost:50051"),
        ("https://gw.example/", "gw.example:50051; TLS has its own option"),
        ("grpc://u:canary@gw:1", "gw:1"),
        ("localhost:50051/", "localhost:50051"),
    ],
)
def test_an_address_is_no_url(address: str, meant: str) -> None:
    with pytest.raises(ValueError, match="is a URL; give host:port alone") as caught:
        GatewayClient(address)
    assert str(caught.value).endswith(f"such as {meant}")


async def test_a_request_above_the_gateways_bound(gateway: Gateway, client: GatewayClient) -> None:
    gateway.play([response("Hi")])
    with pytest.raises(InvalidRequestError) as caught:
        await client.generate_text([LLMMessage("user", "x" * 5_000_000)])
    error = caught.value
    assert error.message == (
        f"the request has 5000012 bytes; the gateway at {gateway.target} takes at most 4194304 "
        "(`listen.max_message_bytes`)"
    )
    assert error.request_id == ""  # the gateway never saw it


async def test_an_answer_above_the_clients_bound(gateway: Gateway) -> None:
    gateway.play([response("x" * 1000)])
    options = [("grpc.max_receive_message_length", 100)]
    async with GatewayClient(gateway.target, channel_options=options) as client:
        with pytest.raises(InvalidRequestError, match=r"^the answer has \d+ bytes") as c:
            await client.generate_text(HELLO)
    assert c.value.request_id == gateway.metadata[0]["x-request-id"]
