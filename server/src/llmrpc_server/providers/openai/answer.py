"""From what a provider says to the contract's answer, whole or chunk by chunk."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable
from llmrpc_server.providers.openai import wire
from llmrpc_server.providers.openai.calls import Calls
from llmrpc_server.providers.openai.details import Details
from llmrpc_server.providers.openai.extras import Extras
from llmrpc_server.providers.openai.metadata import Metadata
from llmrpc_server.providers.openai.usage import disjoint
from llmrpc_server.providers.openai_family import errors
from llmrpc_server.providers.openai_family.error_body import read_body, read_error

_FINISH_REASONS: dict[str, pb.FinishReason.ValueType] = {
    "stop": pb.FINISH_REASON_STOP,
    "eos": pb.FINISH_REASON_STOP,  # Together
    "length": pb.FINISH_REASON_LENGTH,
    "model_length": pb.FINISH_REASON_LENGTH,  # Mistral
    "tool_calls": pb.FINISH_REASON_TOOL_CALLS,
    "function_call": pb.FINISH_REASON_TOOL_CALLS,
    "content_filter": pb.FINISH_REASON_CONTENT_FILTER,
    "refusal": pb.FINISH_REASON_REFUSAL,
}

_FAILURES = {
    "error": False,  # Mistral, OpenRouter, vLLM
    "insufficient_system_resource": True,  # DeepSeek
}
"""Finish reasons of an answer that broke off, and whether by overload."""


class Assembly:
    """One answer under construction, from one `Completion` or from many."""

    __slots__ = (
        "_calls",
        "_details",
        "_extras",
        "_metadata",
        "_provider",
        "_strict",
        "_text",
        "answer",
        "answered",
        "counted",
        "finished",
    )

    def __init__(self, provider: str, *, details: bool) -> None:
        self.answer = Answer()
        self.answered = False
        """Whether a message or a piece of one came."""
        self.finished = False
        """Whether a finish reason came."""
        self.counted = False
        """Whether a chunk of usage alone came after it: nothing follows that."""
        self._provider = provider
        self._strict = True
        """Whether no message had a field that is not known."""
        self._text: Hashable = "text"
        """The key of the text that grows."""
        self._calls = Calls(self.answer.parts, provider)
        self._details = Details(self.answer.parts, provider) if details else None
        self._extras = Extras(self.answer, provider)
        self._metadata = Metadata(self.answer, provider)

    def take(self, body: bytes) -> None:
        """Takes a whole answer or a chunk.

        Raises `LLMClientError` for an error in its place, before anything of it
        is read, and for what is no JSON of the protocol.
        """
        said = self._read(body)
        if self._is_text(said):
            return
        self._raise_error(said, body)
        answer = self.answer
        groq = said.x_groq.usage if said.x_groq is not None else None
        answer.usage = disjoint(said.usage) or disjoint(groq) or answer.usage
        if said.id and not answer.response_id:
            answer.response_id = said.id
        if said.model and not answer.model:
            answer.model = said.model
        if said.service_tier:
            answer.service_tier = said.service_tier
        self._metadata.take(said)
        self._extras.take_sources(said)
        for choice in said.choices or ():
            if choice.index == 0:
                self._choice(choice, body)
                break
        if self.finished:
            self.counted = not said.choices and said.usage is not None
            self.complete()

    def end_early(self) -> bool:
        """Completes what came without a finish reason; False if there is nothing.

        Calls that are complete are a reason.
        """
        answer = self.answer
        self._calls.finish(answer.response_id)
        if self._details is not None:
            self._details.sign()
        self.complete()
        if self._calls.are_complete():
            answer.finish_reason = pb.FINISH_REASON_TOOL_CALLS
        self.finished = bool(answer.parts)
        return self.finished

    def _read(self, body: bytes) -> wire.Completion[Any]:
        """The answer or chunk; a field of its message that is not known is warned of."""
        if self._strict:
            try:
                return wire.decode(body)
            except UNDECODABLE:
                self._strict = False
        try:
            said = wire.decode_any(body)
            self._extras.name_unknown(wire.raw_message(body))
        except UNDECODABLE as error:
            raise unreadable(self._provider, "sent what is no JSON of its protocol") from error
        return said

    def complete(self) -> None:
        """Tells what had to wait for the finish reason, and what came after it."""
        if not self._extras.finish():
            self._metadata.keep("citations", self._extras.citations)
            self._metadata.keep("search_results", self._extras.results)
        self._extras.count_uses()
        self._metadata.write()

    def _is_text(self, said: wire.Completion[Any]) -> bool:
        """Takes a chunk with a piece of text and nothing else: nearly all are such."""
        choices = said.choices
        if not self.answered or choices is None or len(choices) != 1:
            return False
        choice, filtered = choices[0], self._metadata.filtered
        delta = choice.delta
        if (
            delta is None
            or type(delta.content) is not str
            or delta.tool_calls
            or delta.reasoning_content
            or delta.reasoning
            or delta.reasoning_details
            or delta.refusal
            or delta.function_call
            or delta.annotations
            or delta.executed_tools
            or delta.images
            or delta.reasoning_steps
            or choice.index
            or choice.finish_reason
            or choice.error
            or choice.logprobs
            or said.error
            or said.usage
            or said.x_groq
            or said.citations
            or said.search_results
            or said.object == "error"
            or (choice.content_filter_results or filtered) != filtered
            or self._extras.waits
            or (self._details is not None and self._details.waits)
        ):
            return False
        self.answer.parts.text(self._text, delta.content)
        return True

    def _raise_error(self, said: wire.Completion[Any], body: bytes) -> None:
        """Usage that comes beside an error is kept: it may have cost money."""
        failure = said.error or (said.x_groq and said.x_groq.error)
        for choice in said.choices or ():
            failure = failure or choice.error
        if not failure and said.object != "error":
            return
        self.answer.usage = disjoint(said.usage) or self.answer.usage
        read = read_error(failure) if failure else read_body(body)
        raise errors.from_stream(self._provider, read)

    def _choice(self, choice: wire.Choice[Any], body: bytes) -> None:
        self._metadata.take_choice(choice)
        if choice.logprobs:
            self.answer.parts.keep(len(body))
        if choice.delta is not None:
            if choice.message is not None and not choice.delta.reasoning_steps:
                choice.delta.reasoning_steps = choice.message.reasoning_steps
            self._message(choice.delta, body, whole=False)
        elif choice.message is not None:
            self._message(choice.message, body, whole=True)
        if choice.finish_reason:
            self._finish(choice.finish_reason)
        elif self.finished and self._details is not None:
            self._details.sign()

    def _message(self, message: wire.Message, body: bytes, *, whole: bool) -> None:
        self.answered = True
        parts = self.answer.parts
        raw = wire.raw_message(body) if _has_extras(message) else {}
        self._reasoning(message, whole=whole)
        if raw:
            self._extras.take(raw)
        if message.content:
            self._extras.before_text()
        if isinstance(message.content, str):
            parts.text(self._text, message.content)
        elif message.content:
            self._content(message.content, raw)
        if raw:
            self._extras.take_images(raw)
        if message.refusal:
            parts.text("refusal", message.refusal, "refusal")
        self._tool_calls(message, raw, whole=whole)

    def _reasoning(self, message: wire.Message, *, whole: bool) -> None:
        reasoning = message.reasoning_content or message.reasoning
        details = self._details
        if (
            message.reasoning_details
            and details is not None
            and details.take(message.reasoning_details, whole=whole)
        ):
            reasoning = None
        if reasoning:
            self.answer.parts.text("reasoning", reasoning, "reasoning")
        if details is not None and (message.content or message.tool_calls):
            details.sign()

    def _tool_calls(self, message: wire.Message, raw: Mapping[str, Raw], *, whole: bool) -> None:
        pieces = message.tool_calls
        if not pieces and message.function_call is not None:
            pieces = [wire.ToolCall(function=message.function_call)]
        if not pieces:
            return
        if whole:
            custom = any(piece.is_custom for piece in pieces)
            items = msgspec.json.decode(raw["tool_calls"], type=list[Raw]) if custom else ()
            self._calls.whole(pieces, self.answer.response_id, items)
        else:
            self._calls.pieces(pieces, self.answer.response_id)

    def _content(self, pieces: list[wire.ContentPart], raw: Mapping[str, Raw]) -> None:
        """Content as a list: texts, reasoning of the type `thinking`, and whatever else.

        What has another type is a provider block, after which a new text begins.
        """
        parts = self.answer.parts
        for place, piece in enumerate(pieces):
            if piece.type == "text":
                parts.text(self._text, piece.text or "")
            elif piece.type != "thinking":
                data = msgspec.json.decode(raw["content"], type=list[Raw])[place]
                self._extras.block(data, "content", piece.type)
                self._text = object()
            elif piece.thinking:
                inner = piece.thinking
                if not isinstance(inner, str):
                    inner = "".join(part.text or "" for part in inner)
                parts.text("reasoning", inner, "reasoning")
                if inner and piece.signature:
                    parts.signature(
                        "reasoning", pb.Signature(provider=self._provider, data=piece.signature)
                    )

    def _finish(self, word: str) -> None:
        if word in _FAILURES:
            raise errors.failed(self._provider, word, overloaded=_FAILURES[word])
        answer = self.answer
        self.finished = True
        self._calls.finish(answer.response_id)
        if self._details is not None:
            self._details.sign()
        answer.provider_finish_reason = word
        answer.finish_reason = _FINISH_REASONS.get(word, pb.FINISH_REASON_OTHER)
        called = answer.parts.has("tool_call")
        if answer.finish_reason == pb.FINISH_REASON_STOP:
            if answer.parts.has("refusal"):
                answer.finish_reason = pb.FINISH_REASON_REFUSAL
            elif called or self._calls.waiting:
                answer.finish_reason = pb.FINISH_REASON_TOOL_CALLS
        waits = self._calls.waiting and not called
        if waits and answer.finish_reason == pb.FINISH_REASON_TOOL_CALLS:
            answer.finish_reason = pb.FINISH_REASON_ACTION_REQUIRED


def _has_extras(message: wire.Message) -> bool:
    """Whether a message is looked at once more, as it came."""
    return bool(
        message.annotations
        or message.executed_tools
        or message.images
        or message.reasoning_steps
        or isinstance(message.content, list)
        or any(call.is_custom for call in message.tool_calls or ())
    )
