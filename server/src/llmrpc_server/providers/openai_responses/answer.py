"""From what Responses says to the contract's answer, whole or event by event."""

from __future__ import annotations

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.openai_family import errors
from llmrpc_server.providers.openai_responses import wire
from llmrpc_server.providers.openai_responses.items import Items
from llmrpc_server.providers.openai_responses.usage import disjoint

_INCOMPLETE: dict[str, pb.FinishReason.ValueType] = {
    "max_output_tokens": pb.FINISH_REASON_LENGTH,
    "content_filter": pb.FINISH_REASON_CONTENT_FILTER,
}
"""Why an answer ended early. `max_messages` and `steered` are not asked for."""

_ENDS = ("completed", "incomplete")
_BROKEN = ("failed", "cancelled")
_TERMINAL = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
}
_UNREADABLE = (wire.DecodeError, UnicodeDecodeError, RecursionError)


class Assembly:
    """One answer under construction."""

    __slots__ = ("_items", "_provider", "answer", "finished")

    def __init__(self, provider: str) -> None:
        self.answer = Answer()
        self.finished = False
        """Whether the answer was said to be complete, or as complete as it gets."""
        self._provider = provider
        self._items = Items(self.answer.parts, provider)

    def whole(self, body: bytes) -> None:
        """Takes an answer in one body. Raises `LLMClientError` for a failed one."""
        try:
            said = wire.decode_response(body)
            self._head(said)
            self._end(said, said.status)
        except _UNREADABLE as error:
            raise self._strange() from error
        if not self.finished:
            raise errors.unreadable(self._provider, "sent an answer that has not ended")

    def take(self, data: bytes) -> None:
        """Takes one event. Raises `LLMClientError` for an error in its place."""
        try:
            self._event(wire.decode_event(data), data)
        except _UNREADABLE as error:
            raise self._strange() from error

    def _event(self, said: wire.Event, data: bytes) -> None:
        items, place, text = self._items, said.output_index, said.delta
        match said.type:
            case "response.output_text.delta" if isinstance(text, str):
                items.text(place, said.content_index, text)
            case "response.refusal.delta" if isinstance(text, str):
                items.refusal(place, said.content_index, text)
            case "response.reasoning_summary_text.delta" if isinstance(text, str):
                items.summary(place, said.summary_index, text)
            case "response.reasoning_text.delta" if isinstance(text, str):
                items.reasoning(place, said.content_index, text)
            case "response.function_call_arguments.delta" if isinstance(text, str):
                items.arguments(place, text)
            case "response.content_part.added":
                items.announce(place, said.content_index)
            case "response.output_item.added":
                items.begin(place, said.item)
            case "response.output_item.done":
                items.end(place, said.item)
            case "error":
                raise errors.from_stream(self._provider, errors.read_body(data))
            case _ if said.error:
                raise errors.from_stream(self._provider, errors.read_body(data))
        if said.response is not None:
            self._head(said.response)
            if said.type in _TERMINAL:
                self._end(said.response, said.response.status or _TERMINAL[said.type])

    def _head(self, said: wire.Response) -> None:
        answer = self.answer
        answer.usage = disjoint(said.usage) or answer.usage
        answer.response_id = answer.response_id or said.id or ""
        answer.model = answer.model or said.model or ""
        answer.service_tier = said.service_tier or answer.service_tier

    def _end(self, said: wire.Response, status: str | None) -> None:
        """Usage that comes beside an error is kept: it may have cost money."""
        if said.error:
            raise errors.from_stream(self._provider, errors.read_error(said.error))
        if status in _BROKEN:
            raise errors.failed(self._provider, status, overloaded=False)
        if status not in _ENDS:
            return
        self._items.all(said.output or ())
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
        elif answer.parts.has("refusal"):
            answer.finish_reason = pb.FINISH_REASON_REFUSAL
        else:
            answer.finish_reason = pb.FINISH_REASON_STOP

    def _strange(self) -> LLMClientError:
        return errors.unreadable(self._provider, "sent what is no JSON of its protocol")

