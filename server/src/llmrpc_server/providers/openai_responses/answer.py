"""From what Responses says to the contract's answer, whole or event by event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable
from llmrpc_server.providers.kept_json import HALVES, came, decode_whole, plain, says
from llmrpc_server.providers.openai_family import errors
from llmrpc_server.providers.openai_family.error_body import read_body, read_error
from llmrpc_server.providers.openai_responses import wire
from llmrpc_server.providers.openai_responses.items import Items
from llmrpc_server.providers.openai_responses.usage import disjoint

T = TypeVar("T")

_INCOMPLETE: dict[str, pb.FinishReason.ValueType] = {
    "max_output_tokens": pb.FINISH_REASON_LENGTH,
    "content_filter": pb.FINISH_REASON_CONTENT_FILTER,
}
"""Why an answer ended early. `max_messages` and `steered` are not asked for."""

_ENDS = ("completed", "incomplete")
_BROKEN = ("failed", "cancelled")
_ENDS_BY_EVENT = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
}
_DELTAS: Mapping[str, Callable[[Items, int, int, str], None]] = {
    "response.output_text.delta": Items.text,
    "response.refusal.delta": Items.refusal,
    "response.reasoning_summary_text.delta": Items.summary,
    "response.reasoning_text.delta": Items.reasoning,
    "response.function_call_arguments.delta": Items.arguments,
}
"""Where the delta of each event goes."""
_READ = frozenset(
    {
        "error",
        "response.content_part.added",
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.output_item.done",
        "response.output_text.annotation.added",
        "response.queued",
    }
)
"""Other events that something is read of."""
_NO_CONTENT = frozenset({"", "error", "keepalive", "ping"})
_NOTED = (
    "access_programs",
    "content_filters",
    "input_transformations",
    "moderation",
    "prompt_cache_diagnostics",
)
"""What is said of the response as a whole, and is no echo of the request."""


class Assembly:
    """One answer under construction."""

    __slots__ = ("_items", "_provider", "answer", "finished")

    def __init__(self, provider: str) -> None:
        self.answer = Answer()
        self.finished = False
        """Whether the answer was said to be complete, or as complete as it gets."""
        self._provider = provider
        self._items = Items(self.answer, provider)

    def whole(self, body: bytes) -> None:
        """Takes an answer in one body. Raises `LLMClientError` for a failed one."""
        try:
            said = self._read(wire.decode_response, body)
            self._head(said)
            self._end(said, said.status)
        except UNDECODABLE as error:
            raise self._strange() from error
        if not self.finished:
            raise unreadable(self._provider, "sent an answer that has not ended")

    def take(self, data: bytes) -> None:
        """Takes one event. Raises `LLMClientError` for an error in its place."""
        try:
            self._event(self._read(wire.decode_event, data), data)
        except UNDECODABLE as error:
            if not self._is_unknown(data):
                raise self._strange() from error

    def _read(self, decode: Callable[[bytes], T], data: bytes) -> T:
        said, read = decode_whole(decode, data)
        if read is not data:
            self.answer.warn("message", HALVES.format(self._provider))
        return said

    def _is_unknown(self, data: bytes) -> bool:
        """Whether an event is of a kind that nothing is read of; then it is warned of."""
        try:
            kind = wire.kind_of(data)
        except UNDECODABLE:
            return False
        if not kind or kind in _READ or kind in _DELTAS or kind in _ENDS_BY_EVENT:
            return False
        self._warn_of(kind)
        return True

    def end_early(self) -> bool:
        """Completes what came without its end; False if there is nothing."""
        self._items.all(())
        self.finished = bool(self.answer.parts)
        return self.finished

    def _event(self, said: wire.Event, data: bytes) -> None:
        items, kind, place = self._items, said.type, said.output_index or 0
        if kind in _DELTAS and isinstance(said.delta, str):
            number = said.content_index or said.summary_index or 0
            _DELTAS[kind](items, place, number, said.delta)
        elif kind == "response.content_part.added":
            items.announce(place, said.content_index or 0, wire.type_of(said.part))
        elif kind == "response.output_text.annotation.added":
            items.annotate(place, said.content_index or 0, said.annotation)
        elif kind == "response.output_item.added":
            items.begin(place, said.item)
        elif kind == "response.output_item.done":
            items.end(place, said.item)
        elif kind == "error" or said.error:
            raise errors.from_stream(self._provider, read_body(data))
        elif said.response is None and said.output_index is None and not came(said.item_id):
            self._warn_of(kind)
        if said.response is not None:
            self._head(said.response)
            if kind in _ENDS_BY_EVENT:
                self._end(said.response, said.response.status or _ENDS_BY_EVENT[kind])

    def _head(self, said: wire.Response) -> None:
        answer = self.answer
        answer.usage = disjoint(said.usage) or answer.usage
        answer.response_id = answer.response_id or said.id or ""
        answer.model = answer.model or said.model or ""
        answer.service_tier = said.service_tier or answer.service_tier

    def _end(self, said: wire.Response, status: str | None) -> None:
        """Usage that comes beside an error is kept: it may have cost money."""
        if said.error:
            self._bill(said)
            raise errors.from_stream(self._provider, read_error(said.error))
        if status in _BROKEN:
            self._bill(said)
            raise errors.failed(self._provider, status, overloaded=False)
        if status not in _ENDS:
            return
        self._items.all(said.output or ())
        self._bill(said)
        self._note(said)
        self.finished = True
        answer = self.answer
        if status == "incomplete":
            early = said.incomplete_details
            reason = (early and early.reason) or "incomplete"
            answer.provider_finish_reason = reason
            answer.finish_reason = _INCOMPLETE.get(reason, pb.FINISH_REASON_OTHER)
            return
        answer.provider_finish_reason = "completed"
        if answer.parts.has("tool_call"):
            answer.finish_reason = pb.FINISH_REASON_TOOL_CALLS
        elif self._items.uses.waits:
            answer.finish_reason = pb.FINISH_REASON_ACTION_REQUIRED
        elif answer.parts.has("refusal"):
            answer.finish_reason = pb.FINISH_REASON_REFUSAL
        else:
            answer.finish_reason = pb.FINISH_REASON_STOP

    def _bill(self, said: wire.Response) -> None:
        answer = self.answer
        if answer.usage is None:
            return
        uses, unreadable_names = self._items.uses.billed(said)
        answer.usage.tool_uses.update(uses)
        if unreadable_names:
            names = ", ".join(unreadable_names)[:80]
            message = f"{self._provider} sent counts that cannot be read: {names} left out"
            answer.warn("usage.tool_uses", message)

    def _note(self, said: wire.Response) -> None:
        answer, provider = self.answer, self._provider
        if said.service_tier:
            answer.note(provider, "service_tier", said.service_tier)
        for name in _NOTED:
            self._note_plain(name, getattr(said, name))
        if answer.usage is not None and answer.usage.tool_uses:
            self._note_plain("tool_usage", said.tool_usage)
        if said.usage is not None:
            self._note_plain("cost_in_usd_ticks", said.usage.cost_in_usd_ticks)
        if logprobs := self._items.logprobs:
            lists = b",".join(bytes(each).strip()[1:-1] for each in logprobs)
            self._note_plain("logprobs", Raw(b"[" + lists + b"]"))

    def _note_plain(self, name: str, raw: Raw) -> None:
        """Notes what is said; nothing is said of what is empty, but a cost may be 0."""
        if says(raw) or (name == "cost_in_usd_ticks" and came(raw)):
            self.answer.note(self._provider, name, plain(raw))

    def _warn_of(self, kind: str) -> None:
        """Warns once of a kind of event that belongs to no item; items come whole later."""
        if kind not in _NO_CONTENT and kind not in _DELTAS:
            message = f"{self._provider} sent an event that this gateway does not know: {kind}"
            self.answer.warn("message", message)

    def _strange(self) -> LLMClientError:
        return unreadable(self._provider, "sent what is no JSON of its protocol")
