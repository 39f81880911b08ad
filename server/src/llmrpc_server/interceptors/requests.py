"""Reads requests behind the interceptors, so that an unreadable one is refused like any other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.message import DecodeError

from llmrpc.errors import InvalidRequestError
from llmrpc_server.interceptors.fields import MOST_FIELDS, has_too_many_fields
from llmrpc_server.interceptors.rpc import CURRENT, PROBES, Context, Rpc
from llmrpc_server.words import over_limit

MOST_ASKED = 64 * 1024
"""Bytes of a request to health or reflection, which ask for one name."""


def reader(method: str, handler: Any, arrived: Callable[[Rpc], None]) -> Callable[[Any], Any]:
    """What turns bytes into what a handler takes: its message, or an iterator of them.

    For an iterator it takes the call's context instead, reads from that, and says of each
    message that it has `arrived`. Raises
    `InvalidRequestError` for bytes that are none of the method's requests; of an iterator,
    when that message's turn comes.
    """
    parse: Callable[[bytes], Any] = handler.request_deserializer

    most = MOST_ASKED if method.startswith(PROBES) else None
    kind = _input(method)

    def read(data: bytes) -> Any:
        if most is not None and len(data) > most:
            raise InvalidRequestError(
                f"request to {method} {over_limit(most, 'bytes')}, got {len(data)}; "
                "send the name alone"
            )
        if most is None and kind is not None and has_too_many_fields(data, kind):
            raise InvalidRequestError(
                f"request {over_limit(MOST_FIELDS, 'fields')}; leave out those that are empty"
            )
        try:
            return parse(data)
        except (DecodeError, RecursionError) as error:
            raise InvalidRequestError(
                f"the request is no valid {kind.full_name if kind else 'message'}: its bytes "
                "are malformed, or its messages too deep in each other"
            ) from error

    if handler.request_streaming:
        return lambda context: _Requests(context, read, partial(arrived, CURRENT.get()))
    return read


class _Requests:
    """The requests of one stream, each read when it is asked for.

    gRPC's own iterator keeps the last message of a stream that is left before its end.
    """

    def __init__(
        self, context: Context, read: Callable[[bytes], Any], arrived: Callable[[], None]
    ) -> None:
        self._context = context
        self._read = read
        self._arrived = arrived

    def __aiter__(self) -> _Requests:
        return self

    async def __anext__(self) -> Any:
        data = await self._context.read()
        self._arrived()
        if data is grpc.aio.EOF:
            raise StopAsyncIteration
        return self._read(data)


def _input(method: str) -> Any:
    """The descriptor of a method's request type; None for a service that is not described."""
    try:
        found = descriptor_pool.Default().FindMethodByName(method.replace("/", "."))
    except KeyError:
        return None
    return found.input_type
