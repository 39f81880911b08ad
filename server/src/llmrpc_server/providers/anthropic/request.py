"""From the contract's request to the body of a Messages request.

Source: https://platform.claude.com/docs/en/api/messages/create
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from llmrpc import v1 as pb
from llmrpc.hints import own_options
from llmrpc_server.catalogue.models import find_model
from llmrpc_server.providers.anthropic.cache import Breakpoints
from llmrpc_server.providers.anthropic.messages import add_messages
from llmrpc_server.providers.anthropic.output import add_response_format
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.anthropic.sampling import add_sampling
from llmrpc_server.providers.anthropic.thinking import add_thinking
from llmrpc_server.providers.anthropic.tools import build_tool_choice, build_tools
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.options import plain

_Refused = Literal["seed", "presence_penalty", "frequency_penalty"]

_REFUSED: tuple[_Refused, ...] = get_args(_Refused)
"""What the API has nothing for."""

_COUNTED = (
    "model",
    "system",
    "messages",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "cache_control",
)
"""The fields of a request that a count has too."""


def build_body(
    request: pb.GenerateRequest, target: AnthropicTarget, defaults: Defaults, *, stream: bool
) -> dict[str, Any]:
    """The body; what stands against it is in the target's findings."""
    max_tokens = _max_tokens(request, target, defaults)
    body: dict[str, Any] = {"model": target.name, "max_tokens": max_tokens}
    automatic = f"{target.row.name}.cache_control" in request.provider_options
    add_messages(body, request.messages, target, Breakpoints(target, automatic=automatic))
    if stream:
        body["stream"] = True
    for field in _REFUSED:
        if request.HasField(field):
            target.findings.unsupported(field)
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    thinks = add_thinking(body, request.reasoning, max_tokens, target)
    add_sampling(body, request, defaults, target, thinks=thinks)
    if request.tools:
        body["tools"] = build_tools(request.tools, target)
    if request.HasField("tool_choice"):
        choice = build_tool_choice(request.tool_choice, body, target)
        if choice is not None and request.tools:
            body["tool_choice"] = choice
    if request.HasField("response_format"):
        add_response_format(body, request.response_format, target)
    options = own_options(request.provider_options, target.findings, target.row.options)
    body.update({name: plain(value) for name, value in options.items()})
    return body


def build_count(request: pb.GenerateRequest, target: AnthropicTarget) -> dict[str, Any]:
    """The body of a request for a count, with the same findings."""
    body = build_body(request, target, Defaults(), stream=False)
    return {name: body[name] for name in _COUNTED if name in body}


def _max_tokens(request: pb.GenerateRequest, target: AnthropicTarget, defaults: Defaults) -> int:
    """The API demands it: the request's, else the default, else the model's ceiling.

    A default above the ceiling is cut to it; a model whose ceiling is not known has
    that of its row.
    """
    if request.HasField("max_tokens"):
        return request.max_tokens
    facts = find_model(target.row.name, target.name)
    ceiling = facts.max_output_tokens if facts is not None else None
    if defaults.max_tokens is None:
        return ceiling or target.quirks.max_tokens
    return min(defaults.max_tokens, ceiling or defaults.max_tokens)
