"""How much a request may hold, looked at before anything is looked into."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from llmrpc import v1 as pb
from llmrpc.errors import Violation
from llmrpc_server.bounds import AtLeastOne, Count
from llmrpc_server.rpc.part_limits import TOO_MANY_VALUES, Left, values
from llmrpc_server.words import over_limit

MOST_STOPS = 64
MOST_FALLBACKS = 8
MOST_OPTIONS = 64
MOST_MODALITIES = 16
_LISTS = frozenset(
    {"stop", "fallback", "tools", "tool_choice", "output_modalities", "provider_options"}
)
_SCHEMAS = frozenset({"response_format", "tools"})
MOST_SCHEMA = 1_000_000
"""Characters of all JSON schemas of a request."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a request."""

    max_messages: AtLeastOne = 4096
    """Most messages."""
    max_parts: AtLeastOne = 4096
    """Most parts of all messages together, those inside tool results included."""
    max_annotations: Count = 8192
    """Most annotations of all parts together."""
    max_tools: Count = 512
    """Most tools."""
    max_tokens: AtLeastOne = 10_000_000
    """Most that a request's own `max_tokens` may ask for."""


def first_excess(
    request: pb.GenerateRequest, given: Collection[str], limits: Limits
) -> Violation | None:
    """The first list or text that is too long; none that follows it is counted.

    `given` are the names of the fields that are set.
    """
    if len(request.messages) > limits.max_messages:
        return Violation("messages", over_limit(limits.max_messages, "messages"))
    left = Left(limits.max_parts, limits.max_annotations)
    excess = left.first_excess(request.messages)
    if excess is None and not _LISTS.isdisjoint(given):
        excess = _others(request, limits)
    if excess is None and not _SCHEMAS.isdisjoint(given):
        excess = _schemas(request, left.values)
    return excess


def _others(request: pb.GenerateRequest, limits: Limits) -> Violation | None:
    sizes = (
        ("stop", len(request.stop), MOST_STOPS),
        ("fallback.models", len(request.fallback.models), MOST_FALLBACKS),
        ("tools", len(request.tools), limits.max_tools),
        ("tool_choice.allowed_names", len(request.tool_choice.allowed_names), limits.max_tools),
        ("output_modalities", len(request.output_modalities), MOST_MODALITIES),
        ("provider_options", len(request.provider_options), MOST_OPTIONS),
    )
    for name, size, most in sizes:
        if size > most:
            return Violation(name, over_limit(most, "entries"))
    return None


def _schemas(request: pb.GenerateRequest, values_left: int) -> Violation | None:
    """Schemas by their characters, and provider tools' options by their values."""
    left = MOST_SCHEMA - len(request.response_format.json_schema.schema)
    if left < 0:
        return Violation("response_format.json_schema.schema", _TOO_MUCH_SCHEMA)
    for index, tool in enumerate(request.tools):
        left -= len(tool.function.parameters)
        if left < 0:
            return Violation(f"tools[{index}].function.parameters", _TOO_MUCH_SCHEMA)
        values_left -= values(tool.provider_tool.options, values_left)
        if values_left < 0:
            return Violation(f"tools[{index}].provider_tool.options", TOO_MANY_VALUES)
    return None


_TOO_MUCH_SCHEMA = over_limit(MOST_SCHEMA, "characters in all schemas of a request")
