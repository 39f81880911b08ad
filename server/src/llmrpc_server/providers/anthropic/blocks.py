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
from llmrpc_server.providers.anthropic.open_block import EMPTY, OpenBlock
from llmrpc_server.providers.arguments import wrap_arguments
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable
from llmrpc_server.providers.kept_json import came, fields_of, json_of, says, string

_IMPLIED = {
    "text_delta": msgspec.Raw(b'{"type":"text"}'),
    "thinking_delta": msgspec.Raw(b'{"type":"thinking"}'),
}
"""The block that a piece belongs to, if none was started for it."""
_PIECES = frozenset(
    {"citations_delta", "input_json_delta", "signature_delta", "text_delta", "thinking_delta"}
)
"""Deltas of which the fields are known."""
_WHOLE_DELTAS = frozenset({"compaction_delta"})
"""Deltas whose fields are fields of the block, whole."""


class Blocks:
    """The blocks of one answer, by their index while they are open.

    `limit` bounds the bytes that are held until their blocks end; None: the whole
    answer is at hand.
    """

    __slots__ = (
        "_answer",
        "_characters",
        "_held",
        "_limit",
        "_number",
        "_open",
        "_parts",
        "_provider",
    )

    def __init__(self, answer: Answer, provider: str, limit: int | None) -> None:
        self._answer = answer
        self._parts = answer.parts
        self._provider = provider
        self._limit = limit
        self._open: dict[int, OpenBlock] = {}
        self._number = 0
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

        A block that is open under the same index ends here, unless it is this one again.
        Raises `msgspec.DecodeError` for what is no block.
        """
        if (before := self._open.get(index)) is not None:
            if bytes(before.raw) == bytes(raw):
                return
            self.stop(index)
        block = self._open[index] = OpenBlock(raw, self._number)
        self._number += 1
        self._hold(block, len(bytes(raw)))
        read = block.read
        match block.kind:
            case "text":
                self._text(block, read.text)
                self._cite(block)
            case "thinking":
                self._thinking(block, read.thinking)
                if read.signature:
                    self._sign(block, read.signature)
            case "redacted_thinking":
                self._parts.redacted_reasoning(block.key, read.data or "")
                self._sign(block)
            case "tool_use":
                id_ = read.id or f"toolu_{block.key}"
                self._parts.tool_call(block.key, id_, read.name or "")
                if block.extra:
                    self._sign(block)
            case _:
                pass

    def add(self, index: int, delta: wire.Delta, data: bytes) -> None:
        """Takes the next piece of a block; `data` is its whole event."""
        block = self._open.get(index)
        if block is None and delta.type in _IMPLIED:
            self.start(index, _IMPLIED[delta.type])
            block = self._open[index]
        if block is None:
            self.warn("message", f"sent an {delta.type} for a block that was not open")
            return
        kind = block.kind
        match delta.type:
            case "text_delta" if kind == "text":
                self._text(block, delta.text)
            case "thinking_delta" if kind == "thinking":
                self._thinking(block, delta.thinking)
            case "signature_delta" if kind == "thinking":
                if delta.signature:
                    self._sign(block, delta.signature)
            case "citations_delta" if kind == "text":
                self._hold(block, len(data))
                block.citations.append(delta.citation)
            case "input_json_delta" if kind in ("tool_use", ""):
                self._input(block, delta.partial_json)
            case whole if whole in _WHOLE_DELTAS and not kind:
                self._hold(block, len(data))
                block.put_delta(data)
            case unknown:
                self.warn("message", f"sent a {unknown} for a block of the type {block.type}")

    def stop(self, index: int) -> None:
        """Takes the end of a block."""
        block = self._open.pop(index, None)
        if block is None:
            return
        self._hold(block, -block.held)
        match block.kind:
            case "text":
                self._end_text(block)
            case "thinking" if block.extra and not block.signed:
                self._sign(block)
            case "tool_use" if not block.pieces:
                whole = bytes(block.input) if came(block.input) else EMPTY
                self._characters += len(whole)
                self._parts.tool_call(block.key, arguments=whole.decode())
            case "":
                self._keep(block)
            case _:
                pass

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
            self.warn("message", f"sent unknown fields with a piece of the response: {names}")

    def warn(self, field: str, what: str) -> None:
        """Warns, once, of something in the answer that cannot be read."""
        self._answer.warn(field, f"{self._provider} {what}; it was dropped")

    def _text(self, block: OpenBlock, text: str | None) -> None:
        if text:
            self._characters += len(text)
            self._parts.text(block.key, text)
            block.written = True

    def _cite(self, block: OpenBlock) -> None:
        if not block.read.citations:
            return
        try:
            block.citations.extend(wire.decode_list(block.read.citations) or ())
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
            self._sign(block)

    def _thinking(self, block: OpenBlock, text: str | None) -> None:
        if text:
            self._characters += len(text)
            self._parts.text(block.key, text, "reasoning")

    def _sign(self, block: OpenBlock, data: str = "") -> None:
        """Signs the part of a block, of which the provider may have left out the text."""
        if block.kind == "thinking":
            self._parts.start(block.key, "reasoning")
        elif block.kind == "text":
            self._parts.start(block.key, "text")
        signature = pb.Signature(provider=self._provider, data=data, extra=block.extra)
        self._parts.signature(block.key, signature)
        block.signed = True

    def _input(self, block: OpenBlock, piece: str | None) -> None:
        if not piece:
            return
        if not block.pieces and says(block.input):
            self.warn("message", f"sent an input of a {block.type} before the one in pieces")
        self._characters += len(piece)
        block.pieces.append(piece)
        if block.kind == "tool_use":
            self._parts.tool_call(block.key, arguments=piece)
        else:
            self._hold(block, len(piece))

    def _hold(self, block: OpenBlock, size: int) -> None:
        block.held += size
        self._held += size
        self._parts.keep(size)
        if self._limit is not None and self._held > self._limit:
            raise unreadable(self._provider, f"sent blocks of more than {self._limit} bytes")

    def _keep(self, block: OpenBlock) -> None:
        if block.pieces:
            block.put({"input": self._input_of(block, "".join(block.pieces))})
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
