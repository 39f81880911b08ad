"""What a class must define to be a client, and in which shapes."""

from __future__ import annotations

from typing import Any

import pytest

from llmrpc import BaseLLMClient


async def _returns(*_: Any, **__: Any) -> Any: ...


async def _yields(*_: Any, **__: Any) -> Any:
    yield ""


def _yields_at_once(*_: Any, **__: Any) -> Any:
    yield ""


def test_a_class_with_neither_pair_is_refused() -> None:
    with pytest.raises(TypeError, match="Nothing must define generate and open_stream or"):
        type("Nothing", (BaseLLMClient,), {})
    with pytest.raises(TypeError, match="Half must define"):
        type("Half", (BaseLLMClient,), {"generate_text": _returns})


@pytest.mark.parametrize(
    ("method", "wrong"),
    [
        ("stream_text", _returns),
        ("stream_text", _yields_at_once),
        ("generate_text", _yields),
        ("generate_text", _yields_at_once),
        ("open_stream", _yields),
        ("generate", _yields),
    ],
)
def test_a_method_of_another_shape_is_refused_with_its_class(method: str, wrong: Any) -> None:
    what = "an async generator; write it" if method == "stream_text" else "a coroutine; write it"
    good = {"generate": _returns, "open_stream": _returns, "generate_text": _returns}
    with pytest.raises(TypeError, match=rf"^Odd\.{method} must be {what} with `async def` and"):
        type("Odd", (BaseLLMClient,), {**good, "stream_text": _yields, method: wrong})
