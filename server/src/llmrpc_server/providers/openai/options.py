"""Options of one provider, by the list of its row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

from llmrpc.hints import own_options
from llmrpc_server.providers.openai.quirks import OpenAITarget
from llmrpc_server.providers.options import plain


def add_options(
    body: dict[str, Any], options: Mapping[str, struct_pb2.Value], target: OpenAITarget
) -> None:
    """Writes the provider's own options; others are left out with a warning."""
    for name, value in own_options(options, target.findings, target.row.options).items():
        body[name] = plain(value)
