"""From what the provider says to the contract's answer, whole or event by event."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc_server.providers.anthropic import errors, usage, wire
from llmrpc_server.providers.anthropic.blocks import Blocks
from llmrpc_server.providers.anthropic.metadata import note_event, note_message
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable
from llmrpc_server.providers.kept_json import HALVES, decode_whole, fields_of, says, string

_FINISH_REASONS: dict[str, pb.FinishReason.ValueType] = {
    "end_turn": pb.FINISH_REASON_STOP,
    "stop_sequence": pb.FINISH_REASON_STOP,
    "max_tokens": pb.FINISH_REASON_LENGTH,
    "model_context_window_exceeded": pb.FINISH_REASON_LENGTH,
    "tool_use": pb.FINISH_REASON_TOOL_CALLS,
    "pause_turn": pb.FINISH_REASON_PAUSE,
    "compaction": pb.FINISH_REASON_PAUSE,
    "refusal": pb.FINISH_REASON_REFUSAL,
}
"""Sources: https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons;
`compaction` is a stop after older messages were summed up:
https://platform.claude.com/docs/en/build-with-claude/compaction"""

_NO_TIER = "standard"

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

T = TypeVar("T")


class Assembly:
    """One answer under construction, from one message or from the events of a stream."""

    __slots__ = ("_blocks", "_explained", "_provider", "_usage", "answer", "finished", "stopped")

    def __init__(self, provider: str, limit: int | None = None) -> None:
        self.answer = Answer()
        self.finished = False
        """Whether a stop reason came."""
        self.stopped = False
        """Whether the provider said that this was all."""
        self._provider = provider
        self._blocks = Blocks(self.answer, provider, limit)
        self._usage: wire.Usage | None = None
        self._explained = False

    def take_message(self, body: bytes) -> None:
        """Takes a whole answer.

        Raises `LLMClientError` for an error in its place, and for what is no
        message of the protocol.
        """
        try:
            said, body = self._whole(wire.decode_message, body)
            if says(said.error) or said.type == "error":
                raise errors.from_stream(self._provider, body)
            if said.content is None and said.type != "message":
                raise unreadable(self._provider, "sent an answer without a message")
            self._begin(said)
            note_message(self.answer, self._provider, body)
        except UNDECODABLE as error:
            raise self._unreadable() from error
        self._finish(said.stop_reason, said.stop_details)
        self.end()

    def take_event(self, data: bytes) -> None:
        """Takes the data of one event; of an unknown type only its name is read.

        Raises `LLMClientError` for an error, before anything of it is read, and
        for what is no JSON of the protocol.
        """
        try:
            self._event(*self._whole(self._decode, data))
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
        calls = answer.finish_reason == pb.FINISH_REASON_TOOL_CALLS
        if calls and parts.has("provider_block") and not parts.has("tool_call"):
            answer.finish_reason = pb.FINISH_REASON_ACTION_REQUIRED

    def end_early(self) -> bool:
        """Completes what came without a stop reason; False if there is nothing."""
        self.end()
        self.finished = bool(self.answer.parts)
        return self.finished

    def _whole(self, decode: Callable[[bytes], T], data: bytes) -> tuple[T, bytes]:
        """The data decoded, and as it was read."""
        said, read = decode_whole(decode, data)
        if read is not data:
            self.answer.warn("message", HALVES.format(self._provider))
        return said, read

    def _decode(self, data: bytes) -> wire.Event:
        try:
            return wire.decode_event(data)
        except msgspec.ValidationError:
            event = wire.decode_loose_event(data)
            if event.type.startswith("content_block_"):
                self._blocks.warn_of_fields(data)
            return event

    def _event(self, event: wire.Event, data: bytes) -> None:
        match event.type:
            case "content_block_delta":
                if event.delta is not None:
                    self._blocks.add(event.index, event.delta, data)
                    self._estimate()
            case "content_block_start":
                self._blocks.start(event.index, event.content_block)
            case "content_block_stop":
                self._blocks.stop(event.index)
            case "message_start":
                if event.message is not None:
                    self._begin(event.message)
                    note_event(self.answer, self._provider, data)
            case "message_delta":
                self._count(event.usage)
                note_event(self.answer, self._provider, data)
                if event.delta is not None:
                    self._finish(event.delta.stop_reason, event.delta.stop_details)
            case "message_stop":
                self.stopped = True
                note_event(self.answer, self._provider, data)
                self.end()
            case kind if says(event.error) or kind == "error":
                raise errors.from_stream(self._provider, data)
            case kind:
                self._pass_over(kind)

    def _pass_over(self, kind: str) -> None:
        if kind != _KEEP_ALIVE:
            self._blocks.warn("message", f"sent an event of the unknown type {kind}")

    def _begin(self, message: wire.Message) -> None:
        answer = self.answer
        answer.response_id = message.id or answer.response_id
        answer.model = message.model or answer.model
        self._count(message.usage)
        for index, block in enumerate(message.content or ()):
            self._blocks.whole(index, block)

    def _count(self, counted: wire.Usage | None) -> None:
        if counted is None:
            return
        self._usage = usage.merged(self._usage, counted)
        if usage.uncounted(counted):
            self._blocks.warn("usage.tool_uses", "sent a count of tool uses that is not a number")
        self.answer.usage = usage.disjoint(self._usage)
        tier = self._usage.service_tier
        self.answer.service_tier = tier if tier and tier != _NO_TIER else ""
        if counted.output_tokens is None:
            self._estimate()

    def _estimate(self) -> None:
        """Output is counted at the end alone: till then it is what came."""
        spent = self.answer.usage
        if spent is None or self.finished:
            return
        tokens = self._blocks.estimate()
        if tokens > spent.output_tokens:
            spent.output_tokens = tokens
            spent.estimated = True

    def _finish(self, reason: str | None, details: msgspec.Raw) -> None:
        if not reason:
            return
        self.finished = True
        self._explain(details)
        self.answer.provider_finish_reason = reason
        self.answer.finish_reason = _FINISH_REASONS.get(reason, pb.FINISH_REASON_OTHER)

    def _explain(self, details: msgspec.Raw) -> None:
        """Tells, once, why the model declined, as the provider explains it."""
        explanation = string((fields_of(details) or {}).get("explanation", b""))
        if explanation and not self._explained:
            self._explained = True
            parts = self.answer.parts
            parts.text("refusal", explanation, "refusal")
            parts.signature("refusal", pb.Signature(provider=self._provider))

    def _kind(self, data: bytes) -> str | None:
        """The type of an event that cannot be read; None if it has none either."""
        try:
            return wire.decode_type(data).type
        except UNDECODABLE:
            return None

    def _unreadable(self) -> LLMClientError:
        return unreadable(self._provider, "sent what is no JSON of its protocol")
