"""A hint that a provider does not accept is dropped, in the same words everywhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.echo import EchoClient
from llmrpc_server.providers.registry import DIALECTS, ROWS

ROW = {"anthropic": "anthropic", "google": "google", "openai": "groq", "openai-responses": "openai"}
OTHER = {"provider": "acme", "data": "eA=="}
BLOCK = {"provider": "acme", "type": "x", "data": "{}"}
TEXT: dict[str, Any] = {
    "text": "a",
    "signature": OTHER,
    "cacheBreakpoint": {},
    "annotations": [{"provider": "acme", "url": "u"}],
}
MESSAGES = [
    {"role": "ROLE_USER", "parts": [TEXT]},
    {
        "role": "ROLE_ASSISTANT",
        "parts": [
            {"reasoning": "a", "signature": OTHER, "cacheBreakpoint": {}},
            {"reasoning": "a"},
            {"redactedReasoning": "a", "signature": OTHER},
            {"providerBlock": BLOCK, "cacheBreakpoint": {}},
            {"toolCall": {"id": "1", "name": "f", "arguments": "{}"}, "signature": OTHER},
            TEXT,
        ],
    },
    {
        "role": "ROLE_TOOL",
        "parts": [
            {
                "toolResult": {"toolCallId": "1", "name": "f", "parts": [TEXT], "isError": True},
                "signature": OTHER,
            }
        ],
    },
]
REQUEST = {
    "messages": MESSAGES,
    "tools": [{"function": {"name": "f"}, "cacheBreakpoint": {}}],
    "endUserId": "u",
    "providerOptions": {"acme.x": True},
}
_IN_OTHER_WORDS = (
    "this is a block of acme; dropped",
    "{} accepts only its own annotations with their data; the others are dropped",
    "{} needs its own; sent with the value that stands for one",
)


@pytest.mark.parametrize("dialect", ROW)
def test_it_is_told_in_the_same_words_everywhere(dialect: str) -> None:
    row = ROWS[ROW[dialect]].speaking(dialect)
    request = json_format.ParseDict(REQUEST, pb.GenerateRequest())
    encoded = DIALECTS[dialect](row).encode(request, "m", Defaults(), stream=False)
    assert len(encoded.warnings) >= 7
    others = [each.format(row.name) for each in _IN_OTHER_WORDS]
    for warning in encoded.warnings:
        told = re.fullmatch(rf"({row.name}|m) does not accept [^;]+; dropped", warning.message)
        assert told or warning.message in others, warning


async def test_so_does_echo() -> None:
    fields = {"temperature": 1, "endUserId": "u", "providerOptions": {"acme.x": True}}
    request = json_format.ParseDict({"messages": MESSAGES[:1], **fields}, pb.GenerateRequest())
    warnings = (await EchoClient().generate(request)).warnings
    assert len(warnings) == 6
    for warning in warnings:
        assert re.fullmatch(r"echo does not accept [^;]+; dropped", warning.message), warning
