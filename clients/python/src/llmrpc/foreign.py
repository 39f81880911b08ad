"""What the code of an own client raises, as the typed error of a provider that fails so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from llmrpc import v1 as pb
from llmrpc.errors import GenerationTimeoutError, LLMClientError, ProviderNotAvailableError

_MISTAKES = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""Mistakes in the code, whatever made it run into them."""
_DEEPEST = 8
"""Causes of causes that are looked at: HTTP libraries wrap errors of the connection."""


@contextmanager
def typed_errors(
    provider: str, failed: type[LLMClientError] = ProviderNotAvailableError
) -> Iterator[None]:
    """Raises what `as_typed` knows as that; anything else as it is."""
    try:
        yield
    except LLMClientError:
        raise
    except Exception as error:
        known = as_typed(provider, error, failed)
        if known is None:
            raise
        raise known from error


def as_typed(
    provider: str, error: BaseException, failed: type[LLMClientError] = ProviderNotAvailableError
) -> LLMClientError | None:
    """The error of a connection that failed, or of time that ran out, by its first cause.

    `failed` is the class of the first. None for anything else, such as a mistake in the
    code. The message has no text of the error itself, which may repeat a prompt or a key.
    """
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if isinstance(cause, BaseExceptionGroup) and len(cause.exceptions) == 1:
            cause = cause.exceptions[0]
        elif isinstance(cause, OSError):
            return _typed(provider, cause, failed)
        elif cause is None or isinstance(cause, (LLMClientError, *_MISTAKES)):
            return None
        else:
            cause = cause.__cause__
    return None


def _typed(provider: str, error: OSError, failed: type[LLMClientError]) -> LLMClientError:
    """A timeout of the system is a connection that failed, any other one is silence."""
    metadata = {"provider": provider}
    if isinstance(error, TimeoutError) and not error.errno:
        return GenerationTimeoutError(
            f"{provider} timed out; retry later",
            reason=pb.ERROR_REASON_PROVIDER_STALLED,
            metadata=metadata,
        )
    known = isinstance(error.errno, int) and error.errno > 0
    why = os.strerror(error.errno) if known and error.errno else type(error).__name__
    return failed(f"{provider} cannot be reached: {why}", metadata=metadata)
