"""The arguments of a tool call, for providers that accept nothing but a JSON object.

A model can write other text, above all when `max_tokens` cuts its call off, and the
conversation must be able to go on. Such text goes back inside an object, under the key
that Anthropic proposes. Source:
https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.idle import EMPTY, says_nothing
from llmrpc_server.providers.kept_json import fields_of, json_of, says, string
from llmrpc_server.providers.target import Target

_KEY = "INVALID_JSON"


def wrap_arguments(text: str) -> msgspec.Raw:
    """An object that holds text which is none."""
    return msgspec.Raw(msgspec.json.encode({_KEY: text}))


def read_arguments(raw: msgspec.Raw) -> bytes:
    """The arguments of a call that came whole, in JSON; `{}` if it has none.

    An object that came as text is the object.
    """
    if not says(raw):
        return EMPTY.encode()
    inner = string(raw)
    if inner and says_nothing(inner):
        return EMPTY.encode()
    return inner.encode() if inner and fields_of(inner) is not None else bytes(raw)


def has_whole_calls(parts: Iterable[pb.Part]) -> bool:
    """Whether an answer has calls, and the arguments of each are complete."""
    calls = [part.tool_call.arguments for part in parts if part.HasField("tool_call")]
    return bool(calls) and all(
        says_nothing(text) or json_of(text.encode()) is not None for text in calls
    )


def write_arguments(call: pb.ToolCall, place: str, target: Target[Any, Any]) -> msgspec.Raw:
    """The arguments as an object; `place` is the path of the call in the request."""
    text = call.arguments
    if says_nothing(text):
        return msgspec.Raw(b"{}")
    whole = json_of(text.encode())
    if whole is not None and fields_of(whole) is not None:
        return whole
    target.findings.warn(
        f"{place}.arguments",
        f"{target.row.name} accepts only a JSON object, and this is none; "
        f"sent as text under the key {_KEY}",
    )
    return wrap_arguments(text)
