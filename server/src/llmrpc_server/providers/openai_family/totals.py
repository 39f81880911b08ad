"""Counts that do not add up or are missing: what a total is evidence of, what is estimated.

A Gemini model behind an address in OpenAI's shape counts its thoughts in the total alone;
some servers count cached input beside the input.
"""

from __future__ import annotations

from llmrpc import v1 as pb
from llmrpc.estimate import CHARACTERS_PER_TOKEN
from llmrpc_server.providers.dialect import Answer


def with_rest(total: int, parts: tuple[int, int, int], cached: int) -> tuple[int, int, int]:
    """The input, the output and the reasoning in it, with what the total has beside them.

    The rest is as many tokens as the reasoning or the cached input where these were counted
    apart; else it is reasoning.
    """
    total_in, total_out, reasoning = parts
    rest = total - total_in - total_out
    if rest <= 0:
        return parts
    if rest == reasoning:
        return total_in, total_out + rest, reasoning
    if rest == cached:
        return total_in + rest, total_out, reasoning
    apart = reasoning > total_out
    return total_in, total_out + rest, max(reasoning, rest) if apart else reasoning + rest


class Counts:
    """The usage of one answer; what the provider did not count of it is estimated."""

    __slots__ = ("_answer", "_output")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._output = True
        """Whether the output was counted."""

    def take(self, counted: pb.Usage, *, input_too: bool, output_too: bool) -> None:
        """Takes counts, and whether input and output are among them."""
        counted.estimated = not (input_too and output_too)
        self._answer.usage = counted
        self._answer.input_uncounted = not input_too
        self._output = output_too

    def finish(self) -> None:
        """Estimates output that was not counted, now that all of it is known."""
        usage = self._answer.usage
        if usage is not None and not self._output:
            usage.output_tokens = -(-self._answer.parts.length() // CHARACTERS_PER_TOKEN)
