"""From plain Python arguments to the contract's request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeAlias

from google.protobuf import json_format, struct_pb2

from llmrpc import v1 as pb
from llmrpc.misfit import misfit
from llmrpc.types import LLMMessage

Messages: TypeAlias = Sequence[LLMMessage | pb.LLMMessage]
"""A conversation, oldest message first."""

_POSITIONAL = ("messages", "model", "temperature", "max_tokens")
_OPTIONS = tuple(
    field.name for field in pb.GenerateRequest.DESCRIPTOR.fields if field.name not in _POSITIONAL
)
_MESSAGE_KEYS = tuple(field.name for field in fields(LLMMessage))


def build_request(
    messages: Messages,
    model: str | None,
    temperature: float | None,
    max_tokens: int | None,
    options: Mapping[str, Any],
) -> pb.GenerateRequest:
    """The request for these arguments; None leaves a field absent.

    `options` are the other fields by name, as contract messages or as plain
    dicts, lists and values of the same shape; a message may be a dict too, of
    LLMMessage's keys. Raises `TypeError` for an unknown name (listing the known
    ones), and `TypeError` or `ValueError`, naming the field and what it takes,
    for a value that does not fit.
    """
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        raise TypeError(f"unknown option {', '.join(unknown)}; known are {', '.join(_OPTIONS)}")
    request = pb.GenerateRequest(messages=_conversation(messages))
    given = {"model": model, "temperature": temperature, "max_tokens": max_tokens, **options}
    for name, value in given.items():
        if value is not None:
            _set(request, name, value)
    return request


def _conversation(messages: Messages) -> Iterator[pb.LLMMessage]:
    """The messages in the contract's type; an error names the place."""
    # a message's own list of messages is a Sequence, without `__iter__`
    many = isinstance(messages, Sequence) or hasattr(messages, "__iter__")
    if isinstance(messages, str | bytes | Mapping) or not many:
        raise TypeError(
            f"messages: is {type(messages).__name__}; give a list such as "
            '[LLMMessage(role="user", content="…")]'
        )
    for index, message in enumerate(messages):
        if isinstance(message, pb.LLMMessage):
            yield message
            continue
        try:
            yield _plain(message).to_proto()
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"messages[{index}]: {error}") from error


def _plain(message: object) -> LLMMessage:
    """The message itself, or the one that a dict spells."""
    if isinstance(message, LLMMessage):
        return message
    if not isinstance(message, Mapping):
        raise TypeError(f"is {type(message).__name__}; give an LLMMessage")
    unknown = sorted(str(key) for key in message if key not in _MESSAGE_KEYS)
    if unknown:
        raise TypeError(f"unknown key {', '.join(unknown)}; known are {', '.join(_MESSAGE_KEYS)}")
    if "role" not in message:
        raise TypeError("role: is missing")
    return LLMMessage(**message)


def _set(request: pb.GenerateRequest, name: str, value: Any) -> None:
    if name == "stop" and isinstance(value, str):
        value = [value]
    try:
        if name == "provider_options":
            value = {key: _json_value(option) for key, option in value.items()}
        field = pb.GenerateRequest(**{name: value})
    except (AttributeError, TypeError, ValueError, json_format.ParseError) as error:
        raise misfit(pb.GenerateRequest.DESCRIPTOR.fields_by_name[name], value, error) from error
    request.MergeFrom(field)


def _json_value(value: Any) -> struct_pb2.Value:
    if isinstance(value, struct_pb2.Value):
        return value
    return json_format.ParseDict(value, struct_pb2.Value())
