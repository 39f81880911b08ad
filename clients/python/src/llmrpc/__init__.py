"""llmrpc: one contract for every LLM provider."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from llmrpc.accumulate import accumulate
from llmrpc.base import BaseLLMClient
from llmrpc.blocking import BlockingClient
from llmrpc.call import ApiKey, Call, Target
from llmrpc.callbacks import CallbackClient, LLMCallback
from llmrpc.cost_controller import CostController
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
    QuotaViolation,
    RateLimitError,
    StreamInterruptedError,
    Violation,
)
from llmrpc.monitor import LLMMonitor, LLMNumbers, LLMSnapshot
from llmrpc.requests import Messages
from llmrpc.safe import safe_generate_text
from llmrpc.secret import Secret
from llmrpc.stream import EventStream
from llmrpc.types import LLMMessage, LLMResponse, build_conversation
from llmrpc.wrapper import WrapperClient

if TYPE_CHECKING:
    from llmrpc.channel import TLS
    from llmrpc.client import GatewayClient
    from llmrpc.status import error_from_status

__all__ = [
    "TLS",
    "ApiKey",
    "AuthenticationError",
    "BaseLLMClient",
    "BlockingClient",
    "BudgetExceededError",
    "Call",
    "CallbackClient",
    "ContextWindowExceededError",
    "CostController",
    "EventStream",
    "GatewayClient",
    "GenerationTimeoutError",
    "InvalidRequestError",
    "LLMCallback",
    "LLMClientError",
    "LLMMessage",
    "LLMMonitor",
    "LLMNumbers",
    "LLMResponse",
    "LLMSnapshot",
    "Messages",
    "MethodNotImplementedError",
    "ModelNotFoundError",
    "PermissionDeniedError",
    "ProviderNotAvailableError",
    "QuotaViolation",
    "RateLimitError",
    "Secret",
    "StreamInterruptedError",
    "Target",
    "Violation",
    "WrapperClient",
    "accumulate",
    "build_conversation",
    "error_from_status",
    "safe_generate_text",
]


_LATE = {
    "TLS": "llmrpc.channel",
    "GatewayClient": "llmrpc.client",
    "error_from_status": "llmrpc.status",
}


def __getattr__(name: str) -> Any:
    """What needs grpc is imported when it is first asked for."""
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
