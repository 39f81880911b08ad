"""A body or a chunk as it is read: strictly while it can be, then field by field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.kept_json import (
    HALVES,
    NOTHING,
    Fields,
    decode_whole,
    fields_of,
    has_half,
    mark_halves,
)
from llmrpc_server.providers.loose import Path, warn_of
from llmrpc_server.providers.openai import wire

_OUTPUT = "usage.completion_tokens"


class Chunk(NamedTuple):
    """What was read."""

    said: wire.Completion
    body: bytes
    """The JSON that it was read from, which may be mended."""
    strict: bool = True
    """Whether its messages have nothing that would be passed over."""
    marked: wire.Completion | None = None
    """The same with marks for halves of surrogate pairs, if it holds any."""
    left_out: Sequence[Path] = ()

    def raw(self, place: int, name: str) -> Fields:
        """The fields of the `message` or `delta` of a choice, as they came."""
        return fields_of(wire.raw_choice(self.body, place).get(name, NOTHING)) or {}

    @property
    def counts(self) -> bool:
        """Whether usage came, readable or not."""
        return self.said.usage is not None or "usage" in self.left_out

    @property
    def miscounted(self) -> bool:
        """Whether the tokens of the answer cannot be read."""
        return any(path.endswith(_OUTPUT) for path in self.left_out)


class Reader:
    """Reads the chunks of one answer; what is left out is warned of."""

    __slots__ = ("_answer", "_provider", "_strict")

    def __init__(self, answer: Answer, provider: str) -> None:
        self._answer = answer
        self._provider = provider
        self._strict = True

    def read(self, body: bytes, *, whole: bool) -> Chunk:
        """One chunk, or a `whole` answer, in which no half waits for another one.

        Raises what `UNDECODABLE` names.
        """
        if self._strict:
            try:
                return Chunk(wire.decode(body), body)
            except UNDECODABLE:
                self._strict = False
        (said, left_out), read = decode_whole(wire.decode_any, body)
        warn_of(left_out, self._answer, self._provider)
        marked = None
        if read is not body and has_half(body):
            if not whole:
                marks = mark_halves(body)
                marked = decode_whole(wire.decode_any, marks)[0][0]
            else:
                self._answer.warn("message", HALVES.format(self._provider))
        return Chunk(said, read, strict=False, marked=marked, left_out=left_out)


def put_marks(message: wire.Message, marked: wire.Message) -> None:
    """Puts the texts of the model with their marks into a message."""
    for name in ("content", "refusal", "reasoning", "reasoning_content", "reasoning_details"):
        setattr(message, name, getattr(marked, name))
    _put_arguments(message.function_call, marked.function_call)
    for call, other in zip(message.tool_calls or (), marked.tool_calls or (), strict=True):
        _put_arguments(call.function, other.function)


def _put_arguments(function: wire.Function | None, marked: wire.Function | None) -> None:
    if function is not None and marked is not None:
        function.arguments = marked.arguments
