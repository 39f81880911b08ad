"""How much the parts of all messages may hold together: parts, annotations, JSON.

JSON texts are counted by their values, not by their characters: a picture or a page inside
one is a single value however large it is, while 30 MiB of `[],[],[]` would take a parser
many seconds.
"""

from __future__ import annotations

from collections.abc import Iterable

from llmrpc import v1 as pb
from llmrpc.errors import Violation
from llmrpc_server.words import over_limit

MOST_VALUES = 250_000
"""Values of all JSON texts of a request that are no schemas: those of provider blocks,
annotations, signatures, tool calls and provider tools."""
TOO_MANY_VALUES = over_limit(MOST_VALUES, "values in all JSON texts of a request")
_MARKS = ",[{"
"""Each value of a JSON text but the first needs one of these before it."""
_STEP = 1 << 16


def values(text: str, most: int) -> int:
    """At most how many values a JSON text can have; counting stops soon after `most`.

    Marks inside of strings count too.
    """
    if len(text) <= _STEP:
        return sum(map(text.count, _MARKS)) if text else 0
    found = 0
    for mark in _MARKS:
        place = text.find(mark)
        while place >= 0 and found <= most:
            end = place + _STEP
            found += text.count(mark, place, end)
            place = text.find(mark, end)
    return found


class Left:
    """What the messages of a request may still hold."""

    __slots__ = ("_annotations", "_most_annotations", "_most_parts", "_parts", "values")

    def __init__(self, parts: int, annotations: int) -> None:
        self._parts = self._most_parts = parts
        self._annotations = self._most_annotations = annotations
        self.values = MOST_VALUES

    def first_excess(self, messages: Iterable[pb.LLMMessage]) -> Violation | None:
        """The first list or text that is too much; nothing after it is counted."""
        for place, message in enumerate(messages):
            parts = message.parts
            if not parts:
                continue
            self._parts -= len(parts)
            if self._parts < 0:
                return Violation(f"messages[{place}].parts", self._too_many_parts())
            for index, part in enumerate(parts):
                excess = self._part(part)
                if excess is not None:
                    path, description = excess
                    return Violation(f"messages[{place}].parts[{index}].{path}", description)
        return None

    def _part(self, part: pb.Part) -> tuple[str, str] | None:
        """The path in the part, and what is too much there."""
        kind = part.WhichOneof("kind")
        if kind == "tool_result":
            inner = part.tool_result.parts
            self._parts -= len(inner)
            if self._parts < 0:
                return "tool_result.parts", self._too_many_parts()
            for index, piece in enumerate(inner):
                excess = self._own(piece, piece.WhichOneof("kind"))
                if excess is not None:
                    return f"tool_result.parts[{index}].{excess[0]}", excess[1]
        return self._own(part, kind)

    def _own(self, part: pb.Part, kind: str | None) -> tuple[str, str] | None:
        """The same for what is the part's own, not inside a tool's result."""
        if kind == "provider_block" and self._is_past(part.provider_block.data):
            return "provider_block.data", TOO_MANY_VALUES
        if kind == "tool_call" and self._is_past(part.tool_call.arguments):
            return "tool_call.arguments", TOO_MANY_VALUES
        if part.HasField("signature") and self._is_past(part.signature.extra):
            return "signature.extra", TOO_MANY_VALUES
        if part.annotations:
            self._annotations -= len(part.annotations)
            if self._annotations < 0:
                most = self._most_annotations
                return "annotations", over_limit(most, "annotations of all parts")
            for index, annotation in enumerate(part.annotations):
                if self._is_past(annotation.data):
                    return f"annotations[{index}].data", TOO_MANY_VALUES
        return None

    def _is_past(self, text: str) -> bool:
        self.values -= values(text, self.values)
        return self.values < 0

    def _too_many_parts(self) -> str:
        return over_limit(self._most_parts, "parts of all messages")
