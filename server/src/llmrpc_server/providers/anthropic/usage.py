"""Tokens as the provider counts them, put into disjoint buckets.

Cache reads and writes stand beside `input_tokens` here, and thinking inside
`output_tokens`. Sources:
https://platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance,
https://platform.claude.com/docs/en/agents-and-tools/tool-use/server-tools
"""

from __future__ import annotations

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic import wire
from llmrpc_server.providers.kept_json import NOTHING, came, fields_of, plain
from llmrpc_server.providers.tokens import is_count, split

_INPUT = frozenset({"input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"})
_NO_CREATION = wire.CacheCreation()
_NO_DETAILS = wire.OutputDetails()


def merged(before: wire.Usage | None, after: wire.Usage) -> wire.Usage:
    """Both, the later one first: its counts are totals, and it has not all of them.

    A later 0 of the input is no count, since it cannot have shrunk.
    """
    if before is None:
        return after
    fields = {}
    for name in wire.Usage.__struct_fields__:
        earlier, later = getattr(before, name), getattr(after, name)
        none = later is None or later == NOTHING
        fields[name] = earlier if none or (later == 0 and earlier and name in _INPUT) else later
    return wire.Usage(**fields)


def disjoint(usage: wire.Usage) -> pb.Usage | None:
    """The buckets; None where the provider says neither input nor output.

    What was written to the cache counts as written for five minutes where no
    lifetime is said. Details that claim more than their total are cut to it.
    """
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    creation = usage.cache_creation or _NO_CREATION
    details = usage.output_tokens_details or _NO_DETAILS
    hour = creation.ephemeral_1h_input_tokens or 0
    written = usage.cache_creation_input_tokens
    if written is None:
        written = hour + (creation.ephemeral_5m_input_tokens or 0)
    hour, brief = split(written, hour)
    thinking, output = split(usage.output_tokens or 0, details.thinking_tokens)
    return pb.Usage(
        input_tokens=usage.input_tokens or 0,
        cache_read_tokens=usage.cache_read_input_tokens or 0,
        cache_write_tokens=brief,
        cache_write_1h_tokens=hour,
        output_tokens=output,
        reasoning_tokens=thinking,
        tool_uses=tool_uses(usage.server_tool_use),
    )


def lacks_input(usage: wire.Usage) -> bool:
    """Whether nothing is said of the input."""
    return all(getattr(usage, name) is None for name in _INPUT)


def tool_uses(counted: msgspec.Raw) -> dict[str, int]:
    """The uses of the provider's own tools; what is not a count is not among them."""
    values = {name: plain(raw) for name, raw in (fields_of(counted) or {}).items()}
    return {name: count for name, count in values.items() if is_count(count) and count}


def uncounted(usage: wire.Usage) -> bool:
    """Whether the uses of tools cannot be read in full."""
    if not came(usage.server_tool_use):
        return False
    fields = fields_of(usage.server_tool_use)
    if fields is None:
        return True
    return not all(is_count(plain(raw)) for raw in fields.values() if came(raw))
