"""From what a provider says to the contract's answer, whole or chunk by chunk."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable
from llmrpc_server.providers.kept_json import HALVES, NOTHING, decode_whole
from llmrpc_server.providers.openai import wire
from llmrpc_server.providers.openai.calls import Calls
from llmrpc_server.providers.openai.details import Details
from llmrpc_server.providers.openai.extras import Extras
from llmrpc_server.providers.openai.metadata import Metadata
from llmrpc_server.providers.openai.only_text import only_text, repeats
from llmrpc_server.providers.openai.usage import disjoint
from llmrpc_server.providers.openai_family import errors
from llmrpc_server.providers.openai_family.error_body import read_body, read_error
from llmrpc_server.providers.openai_family.fields import list_of

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
        "_complete",
        "_details",
        "_extras",
        "_metadata",
        "_provider",
        "_refused",
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
        self._complete = False
        self._provider = provider
        self._refused = False
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
        try:
            said, raw, body = self._read(body)
            if not self._is_text(said):
                self._take(said, body, raw)
        except UNDECODABLE as error:
            raise unreadable(self._provider, "sent what is no JSON of its protocol") from error

    def _take(self, said: wire.Completion[Any], body: bytes, raw: Mapping[str, Raw] | None) -> None:
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
        first = next((choice for choice in said.choices or () if choice.index == 0), None)
        if first is not None:
            self._choice(first, body, raw)
        if said.choices and (first is None or len(said.choices) > 1):
            answer.warn("message", f"{self._provider} sent other choices than the first: left out")
        if self.finished:
            self.counted = not said.choices and said.usage is not None

    def end_early(self) -> bool:
        """Completes what came without a finish reason; False if there is nothing.

        Calls that are complete are a reason.
        """
        answer, calls = self.answer, self._calls
        calls.finish(answer.response_id)
        if self._details is not None:
            self._details.sign()
        self.complete()
        if calls.are_complete():
            called = pb.FINISH_REASON_TOOL_CALLS
            answer.finish_reason = called if calls.called else pb.FINISH_REASON_ACTION_REQUIRED
        self.finished = bool(answer.parts)
        return self.finished

    def _read(self, body: bytes) -> tuple[wire.Completion[Any], Mapping[str, Raw] | None, bytes]:
        """The answer or chunk, its message as it came where it has more than is known, its JSON.

        A field of the message that is not known is warned of.
        """
        if self._strict:
            try:
                return wire.decode(body), None, body
            except UNDECODABLE:
                self._strict = False
        (said, raw), read = decode_whole(_read_any, body)
        if read is not body:
            self.answer.warn("message", HALVES.format(self._provider))
        self._extras.name_unknown(raw)
        return said, raw, read

    def complete(self) -> None:
        """Tells, once, what had to wait for the end of the input."""
        if self._complete:
            return
        self._complete = True
        self._calls.finish(self.answer.response_id)
        if not self._extras.finish():
            self._metadata.keep("citations", self._extras.citations)
            self._metadata.keep("search_results", self._extras.results)
        self._extras.count_uses()
        self._metadata.write()

    def _is_text(self, said: wire.Completion[Any]) -> bool:
        """Takes a chunk with a piece of text and nothing else: nearly all are such."""
        waits = self._extras.waits or (self._details is not None and self._details.waits)
        if not self.answered or waits:
            return False
        text = only_text(said, self._metadata.filtered)
        if text is None:
            return False
        self.answer.parts.text(self._text, text)
        return True

    def _raise_error(self, said: wire.Completion[Any], body: bytes) -> None:
        """Usage that comes beside an error is kept: it may have cost money."""
        failure = said.error or (said.x_groq and said.x_groq.error)
        for choice in said.choices or ():
            failure = failure or choice.error
        if not failure and said.object != "error":
            return
        self.answer.usage = disjoint(said.usage) or self.answer.usage
        self._extras.count_uses()
        read = read_error(failure) if failure else read_body(body)
        raise errors.from_stream(self._provider, read)

    def _choice(self, choice: wire.Choice[Any], body: bytes, raw: Mapping[str, Raw] | None) -> None:
        self._metadata.take_choice(choice)
        if choice.delta is not None:
            if choice.message is not None and repeats(choice.message):
                self._extras.take(choice.message, again=True)
                self._extras.take_images(choice.message)
            self._message(choice.delta, body, raw, whole=False)
        elif choice.message is not None:
            self._message(choice.message, body, raw, whole=True)
        if choice.finish_reason:
            self._finish(choice.finish_reason)
        elif self.finished and self._details is not None:
            self._details.sign()

    def _message(
        self, message: wire.Message, body: bytes, raw: Mapping[str, Raw] | None, *, whole: bool
    ) -> None:
        self.answered = True
        parts = self.answer.parts
        if raw is None:
            raw = wire.raw_message(body) if self._calls.odd or _is_odd(message) else {}
        self._reasoning(message, whole=whole)
        self._extras.take(message)
        if message.content:
            self._extras.before_text()
        if isinstance(message.content, str):
            parts.text(self._text, message.content)
        elif message.content:
            self._content(message.content, raw)
        self._extras.take_images(message)
        if message.refusal:
            self._refused = True
            parts.text("refusal", message.refusal, "refusal")
        self._tool_calls(message, raw, whole=whole)

    def _reasoning(self, message: wire.Message, *, whole: bool) -> None:
        reasoning = message.reasoning_content or message.reasoning
        details = self._details
        if details is not None and (items := self._reasoning_details(message)):
            unknown = details.take(items, whole=whole)
            for kind in unknown:
                what = f"reasoning details of the type {kind}"
                self.answer.warn("message.reasoning_details", f"{what} are unknown: left out")
            if len(unknown) < len(items):
                reasoning = None
        if reasoning:
            self.answer.parts.text("reasoning", reasoning, "reasoning")
        if details is not None and (message.content or message.tool_calls):
            details.sign()

    def _reasoning_details(self, message: wire.Message) -> list[Raw]:
        items = list_of(message.reasoning_details)
        if items is None:
            why = f"reasoning_details of {self._provider} cannot be read: left out"
            self.answer.warn("message.reasoning_details", why)
        return items or []

    def _tool_calls(self, message: wire.Message, raw: Mapping[str, Raw], *, whole: bool) -> None:
        pieces, items = message.tool_calls, list_of(raw.get("tool_calls", NOTHING)) or []
        if not pieces and message.function_call is not None:
            pieces = [wire.ToolCall(function=message.function_call)]
            lone = bytes(raw.get("function_call", NOTHING))
            items = [Raw(b'{"function":' + lone + b"}")] if lone else []
        if not pieces:
            return
        take = self._calls.whole if whole else self._calls.pieces
        take(pieces, self.answer.response_id, items)

    def _content(self, pieces: Sequence[wire.ContentPart], raw: Mapping[str, Raw]) -> None:
        """Content as a list: texts, reasoning of the type `thinking`, and whatever else.

        What has another type is a provider block, after which a new text begins.
        """
        parts = self.answer.parts
        items = list_of(raw.get("content", NOTHING)) or []
        for piece, item in zip(pieces, items, strict=True):
            if piece.type == "text":
                parts.text(self._text, piece.text or "")
            elif piece.type != "thinking":
                self._extras.block(item, "content", piece.type)
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
        called = self._calls.called
        if answer.finish_reason == pb.FINISH_REASON_STOP:
            if self._refused:
                answer.finish_reason = pb.FINISH_REASON_REFUSAL
            elif called or self._calls.waiting:
                answer.finish_reason = pb.FINISH_REASON_TOOL_CALLS
        waits = self._calls.waiting and not called
        if waits and answer.finish_reason == pb.FINISH_REASON_TOOL_CALLS:
            answer.finish_reason = pb.FINISH_REASON_ACTION_REQUIRED


def _read_any(body: bytes) -> tuple[wire.Completion[Any], Mapping[str, Raw]]:
    return wire.decode_any(body), wire.raw_message(body)


def _is_odd(message: wire.Message) -> bool:
    """Whether a message is looked at once more, as it came."""
    return isinstance(message.content, list) or any(
        call.is_odd for call in message.tool_calls or ()
    )
