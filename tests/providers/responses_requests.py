"""Requests of the contract as Responses sends or refuses them."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.dialect import Defaults, Encoded
from tests.providers.responses import dialect

HELLO = {"role": "ROLE_USER", "content": "Hello"}


def encode(
    fields: dict[str, Any],
    provider: str = "openai",
    model: str = "gpt-6-luna",
    defaults: Defaults | None = None,
    *,
    stream: bool = False,
) -> Encoded:
    request = json_format.ParseDict({"messages": [HELLO], **fields}, pb.GenerateRequest())
    return dialect(provider).encode(request, model, defaults or Defaults(), stream=stream)


def parts(*items: dict[str, Any], role: str = "ROLE_USER") -> dict[str, Any]:
    return {"messages": [{"role": role, "parts": list(items)}]}


def refused(fields: dict[str, Any], model: str = "gpt-6-luna") -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        encode(fields, model=model)
    return caught.value
