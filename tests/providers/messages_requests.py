"""Requests to the Messages API, made for a test."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.dialect import Defaults, Encoded
from tests.providers.messages_api import DIALECT

HELLO: dict[str, Any] = {"role": "ROLE_USER", "content": "Hello"}
OLD = "claude-sonnet-4-6"


def request(fields: dict[str, Any]) -> pb.GenerateRequest:
    return json_format.ParseDict({"messages": [HELLO], **fields}, pb.GenerateRequest())


def encode(fields: dict[str, Any], model: str = OLD, defaults: Defaults | None = None) -> Encoded:
    return DIALECT.encode(request(fields), model, defaults or Defaults(), stream=False)


def body(fields: dict[str, Any], model: str = OLD, defaults: Defaults | None = None) -> Any:
    return json.loads(encode(fields, model, defaults).body)


def refused(fields: dict[str, Any], model: str = OLD) -> list[str]:
    with pytest.raises(InvalidRequestError) as caught:
        encode(fields, model)
    assert caught.value.reason_name == "FIELD_NOT_SUPPORTED"
    return [violation.field for violation in caught.value.violations]


def parts(*items: dict[str, Any], role: str = "ROLE_USER") -> dict[str, Any]:
    return {"messages": [HELLO, {"role": role, "parts": list(items)}]}


TOOLS = {"tools": [{"function": {"name": "f"}}]}
