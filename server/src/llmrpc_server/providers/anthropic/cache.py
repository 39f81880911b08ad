"""Cache breakpoints: where they may stand, how many there may be, and for how long.

A request has a few at most, and one for longer must not stand behind one for
shorter. Breakpoints are hints: what does not fit is left out or shortened, with a
warning. Of too many the last ones stay, since the provider looks back from them for
what it has. Source:
https://platform.claude.com/docs/en/build-with-claude/prompt-caching#explicit-cache-breakpoints
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget


class _Mark(NamedTuple):
    block: dict[str, Any]
    field: str
    ttl: str
    """Empty: the provider's default."""


class Breakpoints:
    """Those of one request, in the order of the prompt.

    `taken` are those that the caller wrote in the provider's own words: they count too.
    """

    def __init__(self, target: AnthropicTarget) -> None:
        self._target = target
        self.taken = 0
        self._marks: list[_Mark] = []

    def mark(self, block: dict[str, Any], part: pb.Part | pb.Tool, place: str) -> None:
        """Takes the breakpoint of a part or tool, if it has one, for what that became."""
        if part.HasField("cache_breakpoint"):
            field = f"{place}.cache_breakpoint"
            self._marks.append(_Mark(block, field, self._ttl(part.cache_breakpoint, field)))

    def refuse(self, part: pb.Part | pb.Tool, place: str, what: str) -> None:
        """Warns of the breakpoint of a part or tool that can have none; `what` is that."""
        if part.HasField("cache_breakpoint"):
            self._target.findings.drop(f"{place}.cache_breakpoint", what)

    def write(self) -> None:
        """Writes them into their blocks."""
        ttls, findings = self._target.quirks.cache_ttls, self._target.findings
        most = max(0, self._target.quirks.max_breakpoints - self.taken)
        first = max(0, len(self._marks) - most)
        for mark in self._marks[:first]:
            findings.drop(mark.field, f"more than {most} cache breakpoints")
        shortest = max(ttls.values())
        for mark in self._marks[first:]:
            ttl = mark.ttl
            if ttls[ttl or next(iter(ttls))] > shortest:
                ttl = next(name for name, seconds in ttls.items() if seconds == shortest)
                findings.warn(f"{mark.field}.ttl", f"one for shorter is before it: {ttl}")
            shortest = ttls[ttl or next(iter(ttls))]
            mark.block["cache_control"] = {"type": "ephemeral", **({"ttl": ttl} if ttl else {})}

    def _ttl(self, wanted: pb.CacheBreakpoint, field: str) -> str:
        if not wanted.HasField("ttl"):
            return ""
        ttls = self._target.quirks.cache_ttls
        seconds = wanted.ttl.seconds + bool(wanted.ttl.nanos)
        for name, lifetime in ttls.items():
            if lifetime >= seconds:
                return name
        *_, longest = ttls
        self._target.findings.warn(
            f"{field}.ttl", f"{self._target.row.name} keeps it for {longest} at most"
        )
        return longest
