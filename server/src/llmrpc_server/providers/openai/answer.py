"""From what a provider says to the contract's answer, whole or chunk by chunk."""

from __future__ import annotations

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable
from llmrpc_server.providers.openai import wire
from llmrpc_server.providers.openai.calls import Calls
from llmrpc_server.providers.openai.details import Details
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

    __slots__ = ("_calls", "_details", "_provider", "answer", "answered", "finished")

    def __init__(self, provider: str, *, details: bool) -> None:
        self.answer = Answer()
        self.answered = False
        """Whether a message or a piece of one came."""
        self.finished = False
        """Whether a finish reason came."""
        self._provider = provider
        self._calls = Calls(self.answer.parts)
        self._details = Details(self.answer.parts, provider) if details else None

    def take(self, body: bytes) -> None:
        """Takes a whole answer or a chunk.

        Raises `LLMClientError` for an error in its place, before anything of it
        is read, and for what is no JSON of the protocol.
        """
        try:
            said = wire.decode(body)
        except UNDECODABLE as error:
            raise unreadable(self._provider, "sent what is no JSON of its protocol") from error
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
        for choice in said.choices or ():
            if choice.index == 0:
                self._choice(choice)

    def _is_text(self, said: wire.Completion) -> bool:
        """Takes a chunk with a piece of text and nothing else: nearly all are such."""
        choices = said.choices
        if not self.answered or choices is None or len(choices) != 1:
            return False
        choice = choices[0]
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
            or choice.index
            or choice.finish_reason
            or choice.error
            or said.error
            or said.usage
            or said.x_groq
            or said.object == "error"
            or self._details is not None
        ):
            return False
        self.answer.parts.text("text", delta.content)
        return True

    def _raise_error(self, said: wire.Completion, body: bytes) -> None:
        """Usage that comes beside an error is kept: it may have cost money."""
        failure = said.error or (said.x_groq and said.x_groq.error)
        for choice in said.choices or ():
            failure = failure or choice.error
        if not failure and said.object != "error":
            return
        self.answer.usage = disjoint(said.usage) or self.answer.usage
        read = read_error(failure) if failure else read_body(body)
        raise errors.from_stream(self._provider, read)

    def _choice(self, choice: wire.Choice) -> None:
        if choice.delta is not None:
            self._message(choice.delta, whole=False)
        elif choice.message is not None:
            self._message(choice.message, whole=True)
        if choice.finish_reason:
            self._finish(choice.finish_reason)
        elif self.finished and self._details is not None:
            self._details.sign()

    def _message(self, message: wire.Message, *, whole: bool) -> None:
        self.answered = True
        answer = self.answer
        parts = answer.parts
        reasoning = message.reasoning_content or message.reasoning
        if (
            message.reasoning_details
            and self._details is not None
            and self._details.take(message.reasoning_details, whole=whole)
        ):
            reasoning = None
        if reasoning:
            parts.text("reasoning", reasoning, "reasoning")
        if self._details is not None and (message.content or message.tool_calls):
            self._details.sign()
        if isinstance(message.content, str):
            parts.text("text", message.content)
        elif message.content:
            self._content(message.content)
        if message.refusal:
            parts.text("refusal", message.refusal, "refusal")
        pieces = message.tool_calls
        if not pieces and message.function_call is not None:
            pieces = [wire.ToolCall(function=message.function_call)]
        if pieces:
            take = self._calls.whole if whole else self._calls.pieces
            take(pieces, answer.response_id)

    def _content(self, pieces: list[wire.ContentPart]) -> None:
        """Content as a list: texts, and reasoning of the type `thinking`."""
        parts = self.answer.parts
        for piece in pieces:
            if piece.type == "text" and piece.text:
                parts.text("text", piece.text)
            elif piece.type == "thinking" and piece.thinking:
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
        if answer.finish_reason == pb.FINISH_REASON_STOP:
            if answer.parts.has("refusal"):
                answer.finish_reason = pb.FINISH_REASON_REFUSAL
            elif answer.parts.has("tool_call"):
                answer.finish_reason = pb.FINISH_REASON_TOOL_CALLS
