"""What an error says for itself in a shape that is not its dialect's own.

Proxies and web frameworks answer in shapes of theirs: a list, a `detail` for each field, a
bare message, a text. Sources: https://fastapi.tiangolo.com/tutorial/handling-errors/ and
https://docs.litellm.ai/docs/exception_mapping
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc_server.providers.failures import UNDECODABLE, AnsweredError, Said, start

_WORDS = ("message", "msg", "error", "errors", "detail", "error_description")
"""Fields that may hold the words, or what holds them."""
_DEEPEST, _MOST = 4, 20
_FILTERS = frozenset({"content_filter", "content_policy_violation"})
"""Codes of a prompt that a filter refused. Sources:
https://learn.microsoft.com/azure/foundry/openai/concepts/content-filter,
https://openrouter.ai/docs/api-reference/errors"""


def said_anyhow(body: bytes) -> Said:
    """The codes and the words of a body of any shape; nothing of a page."""
    try:
        value = msgspec.json.decode(body)
    except UNDECODABLE:
        text = body.decode(errors="replace").strip()
        return Said() if text.startswith("<") else Said((), text)
    return Said(tuple(_codes(value)), _words(value))


def said_too(own: Said, body: bytes) -> Said:
    """What a dialect read of a body, and what else it says."""
    other = said_anyhow(body)
    codes = (*own.codes, *(code for code in other.codes if code not in own.codes))
    return Said(codes, own.message or other.message)


def filtered(error: LLMClientError, status: int, said: Said) -> LLMClientError:
    """The error, or the end of the answer if a filter refused the prompt."""
    code = next((code for code in said.codes if code in _FILTERS), "")
    if status != 400 or not code:
        return error
    words = start(said.message)
    return AnsweredError(error, pb.FINISH_REASON_CONTENT_FILTER, code, refusal=words)


def _codes(value: Any) -> Iterator[str]:
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return
    inner = value.get("error")
    for each in (inner if isinstance(inner, dict) else {}, {"code": value.get("code")}):
        for name in ("code", "type"):
            code = each.get(name)
            if isinstance(code, str | int) and not isinstance(code, bool) and code != "":
                yield str(code)


def _words(value: Any, depth: int = 0) -> str:
    if depth > _DEEPEST:
        return ""
    match value:
        case str():
            return value
        case list():
            texts = (_words(each, depth + 1) for each in value[:_MOST])
            return "; ".join(filter(None, texts))
        case dict():
            texts = (_words(value.get(name), depth + 1) for name in _WORDS)
            words = next(filter(None, texts), "")
            place = value.get("loc")
            if words and isinstance(place, list):
                return f"{'.'.join(map(str, place))}: {words}"
            return words
        case _:
            return ""
