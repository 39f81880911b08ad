"""What a provider's error says of itself: codes, a message, and whom it is about."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from llmrpc_server.providers.error_words import said_anyhow
from llmrpc_server.providers.failures import SEARCHED, UNDECODABLE, Said, status_of

_SAFETY_CHECK = re.compile(r"\bSAFETY_CHECK_TYPE_\w+")
"""xAI's names of its checks, which stand in the message alone; the code is the
one of any refused permission. Source: https://github.com/UKGovernmentBEIS/inspect_ai/pull/2267"""

GENERATION = "failed_generation"
"""The field, and the type of the block, that hold what a model wrote in place of a call."""

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
    generation: str = ""
    """The JSON of what a model wrote that is no call, as Groq tells it."""

    def said(self) -> Said:
        """The part of it that an exception repeats."""
        return Said(self.codes, self.message)


UNREADABLE = Body((), "", None)


def read_body(body: bytes) -> Body:
    """The error in a JSON body, an object or the first of a list; else its words in any shape."""
    try:
        value = msgspec.json.decode(body)
    except UNDECODABLE:
        return UNREADABLE._replace(message=said_anyhow(body).message)
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict) and value.get("error"):
        outer, value = value, value["error"]
        if isinstance(value, str):
            value = {"message": value, "code": outer.get("code")}
    read = read_error(value)
    return read if read.message else read._replace(message=said_anyhow(body).message)


def read_error(error: object) -> Body:
    """The same for an error that is decoded already: an object or a text."""
    if isinstance(error, str):
        error = {"message": error}
    if not isinstance(error, dict):
        return UNREADABLE
    metadata = error.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    message = _message(error.get("message"), error.get("detail"))
    behind = _behind(metadata)
    if behind.message and behind.message not in message:
        message = f"{message}: {behind.message}" if message else behind.message
    checks = _SAFETY_CHECK.findall(message, 0, SEARCHED)
    code, inner = error.get("code"), metadata.get("error_type")
    cause = error.get("innererror")
    reason = cause.get("code") if isinstance(cause, dict) else None
    named = [*checks, code, error.get("type"), inner, reason]
    words = [word for word in named if isinstance(word, str) and word]
    numbers = [number for number in named if isinstance(number, int)]
    return Body(
        (*words, *map(str, numbers), *behind.codes),
        message,
        next(filter(None, map(status_of, named)), None),
        code=next((word for word in (code, inner) if isinstance(word, str)), ""),
        generation=_json({GENERATION: error[GENERATION]}) if error.get(GENERATION) else "",
        moderated=bool(checks) or any(metadata.get(name) for name in _MODERATION),
    )


def _behind(metadata: dict[str, Any]) -> Body:
    """What the provider behind OpenRouter said, which is JSON as text, or words.

    Source: https://openrouter.ai/docs/api-reference/errors#provider-errors
    """
    raw = metadata.get("raw")
    if isinstance(raw, str):
        read = read_body(raw.encode(errors="replace"))
        return read if read.message else Body((), raw, None)
    return read_error(raw.get("error") or raw) if isinstance(raw, dict) else UNREADABLE


def _message(*values: object) -> str:
    """The first that says something: a text, or what FastAPI and Mistral say of each field.

    Sources: https://fastapi.tiangolo.com/tutorial/handling-errors/,
    https://docs.mistral.ai/api
    """
    for each in values:
        value = each["detail"] if isinstance(each, dict) and "detail" in each else each
        if isinstance(value, list) and (texts := [_of_field(field) for field in value]):
            return "; ".join(texts)
        if value:
            return value if isinstance(value, str) else _json(value)
    return ""


def _of_field(each: object) -> str:
    if not (isinstance(each, dict) and isinstance(each.get("msg"), str)):
        return each if isinstance(each, str) else _json(each)
    place = each.get("loc")
    names = ".".join(map(str, place)) if isinstance(place, list) else ""
    return f"{names}: {each['msg']}" if names else str(each["msg"])


def _json(value: object) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except RecursionError:
        return ""
