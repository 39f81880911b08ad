"""From what Google says to the contract's answer, whole or chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable

from llmrpc import v1 as pb
from llmrpc.estimate import CHARACTERS_PER_TOKEN
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable
from llmrpc_server.providers.google import errors, wire
from llmrpc_server.providers.google.beside import Beside
from llmrpc_server.providers.google.content import Parts
from llmrpc_server.providers.google.error_body import read_body, read_error
from llmrpc_server.providers.google.quirks import Model
from llmrpc_server.providers.google.usage import disjoint
from llmrpc_server.providers.kept_json import HALVES, Fields, came, decode_whole, plain, says

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


class Assembly:
    """One answer under construction, from one `Response` or from many."""

    __slots__ = (
        "_beside",
        "_counted",
        "_parts",
        "_provider",
        "answer",
        "answered",
        "finished",
        "unannounced",
    )

    def __init__(self, provider: str, facts: Callable[[str], Model]) -> None:
        """`facts` tells what is known of a model."""
        self.answer = Answer()
        self.answered = False
        """Whether a candidate came, or word that the prompt was blocked."""
        self.finished = False
        """Whether it was said why the answer ended."""
        self.unannounced = False
        """Whether content came without a finish reason: then one means something."""
        self._provider = provider
        self._beside = Beside(provider, self.answer, facts)
        self._parts = Parts(provider, self.answer.parts, self._beside.uses)
        self._counted = False
        """Whether the usage so far tells what was written."""

    def take(self, body: bytes) -> None:
        """Takes a whole answer or a chunk.

        Raises `LLMClientError` for an error in its place, before anything of it
        is read, and for what is no JSON of the protocol.
        """
        try:
            said, read = decode_whole(wire.decode, body)
            if read is not body:
                self.answer.warn("message", HALVES.format(self._provider))
            self._take(*said)
        except UNDECODABLE as error:
            if (failure := read_body(body)).is_error:
                raise errors.from_stream(self._provider, failure) from error
            raise unreadable(self._provider, "sent what is no JSON of its protocol") from error

    def end_early(self) -> bool:
        """Completes what came without a finish reason; False if there is nothing."""
        self.end()
        self.finished = bool(self.answer.parts)
        return self.finished

    def end(self) -> None:
        """Adds what is told beside the answer. Called when all of it has come."""
        self._beside.settle(self._parts.texts)

    def _take(self, said: wire.Response, others: Fields) -> None:
        answer, before = self.answer, self.finished
        if said.usage_metadata is not None:
            self._count(said.usage_metadata)
        if says(said.error):
            raise errors.from_stream(self._provider, read_error(plain(said.error)))
        if said.response_id and not answer.response_id:
            answer.response_id = said.response_id
        if said.model_version and not answer.model:
            answer.model = said.model_version
        for candidate in said.candidates or ():
            if not candidate.index:
                self._candidate(candidate)
            else:
                why = f"{self._provider} sent a candidate that was not asked for; it was dropped"
                answer.warn("message", why)
        self._beside.take(said, others)
        if came(said.prompt_feedback) and not said.candidates:
            self._blocked(wire.decode_feedback(said.prompt_feedback).block_reason or "")
        self._estimate()
        if self.finished and not before:
            self.end()

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
        tokens = -(-self._parts.characters // CHARACTERS_PER_TOKEN) - spent.reasoning_tokens
        if tokens > spent.output_tokens:
            spent.output_tokens = tokens
            spent.estimated = True

    def _candidate(self, candidate: wire.Candidate) -> None:
        self.answered = True
        answer = self.answer
        word = candidate.finish_reason or ""
        if candidate.content is not None and candidate.content.parts:
            self._parts.add(candidate.content.parts, answer.response_id)
            self.unannounced = self.unannounced or word in _NONE_YET
        if word in _NONE_YET:
            return
        self.finished = True
        answer.provider_finish_reason = word
        answer.finish_reason = _FINISH_REASONS.get(word, pb.FINISH_REASON_OTHER)
        if answer.finish_reason == pb.FINISH_REASON_STOP and answer.parts.has("tool_call"):
            answer.finish_reason = pb.FINISH_REASON_TOOL_CALLS

    def _blocked(self, word: str) -> None:
        if word:
            self.answered = self.finished = True
            self.answer.provider_finish_reason = word
            self.answer.finish_reason = _FILTERED
