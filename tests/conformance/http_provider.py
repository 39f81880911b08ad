"""A provider on loopback, in the dialect of whoever asks it.

An item of `stream` is one of `{"text": "…"}` and `{"delta": {…}}` (Chat Completions),
`{"data": {…}}` (any dialect's own event), `{"raw": "…"}`, `{"hang": true}` and
`{"break": true}`. Behind an item that brings the caller an event the next one waits until
the gateway has passed that on, so reads and events are one to one; `"quiet": true` says
that it brings none, as an item of `data` without more does in no dialect.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from tests.conformance.play import LIMIT, STAGE, Play, Seen, Try
from tests.upstream import Exchange


async def perform(exchange: Exchange) -> None:
    """Does what the scenario says about this request."""
    body = exchange.json
    name = body.get("model") or exchange.path.rpartition("/models/")[2].partition(":")[0]
    play = STAGE[name]
    action, seen = play.next(
        {"path": exchange.path, "headers": exchange.headers, "body": body},
    )
    if "stream" in action:
        await exchange.start_stream()
        await _stream(exchange, play, seen, action["stream"])
    elif "hang" in action:
        await _hang(exchange, seen)
    elif "break" in action:
        exchange.break_off()
    else:
        headers = action.get("headers", {})
        answer = action["answer"]
        await exchange.answer(action.get("status", 200), answer, **headers)


async def _stream(exchange: Exchange, play: Play, seen: Seen, items: Sequence[Try]) -> None:
    events = 0
    for item in items:
        if "hang" in item:
            return await _hang(exchange, seen)
        if "break" in item:
            return exchange.break_off()
        await exchange.chunk(_chunk(item))
        if not item.get("quiet"):
            events += 1
            if not await _passed_on(exchange, play, events):
                seen.closed.set()
                return None
    return await exchange.end_stream()


async def _passed_on(exchange: Exchange, play: Play, count: int) -> bool:
    """Whether so many events came to the caller; not where the gateway went away first."""
    passed = asyncio.ensure_future(play.passed_on(count))
    closed = asyncio.ensure_future(exchange.closed.wait())
    await asyncio.wait({passed, closed}, return_when=asyncio.FIRST_COMPLETED)
    closed.cancel()
    if exchange.closed.is_set():
        passed.cancel()
        return False
    passed.result()
    return True


def _chunk(item: Try) -> str:
    if "text" in item:
        item = {"delta": {"content": item["text"]}}
    if "raw" in item:
        return str(item["raw"])
    data = item["data"] if "data" in item else _chat_chunk(item["delta"])
    event = f"event: {data['type']}\n" if "type" in data else ""
    return f"{event}data: {json.dumps(data)}\n\n"


def _chat_chunk(delta: Try) -> dict[str, Any]:
    """A chunk of Chat Completions, of a model that nobody has a price for."""
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return {"id": "chatcmpl-1", "model": "m-1", "choices": [choice]}


async def _hang(exchange: Exchange, seen: Seen) -> None:
    async with asyncio.timeout(LIMIT):
        await exchange.closed.wait()
    seen.closed.set()
