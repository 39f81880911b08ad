"""Names of providers to addresses, but never to a cloud's metadata service."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult


class GuardedResolver(AbstractResolver):
    """Refuses names that resolve to link-local addresses.

    There clouds hand out the credentials of the machine to whoever asks from it,
    and no model lives there. Literal addresses are checked with the configuration.
    """

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        results = await self._resolver.resolve(host, port, family)
        for result in results:
            if ip_address(result["host"].partition("%")[0]).is_link_local:
                raise OSError(f"{host} is the link-local address {result['host']}")
        return results

    async def close(self) -> None:
        await self._resolver.close()
