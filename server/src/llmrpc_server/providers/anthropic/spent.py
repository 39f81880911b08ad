"""What an answer has used so far: as the provider counts it, or by the length of what came."""

from __future__ import annotations

from llmrpc_server.providers.anthropic import usage, wire
from llmrpc_server.providers.anthropic.block_parts import BlockParts
from llmrpc_server.providers.dialect import Answer

_NO_TIER = "standard"


class Spent:
    """Writes the usage of one answer."""

    __slots__ = ("_answer", "_counted", "_parts", "_usage")

    def __init__(self, answer: Answer, parts: BlockParts) -> None:
        self._answer = answer
        self._parts = parts
        self._usage: wire.Usage | None = None
        self._counted = False
        """Whether the provider counted all of the output."""

    def count(self, counted: wire.Usage | None, *, last: bool) -> None:
        """Takes counts; the `last` ones have all of the output."""
        if counted is None:
            return
        self._usage = usage.merged(self._usage, counted)
        if usage.uncounted(counted):
            self._parts.warn("usage.tool_uses", "sent a count of tool uses that is not a number")
        answer = self._answer
        answer.usage = usage.disjoint(self._usage)
        answer.input_uncounted = usage.lacks_input(self._usage)
        tier = self._usage.service_tier
        answer.service_tier = tier if tier and tier != _NO_TIER else ""
        self._counted = last and counted.output_tokens is not None
        self.estimate()

    def estimate(self) -> None:
        """Output is counted at the end alone: till then it is what came."""
        spent = self._answer.usage
        if spent is None:
            return
        spent.estimated = spent.estimated or self._answer.input_uncounted
        if self._counted:
            return
        tokens = self._parts.estimate()
        if tokens > spent.output_tokens:
            spent.output_tokens = tokens
            spent.estimated = True

    def reopen(self) -> None:
        """More output follows the one that was counted."""
        self._counted = False
