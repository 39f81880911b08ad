"""From what Google says to the contract's answer, whole or chunk by chunk."""

from __future__ import annotations

from typing import Literal

import msgspec

from llmrpc import v1 as pb
from llmrpc.estimate import CHARACTERS_PER_TOKEN
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable
from llmrpc_server.providers.google import errors, wire
from llmrpc_server.providers.google.error_body import read_body, read_error
from llmrpc_server.providers.google.usage import disjoint

_FILTERED = pb.FINISH_REASON_CONTENT_FILTER
_FINISH_REASONS: dict[str, pb.FinishReason.ValueType] = {
    "STOP": pb.FINISH_REASON_STOP,
    "MAX_TOKENS": pb.FINISH_REASON_LENGTH,
    "CONTINUATION": pb.FINISH_REASON_LENGTH,  # the ceiling of one request
    "SAFETY": _FILTERED,
    "RECITATION": _FILTERED,
    "BLOCKLIST": _FILTERED,
    "PROHIBITED_CONTENT": _FILTERED,
    "SPII": _FILTERED,
    "ESCALATION": _FILTERED,
    "MODEL_ARMOR": _FILTERED,
    "IMAGE_SAFETY": _FILTERED,
    "IMAGE_PROHIBITED_CONTENT": _FILTERED,
    "IMAGE_RECITATION": _FILTERED,
    "MALFORMED_FUNCTION_CALL": pb.FINISH_REASON_MALFORMED_TOOL_CALL,
    "UNEXPECTED_TOOL_CALL": pb.FINISH_REASON_MALFORMED_TOOL_CALL,
}
"""Others, such as LANGUAGE, OTHER and TOO_MANY_TOOL_CALLS, are told by their name."""

_NONE_YET = ("", "FINISH_REASON_UNSPECIFIED")

_Kind = Literal["text", "reasoning"]


class Assembly:
    """One answer under construction, from one `Response` or from many.

    Texts of one kind that follow each other over chunks are one part. A signature
    belongs to the part that it came with: that part is never joined with another.
    """

    __slots__ = (
        "_calls",
        "_characters",
        "_counted",
        "_number",
        "_open",
        "_provider",
        "answer",
        "answered",
        "finished",
    )

    def __init__(self, provider: str) -> None:
        self.answer = Answer()
        self.answered = False
        """Whether a candidate came, or word that the prompt was blocked."""
        self.finished = False
        """Whether it was said why the answer ended."""
        self._provider = provider
        self._calls = 0
        self._characters = 0
        self._counted = False
        """Whether the usage so far tells what was written."""
        self._number = 0
        self._open: tuple[_Kind, int] | None = None
        """The kind and the key of the part that the next text may go on."""

    def take(self, body: bytes) -> None:
        """Takes a whole answer or a chunk.

        Raises `LLMClientError` for an error in its place, before anything of it
        is read, and for what is no JSON of the protocol.
        """
        try:
            said = wire.decode(body)
        except UNDECODABLE as error:
            if (failure := read_body(body)).is_error:
                raise errors.from_stream(self._provider, failure) from error
            raise unreadable(self._provider, "sent what is no JSON of its protocol") from error
        answer = self.answer
        if said.usage_metadata is not None:
            self._count(said.usage_metadata)
        if said.error:
            raise errors.from_stream(self._provider, read_error(said.error))
        if said.response_id and not answer.response_id:
            answer.response_id = said.response_id
        if said.model_version and not answer.model:
            answer.model = said.model_version
        for candidate in said.candidates or ():
            if not candidate.index:
                self._candidate(candidate)
        if said.prompt_feedback is not None and not said.candidates:
            self._blocked(said.prompt_feedback.block_reason or "")
        self._estimate()

    def _count(self, counted: wire.Usage) -> None:
        answer = self.answer
        answer.service_tier = (counted.service_tier or answer.service_tier).lower()
        usage = disjoint(counted)
        if usage is not None:
            answer.usage = usage
            self._counted = counted.candidates_token_count is not None

    def _estimate(self) -> None:
        """Some models count the answer at its end alone: till then it is what came."""
        spent = self.answer.usage
        if spent is None or self._counted:
            return
        tokens = -(-self._characters // CHARACTERS_PER_TOKEN) - spent.reasoning_tokens
        if tokens > spent.output_tokens:
            spent.output_tokens = tokens
            spent.estimated = True

    def _candidate(self, candidate: wire.Candidate) -> None:
        self.answered = True
        if candidate.content is not None:
            for place, part in enumerate(candidate.content.parts or ()):
                if place:
                    self._open = None
                self._part(part)
        word = candidate.finish_reason or ""
        if word in _NONE_YET:
            return
        self.finished = True
        answer = self.answer
        answer.provider_finish_reason = word
        answer.finish_reason = _FINISH_REASONS.get(word, pb.FINISH_REASON_OTHER)
        if answer.finish_reason == pb.FINISH_REASON_STOP and answer.parts.has("tool_call"):
            answer.finish_reason = pb.FINISH_REASON_TOOL_CALLS

    def _blocked(self, word: str) -> None:
        if word:
            self.answered = self.finished = True
            self.answer.provider_finish_reason = word
            self.answer.finish_reason = _FILTERED

    def _part(self, part: wire.Part) -> None:
        signature = part.thought_signature
        if part.function_call is not None:
            key = self._call(part.function_call)
        elif part.text or (part.text is not None and signature):
            key = self._text("reasoning" if part.thought else "text", part.text, signature)
        else:
            return
        if signature:
            self._open = None
            self.answer.parts.signature(key, pb.Signature(provider=self._provider, data=signature))

    def _text(self, kind: _Kind, text: str, signature: str | None) -> int:
        if self._open is None or self._open[0] != kind or signature:
            self._open = (kind, self._new())
            self.answer.parts.start(self._open[1], kind)
        self._characters += len(text)
        self.answer.parts.text(self._open[1], text, kind)
        return self._open[1]

    def _call(self, call: wire.FunctionCall) -> int:
        self._open = None
        key = self._new()
        made = "_".join(filter(None, ("call", self.answer.response_id, str(self._calls))))
        self._calls += 1
        arguments = msgspec.json.format(call.args, indent=-1).decode()
        self._characters += len(arguments)
        self.answer.parts.tool_call(
            key, call.id or made, call.name or "", "{}" if arguments == "null" else arguments
        )
        return key

    def _new(self) -> int:
        self._number += 1
        return self._number
