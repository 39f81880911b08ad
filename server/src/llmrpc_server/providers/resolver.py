"""Names of providers to addresses, but never to a cloud's metadata service."""

from __future__ import annotations

import socket
from typing import Any

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from llmrpc_server.providers.addresses import is_refused, literal


class GuardedResolver(AbstractResolver):
    """Refuses names that resolve to addresses of metadata services.

    There clouds hand out the credentials of the machine to whoever asks from it,
    and no model lives there.
    """

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        results = await self._resolver.resolve(host, port, family)
        for result in results:
            _check(result["host"], host)
        return results

    async def close(self) -> None:
        await self._resolver.close()


def guarded_socket(info: Any) -> socket.socket:
    """A socket for an address that is about to be connected to, resolved or literal."""
    family, kind, protocol, _, address = info
    _check(address[0], address[0])
    made = socket.socket(family=family, type=kind, proto=protocol)
    made.setblocking(False)
    return made


def _check(address: str, name: str) -> None:
    found = literal(address)
    if found is None or is_refused(found):
        raise OSError(f"{name} leads to {address}, an address of a metadata service")
