"""From what the provider says to the contract's answer, whole or event by event."""

from __future__ import annotations

import msgspec

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc_server.providers.anthropic import errors, wire
from llmrpc_server.providers.anthropic.blocks import Blocks, Index
from llmrpc_server.providers.anthropic.metadata import note_event, note_message
from llmrpc_server.providers.anthropic.spent import Spent
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable
from llmrpc_server.providers.finish_words import is_reason, reason_of
from llmrpc_server.providers.kept_json import (
    HALVES,
    came,
    decode_whole,
    fields_of,
    has_half,
    says,
    string,
)
from llmrpc_server.providers.loose import warn_of

_FINISH_REASONS: dict[str, pb.FinishReason.ValueType] = {
    "compaction": pb.FINISH_REASON_PAUSE,
}
"""What `finish_words` does not have: a stop after older messages were summed up:
https://platform.claude.com/docs/en/build-with-claude/compaction"""

_STOP_SEQUENCE = "stop_sequence"
"""A stop that can cut a call off."""

_EVENTS = frozenset(
    {
        "content_block_delta",
        "content_block_start",
        "content_block_stop",
        "error",
        "message_delta",
        "message_start",
        "message_stop",
    }
)
"""Those that are read; any other may look as it likes."""
_KEEP_ALIVE = "ping"
_TEXTS = ("", "text_delta", "thinking_delta", "input_json_delta")
"""Deltas whose halves of pairs are joined."""


