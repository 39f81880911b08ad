"""Whether a client's methods are written as they are called: coroutines, async generators."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable
from typing import Any

from llmrpc.errors import LLMClientError

_COROUTINES = ("generate", "open_stream", "generate_text")
_COROUTINE = "must be a coroutine; write it with `async def` and `return`"
_GENERATOR = "must be an async generator; write it with `async def` and `yield`"


def check_shapes(cls: Any) -> None:
    """Raises `TypeError` for a method whose other shape can be seen in the class."""
    for name in _COROUTINES:
        method = getattr(cls, name)
        if inspect.isasyncgenfunction(method) or inspect.isgeneratorfunction(method):
            raise TypeError(f"{cls.__name__}.{name} {_COROUTINE}")
    method = cls.stream_text
    if inspect.iscoroutinefunction(method) or inspect.isgeneratorfunction(method):
        raise TypeError(f"{cls.__name__}.stream_text {_GENERATOR}")


def awaitable_of(provider: str, given: Any) -> Awaitable[Any]:
    """What `generate_text` gave, to be awaited; raises `LLMClientError` for anything else."""
    if inspect.isawaitable(given):
        return given
    raise _misshapen(provider, "generate_text", _COROUTINE, given)


def chunks_of(provider: str, given: Any) -> AsyncGenerator[str, None]:
    """What `stream_text` gave, as a generator; raises `LLMClientError` for what is no stream."""
    if isinstance(given, AsyncGenerator):
        return given
    if isinstance(given, AsyncIterable):
        return _generator(given)
    raise _misshapen(provider, "stream_text", _GENERATOR, given)


async def _generator(given: AsyncIterable[str]) -> AsyncGenerator[str, None]:
    iterator = aiter(given)
    try:
        async for chunk in iterator:
            yield chunk
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


def _misshapen(provider: str, name: str, what: str, given: Any) -> LLMClientError:
    if inspect.iscoroutine(given):
        given.close()  # it is never awaited, which would be warned of
    return LLMClientError(
        f"the client of {provider} has a wrong {name}: it {what}, not {type(given).__name__}"
    )
