"""A response from its stream, also from a gateway that is newer than this client.

Kinds of parts and deltas that this client does not know are kept count of and passed
over; the completed response is returned as it came, with all that it has.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder
from llmrpc.errors import StreamInterruptedError

_COMPLETE = frozenset({"redacted_reasoning", "provider_block", "image"})
"""Kinds of which one delta is the whole part."""


class Accumulator:
    """Adds up the deltas of a stream."""

    __slots__ = ("_answer", "_known")

    def __init__(self) -> None:
        self._answer = AnswerBuilder()
        self._known: list[bool] = []
        """Whether the kind of each part is one that this client knows."""

    def restart(self) -> None:
        """Forgets all parts: the response starts again."""
        self._answer = AnswerBuilder()
        self._known = []

    def add(self, delta: pb.Delta) -> None:
        """Adds one delta.

        Raises `StreamInterruptedError` for a delta that skips an index or changes the
        kind of a part: then something was lost on the way.
        """
        index, count, kind = delta.part_index, len(self._known), delta.WhichOneof("kind")
        never_first = kind in ("signature", "annotation")
        if not 0 <= index <= count or (never_first and index == count):
            raise StreamInterruptedError(f"part {index} arrived when {count} parts were known")
        if index == count:
            self._known.append(kind is not None)
        elif kind in _COMPLETE and self._known[index]:
            raise StreamInterruptedError(f"a second {kind} arrived for part {index}")
        if kind is None or not self._known[index]:
            return
        answer = self._answer
        match kind:
            case "text" | "reasoning" | "refusal":
                answer.start(index, kind)
                answer.text(index, getattr(delta, kind), kind)
            case "redacted_reasoning":
                answer.redacted_reasoning(index, delta.redacted_reasoning)
            case "tool_call":
                call = delta.tool_call
                answer.tool_call(index, call.id, call.name, call.arguments)
            case "provider_block":
                answer.provider_block(index, delta.provider_block)
            case "image":
                answer.image(index, delta.image)
            case "signature":
                answer.signature(index, delta.signature)
            case "annotation":
                answer.annotation(index, delta.annotation)

    def parts(self) -> list[pb.Part]:
        """The parts so far; one of an unknown kind is empty."""
        known = iter(self._answer.parts())
        return [next(known) if is_known else pb.Part() for is_known in self._known]

    def check(self, completed: Sequence[pb.Part]) -> None:
        """Raises `StreamInterruptedError` if the deltas do not add up to these parts.

        Unknown parts and fields, on either side, prove nothing and are passed over.
        """
        built = self.parts()
        extra = completed[len(built) :]
        if len(completed) < len(built) or any(part.WhichOneof("kind") for part in extra):
            raise StreamInterruptedError(
                f"the deltas made {len(built)} parts, and the completed message has "
                f"{len(completed)}"
            )
        for index, (mine, theirs) in enumerate(zip(built, completed, strict=False)):
            if not self._known[index] or theirs.WhichOneof("kind") is None:
                continue
            if mine != theirs and _without_unknown(mine) != _without_unknown(theirs):
                raise StreamInterruptedError(
                    f"the deltas do not add up to part {index} of the completed message"
                )


async def accumulate(events: AsyncIterable[pb.StreamEvent]) -> pb.LLMResponse:
    """The response of a complete stream: what `Generate` would have returned.

    Raises `StreamInterruptedError` if the stream is not complete: a gap in the
    sequence, no `completed` at the end or an event after it, or deltas that do not add
    up to the completed message.
    """
    answer = Accumulator()
    completed: pb.LLMResponse | None = None
    expected = 1
    async for event in events:
        if completed is not None:
            raise StreamInterruptedError("an event came after the completed response")
        if event.sequence != expected:
            raise StreamInterruptedError(f"event {event.sequence} came instead of {expected}")
        expected += 1
        if event.HasField("restarted"):
            answer.restart()
        for delta in event.deltas:
            answer.add(delta)
        if event.HasField("completed"):
            completed = event.completed
    if completed is None:
        raise StreamInterruptedError("the stream ended without its completed response")
    answer.check(completed.message.parts)
    return completed


def _without_unknown(part: pb.Part) -> pb.Part:
    """A copy without the fields that this client does not know, at any depth."""
    copy = pb.Part()
    copy.CopyFrom(part)
    copy.DiscardUnknownFields()
    return copy
