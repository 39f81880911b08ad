"""Where the provider's own options have their place in a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

from llmrpc.hints import own_options
from llmrpc_server.providers.openai_responses.quirks import ResponsesTarget
from llmrpc_server.providers.options import plain

_INSIDE = {
    "verbosity": ("text", "verbosity"),
    "reasoning_summary": ("reasoning", "summary"),
    "reasoning_context": ("reasoning", "context"),
    "reasoning_mode": ("reasoning", "mode"),
}
"""Options that stand inside a section; the others stand in the body itself."""


def add_options(
    body: dict[str, Any], options: Mapping[str, struct_pb2.Value], target: ResponsesTarget
) -> None:
    """Writes the provider's own options; others are left out with a warning."""
    for name, value in own_options(options, target.findings, target.row.options).items():
        if name in _INSIDE:
            section, inner = _INSIDE[name]
            body.setdefault(section, {})[inner] = plain(value)
        else:
            body[name] = plain(value)
