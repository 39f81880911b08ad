"""Streams of events, and how an answer is built from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Hashable
from types import TracebackType
from typing import Literal, Self

from llmrpc import v1 as pb
from llmrpc.errors import StreamInterruptedError

TextKind = Literal["text", "reasoning", "refusal"]
Kind = TextKind | Literal["redacted_reasoning", "tool_call"]


class EventStream(ABC):
    """The events of one answer, the first of them already at hand.

    Iterate it once; `aclose` ends the call at any moment and may be repeated.
    Use it as `async with`, so that a broken loop closes it too.
    """

    def __aiter__(self) -> Self:
        return self

    @abstractmethod
    async def __anext__(self) -> pb.StreamEvent: ...

    @abstractmethod
    async def aclose(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class _Part:
    """A part under construction; texts are joined once, at the end."""

    __slots__ = ("call_id", "call_name", "chunks", "kind", "signature")

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.chunks: list[str] = []
        self.call_id = ""
        self.call_name = ""
        self.signature: pb.Signature | None = None

    def build(self) -> pb.Part:
        text = "".join(self.chunks)
        part = pb.Part(signature=self.signature)
        if self.kind == "tool_call":
            part.tool_call.id = self.call_id
            part.tool_call.name = self.call_name
            part.tool_call.arguments = text
        else:
            setattr(part, self.kind, text)
        return part


class AnswerBuilder:
    """Builds an answer piece by piece, and gives the deltas since the last look.

    A part is found by a key of the caller's choice (the provider's block index,
    say); its place in the answer is the order in which keys first appear. Texts
    that follow each other in one part become one delta.
    """

    __slots__ = ("_joined", "_length", "_parts", "_pending", "_places")

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._places: dict[Hashable, int] = {}
        self._pending: list[pb.Delta] = []
        self._joined: tuple[int, Kind, list[str]] | None = None
        self._length = 0

    def text(self, key: Hashable, text: str, kind: TextKind = "text") -> None:
        """Adds to a text, reasoning or refusal part."""
        joined = self._joined
        if joined is not None and joined[0] == self._places.get(key) and joined[1] == kind:
            joined[2].append(text)
            self._parts[joined[0]].chunks.append(text)
            self._length += len(text)
        elif text:
            self._append(self._place(key, kind), kind, text)

    def start(self, key: Hashable, kind: TextKind) -> None:
        """Starts a part that may stay empty, such as reasoning that is only signed."""
        if key not in self._places:
            self._append(self._place(key, kind), kind, "")

    def redacted_reasoning(self, key: Hashable, data: str) -> None:
        """Adds a whole redacted part."""
        self._append(self._place(key, "redacted_reasoning"), "redacted_reasoning", data)

    def tool_call(self, key: Hashable, id: str = "", name: str = "", arguments: str = "") -> None:
        """Starts a tool call, or adds to its arguments."""
        new = key not in self._places
        place = self._place(key, "tool_call")
        part = self._parts[place]
        if new:
            self._flush()
            part.call_id, part.call_name = id, name
            self._pending.append(
                pb.Delta(part_index=place, tool_call=pb.ToolCall(id=id, name=name))
            )
        if arguments:
            self._append(place, "tool_call", arguments)

    def signature(self, key: Hashable, signature: pb.Signature) -> None:
        """Signs a part that was started before."""
        place = self._places[key]
        self._flush()
        self._parts[place].signature = signature
        self._pending.append(pb.Delta(part_index=place, signature=signature))

    def take(self) -> list[pb.Delta]:
        """The deltas since the last call of this method."""
        self._flush()
        pending, self._pending = self._pending, []
        return pending

    def parts(self) -> list[pb.Part]:
        """The parts as they stand."""
        return [part.build() for part in self._parts]

    def message(self) -> pb.LLMMessage:
        """The answer as it stands, ready to be sent back."""
        return pb.LLMMessage(role=pb.ROLE_ASSISTANT, parts=self.parts())

    def content(self) -> str:
        """All text parts, joined."""
        return "".join("".join(part.chunks) for part in self._parts if part.kind == "text")

    def length(self) -> int:
        """Characters of output so far, of every kind: the base of an estimate."""
        return self._length

    def has(self, kind: Kind) -> bool:
        """Whether the answer has a part of this kind."""
        return any(part.kind == kind for part in self._parts)

    def add(self, delta: pb.Delta) -> None:
        """Adds a delta that came from somewhere else, keyed by its own index.

        Raises `StreamInterruptedError` for one that skips an index or changes
        the kind of a part: then something was lost on the way.
        """
        index = delta.part_index
        kind = delta.WhichOneof("kind")
        known = len(self._parts)
        if not 0 <= index <= known or (kind == "signature" and index == known):
            raise StreamInterruptedError(f"part {index} came while {known} parts were known")
        match kind:
            case "text" | "reasoning" | "refusal":
                self._append(self._place(index, kind), kind, getattr(delta, kind))
            case "redacted_reasoning":
                self.redacted_reasoning(index, delta.redacted_reasoning)
            case "tool_call":
                call = delta.tool_call
                self.tool_call(index, call.id, call.name, call.arguments)
            case "signature":
                self.signature(index, delta.signature)
            case None:
                pass

    def _place(self, key: Hashable, kind: Kind) -> int:
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self._parts)
            self._parts.append(_Part(kind))
        elif self._parts[place].kind != kind:
            raise StreamInterruptedError(
                f"part {place} changed from {self._parts[place].kind} to {kind}"
            )
        return place

    def _append(self, place: int, kind: Kind, text: str) -> None:
        self._parts[place].chunks.append(text)
        self._length += len(text)
        joined = self._joined
        if joined is not None and joined[0] == place:
            joined[2].append(text)
        else:
            self._flush()
            self._joined = (place, kind, [text])

    def _flush(self) -> None:
        if self._joined is None:
            return
        place, kind, chunks = self._joined
        self._joined = None
        text = "".join(chunks)
        if kind == "tool_call":
            delta = pb.Delta(part_index=place, tool_call=pb.ToolCall(arguments=text))
        else:
            delta = pb.Delta(part_index=place)
            setattr(delta, kind, text)
        self._pending.append(delta)


async def accumulate(events: AsyncIterable[pb.StreamEvent]) -> pb.LLMResponse:
    """The response of a whole stream: what `Generate` would have returned.

    Raises `StreamInterruptedError` where the stream is not whole: a gap in the
    sequence, no `completed` at the end or an event behind it, or deltas that do
    not add up to the completed message.
    """
    answer = AnswerBuilder()
    completed: pb.LLMResponse | None = None
    expected = 1
    async for event in events:
        if completed is not None:
            raise StreamInterruptedError("an event came after the completed response")
        if event.sequence != expected:
            raise StreamInterruptedError(f"event {event.sequence} came instead of {expected}")
        expected += 1
        for delta in event.deltas:
            answer.add(delta)
        if event.HasField("completed"):
            completed = event.completed
    if completed is None:
        raise StreamInterruptedError("the stream ended without its completed response")
    if answer.parts() != list(completed.message.parts):
        raise StreamInterruptedError("the deltas do not add up to the completed message")
    return completed
