"""From the contract's request to the body of a Messages request.

Source: https://platform.claude.com/docs/en/api/messages/create
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

from llmrpc import v1 as pb
from llmrpc_server.catalogue.models import find_model
from llmrpc_server.providers.anthropic.betas import beta_headers
from llmrpc_server.providers.anthropic.cache import Breakpoints
from llmrpc_server.providers.anthropic.choice import add_tools
from llmrpc_server.providers.anthropic.messages import add_messages
from llmrpc_server.providers.anthropic.options import add_options, read_options
from llmrpc_server.providers.anthropic.output import add_response_format
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.anthropic.sampling import add_sampling
from llmrpc_server.providers.anthropic.thinking import add_thinking
from llmrpc_server.providers.anthropic.tools import build_tools
from llmrpc_server.providers.dialect import Defaults

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
    "mcp_servers",
)
"""The fields of a request that a count has too."""


class Built(NamedTuple):
    """A request, so far as it could be built."""

    body: dict[str, Any]
    headers: dict[str, str]


def build_request(
    request: pb.GenerateRequest, target: AnthropicTarget, defaults: Defaults, *, stream: bool
) -> Built:
    """The body and its headers; what stands against it is in the target's findings."""
    max_tokens = _max_tokens(request, target, defaults)
    body: dict[str, Any] = {"model": target.name, "max_tokens": max_tokens}
    breakpoints = Breakpoints(target)
    breakpoints.taken += f"{target.row.name}.cache_control" in request.provider_options
    tools = build_tools(request.tools, breakpoints, target)
    add_messages(body, request.messages, target, breakpoints)
    if stream:
        body["stream"] = True
    for field in _REFUSED:
        if request.HasField(field):
            target.findings.unsupported(field)
    if any(each != pb.MODALITY_TEXT for each in request.output_modalities):
        target.findings.unsupported("output_modalities", f"{target.name} responds only with text")
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    thinks = add_thinking(body, request.reasoning, max_tokens, target)
    add_sampling(body, request, defaults, target, thinks=thinks)
    add_tools(body, request, tools, target)
    if request.HasField("response_format"):
        add_response_format(body, request.response_format, target)
    options = read_options(request, target)
    headers = beta_headers(request.tools, options, target)
    add_options(body, request.end_user_id, options, target)
    return Built(body, headers)


def build_count(request: pb.GenerateRequest, target: AnthropicTarget) -> Built:
    """A request for a count, with the same findings."""
    body, headers = build_request(request, target, Defaults(), stream=False)
    return Built({name: body[name] for name in _COUNTED if name in body}, headers)


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
