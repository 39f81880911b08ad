"""llmrpc: one contract for every LLM provider."""

from llmrpc.base import BaseLLMClient
from llmrpc.call import ApiKey, Call, Target
from llmrpc.errors import (
    AuthenticationError,
    BudgetExceededError,
    ContextWindowExceededError,
    GenerationTimeoutError,
    InvalidRequestError,
    LLMClientError,
    MethodNotImplementedError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderNotAvailableError,
    RateLimitError,
    StreamInterruptedError,
    Violation,
)
from llmrpc.secret import Secret
from llmrpc.stream import EventStream, accumulate
from llmrpc.types import LLMMessage, LLMResponse, build_conversation

__all__ = [
    "ApiKey",
    "AuthenticationError",
    "BaseLLMClient",
    "BudgetExceededError",
    "Call",
    "ContextWindowExceededError",
    "EventStream",
    "GenerationTimeoutError",
    "InvalidRequestError",
    "LLMClientError",
    "LLMMessage",
    "LLMResponse",
    "MethodNotImplementedError",
    "ModelNotFoundError",
    "PermissionDeniedError",
    "ProviderNotAvailableError",
    "RateLimitError",
    "Secret",
    "StreamInterruptedError",
    "Target",
    "Violation",
    "accumulate",
    "build_conversation",
]
