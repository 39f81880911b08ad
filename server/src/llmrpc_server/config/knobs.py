"""What an operator can say of a provider that the registry knows nothing of, or not enough."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from llmrpc_server.config.schema import ProviderConfig
from llmrpc_server.providers.row import Row, Ways

_CHAT = "openai"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The name of a header (RFC 9110, 5.6.2)."""
_WRITTEN_HERE = frozenset(
    {"connection", "content-encoding", "content-length", "content-type", "expect", "host"}
    | {"te", "trailer", "transfer-encoding", "upgrade"}
)
_OUR_FIELDS = frozenset({"messages", "contents", "input", "model", "stream"})
"""Fields of a body that are the request itself."""


def chat_quirks(settings: ProviderConfig) -> dict[str, Any]:
    """The settings that are about Chat Completions, as quirks of a row."""
    quirks: dict[str, Any] = {}
    if settings.max_tokens:
        quirks["max_tokens"] = settings.max_tokens
    if settings.stream_options is not None:
        quirks["stream_usage"] = settings.stream_options
    if settings.send_reasoning:
        quirks["send_reasoning"] = settings.send_reasoning
    return quirks


def with_chat_quirks(row: Row, quirks: Mapping[str, Any]) -> Row:
    """The row with these ways wherever it speaks Chat Completions."""
    if not quirks:
        return row
    if row.dialect == _CHAT:
        return replace(row, quirks={**row.quirks, **quirks})
    ways = row.other_ways.get(_CHAT, Ways())
    ways = replace(ways, quirks={**ways.quirks, **quirks})
    return replace(row, other_ways={**row.other_ways, _CHAT: ways})


def own_problems(path: str, settings: ProviderConfig, row: Row | None) -> Iterator[str]:
    """What is wrong with these settings, each with its path."""
    if row is None:
        for name in ("temperature", "headers", "body"):
            if getattr(settings, name) not in (None, {}):
                yield f"{path}.{name}: is for a provider with a dialect; leave it out"
    speaks = {row.dialect, *row.dialects.values(), *settings.dialects.values()} if row else set()
    if _CHAT not in speaks:
        for name in ("max_tokens", "stream_options", "send_reasoning"):
            if getattr(settings, name) not in ("", None):
                yield f"{path}.{name}: is for the dialect {_CHAT}; leave it out"
    yield from _header_problems(path, settings)
    for name, value in settings.body.items():
        if name in _OUR_FIELDS:
            yield f"{path}.body.{name}: is what is asked for itself; leave it out"
        elif not _is_json(value):
            yield f"{path}.body.{name}: cannot be written as JSON; put each name in quotes"


def _header_problems(path: str, settings: ProviderConfig) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name in settings.headers:
        at = f"{path}.headers[{name!r}]"
        first = seen.setdefault(name.lower(), name)
        if first != name:
            yield f"{at}: duplicate of {first!r}, since case does not matter; keep one of them"
        if not _TOKEN.fullmatch(name):
            yield f"{at}: is no name of a header"
        elif name.lower() in _WRITTEN_HERE:
            yield f"{at}: is written by the gateway; leave it out"


def _is_json(value: Any) -> bool:
    """Whether JSON can say it: its keys are texts or numbers, and all numbers finite."""
    if isinstance(value, Mapping):
        named = not any(key is None or isinstance(key, bool) for key in value)
        return named and all(map(_is_json, [*value, *value.values()]))
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, float):
        return math.isfinite(value)
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError):
        return False
    return True
