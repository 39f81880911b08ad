"""TLS and mTLS from files."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from llmrpc_server.interceptors.auth import hash_key
from tests.conftest import Certificates, StartGateway
from tests.running import RunningGateway, as_async
from tests.server.wire import ask, failure

KEY = "llmrpc_a-callers-key-over-tls"


def tls(files: Certificates, *, mutual: bool = False) -> dict[str, Any]:
    settings = {"certificate": str(files.server_cert), "key": str(files.server_key)}
    return settings | ({"client_ca": str(files.ca)} if mutual else {})


def credentials(ca: Certificates, client: Certificates | None = None) -> grpc.ChannelCredentials:
    if client is None:
        return grpc.ssl_channel_credentials(ca.ca.read_bytes())
    return grpc.ssl_channel_credentials(
        ca.ca.read_bytes(), client.client_key.read_bytes(), client.client_cert.read_bytes()
    )


def call(running: RunningGateway, trusted: grpc.ChannelCredentials, **metadata: str) -> Any:
    stub = as_async(LLMServiceStub(running.channel(trusted)))
    return stub.Generate(ask(), metadata=tuple(metadata.items()), timeout=10)


async def test_the_right_authority_is_trusted(
    gateway: StartGateway, certificates: Certificates
) -> None:
    running = await gateway(listen={"tls": tls(certificates)})
    assert (await call(running, credentials(certificates))).content == "Hello there"


async def test_a_foreign_authority_is_not(
    gateway: StartGateway, certificates: Certificates, foreign_certificates: Certificates
) -> None:
    running = await gateway(listen={"tls": tls(certificates)})
    error = await failure(call(running, credentials(foreign_certificates)))
    assert error.code() is grpc.StatusCode.UNAVAILABLE


async def test_plaintext_finds_no_door(gateway: StartGateway, certificates: Certificates) -> None:
    running = await gateway(listen={"tls": tls(certificates)})
    error = await failure(running.stub.Generate(ask(), timeout=10))
    assert error.code() is grpc.StatusCode.UNAVAILABLE


async def test_mutual_tls_names_the_caller(
    gateway: StartGateway, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    running = await gateway(listen={"tls": tls(certificates, mutual=True)})
    assert (await call(running, credentials(certificates, certificates))).content
    fields = [r.__dict__["fields"] for r in caplog.records if r.name == "llmrpc.access"]
    assert [each["caller"] for each in fields] == ["tutor"]


@pytest.mark.parametrize("foreign", [True, False])
async def test_mutual_tls_needs_a_certificate_of_its_authority(
    gateway: StartGateway,
    certificates: Certificates,
    foreign_certificates: Certificates,
    foreign: bool,
) -> None:
    running = await gateway(listen={"tls": tls(certificates, mutual=True)})
    shown = foreign_certificates if foreign else None
    error = await failure(call(running, credentials(certificates, shown)))
    assert error.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_bearer_key_over_tls(gateway: StartGateway, certificates: Certificates) -> None:
    running = await gateway(
        listen={"tls": tls(certificates)}, auth=[{"name": "tutor", "sha256": hash_key(KEY)}]
    )
    trusted = credentials(certificates)
    assert (await call(running, trusted, authorization=f"Bearer {KEY}")).content
    error = await failure(call(running, trusted))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_keys_and_certificates_together_name_the_key(
    gateway: StartGateway, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    running = await gateway(
        listen={"tls": tls(certificates, mutual=True)},
        auth=[{"name": "crawler", "sha256": hash_key(KEY)}],
    )
    trusted = credentials(certificates, certificates)
    assert (await call(running, trusted, authorization=f"Bearer {KEY}")).content
    fields = [r.__dict__["fields"] for r in caplog.records if r.name == "llmrpc.access"]
    assert [each["caller"] for each in fields] == ["crawler"]
    assert (await failure(call(running, trusted))).code() is grpc.StatusCode.UNAUTHENTICATED


async def test_the_python_client_speaks_both(
    gateway: StartGateway, certificates: Certificates
) -> None:
    from llmrpc import TLS, GatewayClient, LLMMessage

    running = await gateway(listen={"tls": tls(certificates, mutual=True)})
    own = TLS(ca=certificates.ca, cert=certificates.client_cert, key=certificates.client_key)
    async with GatewayClient(f"localhost:{running.port}", tls=own) as client:
        answer = await client.generate_text([LLMMessage(role="user", content="Hello")])
    assert answer.content == "Hello"
