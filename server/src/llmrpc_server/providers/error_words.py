"""What an error says for itself in a shape that is not its dialect's own.

Proxies and web frameworks answer in shapes of theirs: a list, a `detail` for each field, a
bare message, a text. Sources: https://fastapi.tiangolo.com/tutorial/handling-errors/ and
https://docs.litellm.ai/docs/exception_mapping
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc_server.providers.failures import (
    CONTENT,
    SEARCHED,
    UNDECODABLE,
    AnsweredError,
    Kind,
    Said,
    start,
)

_WORDS = (
    *("message", "msg", "status_msg", "error_msg", "error_message", "errmsg"),
    *("error", "errors", "detail", "base_resp", "error_description", "title"),
)
"""Fields that may hold the words, or what holds them, however they are capitalized. Not from
the sources above: `status_msg` of `base_resp`, which MiniMax sends with status 200
(https://platform.minimax.io/docs/api-reference/text-openai-api), `error_msg` of Baidu
(https://cloud.baidu.com/doc/WENXINWORKSHOP/s/tlmyncueh), `Message` of AWS
(https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html), and `title`
(https://www.rfc-editor.org/rfc/rfc9457#name-title)."""
_EXCEPTION = "exception"
"""How the field ends that holds an error of AWS in a stream."""
_NO_WORDS = re.compile(r'[{<"]|\[\s*[]\[{"\d]')
"""How JSON that was cut short and pages begin."""
_DEEPEST, _MOST = 4, 20
_LONGEST = SEARCHED
"""Bytes of a body in which words are looked for."""
_OF_ANSWER = (
    "choices",
    "usage",
    "candidates",
    "usageMetadata",
    "delta",
    "content_block",
    "response",
)
_ALL_WELL = frozenset({"success", "ok"})
_BINARY = re.compile("[\\0\ufffd]")
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


def words_of(body: bytes) -> str:
    """What a body says where an answer was expected: nothing of a page, or of half an answer.

    What is longer than `_LONGEST` is no word of an error.
    """
    if len(body) > _LONGEST:
        return ""
    text = body.decode(errors="replace").strip()
    try:
        words = _words(msgspec.json.decode(text))
    except UNDECODABLE:
        words = "" if _NO_WORDS.match(text) or _BINARY.search(text) else text
    return start(words)


def last_words(data: bytes) -> str:
    """What the last event of a stream says that is no part of an answer.

    What stands beside a part of one is about the answer: a title, or that all went well.
    """
    if len(data) > _LONGEST:
        return ""
    try:
        fields = msgspec.json.decode(data)
    except UNDECODABLE:
        return words_of(data)
    if isinstance(fields, dict) and _is_of_answer(fields):
        fields = {"base_resp": fields.get("base_resp")}
    words = start(_words(fields))
    return "" if words.lower() in _ALL_WELL else words


def told(error: LLMClientError, body: bytes) -> LLMClientError:
    """The error, which says what stands in the place of an answer that cannot be read."""
    invalid = error.reason == pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID
    words = words_of(body) if invalid else ""
    if words and words not in error.message:
        error.message = f"{error.message}: {words}"
    return error


def said_too(own: Said, body: bytes) -> Said:
    """What a dialect read of a body, and what else it says."""
    other = said_anyhow(body)
    codes = (*own.codes, *(code for code in other.codes if code not in own.codes))
    return Said(codes, own.message or other.message)


def filtered(error: LLMClientError, kind: Kind, status: int, said: Said) -> LLMClientError:
    """The error, or the end of the answer if a filter met it: its code says so, or its kind."""
    code = next((code for code in said.codes if code in _FILTERS), "")
    if status != 400 or not (code or kind is CONTENT):
        return error
    words = start(said.message)
    return AnsweredError(error, pb.FINISH_REASON_CONTENT_FILTER, code, refusal=words)


def _is_of_answer(fields: dict[str, Any]) -> bool:
    type_ = fields.get("type")
    typed = isinstance(type_, str) and type_.startswith(("message_", "content_block_", "response."))
    return typed or any(fields.get(name) for name in _OF_ANSWER)


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
            named = {str(name).lower(): each for name, each in value.items()}
            held = [named[name] for name in _WORDS if name in named]
            held += [named[name] for name in named if name.endswith(_EXCEPTION)]
            words = next(filter(None, (_words(each, depth + 1) for each in held)), "")
            place = value.get("loc")
            if words and isinstance(place, list):
                return f"{'.'.join(map(str, place))}: {words}"
            return words
        case _:
            return ""
