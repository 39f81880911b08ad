"""How much a request may hold, looked at before anything is looked into."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from llmrpc import v1 as pb
from llmrpc.errors import Violation
from llmrpc_server.bounds import AtLeastOne, Count

MOST_STOPS = 64
MOST_FALLBACKS = 8
MOST_OPTIONS = 64
_LISTS = frozenset({"stop", "fallback", "tools", "provider_options"})
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
    max_tools: Count = 512
    """Most tools."""
    max_tokens: AtLeastOne = 10_000_000
    """Most that a request's own `max_tokens` may ask for."""


def first_excess(
    request: pb.GenerateRequest, given: Collection[str], limits: Limits
) -> Violation | None:
    """The first list that is too long; none that follows it is counted.

    `given` are the names of the fields that are set.
    """
    if len(request.messages) > limits.max_messages:
        return Violation("messages", f"are more than {limits.max_messages}")
    excess = _parts(request.messages, limits.max_parts)
    if excess is None and not _LISTS.isdisjoint(given):
        excess = _others(request, limits)
    if excess is None and not _SCHEMAS.isdisjoint(given):
        excess = _schemas(request)
    return excess


def _parts(messages: Iterable[pb.LLMMessage], most: int) -> Violation | None:
    left = most
    for place, message in enumerate(messages):
        parts = message.parts
        if not parts:
            continue
        left -= len(parts)
        if left < 0:
            return Violation(f"messages[{place}].parts", _too_many(most))
        for index, part in enumerate(parts):
            left -= len(part.tool_result.parts)
            if left < 0:
                return Violation(
                    f"messages[{place}].parts[{index}].tool_result.parts", _too_many(most)
                )
    return None


def _too_many(most: int) -> str:
    return f"are more than {most} with those before them"


def _others(request: pb.GenerateRequest, limits: Limits) -> Violation | None:
    sizes = (
        ("stop", len(request.stop), MOST_STOPS),
        ("fallback.models", len(request.fallback.models), MOST_FALLBACKS),
        ("tools", len(request.tools), limits.max_tools),
        ("provider_options", len(request.provider_options), MOST_OPTIONS),
    )
    for name, size, most in sizes:
        if size > most:
            return Violation(name, f"are more than {most}")
    return None


def _schemas(request: pb.GenerateRequest) -> Violation | None:
    left = MOST_SCHEMA
    schemas = [
        ("response_format.json_schema.schema", request.response_format.json_schema.schema),
        *(
            (f"tools[{index}].function.parameters", tool.function.parameters)
            for index, tool in enumerate(request.tools)
        ),
    ]
    for path, schema in schemas:
        left -= len(schema)
        if left < 0:
            return Violation(path, f"is past {MOST_SCHEMA} characters of schema in a request")
    return None
