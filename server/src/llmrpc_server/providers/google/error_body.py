"""What Google's error says of itself: its status in words, a reason, a quota, a wait.

Source: google.rpc.Status with ErrorInfo, QuotaFailure and RetryInfo, as JSON, at
https://ai.google.dev/gemini-api/docs/generate-content/api-errors
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from llmrpc.errors import LimitScope
from llmrpc_server.providers.error_words import said_anyhow, words_of
from llmrpc_server.providers.failures import UNDECODABLE, Said, status_of


class Body(NamedTuple):
    """What an error's body says of itself."""

    is_error: bool = False
    code: int | None = None
    """The HTTP status that the body itself names."""
    status: str = ""
    """The status in words, such as RESOURCE_EXHAUSTED."""
    reason: str = ""
    """ErrorInfo's reason, such as API_KEY_INVALID."""
    message: str = ""
    used_up: bool = False
    """Whether a quota for a day, or one that allows nothing, is used up."""
    scope: LimitScope | None = None
    """Whose quota it is: the model's, or all that the key has; None: it does not say."""
    retry_after: float | None = None
    """RetryInfo's delay in seconds."""

    def said(self) -> Said:
        """The part of it that an exception repeats."""
        return Said(tuple(filter(None, (self.reason, self.status))), self.message)


def read_body(body: bytes) -> Body:
    """The error in a JSON body: an object, or the first of a list of such."""
    try:
        value = msgspec.json.decode(body)
    except UNDECODABLE:
        return Body()
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict) and value.get("error"):
        return read_error(value["error"], body)
    return Body()


def read_error_event(data: bytes) -> Body:
    """The error of an event that is named so, whatever its data is."""
    body = read_body(data)
    return body if body.is_error else Body(is_error=True, message=said_anyhow(data).message)


def read_error(error: object, body: bytes) -> Body:
    """The same for an error that is decoded already; `body` has its words if it has none."""
    if isinstance(error, str):
        error = {"message": error}
    if not isinstance(error, dict):
        return Body(is_error=True, message=words_of(body))
    details = error.get("details")
    if not isinstance(details, list):
        details = []
    items = [item for item in details if isinstance(item, dict)]
    code = error.get("code")
    return Body(
        is_error=True,
        code=status_of(code),
        status=_word(error.get("status")),
        reason=next(filter(None, (_word(item.get("reason")) for item in items)), ""),
        message="; ".join(filter(None, (_word(error.get("message")), *_of_fields(items)))),
        used_up=any(_is_used_up(violation) for violation in _violations(items)),
        scope=_scope([_word(violation.get("quotaId")) for violation in _violations(items)]),
        retry_after=next((wait for item in items if (wait := _seconds(item)) is not None), None),
    )


def _of_fields(items: list[dict[str, Any]]) -> Iterator[str]:
    """What BadRequest says of each field."""
    for item in items:
        fields = item.get("fieldViolations")
        for each in fields if isinstance(fields, list) else ():
            if isinstance(each, dict):
                names = (_word(each.get(name)) for name in ("field", "description"))
                yield ": ".join(filter(None, names))


def _violations(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        violations = item.get("violations")
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, dict):
                yield violation


def _is_used_up(violation: dict[str, Any]) -> bool:
    """Quotas are named after what they count, `…PerDay…` or `…PerMinute…`."""
    return "PerDay" in _word(violation.get("quotaId")) or violation.get("quotaValue") == "0"


def _scope(quotas: list[str]) -> LimitScope | None:
    """A quota of each model has `PerModel` in its name."""
    named = [quota for quota in quotas if quota]
    if not named:
        return None
    return "model" if all("PerModel" in quota for quota in named) else "key"


def _seconds(item: dict[str, Any]) -> float | None:
    """A google.protobuf.Duration, such as `20.5s`."""
    try:
        seconds = float(_word(item.get("retryDelay")).removesuffix("s"))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
