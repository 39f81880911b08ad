"""What makes a cache breakpoint valid: a lifetime that a cache could have."""

from __future__ import annotations

from collections.abc import Iterator

from llmrpc import v1 as pb
from llmrpc.errors import Violation
from llmrpc_server.words import out_of_range

MOST_SECONDS = 365 * 24 * 3600
"""Of a lifetime. The longest that a provider offers is a day."""
_SECOND = 1_000_000_000


def breakpoint_violations(path: str, marked: pb.Part | pb.Tool) -> Iterator[Violation]:
    """What is wrong with the lifetime of a part's or a tool's breakpoint, if it has one."""
    if not marked.cache_breakpoint.HasField("ttl"):
        return
    ttl = marked.cache_breakpoint.ttl
    field = f"{path}.cache_breakpoint.ttl"
    if abs(ttl.nanos) >= _SECOND or ttl.seconds * ttl.nanos < 0:
        yield Violation(field, "must be a valid duration: nanos below a second, of the same sign")
    elif not 0 <= ttl.seconds + ttl.nanos / _SECOND <= MOST_SECONDS:
        seconds = ttl.seconds + ttl.nanos / _SECOND
        yield Violation(field, out_of_range(seconds, 0, MOST_SECONDS, " s"))
