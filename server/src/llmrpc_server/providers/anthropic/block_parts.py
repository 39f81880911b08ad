"""What becomes of the pieces of a block: parts, their signatures and annotations.

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
from llmrpc_server.providers.anthropic.open_block import OpenBlock
from llmrpc_server.providers.arguments import read_arguments, wrap_arguments
from llmrpc_server.providers.call_ids import CallIds
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable
from llmrpc_server.providers.few import few
from llmrpc_server.providers.halves import Halves, decode_with_halves
from llmrpc_server.providers.idle import EMPTY, Idle
from llmrpc_server.providers.kept_json import json_of, says, string


class BlockParts:
    """Writes the blocks of one answer into its parts.

    `limit` bounds the bytes that are held until their blocks end; None: the whole
    answer is at hand.
    """

    __slots__ = (
        *("_answer", "_characters", "_halves", "_held", "_idle", "_ids", "_limit", "_parts"),
        "_provider",
    )

    def __init__(self, answer: Answer, provider: str, limit: int | None) -> None:
        self._answer = answer
        self._parts = answer.parts
        self._provider = provider
        self._limit = limit
        self._characters = 0
        self._held = 0
        self._halves = Halves(answer, provider)
        self._idle = Idle()
        self._ids = CallIds("toolu")

    def estimate(self) -> int:
        """Tokens that came so far, by their length."""
        return -(-self._characters // CHARACTERS_PER_TOKEN)

    def warn(self, field: str, what: str) -> None:
        """Warns, once, of something in the answer that cannot be read."""
        self._answer.warn(field, f"{self._provider} {what}; dropped")

    def begin(self, block: OpenBlock) -> None:
        """Writes what a block begins with, which may be all of it."""
        self.hold(block, len(bytes(block.raw)))
        read = block.read
        match block.kind:
            case "text":
                self.write(block, read.text)
                self._cite(block)
            case "thinking":
                self.write(block, read.thinking)
                if read.signature:
                    self.sign(block, read.signature)
            case "redacted_thinking":
                self._parts.redacted_reasoning(block.key, read.data or "")
                self.sign(block)
            case "tool_use":
                self._parts.tool_call(block.key, self._ids.take(read.id), read.name or "")
                if block.extra:
                    self.sign(block)
            case _:
                pass

    def piece(self, block: OpenBlock, name: str, text: str | None, odd: bytes | None) -> None:
        """Writes the next piece, which the event's delta has under `name`.

        `odd` is the event as it came, if it holds half a surrogate pair.
        """
        if odd is not None:
            text = self._halves.odd(block.key, decode_with_halves(odd, "delta", name))
        elif text and self._halves:
            text = self._halves.join(block.key, text)
        if name == "partial_json":
            self._input(block, text)
        else:
            self.write(block, text)

    def write(self, block: OpenBlock, text: str | None) -> None:
        """Writes a piece of a text, or of thinking, unless it was written before."""
        text = block.not_announced(text)
        if text:
            self._characters += len(text)
            self._parts.text(block.key, text, "reasoning" if block.kind == "thinking" else "text")
            block.written = True

    def sign(self, block: OpenBlock, data: str = "") -> None:
        """Signs the part of a block, of which the provider may have left out the text."""
        if block.kind == "thinking":
            self._parts.start(block.key, "reasoning")
        elif block.kind == "text":
            self._parts.start(block.key, "text")
        signature = pb.Signature(provider=self._provider, data=data, extra=block.extra)
        self._parts.signature(block.key, signature)
        block.signed = True

    def end(self, block: OpenBlock) -> None:
        """Writes what had to wait for the end of a block."""
        self.hold(block, -block.held)
        if self._halves and (lost := self._halves.end(block.key)):
            if block.kind in ("text", "thinking"):
                self.write(block, lost)
            else:
                self._input(block, lost)
        match block.kind:
            case "text":
                self._end_text(block)
            case "thinking" if block.extra and not block.signed:
                self.sign(block)
            case "tool_use":
                rest = self._idle.settle(block.key)
                if rest == EMPTY:
                    rest = read_arguments(block.input).decode()
                    self._characters += len(rest)
                self._parts.tool_call(block.key, arguments=rest)
            case "":
                self._keep(block)
            case _:
                pass

    def hold(self, block: OpenBlock, size: int) -> None:
        """Counts bytes that are held until a block ends; a negative size is held no longer."""
        block.held += size
        self._held += size
        self._parts.keep(size)
        if self._limit is not None and self._held > self._limit:
            raise unreadable(self._provider, f"sent blocks of more than {self._limit} bytes")

    def _input(self, block: OpenBlock, piece: str | None) -> None:
        if not piece:
            return
        if not (block.pieces or block.announced) and says(block.input):
            self.warn("message", f"sent an input of a {block.type} before the one in pieces")
        self._characters += len(piece)
        block.pieces.append(piece)
        if block.kind == "tool_use":
            self._parts.tool_call(block.key, arguments=self._idle.take(block.key, piece))
        else:
            self.hold(block, len(piece))

    def _cite(self, block: OpenBlock) -> None:
        if not block.read.citations:
            return
        try:
            block.citations.extend(few(wire.decode_list(block.read.citations) or (), "citations"))
        except UNDECODABLE:
            self.warn("message", "sent citations that cannot be read")

    def _end_text(self, block: OpenBlock) -> None:
        if not block.written and block.citations:
            self.warn("message", "cited sources for an empty text")
            block.citations.clear()
        for raw in block.citations:
            try:
                annotation = read_citation(raw, self._provider)
            except UNDECODABLE:
                self.warn("message", "sent a citation that cannot be read")
            else:
                self._parts.annotation(block.key, annotation)
        if block.extra:
            self.sign(block)

    def _keep(self, block: OpenBlock) -> None:
        if block.pieces:
            block.put({"input": self._input_of(block, "".join(block.pieces))})
        elif block.is_empty_call:
            return
        kept = pb.ProviderBlock(
            provider=self._provider,
            type=block.type,
            data=block.data,
            id=string(wire.decode_id(block.raw).id),
        )
        self._parts.provider_block(block.key, kept)

    def _input_of(self, block: OpenBlock, text: str) -> msgspec.Raw:
        """The input of a provider's tool, which came in pieces."""
        if (whole := json_of(text.encode())) is not None:
            return whole
        why = f"{self._provider} broke off the input of a {block.type}; it was kept as text"
        self._answer.warn("message", why)
        return wrap_arguments(text)
