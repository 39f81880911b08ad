"""What a provider's error says of itself: codes, a message, and whom it is about."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from llmrpc_server.providers.failures import UNDECODABLE, Said

_SAFETY_CHECK = re.compile(r"\bSAFETY_CHECK_TYPE_\w+")
"""xAI's names of its checks, which stand in the message alone; the code is the
one of any refused permission. Source: https://github.com/UKGovernmentBEIS/inspect_ai/pull/2267"""

_MODERATION = ("reasons", "flagged_input", "patterns")
"""Metadata of content that moderation or a guardrail refused. Source:
https://openrouter.ai/docs/api-reference/errors#moderation-errors"""


class Body(NamedTuple):
    """What an error's body says of itself."""

    codes: tuple[str, ...]
    """Its codes and types, the most telling first."""
    message: str
    status: int | None
    """A numeric code that reads as an HTTP status."""
    code: str = ""
    """The code in words alone, without the type, which says less."""
    moderated: bool = False
    """Whether it says that the content was looked at and refused."""

    def said(self) -> Said:
        """The part of it that an exception repeats."""
        return Said(self.codes, self.message)


UNREADABLE = Body((), "", None)


def read_body(body: bytes) -> Body:
    """The error in a JSON body; `UNREADABLE` for any other."""
    try:
        value = msgspec.json.decode(body)
    except UNDECODABLE:
        return UNREADABLE
    if isinstance(value, dict) and value.get("error"):
        outer, value = value, value["error"]
        if isinstance(value, str):
            value = {"message": value, "code": outer.get("code")}
    return read_error(value)


def read_error(error: object) -> Body:
    """The same for an error that is decoded already: an object or a text."""
    if isinstance(error, str):
        error = {"message": error}
    if not isinstance(error, dict):
        return UNREADABLE
    metadata = error.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    message = _message(error.get("message"))
    checks = _SAFETY_CHECK.findall(message)
    code, inner = error.get("code"), metadata.get("error_type")
    named = [*checks, code, error.get("type"), inner]
    words = [word for word in named if isinstance(word, str) and word]
    numbers = [number for number in named if isinstance(number, int)]
    return Body(
        (*words, *map(str, numbers)),
        message,
        next((number for number in numbers if 400 <= number < 600), None),
        code=next((word for word in (code, inner) if isinstance(word, str)), ""),
        moderated=bool(checks) or any(metadata.get(name) for name in _MODERATION),
    )


def _message(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return msgspec.json.encode(value).decode() if value else ""
    except RecursionError:
        return ""
