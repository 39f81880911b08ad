"""Requests that are checked, and which of their fields are wrong."""

from __future__ import annotations

from typing import Any

from google.protobuf import duration_pb2, struct_pb2

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.rpc.limits import Limits
from llmrpc_server.rpc.validation import Validator

USER, TOOL, SYSTEM, ASSISTANT = pb.ROLE_USER, pb.ROLE_TOOL, pb.ROLE_SYSTEM, pb.ROLE_ASSISTANT
NO_ROLE: Any = 99


def said(*parts: pb.Part, role: pb.Role.ValueType = USER, **fields: Any) -> pb.GenerateRequest:
    return pb.GenerateRequest(messages=[pb.LLMMessage(role=role, parts=parts, **fields)])


def tool_result(**fields: Any) -> pb.GenerateRequest:
    return said(pb.Part(tool_result=pb.ToolResult(**fields)), role=TOOL)


def option(value: struct_pb2.Value) -> dict[str, struct_pb2.Value]:
    return {"openai.metadata": value}


def block(data: str) -> pb.Part:
    return pb.Part(provider_block=pb.ProviderBlock(provider="x", data=data))


def kept(**ttl: int) -> pb.Part:
    """A text with a cache breakpoint of this lifetime."""
    mark = pb.CacheBreakpoint(ttl=duration_pb2.Duration(**ttl))
    return pb.Part(text="a", cache_breakpoint=mark)


def violations(request: pb.GenerateRequest) -> list[str]:
    try:
        Validator(Limits()).check(request)
    except InvalidRequestError as error:
        return [violation.field for violation in error.violations]
    return []
