"""From plain Python arguments to the contract's request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from google.protobuf import json_format, struct_pb2

from llmrpc import v1 as pb
from llmrpc.types import LLMMessage

Messages: TypeAlias = Sequence[LLMMessage | pb.LLMMessage]
"""A conversation, oldest message first."""

_POSITIONAL = ("messages", "model", "temperature", "max_tokens")
_OPTIONS = tuple(
    field.name for field in pb.GenerateRequest.DESCRIPTOR.fields if field.name not in _POSITIONAL
)


def build_request(
    messages: Messages,
    model: str | None,
    temperature: float | None,
    max_tokens: int | None,
    options: Mapping[str, Any],
) -> pb.GenerateRequest:
    """The request for these arguments; None leaves a field absent.

    `options` are the other fields by name, as contract messages or as plain
    dicts, lists and values of the same shape. Raises `TypeError` for an unknown
    name (listing the known ones) and for a value that does not fit its field.
    """
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        raise TypeError(f"unknown option {', '.join(unknown)}; known are {', '.join(_OPTIONS)}")
    request = pb.GenerateRequest(
        messages=[m.to_proto() if isinstance(m, LLMMessage) else m for m in messages],
        model=model or "",
        temperature=temperature,
        max_tokens=max_tokens,
    )
    for name, value in options.items():
        if value is not None:
            _set(request, name, value)
    return request


def _set(request: pb.GenerateRequest, name: str, value: Any) -> None:
    if name == "stop" and isinstance(value, str):
        value = [value]
    if name == "provider_options":
        value = {key: _json_value(option) for key, option in value.items()}
    try:
        field = pb.GenerateRequest(**{name: value})
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: {error}") from error
    request.MergeFrom(field)


def _json_value(value: Any) -> struct_pb2.Value:
    if isinstance(value, struct_pb2.Value):
        return value
    return json_format.ParseDict(value, struct_pb2.Value())
