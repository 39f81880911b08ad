"""What a client in plain Python is called with: text, and the fields that it names."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.call import Call
from llmrpc.hints import check_text_only
from llmrpc.types import LLMMessage

if TYPE_CHECKING:
    from llmrpc.base import BaseLLMClient

_KNOWN = {"messages", "model", "temperature", "max_tokens"}
_FIELDS = {field.name for field in pb.GenerateRequest.DESCRIPTOR.fields}


def upstream_model(client: BaseLLMClient, request: pb.GenerateRequest, call: Call) -> str:
    """The provider's own name of the model."""
    if call.target is not None:
        return call.target.model
    return request.model.removeprefix(f"{client.provider_name}/")


def build_arguments(
    client: BaseLLMClient, request: pb.GenerateRequest, call: Call, function: Any
) -> tuple[dict[str, Any], list[pb.Warning]]:
    """Keyword arguments for the client's own method, and the hints left out of them.

    Raises `InvalidRequestError` naming what the method has no argument for.
    """
    model = upstream_model(client, request, call)
    parameters = inspect.signature(function).parameters
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    fields = _FIELDS if takes_all else {*parameters, *_KNOWN}
    options = None if "provider_options" in fields else ()
    warnings = check_text_only(request, client.provider_name, model, fields=fields, options=options)
    arguments: dict[str, Any] = {
        "messages": [_plain(message) for message in request.messages],
        "model": model,
    }
    for name in ("temperature", "max_tokens"):
        default = getattr(client, f"default_{name}")
        if default is not None or _is_required(parameters.get(name)):
            arguments[name] = default
    for field, value in request.ListFields():
        if field.name in ("messages", "model"):
            continue
        argument = _value(client, field.name, value)
        if argument is not None:
            arguments[field.name] = argument
    return arguments, warnings


def _is_required(parameter: inspect.Parameter | None) -> bool:
    """Whether a call without this argument fails."""
    return parameter is not None and parameter.default is parameter.empty


def _value(client: BaseLLMClient, name: str, value: Any) -> Any:
    if name == "provider_options":
        own = (key for key in value if key.partition(".")[0] == client.provider_name)
        return {key: json_format.MessageToDict(value[key]) for key in own} or None
    if name == "labels":
        return dict(value)
    return list(value) if name in ("stop", "tools", "output_modalities") else value


def _plain(message: pb.LLMMessage) -> LLMMessage:
    text = message.content or "".join(part.text for part in message.parts)
    return LLMMessage(LLMMessage.from_proto(message).role, text)
