"""A proxy before aimock that keeps what was sent, word for word.

aimock's own journal has the body as it came for Chat Completions alone; for other
protocols it keeps a digest without pictures, schemas and signatures.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.mock_provider import running_aimock
from tests.upstream import Exchange, Upstream, running_upstream


class Recorder:
    """A running aimock behind a proxy; `origin` is the proxy's."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self.origin = upstream.url.removesuffix("/v1")

    @property
    def paths(self) -> list[str]:
        """Where the requests went, oldest first."""
        return [exchange.path for exchange in self._upstream.exchanges]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What the requests said, oldest first."""
        return [json.loads(exchange.body) for exchange in self._upstream.exchanges]


@asynccontextmanager
async def recorded_aimock(fixtures: str, *flags: str) -> AsyncGenerator[Recorder, None]:
    """Aimock with `tests/aimock/<fixtures>`, behind a recorder."""
    async with (
        running_aimock(fixtures, *flags) as aimock,
        aiohttp.ClientSession() as session,
        running_upstream() as upstream,
    ):

        async def forward(exchange: Exchange) -> None:
            headers = {"content-type": exchange.headers["content-type"]}
            url = aimock.origin + exchange.path
            async with session.post(url, data=exchange.body, headers=headers) as answer:
                if answer.content_type != "text/event-stream":
                    await exchange.answer(answer.status, await answer.read())
                    return
                await exchange.start_stream()
                async for data in answer.content.iter_any():
                    await exchange.chunk(data)
                await exchange.end_stream()

        upstream.script(forward)
        yield Recorder(upstream)
