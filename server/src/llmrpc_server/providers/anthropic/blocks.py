"""From the blocks of an answer to its parts, whole or piece by piece.

Text, thinking and tool calls are parts of their own kind. A block of any other type
(what the provider's own tools did, and what is to come) is redacted reasoning: only
the provider can read it, and its signature holds the block, to be sent back as it is.
Deltas of unknown types are passed over, and so are citations: nothing that a request
can ask for here makes them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder
from llmrpc.estimate import CHARACTERS_PER_TOKEN
from llmrpc_server.providers.anthropic import wire
from llmrpc_server.providers.failures import UNDECODABLE

_NO_ARGUMENTS = b"{}"
_KNOWN = frozenset({"text", "thinking", "redacted_thinking", "tool_use"})


class _Open:
    """A block that has begun."""

    __slots__ = ("pieces", "raw", "read")

    def __init__(self, raw: msgspec.Raw, read: wire.Block) -> None:
        self.raw = raw
        self.read = read
        self.pieces: list[str] = []
        """The input of a call so far, in JSON."""


class Blocks:
    """The blocks of one answer, by their index."""

    __slots__ = ("_characters", "_open", "_parts", "_provider")

    def __init__(self, parts: AnswerBuilder, provider: str) -> None:
        self._parts = parts
        self._provider = provider
        self._open: dict[int, _Open] = {}
        self._characters = 0

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
        kind = wire.decode_type(raw).type
        read = wire.decode_block(raw) if kind in _KNOWN else wire.Block(type=kind)
        self._open[index] = _Open(raw, read)
        match read.type:
            case "text":
                self._text(index, read.text)
            case "thinking":
                self._thinking(index, read.thinking)
                self._sign(index, read.signature)
            case "redacted_thinking":
                self._parts.redacted_reasoning(index, read.data or "")
                self._parts.signature(index, pb.Signature(provider=self._provider))
            case "tool_use":
                self._parts.tool_call(index, read.id or f"toolu_{index}", read.name or "")
            case _:
                pass

    def add(self, index: int, delta: wire.Delta) -> None:
        """Takes the next piece of a block; one of no block is passed over."""
        block = self._open.get(index)
        if block is None:
            return
        match delta.type:
            case "text_delta" if block.read.type == "text":
                self._text(index, delta.text)
            case "thinking_delta" if block.read.type == "thinking":
                self._thinking(index, delta.thinking)
            case "signature_delta" if block.read.type == "thinking":
                self._sign(index, delta.signature)
            case "input_json_delta" if delta.partial_json:
                self._characters += len(delta.partial_json)
                block.pieces.append(delta.partial_json)
                if block.read.type == "tool_use":
                    self._parts.tool_call(index, arguments=delta.partial_json)
            case _:
                pass

    def stop(self, index: int) -> None:
        """Takes the end of a block."""
        block = self._open.pop(index, None)
        if block is None:
            return
        match block.read.type:
            case "tool_use" if not block.pieces:
                whole = bytes(block.read.input) or _NO_ARGUMENTS
                self._characters += len(whole)
                self._parts.tool_call(index, arguments=whole.decode())
            case kind if kind not in _KNOWN:
                self._keep(index, block)
            case _:
                pass

    def finish(self) -> None:
        """Ends what has not ended."""
        for index in list(self._open):
            self.stop(index)

    def _text(self, index: int, text: str | None) -> None:
        if text:
            self._characters += len(text)
            self._parts.text(index, text)

    def _thinking(self, index: int, text: str | None) -> None:
        if text:
            self._characters += len(text)
            self._parts.text(index, text, "reasoning")

    def _sign(self, index: int, signature: str | None) -> None:
        """Signs thinking, whose text the provider may have left out."""
        if signature:
            self._parts.start(index, "reasoning")
            self._parts.signature(index, pb.Signature(provider=self._provider, data=signature))

    def _keep(self, index: int, block: _Open) -> None:
        raw: Any = block.raw
        if block.pieces:
            fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
            whole = "".join(block.pieces).encode()
            fields["input"] = msgspec.Raw(whole if _is_json(whole) else _NO_ARGUMENTS)
            raw = msgspec.json.encode(fields)
        self._parts.redacted_reasoning(index, "")
        data = bytes(raw).decode()
        self._parts.signature(index, pb.Signature(provider=self._provider, data=data))


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except UNDECODABLE:
        return False
    return True
