"""The blocks of an answer, whole or piece by piece: which piece belongs to which.

Nothing is lost: a piece that no open block can take opens one of its own, and an input
that belongs to no call is an error. Nothing comes twice: a block that a `message_start`
has, and that is then streamed, is one block. Source:
https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmrpc_server.providers.anthropic import wire
from llmrpc_server.providers.anthropic.block_parts import BlockParts
from llmrpc_server.providers.anthropic.open_block import EMPTY, OpenBlock
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import unreadable
from llmrpc_server.providers.kept_json import fields_of, string
from llmrpc_server.providers.loose import warn_of

_TAKERS = {
    "citations_delta": "text",
    "compaction_delta": "compaction",
    "input_json_delta": "tool_use",
    "signature_delta": "thinking",
    "text_delta": "text",
    "thinking_delta": "thinking",
}
"""The type of the block that a piece belongs to."""
_PIECES = _TAKERS.keys() - {"compaction_delta"}
"""Deltas of which the fields are known; those of the other are fields of its block."""
Index = int | float | str | None


class Blocks:
    """The blocks of one answer, by their index while they are open."""

    __slots__ = (
        "_announced",
        "_answer",
        "_beside",
        "_contents",
        "_number",
        "_open",
        "_provider",
        "_seen",
        "parts",
    )

    def __init__(self, answer: Answer, provider: str, limit: int | None) -> None:
        self.parts = BlockParts(answer, provider, limit)
        self._answer = answer
        self._provider = provider
        self._open: dict[Index, OpenBlock] = {}
        self._beside: dict[tuple[Index, str], OpenBlock] = {}
        """Blocks that were opened for pieces that did not fit the open one, by their kind."""
        self._announced: dict[Index, bytes] = {}
        """What the last `message_start` had, as far as it was not streamed since."""
        self._contents: list[bytes] = []
        """All of it."""
        self._seen: set[Index] = set()
        self._number = 0

    def whole(self, index: Index, raw: msgspec.Raw) -> None:
        """Takes a block that is complete."""
        self.start(index, raw)
        self.stop(index)

    def announce(self, content: Sequence[msgspec.Raw]) -> None:
        """Takes the content that a `message_start` came with.

        It may be all of it, the beginnings of blocks, or what is streamed once more.
        """
        raws = [bytes(raw) for raw in content]
        if raws == self._contents or self._has(content):
            return
        self._contents = raws
        for index, raw in enumerate(content):
            self.start(index, raw)
            block = self._open.get(index)
            if block is None:
                continue
            block.announced = True
            self._announced[index] = bytes(raw)
            if block.kind not in ("text", "thinking", "tool_use"):
                self.stop(index)

    def start(self, index: Index, raw: msgspec.Raw) -> None:
        """Takes the beginning of a block, which may hold all of it.

        A block that is open under the same index ends here, unless it is this one again.
        Raises `msgspec.DecodeError` for what is no block.
        """
        before, announced = self._open.get(index), self._announced.pop(index, None)
        if before is not None and bytes(before.raw) == bytes(raw):
            before.repeat()
            return
        if announced == bytes(raw):
            return
        block = OpenBlock(raw, self._number)
        warn_of(block.left_out, self._answer, self._provider)
        if before is not None:
            if before.is_again(block):
                before.repeat()
                self.parts.write(before, block.read.text or block.read.thinking)
                return
            self.stop(index)
        self._open[index] = block
        self._seen.add(index)
        self._number += 1
        self.parts.begin(block)

    def add(self, index: Index, delta: wire.Delta, data: bytes, odd: bytes | None) -> None:
        """Takes the next piece of a block; `data` is its whole event.

        `odd` is the same as it came, if it holds half a surrogate pair.
        """
        parts, kind = self.parts, delta.type or _kind_of(delta)
        taker = _TAKERS.get(kind)
        block = self._open.get(index)
        if taker is None:
            of = f"of the type {block.type}" if block is not None else "that was not open"
            parts.warn("message", f"sent a {kind or 'piece without a type'} for a block {of}")
            return
        if block is None or not block.takes(taker):
            block = self._opened(index, taker, delta)
            if block is None:
                return
        match kind:
            case "text_delta":
                parts.piece(block, "text", delta.text, odd)
            case "thinking_delta":
                parts.piece(block, "thinking", delta.thinking, odd)
            case "input_json_delta":
                parts.piece(block, "partial_json", delta.partial_json, odd)
            case "signature_delta":
                if delta.signature:
                    parts.sign(block, delta.signature)
            case "citations_delta":
                parts.hold(block, len(data))
                block.citations.append(delta.citation)
            case _:
                parts.hold(block, len(data))
                block.put_delta(data)

    def stop(self, index: Index, raw: msgspec.Raw | None = None) -> None:
        """Takes the end of a block; `raw` is all of it, which counts if nothing else came."""
        if raw is not None and index not in self._seen:
            self.start(index, raw)
        block = self._open.pop(index, None)
        if block is not None:
            self.parts.end(block)
        for place in [place for place in self._beside if place[0] == index]:
            self.parts.end(self._beside.pop(place))

    def finish(self) -> None:
        """Ends what has not ended."""
        for index in list(self._open):
            self.stop(index)

    def warn_of_fields(self, data: bytes) -> None:
        """Warns of the fields of an event that are not known."""
        fields = fields_of(data) or {}
        delta = fields_of(fields.get("delta", EMPTY)) or {}
        unknown = fields.keys() - {*wire.Event.__struct_fields__}
        if string(delta.get("type", EMPTY)) in _PIECES:
            unknown |= delta.keys() - {*wire.Delta.__struct_fields__}
        if unknown:
            names = ", ".join(sorted(unknown))
            self.parts.warn("message", f"sent unknown fields with a piece of the response: {names}")

    def _has(self, content: Sequence[msgspec.Raw]) -> bool:
        """Whether the answer has the same texts and calls already."""
        answer = self._answer.parts
        if not (content and answer):
            return False
        read = [OpenBlock(raw, 0) for raw in content]
        texts = "".join(block.read.text or "" for block in read if block.kind == "text")
        calls = {block.read.id for block in read if block.kind == "tool_use"}
        known = {part.tool_call.id for part in answer.parts() if part.HasField("tool_call")}
        return bool(texts or calls) and texts == answer.content() and calls <= known

    def _opened(self, index: Index, taker: str, delta: wire.Delta) -> OpenBlock | None:
        """A block for a piece that the open one cannot take; None if the piece is empty."""
        if taker == "tool_use":
            if not delta.partial_json:
                return None
            raise unreadable(self._provider, "sent the input of a call that did not begin")
        if taker == "thinking" and not (delta.thinking or delta.signature):
            return None
        if taker == "text" and not (delta.text or delta.citation):
            return None
        block = self._beside.get((index, taker))
        if block is None:
            block = OpenBlock(msgspec.Raw(b'{"type":"%b"}' % taker.encode()), self._number)
            self._number += 1
            self._seen.add(index)
            if index in self._open:
                self._beside[index, taker] = block
            else:
                self._open[index] = block
            self.parts.begin(block)
        return block


def _kind_of(delta: wire.Delta) -> str:
    """The type of a piece that does not name it."""
    if delta.text is not None:
        return "text_delta"
    if delta.thinking is not None:
        return "thinking_delta"
    return "" if delta.partial_json is None else "input_json_delta"
