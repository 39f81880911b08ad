"""From what Responses says to the contract's answer, whole or event by event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable
from llmrpc_server.providers.finish_words import reason_of
from llmrpc_server.providers.kept_json import (
    HALVES,
    beside_as_text,
    came,
    decode_whole,
    has_half,
    mark_halves,
    plain,
    says,
)
from llmrpc_server.providers.loose import Path, warn_of
from llmrpc_server.providers.openai_family import errors
from llmrpc_server.providers.openai_family.error_body import read_body, read_error
from llmrpc_server.providers.openai_family.totals import Counts
from llmrpc_server.providers.openai_responses import wire
from llmrpc_server.providers.openai_responses.events import (
    DELTAS,
    ENDS,
    Events,
    is_read,
    says_nothing,
)
from llmrpc_server.providers.openai_responses.items import Items
from llmrpc_server.providers.openai_responses.usage import disjoint

T = TypeVar("T")

_OUTPUT = "usage.output_tokens"
_ENDS = ("completed", "incomplete")
_BROKEN = ("failed", "cancelled")
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

    __slots__ = ("_counts", "_events", "_items", "_provider", "answer", "finished")

    def __init__(self, provider: str) -> None:
        self.answer = Answer()
        self.finished = False
        """Whether the answer was said to be complete, or as complete as it gets."""
        self._provider = provider
        self._counts = Counts(self.answer)
        self._items = Items(self.answer, provider)
        self._events = Events(self._items)

    def whole(self, body: bytes) -> None:
        """Takes an answer in one body. Raises `LLMClientError` for a failed one."""
        try:
            said, left_out = self._read(wire.decode_response, body)
            warn_of(left_out, self.answer, self._provider)
            self._head(said, left_out)
            self._end(said, said.status, left_out, body)
        except UNDECODABLE as error:
            raise self._strange() from error
        if not self.finished:
            raise unreadable(self._provider, "sent an answer that has not ended")

    def take(self, data: bytes, name: str = "") -> None:
        """Takes one event; `name` is the type of one whose data has none.

        Raises `LLMClientError` for an error in its place.
        """
        data = beside_as_text(data)
        try:
            said = _plain(data)
            where = None if said is None or self._items.speech.odd else DELTAS.get(said.type)
            if said is not None and where is not None:
                self._events.delta(said, *where)
            else:
                self._event(data, name, said)
        except UNDECODABLE as error:
            if not self._is_unknown(data):
                raise self._strange() from error

    def _event(self, data: bytes, name: str, plain: wire.Event | None) -> None:
        """Takes an event; `plain` is the same if nothing in it is odd."""
        read, left_out = data, list[Path]()
        if plain is not None:
            said = plain
        else:
            (said, left_out), read = decode_whole(wire.decode_event, data)
        half = read is not data and has_half(data)
        said.type = kind = said.type or name
        if half and kind in DELTAS:
            marks = mark_halves(data)
            said.delta = decode_whole(wire.decode_event, marks)[0][0].delta
        elif half:
            self.answer.warn("message", HALVES.format(self._provider))
        self._items.speech.read(marked=half and kind in DELTAS)
        if left_out and is_read(kind):
            warn_of(left_out, self.answer, self._provider)
        known = self._events.take(said)
        if not known:
            if kind == "error" or said.error:
                raise errors.from_stream(self._provider, read_body(read))
            if said.response is None and said.output_index is None and not came(said.item_id):
                self._warn_of(kind)
        if said.response is not None:
            self._head(said.response, left_out)
        if kind in ENDS:
            whole = said.response or wire.Response()
            known = whole.status in (*_ENDS, *_BROKEN)
            self._end(whole, whole.status if known else ENDS[kind], left_out)

    def _read(self, decode: Callable[[bytes], T], data: bytes) -> T:
        said, read = decode_whole(decode, data)
        if read is not data and has_half(data):
            self.answer.warn("message", HALVES.format(self._provider))
        return said

    def _is_unknown(self, data: bytes) -> bool:
        """Whether an event is of a kind that nothing is read of; then it is warned of."""
        try:
            kind = wire.kind_of(data)
        except UNDECODABLE:
            return False
        if not kind or is_read(kind):
            return False
        self._warn_of(kind)
        return True

    def end_early(self) -> bool:
        """Completes what came without its end; False if there is nothing."""
        try:
            self._items.all(())
        except UNDECODABLE as error:
            raise self._strange() from error
        self._counts.finish()
        self.finished = bool(self.answer.parts)
        return self.finished

    def _head(self, said: wire.Response, left_out: Sequence[Path]) -> None:
        answer, usage = self.answer, said.usage
        if usage is not None and (counted := disjoint(usage)) is not None:
            total = usage.output_tokens is not None or usage.total_tokens is not None
            self._counts.take(
                counted,
                input_too=usage.input_tokens is not None,
                output_too=total and not any(path.endswith(_OUTPUT) for path in left_out),
            )
        answer.response_id = answer.response_id or said.id or ""
        answer.model = answer.model or said.model or ""
        answer.service_tier = said.service_tier or answer.service_tier

    def _end(
        self, said: wire.Response, status: str | None, left_out: Sequence[Path], body: bytes = b""
    ) -> None:
        """Usage that comes beside an error is kept: it may have cost money.

        Words of an error that has none may stand elsewhere in the `body`.
        """
        if status not in (*_ENDS, *_BROKEN) and said.output:
            status = _status_of(status, left_out)
        if said.error:
            self._bill(said)
            read = read_error(said.error)
            if body and not read.message:
                read = read_body(body)
            raise errors.from_stream(self._provider, read)
        if status in _BROKEN:
            self._bill(said)
            raise errors.failed(self._provider, status, overloaded=False)
        if status not in _ENDS:
            return
        self._items.all(said.output or ())
        if said.output_text and not self.answer.parts:
            self._items.all([wire.message_of(said.output_text)])
        self._counts.finish()
        self._bill(said)
        self._note(said)
        self.finished = True
        answer = self.answer
        if status == "incomplete":
            early = said.incomplete_details
            reason = (early and early.reason) or "incomplete"
            answer.provider_finish_reason = reason
            answer.finish_reason = reason_of(reason)
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
            message = f"{self._provider} sent counts that cannot be read: {names}; dropped"
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
        if not says_nothing(kind):
            message = f"{self._provider} sent an event that this gateway does not know: {kind}"
            self.answer.warn("message", message)

    def _strange(self) -> LLMClientError:
        return unreadable(self._provider, "sent what is no JSON of its protocol")


def _status_of(word: str | None, left_out: Sequence[Path]) -> str | None:
    """What a word of another dialect says of a whole output; None if it is not known."""
    meant = reason_of(word or "")
    return "completed" if meant == pb.FINISH_REASON_STOP else word


def _plain(data: bytes) -> wire.Event | None:
    """An event without anything odd, as nearly all are; None for another one."""
    try:
        return wire.decode_plain_event(data)
    except UNDECODABLE:
        return None
