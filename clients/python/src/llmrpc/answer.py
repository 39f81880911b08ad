"""An answer under construction: its parts, and the deltas since the last look."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Literal

from llmrpc import v1 as pb
from llmrpc.errors import ProviderNotAvailableError, StreamInterruptedError

MOST_PARTS = 4096
"""Parts of one answer: a request that sends it back may have as many."""
MOST_ANNOTATIONS = 8192
"""Annotations of all of them together, likewise."""
TextKind = Literal["text", "reasoning", "refusal"]
Kind = TextKind | Literal["redacted_reasoning", "provider_block", "image", "tool_call"]


class _Part:
    """A part under construction; texts are joined once, at the end."""

    __slots__ = ("annotations", "call_id", "call_name", "chunks", "kind", "signature", "whole")

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.chunks: list[str] = []
        self.call_id = ""
        self.call_name = ""
        self.whole: pb.ProviderBlock | pb.Image | None = None
        self.signature: pb.Signature | None = None
        self.annotations: list[pb.Annotation] = []

    def build(self) -> pb.Part:
        part = pb.Part(signature=self.signature, annotations=self.annotations)
        if self.whole is not None:
            getattr(part, self.kind).CopyFrom(self.whole)
            return part
        text = "".join(self.chunks)
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

    Raises `ProviderNotAvailableError` (PROVIDER_RESPONSE_INVALID) for more than `MOST_PARTS`
    parts or `MOST_ANNOTATIONS` annotations, before anything is made of them.
    """

    __slots__ = (
        "_annotations",
        "_extra",
        "_joined",
        "_last",
        "_length",
        "_names",
        "_parts",
        "_pending",
        "_places",
    )

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._places: dict[Hashable, int] = {}
        self._last: dict[Kind, Hashable] = {}
        """The key of the last part of each kind."""
        self._pending: list[pb.Delta] = []
        self._joined: tuple[int, Kind, list[str]] | None = None
        self._length = 0
        self._extra = 0
        self._annotations = 0
        self._names: Mapping[str, str] = {}

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
        if key in self._places:
            raise StreamInterruptedError(
                f"a second redacted_reasoning came for part {self._places[key]}"
            )
        self._append(self._place(key, "redacted_reasoning"), "redacted_reasoning", data)

    def tool_call(self, key: Hashable, id: str = "", name: str = "", arguments: str = "") -> None:
        """Starts a tool call, or adds to its arguments."""
        new = key not in self._places
        place = self._place(key, "tool_call")
        part = self._parts[place]
        if new:
            self._flush()
            name = self._names.get(name, name)
            part.call_id, part.call_name = id, name
            self._extra += len(id) + len(name)
            self._pending.append(
                pb.Delta(part_index=place, tool_call=pb.ToolCall(id=id, name=name))
            )
        if arguments:
            self._append(place, "tool_call", arguments)

    def rename(self, names: Mapping[str, str]) -> None:
        """Gives tool calls other names: those to come, and those that are there."""
        self._names = names
        for part in self._parts if names else ():
            part.call_name = names.get(part.call_name, part.call_name)

    def provider_block(self, key: Hashable, block: pb.ProviderBlock) -> None:
        """Adds a complete provider block."""
        self._whole(key, "provider_block", block, len(block.data))

    def image(self, key: Hashable, image: pb.Image) -> None:
        """Adds a complete image."""
        self._whole(key, "image", image, image.ByteSize())

    def signature(self, key: Hashable, signature: pb.Signature) -> None:
        """Signs a part that was started before."""
        place = self._places[key]
        self._flush()
        self._parts[place].signature = signature
        self._extra += signature.ByteSize()
        self._pending.append(pb.Delta(part_index=place, signature=signature))

    def annotation(self, key: Hashable, annotation: pb.Annotation) -> None:
        """Annotates a part that was started before, even if others have started since."""
        place = self._places[key]
        self._annotations += 1
        if self._annotations > MOST_ANNOTATIONS:
            raise too_many(f"{MOST_ANNOTATIONS} annotations")
        self._flush()
        self._parts[place].annotations.append(annotation)
        self._extra += annotation.ByteSize()
        self._pending.append(pb.Delta(part_index=place, annotation=annotation))

    def keep(self, size: int) -> None:
        """Counts bytes that are kept beside the parts, so that `size` bounds them too.

        A negative size tells that so many of them are kept no longer.
        """
        self._extra += size

    def last(self, kind: Kind) -> Hashable | None:
        """The key of the last part of a kind; None if there is none."""
        return self._last.get(kind)

    def keys(self, kind: Kind) -> list[Hashable]:
        """The keys of all parts of a kind, in order."""
        return [key for key, place in self._places.items() if self._parts[place].kind == kind]

    def text_of(self, key: Hashable) -> str:
        """The text of a part so far: annotations count its code points."""
        return "".join(self._parts[self._places[key]].chunks)

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
        """Characters that the model has written so far: the base of an estimate."""
        return self._length

    def size(self) -> int:
        """Everything that the answer holds: characters, and the bytes of what came complete."""
        return self._length + self._extra

    def __bool__(self) -> bool:
        """Whether it has any part."""
        return bool(self._parts)

    def has(self, kind: Kind) -> bool:
        """Whether the answer has a part of this kind."""
        return kind in self._last

    def _place(self, key: Hashable, kind: Kind) -> int:
        place = self._places.get(key)
        if place is None:
            if len(self._parts) == MOST_PARTS:
                raise too_many(f"{MOST_PARTS} parts")
            place = self._places[key] = len(self._parts)
            self._last[kind] = key
            self._parts.append(_Part(kind))
        elif self._parts[place].kind != kind:
            raise StreamInterruptedError(
                f"part {place} changed from {self._parts[place].kind} to {kind}"
            )
        return place

    def _whole(
        self,
        key: Hashable,
        kind: Literal["provider_block", "image"],
        value: pb.ProviderBlock | pb.Image,
        size: int,
    ) -> None:
        if key in self._places:
            raise StreamInterruptedError(f"a second {kind} came for part {self._places[key]}")
        place = self._place(key, kind)
        self._flush()
        self._parts[place].whole = value
        self._extra += size
        delta = pb.Delta(part_index=place)
        getattr(delta, kind).CopyFrom(value)
        self._pending.append(delta)

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


def too_many(most: str) -> ProviderNotAvailableError:
    """The error for an answer past a bound; another one would cost as much again."""
    error = ProviderNotAvailableError(
        f"the provider answered with more than {most}",
        reason=pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID,
    )
    error.retryable = False
    return error
