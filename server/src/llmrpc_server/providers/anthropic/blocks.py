"""From the blocks of an answer to its parts, whole or piece by piece.

Text, thinking and tool calls are parts of their own kind; what else such a block holds
goes back in the `extra` of its signature. A block of any other type (what the provider's
own tools did, and what is to come) is a provider block: the provider's JSON, to be sent
back as it is. Citations are annotations, at the end of their text. Sources:
https://platform.claude.com/docs/en/build-with-claude/streaming,
https://platform.claude.com/docs/en/agents-and-tools/tool-use/server-tools
"""

from __future__ import annotations

import msgspec

from llmrpc import v1 as pb
from llmrpc.estimate import CHARACTERS_PER_TOKEN
from llmrpc_server.providers.anthropic import wire
from llmrpc_server.providers.anthropic.citations import read_citation
from llmrpc_server.providers.anthropic.open_block import EMPTY, FIELDS, OpenBlock
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable

_WHOLE_DELTAS = frozenset({"compaction_delta"})
"""Deltas whose fields are fields of the block, whole."""


class Blocks:
    """The blocks of one answer, by their index.

    `limit` bounds the bytes that are held until their blocks end; None: the whole
    answer is at hand.
    """

    __slots__ = ("_answer", "_characters", "_held", "_limit", "_open", "_parts", "_provider")

    def __init__(self, answer: Answer, provider: str, limit: int | None) -> None:
        self._answer = answer
        self._parts = answer.parts
        self._provider = provider
        self._limit = limit
        self._open: dict[int, OpenBlock] = {}
        self._characters = 0
        self._held = 0

    def estimate(self) -> int:
        """Tokens that came so far, by their length."""
        return -(-self._characters // CHARACTERS_PER_TOKEN)

    def whole(self, index: int, raw: msgspec.Raw) -> None:
        """Takes a block that is complete."""
        self.start(index, raw)
        self.stop(index)

    def start(self, index: int, raw: msgspec.Raw) -> None:
        """Takes the beginning of a block, which may hold all of it.

        Raises `msgspec.DecodeError` for what is no block.
        """
        block = self._open[index] = OpenBlock(raw)
        read = block.read
        match read.type:
            case "text":
                self._text(index, block, read.text)
                self._cite(block)
            case "thinking":
                self._thinking(index, read.thinking)
                self._sign(index, block, read.signature)
            case "redacted_thinking":
                self._parts.redacted_reasoning(index, read.data or "")
                self._parts.signature(index, self._signature(block))
            case "tool_use":
                self._parts.tool_call(index, read.id or f"toolu_{index}", read.name or "")
                if block.extra:
                    self._parts.signature(index, self._signature(block))
            case _:
                self._hold(block, len(bytes(raw)))

    def add(self, index: int, delta: wire.Delta, data: bytes) -> None:
        """Takes the next piece of a block; `data` is its whole event."""
        block = self._open.get(index)
        if block is None:
            self.warn("message", f"sent a {delta.type} for a block that was not open")
            return
        kind = block.read.type
        match delta.type:
            case "text_delta" if kind == "text":
                self._text(index, block, delta.text)
            case "thinking_delta" if kind == "thinking":
                self._thinking(index, delta.thinking)
            case "signature_delta" if kind == "thinking":
                self._sign(index, block, delta.signature)
            case "citations_delta" if kind == "text":
                self._hold(block, len(data))
                block.citations.append(delta.citation)
            case "input_json_delta" if kind == "tool_use" or kind not in FIELDS:
                self._input(index, block, delta.partial_json)
            case whole if whole in _WHOLE_DELTAS and kind not in FIELDS:
                self._hold(block, len(data))
                block.replace(data)
            case unknown:
                self.warn("message", f"sent a {unknown} for a block of the type {kind}")

    def stop(self, index: int) -> None:
        """Takes the end of a block."""
        block = self._open.pop(index, None)
        if block is None:
            return
        self._held -= block.held
        match block.read.type:
            case "text":
                self._end_text(index, block)
            case "tool_use" if not block.pieces:
                whole = bytes(block.read.input) or EMPTY
                self._characters += len(whole)
                self._parts.tool_call(index, arguments=whole.decode())
            case kind if kind not in FIELDS:
                self._keep(index, block)
            case _:
                pass

    def finish(self) -> None:
        """Ends what has not ended."""
        for index in list(self._open):
            self.stop(index)

    def warn(self, field: str, what: str) -> None:
        """Warns, once, of something in the answer that cannot be read."""
        self._answer.warn(field, f"{self._provider} {what}; it was dropped")

    def _text(self, index: int, block: OpenBlock, text: str | None) -> None:
        if text:
            self._characters += len(text)
            self._parts.text(index, text)
            block.written = True

    def _cite(self, block: OpenBlock) -> None:
        if not block.read.citations:
            return
        try:
            block.citations.extend(wire.decode_list(block.read.citations) or ())
        except UNDECODABLE:
            self.warn("message", "sent citations that cannot be read")

    def _end_text(self, index: int, block: OpenBlock) -> None:
        if not block.written:
            if block.citations:
                self.warn("message", "cited sources for an empty text")
            return
        for raw in block.citations:
            try:
                annotation = read_citation(raw, self._provider)
            except UNDECODABLE:
                self.warn("message", "sent a citation that cannot be read")
            else:
                self._parts.annotation(index, annotation)
        if block.extra:
            self._parts.signature(index, self._signature(block))

    def _thinking(self, index: int, text: str | None) -> None:
        if text:
            self._characters += len(text)
            self._parts.text(index, text, "reasoning")

    def _sign(self, index: int, block: OpenBlock, signature: str | None) -> None:
        """Signs thinking, whose text the provider may have left out."""
        if signature:
            self._parts.start(index, "reasoning")
            self._parts.signature(index, self._signature(block, signature))

    def _signature(self, block: OpenBlock, data: str = "") -> pb.Signature:
        return pb.Signature(provider=self._provider, data=data, extra=block.extra)

    def _input(self, index: int, block: OpenBlock, piece: str | None) -> None:
        if not piece:
            return
        self._characters += len(piece)
        block.pieces.append(piece)
        if block.read.type == "tool_use":
            self._parts.tool_call(index, arguments=piece)
        else:
            self._hold(block, len(piece))

    def _hold(self, block: OpenBlock, size: int) -> None:
        block.held += size
        self._held += size
        if self._limit is not None and self._held > self._limit:
            raise unreadable(self._provider, f"sent blocks of more than {self._limit} bytes")

    def _keep(self, index: int, block: OpenBlock) -> None:
        kind = block.read.type
        if not block.take_input():
            self.warn("message", f"broke off the input of a {kind}")
        name = wire.decode_id(block.raw).id
        kept = pb.ProviderBlock(
            provider=self._provider,
            type=kind,
            data=bytes(block.raw).decode(),
            id=name if isinstance(name, str) else "",
        )
        self._parts.provider_block(index, kept)