class Assembly:
    """One answer under construction, from one message or from the events of a stream."""

    __slots__ = (
        "_blocks",
        "_explained",
        "_provider",
        "_spent",
        "answer",
        "finished",
        "stopped",
    )

    def __init__(self, provider: str, limit: int | None = None) -> None:
        self.answer = Answer()
        self.finished = False
        """Whether a stop reason came, and no content after it."""
        self.stopped = False
        """Whether the provider said that this was all."""
        self._provider = provider
        self._blocks = Blocks(self.answer, provider, limit)
        self._spent = Spent(self.answer, self._blocks.parts)
        self._explained = False

    def take_message(self, body: bytes) -> None:
        """Takes a whole answer.

        Raises `LLMClientError` for an error in its place, and for what is no
        message of the protocol.
        """
        try:
            (said, left_out), read = decode_whole(wire.decode_message, body)
            if says(said.error) or said.type == "error":
                raise errors.from_stream(self._provider, body)
            if said.content is None and said.type != "message":
                raise unreadable(self._provider, "sent an answer without a message")
            if read is not body:
                self._note_halves(body)
            warn_of(left_out, self.answer, self._provider)
            self._describe(said)
            self._spent.count(said.usage, last=True)
            for index, block in enumerate(said.content or ()):
                self._blocks.whole(index, block)
            self._spent.estimate()
            note_message(self.answer, self._provider, read)
        except UNDECODABLE as error:
            raise self._unreadable() from error
        self._finish(said.stop_reason, said.stop_details, "stop_reason" in left_out)
        self.end()

    def take_event(self, data: bytes, name: str = "") -> None:
        """Takes the data of one event; of an unknown type only its name is read.

        `name` is the type of an event whose data has none.

        Raises `LLMClientError` for an error, before anything of it is read, and
        for what is no JSON of the protocol.
        """
        try:
            try:
                event = wire.decode_plain_event(data)
            except UNDECODABLE:
                self._odd_event(data, name)
            else:
                event.type = event.type or name
                self._event(event, [], data, None)
        except UNDECODABLE as error:
            kind = self._kind(data)
            if kind is None or kind in _EVENTS:
                raise self._unreadable() from error
            self._pass_over(kind)

    def end(self) -> None:
        """Ends the blocks that are open. Called when the whole answer has come.

        Raises `LLMClientError` for a block that cannot be read.
        """
        try:
            self._blocks.finish()
        except UNDECODABLE as error:
            raise self._unreadable() from error
        answer, parts = self.answer, self.answer.parts
        reason, called = answer.finish_reason, parts.has("tool_call")
        stopped = reason == pb.FINISH_REASON_STOP
        if called and stopped and answer.provider_finish_reason != _STOP_SEQUENCE:
            answer.finish_reason = pb.FINISH_REASON_TOOL_CALLS
        waits = reason == pb.FINISH_REASON_TOOL_CALLS and parts.has("provider_block")
        if waits and not called:
            answer.finish_reason = pb.FINISH_REASON_ACTION_REQUIRED

    def end_early(self) -> bool:
        """Completes what came without a stop reason; False if there is nothing."""
        self.end()
        self.finished = bool(self.answer.parts)
        return self.finished

    def _odd_event(self, data: bytes, name: str) -> None:
        """Takes an event with fields that are unknown or odd, or with halves of pairs."""
        (event, left_out, unknown), read = decode_whole(wire.decode_event, data)
        event.type = event.type or name
        if event.type in _EVENTS:
            warn_of(left_out, self.answer, self._provider)
        if unknown and event.type.startswith("content_block_"):
            self._blocks.warn_of_fields(read)
        odd = data if read is not data and has_half(data) else None
        self._event(event, left_out, read, odd)

    def _event(
        self, event: wire.Event, left_out: list[str], data: bytes, odd: bytes | None
    ) -> None:
        """Takes an event; `odd` is the same as it came, if it holds half a surrogate pair."""
        kind = event.type
        if kind == "content_block_delta":
            if event.delta is not None:
                self._piece(_index(event.index), event.delta, data, odd)
            return
        if odd is not None:
            self._note_halves(odd)
        match kind:
            case "content_block_start":
                self._reopen()
                self._blocks.start(_index(event.index), event.content_block)
            case "content_block_stop":
                block = event.content_block
                self._blocks.stop(_index(event.index), block if came(block) else None)
            case "message_start":
                if event.message is not None:
                    self._begin(event.message, "message.stop_reason" in left_out)
                    note_event(self.answer, self._provider, data)
            case "message_delta":
                self._repeated(event.message)
                self._spent.count(event.usage, last=True)
                note_event(self.answer, self._provider, data)
                if event.delta is not None:
                    unread = "delta.stop_reason" in left_out
                    self._finish(event.delta.stop_reason, event.delta.stop_details, unread)
            case "message_stop":
                self._repeated(event.message)
                self.stopped = True
                note_event(self.answer, self._provider, data)
            case _ if says(event.error) or kind == "error":
                raise errors.from_stream(self._provider, data)
            case _:
                self._pass_over(kind)

    def _piece(self, index: Index, delta: wire.Delta, data: bytes, odd: bytes | None) -> None:
        self._reopen()
        self._blocks.add(index, delta, data, odd)
        self._spent.estimate()
        if odd is not None and delta.type not in _TEXTS:
            self._note_halves(odd)

    def _pass_over(self, kind: str) -> None:
        if kind != _KEEP_ALIVE:
            self._blocks.parts.warn("message", f"sent an event of the unknown type {kind}")

    def _begin(self, message: wire.Message, unread: bool) -> None:
        """Takes the message that a stream begins with: mostly empty, at times all of it."""
        self._describe(message)
        self._spent.count(message.usage, last=bool(message.stop_reason))
        if message.content:
            self._reopen()
            self._blocks.announce(message.content)
            self._spent.estimate()
        self._finish(message.stop_reason, message.stop_details, unread)

    def _reopen(self) -> None:
        """Content follows: what was said of the end was not the last word."""
        if self.finished:
            self.finished = False
            self._spent.reopen()

    def _repeated(self, message: wire.Message | None) -> None:
        """Takes a message that the end of a stream holds, if nothing came before it."""
        if message is not None and not self.answer.parts:
            self._begin(message, unread=False)

    def _describe(self, message: wire.Message) -> None:
        answer = self.answer
        answer.response_id = message.id or answer.response_id
        answer.model = message.model or answer.model

    def _finish(self, reason: str | None, details: msgspec.Raw, unread: bool) -> None:
        """Takes a stop reason; `unread`: one came that is no word."""
        if not (is_reason(reason) or unread):
            return
        self.finished = True
        self._explain(details)
        word = reason or ""
        self.answer.provider_finish_reason = word
        self.answer.finish_reason = _FINISH_REASONS.get(word) or reason_of(word)

    def _explain(self, details: msgspec.Raw) -> None:
        """Tells, once, why the model declined, as the provider explains it."""
        explanation = string((fields_of(details) or {}).get("explanation", b""))
        if explanation and not self._explained:
            self._explained = True
            parts = self.answer.parts
            parts.text("refusal", explanation, "refusal")
            parts.signature("refusal", pb.Signature(provider=self._provider))

    def _note_halves(self, data: bytes) -> None:
        if has_half(data):
            self.answer.warn("message", HALVES.format(self._provider))

    def _kind(self, data: bytes) -> str | None:
        """The type of an event that cannot be read; None if it has none either."""
        try:
            return wire.decode_type(data).type
        except UNDECODABLE:
            return None

    def _unreadable(self) -> LLMClientError:
        return unreadable(self._provider, "sent what is no JSON of its protocol")


def _index(index: Index) -> Index:
    """The index of a block, as a number if it is one."""
    if type(index) is int:
        return index
    if isinstance(index, str) and index.isdecimal():
        return int(index)
    return 0 if index is None else index
