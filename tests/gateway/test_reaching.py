"""How providers are reached: certificates, a proxy, and addresses that are refused."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from llmrpc_server.providers.http import Upstream as HttpUpstream
from llmrpc_server.providers.resolver import GuardedResolver
from tests.conftest import Certificates
from tests.gateway.conftest import Start, ask
from tests.gateway.failures import failure_of
from tests.gateway.test_answers import whole
from tests.upstream import Upstream


@asynccontextmanager
async def over_tls(upstream: Upstream, files: Certificates) -> AsyncGenerator[str, None]:
    """The same upstream behind TLS; gives its URL."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.server_cert, files.server_key)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()


async def test_a_configured_authority_is_trusted(
    start: Start, upstream: Upstream, certificates: Certificates
) -> None:
    upstream.script(whole)
    async with over_tls(upstream, certificates) as url:
        bundle = str(certificates.ca)
        gateway = await start(providers__openai__base_url=url, http={"ca_bundle": bundle})
        assert (await gateway.stub.Generate(ask())).content == "Hello there"


async def test_no_call_waits_for_the_authorities_to_be_read(
    start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await start()

    def read(**_: Any) -> ssl.SSLContext:
        raise AssertionError("they were to be read at the start")

    monkeypatch.setattr(ssl, "create_default_context", read)
    upstream.script(whole)
    assert (await gateway.stub.Generate(ask())).content == "Hello there"


async def test_another_authority_is_not_and_tls_is_never_downgraded(
    start: Start,
    upstream: Upstream,
    certificates: Certificates,
    foreign_certificates: Certificates,
) -> None:
    upstream.script(whole)
    async with over_tls(upstream, foreign_certificates) as url:
        bundle = str(certificates.ca)
        gateway = await start(
            providers__openai__base_url=url,
            http={"ca_bundle": bundle},
            retry={"attempts": 1},
        )
        failure = await failure_of(gateway.stub.Generate(ask()))
    assert failure.reason == "PROVIDER_UNAVAILABLE"
    assert "TLS" in failure.message
    assert upstream.exchanges == []


async def test_providers_are_reached_through_the_proxy(start: Start, upstream: Upstream) -> None:
    upstream.script(whole)
    proxy = upstream.url.removesuffix("/v1")
    gateway = await start(
        providers__openai={
            "base_url": "http://provider.test/v1",
            "allow_http": True,
            "api_keys": ["sk-0000000"],
        },
        http={"proxy": proxy},
    )
    assert (await gateway.stub.Generate(ask())).content == "Hello there"
    assert upstream.exchanges[0].path == "http://provider.test/v1/chat/completions"


async def test_servers_of_this_machine_are_reached_without_the_proxy(
    start: Start, upstream: Upstream, closed_port: int
) -> None:
    upstream.script(whole)
    gateway = await start(http={"proxy": f"http://127.0.0.1:{closed_port}"})
    assert (await gateway.stub.Generate(ask())).content == "Hello there"
    assert upstream.exchanges[0].path == "/v1/chat/completions"


async def test_a_name_that_resolves_to_a_metadata_address_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lookup(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    resolver = GuardedResolver()
    with pytest.raises(OSError, match="metadata service"):
        await resolver.resolve("provider.test", 80)
    await resolver.close()


async def test_the_session_uses_the_guarded_resolver() -> None:
    upstream = HttpUpstream()
    connector = upstream.open().connector
    assert isinstance(connector, aiohttp.TCPConnector)
    assert isinstance(connector._resolver, GuardedResolver)
    await upstream.close()
