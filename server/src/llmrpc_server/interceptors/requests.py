"""Reads requests behind the interceptors, so that an unreadable one is refused like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.message import DecodeError

from llmrpc.errors import InvalidRequestError


def reader(method: str, handler: Any) -> Callable[[Any], Any]:
    """What turns bytes into what a handler takes: its message, or an iterator of them.

    Raises `InvalidRequestError` for bytes that are none of the method's requests;
    of an iterator, when that message's turn comes.
    """
    parse: Callable[[bytes], Any] = handler.request_deserializer

    def read(data: bytes) -> Any:
        try:
            return parse(data)
        except (DecodeError, RecursionError) as error:
            raise InvalidRequestError(
                f"the request is no valid {_input(method)}: its bytes are malformed, "
                "or its messages too deep in each other"
            ) from error

    if handler.request_streaming:
        return lambda messages: _Requests(messages, read)
    return read


class _Requests:
    """The requests of one stream, each read when it is asked for."""

    def __init__(self, messages: AsyncIterator[bytes], read: Callable[[bytes], Any]) -> None:
        self._messages = messages
        self._read = read

    def __aiter__(self) -> _Requests:
        return self

    async def __anext__(self) -> Any:
        return self._read(await anext(self._messages))


def _input(method: str) -> str:
    """The name of a method's request type."""
    found = descriptor_pool.Default().FindMethodByName(method.replace("/", "."))
    name: str = found.input_type.full_name
    return name
