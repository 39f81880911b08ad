"""Requests to Gemini's generateContent, made for a test."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Defaults, Encoded
from llmrpc_server.providers.google import GoogleDialect
from llmrpc_server.providers.registry import ROWS

GOOGLE = GoogleDialect(ROWS["google"])
HELLO = {"role": "ROLE_USER", "content": "Hello"}
NEW, OLD = "gemini-3.8-flash", "gemini-2.5-flash"


def encode(
    fields: dict[str, Any], model: str = NEW, defaults: Defaults | None = None, stream: bool = False
) -> Encoded:
    request = json_format.ParseDict({"messages": [HELLO], **fields}, pb.GenerateRequest())
    return GOOGLE.encode(request, model, defaults or Defaults(), stream=stream)


def body(fields: dict[str, Any], model: str = NEW) -> Any:
    return json.loads(encode(fields, model).body)


def parts(*items: dict[str, Any], role: str = "ROLE_USER") -> dict[str, Any]:
    return {"messages": [{"role": role, "parts": list(items)}]}


def called(id: str, signature: str = "", maker: str = "google", **call: Any) -> dict[str, Any]:
    part: dict[str, Any] = {"toolCall": {"id": id, "name": "f", **call}}
    if signature:
        part["signature"] = {"provider": maker, "data": signature}
    return part


def result(id: str, *pieces: dict[str, Any], **more: Any) -> dict[str, Any]:
    item = {"toolResult": {"toolCallId": id, "parts": list(pieces), **more}}
    return {"role": "ROLE_TOOL", "parts": [item]}
