"""What a scripted provider does in many tests."""

from __future__ import annotations

from tests.upstream import DONE, Exchange, Handler, chat_answer, chat_event, chat_finish


def error(status: int, code: str | None = None, message: str = "no", **headers: str) -> Handler:
    async def handle(exchange: Exchange) -> None:
        body = {"error": {"message": message, "type": "t", "code": code}}
        await exchange.answer(status, body, **headers)

    return handle


async def good(exchange: Exchange) -> None:
    if exchange.json.get("stream"):
        await exchange.stream([chat_event(content="Hello"), chat_finish(), DONE])
    else:
        await exchange.answer(200, chat_answer("Hello"))


async def breaks(exchange: Exchange) -> None:
    exchange.break_off()


async def ends_early(exchange: Exchange) -> None:
    await exchange.stream([chat_event(role="assistant", content="")])


def body(data: bytes, **headers: str) -> Handler:
    async def handle(exchange: Exchange) -> None:
        await exchange.answer(200, data.decode("latin-1").encode("latin-1"), **headers)

    return handle
