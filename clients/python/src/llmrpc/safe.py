"""Text or a default: for applications where an answer is welcome but not needed."""

from __future__ import annotations

from typing import Any, TypeVar

from llmrpc.base import BaseLLMClient
from llmrpc.errors import LLMClientError
from llmrpc.requests import Messages
from llmrpc.types import LLMResponse

T = TypeVar("T")


async def safe_generate_text(
    client: BaseLLMClient,
    messages: Messages,
    model: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    *,
    default: T | None = None,
    **kwargs: Any,
) -> LLMResponse | T | None:
    """`client.generate_text`, or `default` where that raises an `LLMClientError`.

    The error is logged as a warning of the client's logger: its type, reason,
    request id and attempts, but no message, which may repeat the prompt. Mistakes
    of the program (`TypeError`, `ValueError`) are raised.
    """
    try:
        return await client.generate_text(messages, model, temperature, max_tokens, **kwargs)
    except LLMClientError as error:
        client.logger.warning(
            "generate_text failed, the default is given: %s reason=%s request_id=%s attempts=%d",
            type(error).__name__,
            error.reason_name,
            error.request_id,
            len(error.attempts),
        )
        return default
