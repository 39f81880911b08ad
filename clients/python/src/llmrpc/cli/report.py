"""What the command line says besides the answer: on standard error, for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from llmrpc import v1 as pb
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
)
from llmrpc.types import finish_reason_name

_NEXT: Mapping[type[BaseException], str] = {
    ContextWindowExceededError: "shorten the conversation (/reset in a chat)",
    InvalidRequestError: "change the request as the message says",
    ModelNotFoundError: "name another model with --model",
    RateLimitError: "wait a little, then ask again",
    BudgetExceededError: "ask whoever runs the gateway for a larger budget",
    AuthenticationError: "give the gateway's key with --token or in LLMRPC_TOKEN",
    PermissionDeniedError: "ask whoever runs the gateway for access, or take another model",
    ProviderNotAvailableError: "ask again later, or take another provider's model with --model",
    StreamInterruptedError: "ask again; a broken answer is never repeated by itself",
    GenerationTimeoutError: "allow more time with --timeout, or ask for less",
    MethodNotImplementedError: "update the gateway, or see whether the address is one",
    LLMClientError: "look into the gateway's log, by the request id",
}
_NEXT_BY_REASON: Mapping[int, str] = {
    pb.ERROR_REASON_PROVIDER_AUTHENTICATION: "whoever runs the gateway must renew its provider key",
    pb.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED: "whoever runs the gateway must pay the provider",
}


_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def printable(text: str) -> str:
    """The text without control characters but line ends and tabs.

    The rest could move the cursor or retitle the window.
    """
    return text.translate(_CONTROLS)


def _console() -> Console:
    """Standard error, with colours where it is a terminal."""
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def say(text: str) -> None:
    """A remark beside the answer."""
    _console().print(printable(text), style="dim")


def summary(response: pb.LLMResponse) -> str:
    """One line of who answered, usage, cost and time."""
    parts = [label(response.provider, response.model)]
    if response.HasField("tokens_used"):
        parts.append(
            f"{response.prompt_tokens} in + {response.completion_tokens} out"
            f" = {response.tokens_used} tokens{' (estimated)' * response.usage.estimated}"
        )
    parts.append(
        _dollars(response.cost_estimate) if response.HasField("cost_estimate") else "no price known"
    )
    parts.append(f"{response.response_time:.2f} s")
    if response.finish_reason != pb.FINISH_REASON_STOP:
        parts.append(f"ended by {finish_reason_name(response.finish_reason)}")
    return " · ".join(part for part in parts if part)


def label(provider: str, model: str) -> str:
    """`provider/model`, also where the model's name says so already."""
    if not provider or model.startswith(f"{provider}/"):
        return model
    return f"{provider}/{model}" if model else provider


def print_summary(response: pb.LLMResponse) -> None:
    """The summary, a refusal's text, and what the gateway warns of."""
    out = _console()
    for part in response.message.parts:
        if part.refusal:
            out.print(printable(f"refused: {part.refusal}"), style="yellow")
    for warning in response.warnings:
        out.print(printable(f"warning: {warning.field}: {warning.message}"), style="yellow")
    say(summary(response))


def print_misuse(message: str) -> None:
    """What was used wrongly."""
    _console().print(Text.assemble(("error  ", "bold red"), message, "\nnext   llmrpc --help"))


def print_error(error: LLMClientError, address: str) -> None:
    """What happened, where, what to do next, and the id to ask about."""
    text = Text()
    text.append("error  ", style="bold red").append(printable(f"{error.message}\n"))
    for name, value in _lines(error, address):
        text.append(f"{name:<7}", style="dim").append(printable(f"{value}\n"))
    _console().print(text, end="")


def _lines(error: LLMClientError, address: str) -> Iterator[tuple[str, str]]:
    for violation in error.violations:
        yield "", f"{violation.field}: {violation.description}"
    yield "type", f"{type(error).__name__} ({error.reason_name})"
    where = [
        f"{key} {error.metadata[key]}" for key in ("provider", "model") if key in error.metadata
    ]
    yield "where", ", ".join([f"gateway {address}", *where])
    for attempt in error.attempts:
        yield "tried", _attempt(attempt)
    yield "next", _next(error)
    if error.request_id:
        yield "id", error.request_id


def _attempt(attempt: pb.Attempt) -> str:
    outcome = pb.Attempt.Outcome.Name(attempt.outcome).removeprefix("OUTCOME_").lower()
    status = f", HTTP {attempt.http_status}" if attempt.HasField("http_status") else ""
    why = f": {attempt.message}" if attempt.message else ""
    return f"{label(attempt.provider, attempt.model)} {outcome}{status}{why}"


def _next(error: LLMClientError) -> str:
    if "target" in error.metadata and isinstance(error, ProviderNotAvailableError):
        return "start a gateway with `llmrpc-server`, or name a running one with --address"
    if error.retry_after is not None:
        return f"ask again in {error.retry_after:.0f} s"
    if error.reason in _NEXT_BY_REASON:
        return _NEXT_BY_REASON[error.reason]
    return next(_NEXT[kind] for kind in type(error).__mro__ if kind in _NEXT)


def _dollars(amount: float) -> str:
    if amount == 0 or amount >= 0.01:
        return f"${amount:.4f}" if amount else "$0"
    return f"${amount:.6f}" if amount >= 0.000001 else "under $0.000001"
