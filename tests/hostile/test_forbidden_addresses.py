"""Addresses of metadata services, in any spelling: refused when configured and when connected."""

from __future__ import annotations

import socket
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from llmrpc.errors import ProviderNotAvailableError
from llmrpc_server.config import ConfigError
from llmrpc_server.providers import addresses
from llmrpc_server.providers.adapter import ProviderClient
from llmrpc_server.providers.dialects import Dialects
from llmrpc_server.providers.registry import DIALECTS, ROWS
from llmrpc_server.providers.resolver import GuardedResolver
from tests.gateway.conftest import ask
from tests.gateway.handlers import good
from tests.running import configured
from tests.upstream import Upstream

SPELLINGS = [
    "169.254.169.254",
    "169.254.169.254.",
    "169。254。169。254",
    "169｡254．169。254",
    "①⑥⑨.②⑤④.①⑥⑨.②⑤④",
    "１６９.２５４.１６９.２５４",
    "2852039166",
    "0xA9FEA9FE",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[::ffff:0:169.254.169.254]",
    "[::169.254.169.254]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::169.254.169.254]",
    "[64:ff9b:1:a9fe:a9:fe00::]",
    "[2002:a9fe:a9fe::1]",
    "[2001:db8::5efe:169.254.169.254]",
    "[fe80::1]",
    "[fe80::a9fe:a9fe%25eth0]",
    "[fd00:ec2::254]",
    "[fd00:0ec2::254]",
    "[fd20:ce::254]",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
]
ALLOWED = ["10.0.0.7", "100.64.0.1", "[fd12::1]", "[2001:db8::1]", "[64:ff9b::8.8.8.8]"]
NAMES = [("169.254.169.254", 4), ("::ffff:169.254.169.254", 6), ("64:ff9b::a9fe:a9fe", 6)]
NAMES += [("fd00:ec2::254", 6), ("100.100.100.200", 4), ("fe80::1%2", 6)]


def _configured(folder: Path, host: str) -> None:
    mine = {"dialect": "openai", "base_url": f"https://{host}/v1"}
    configured(folder, {"providers": {"mine": mine}}, {})


@pytest.mark.parametrize("host", SPELLINGS)
def test_refused_in_the_configuration(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError, match=r"providers\.mine\.base_url: .*metadata service"):
        _configured(tmp_path, host)


@pytest.mark.parametrize("host", ALLOWED)
def test_others_are_not(tmp_path: Path, host: str) -> None:
    _configured(tmp_path, host)


@pytest.mark.parametrize(("address", "version"), NAMES)
async def test_refused_behind_a_name(
    monkeypatch: pytest.MonkeyPatch, address: str, version: int
) -> None:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    target = (address, 443) if version == 4 else (address, 443, 0, 0)

    def lookup(*_: Any, **__: Any) -> Any:
        return [(family, socket.SOCK_STREAM, 6, "", target)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    resolver = GuardedResolver()
    with pytest.raises(OSError, match="metadata service"):
        await resolver.resolve("provider.test", 443)
    await resolver.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127。0。0。1"])
async def test_refused_when_it_is_connected_to(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Whoever configured it, and however: here loopback stands for a metadata service."""
    monkeypatch.setattr(addresses, "_METADATA", (ip_network("127.0.0.0/8"), ip_network("::1/128")))
    upstream.script(good)
    url = upstream.url.replace("127.0.0.1", host)
    client = ProviderClient(Dialects(ROWS["openai"], DIALECTS), api_key="k", base_url=url)
    async with client:
        with pytest.raises(ProviderNotAvailableError):
            await client.generate(ask(model="gpt-4o-mini"))
    assert upstream.connections == 0
