"""From what Google says to the contract's answer, whole or chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from llmrpc import v1 as pb
from llmrpc.answer import MOST_PARTS, too_many
from llmrpc.estimate import CHARACTERS_PER_TOKEN
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable
from llmrpc_server.providers.finish_words import is_reason, reason_of
from llmrpc_server.providers.google import errors, wire
from llmrpc_server.providers.google.beside import Beside
from llmrpc_server.providers.google.content import Parts, pieces_of
from llmrpc_server.providers.google.error_body import read_body, read_error
from llmrpc_server.providers.google.quirks import Model
from llmrpc_server.providers.google.usage import disjoint
from llmrpc_server.providers.kept_json import (
    HALVES,
    Fields,
    came,
    decode_whole,
    fields_of,
    has_half,
    plain,
    says,
    string,
)
from llmrpc_server.providers.loose import warn_of

_FILTERED = pb.FINISH_REASON_CONTENT_FILTER
_FINISH_REASONS: dict[str, pb.FinishReason.ValueType] = {
    "ESCALATION": _FILTERED,
    "IMAGE_PROHIBITED_CONTENT": _FILTERED,
    "IMAGE_RECITATION": _FILTERED,
}
"""What `finish_words` does not have. Others, such as LANGUAGE, OTHER and
TOO_MANY_TOOL_CALLS, are told by their name."""

_ALONE = (0,)
_FIRST = 0
_FIRSTS = (None, 0, "0", "")
_NONE_YET = "FINISH_REASON_UNSPECIFIED"


class Assembly:
    """One answer under construction, from one `Response` or from many."""

    __slots__ = (
        "_beside",
        "_counted",
        "_index",
        "_parts",
        "_prompt",
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
        self._parts = Parts(provider, self.answer, self._beside.uses)
        self._index: int | float | str | None = None
        """The index of the candidate that is the answer."""
        self._prompt: int | None = None
        self._counted = False
        """Whether the usage so far tells what was written."""

    def take(self, body: bytes) -> None:
        """Takes a whole answer or a chunk.

        Raises `LLMClientError` for an error in its place, before anything of it
        is read, and for what is no JSON of the protocol.
        """
        try:
            if not body.isascii():
                body = wire.as_text(body)
            (said, others, left_out), read = decode_whole(wire.decode, body)
            odd = body if read is not body and has_half(body) else None
            if left_out:
                warn_of(left_out, self.answer, self._provider)
            self._take(said, others, left_out, odd, read)
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
        self._parts.end()
        self._beside.settle(self._parts.texts)

    def _take(
        self,
        said: wire.Response,
        others: Fields,
        left_out: list[str],
        odd: bytes | None,
        body: bytes,
    ) -> None:
        """Takes the response in a body; `odd` is it as it came, if it holds half a pair."""
        answer, before = self.answer, self.finished
        if said.usage_metadata is not None:
            self._count(said.usage_metadata)
        if says(said.error):
            raise errors.from_stream(self._provider, read_error(plain(said.error), body))
        if said.response_id and not answer.response_id:
            answer.response_id = said.response_id
        if said.model_version and not answer.model:
            answer.model = said.model_version
        if odd is not None and not said.candidates:
            answer.warn("message", HALVES.format(self._provider))
        mine = self._mine(said)
        for place, candidate in enumerate(said.candidates or ()):
            if place in mine:
                unread = f"candidates.{place}.finishReason" in left_out
                self._candidate(candidate, unread, place, odd)
            else:
                why = f"{self._provider} sent a candidate that was not asked for; dropped"
                answer.warn("message", why)
        if said.candidates and len(mine) < len(said.candidates):
            said.candidates = [said.candidates[place] for place in mine]
        self._beside.take(said, others)
        if came(said.prompt_feedback) and not said.candidates:
            self._blocked(said.prompt_feedback)
        self._estimate()
        if self.finished and not before:
            self.end()

    def _mine(self, said: wire.Response) -> Sequence[int]:
        """The places of the answer: of the first candidate, or of the only one, whatever it is."""
        candidates = said.candidates or []
        if len(candidates) == 1 and not candidates[0].index and not self._index:
            self._index = _FIRST
            return _ALONE
        candidates = said.candidates = _each_once(candidates)
        indices = [_FIRST if each.index in _FIRSTS else each.index for each in candidates]
        if self._index is None and indices:
            self._index = _FIRST if _FIRST in indices else indices[0]
        return [place for place, index in enumerate(indices) if index == self._index]

    def _count(self, counted: wire.Usage) -> None:
        """Takes totals so far; the prompt's cannot shrink, and need not come again."""
        answer = self.answer
        if self._prompt and counted.candidates_token_count and not counted.prompt_token_count:
            counted.prompt_token_count = self._prompt
        self._prompt = counted.prompt_token_count or self._prompt
        answer.service_tier = (counted.service_tier or answer.service_tier).lower()
        usage = disjoint(counted)
        if usage is not None:
            answer.usage = usage
            answer.input_uncounted = counted.prompt_token_count is None
            usage.estimated = answer.input_uncounted
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

    def _candidate(
        self, candidate: wire.Candidate, unread: bool, place: int, odd: bytes | None
    ) -> None:
        """Takes the answer so far; `unread`: its finish reason is no word.

        Text and calls that come without a finish reason open an answer again that had one.
        """
        self.answered = True
        answer, written = self.answer, self._parts.characters
        word = candidate.finish_reason or ""
        none_yet = not unread and (word == _NONE_YET or not is_reason(word))
        if candidate.content is not None and candidate.content.parts:
            parts = () if odd is None else pieces_of(odd, place)
            self._parts.add(candidate.content.parts, parts)
            self.unannounced = self.unannounced or none_yet
        elif odd is not None:
            answer.warn("message", HALVES.format(self._provider))
        if none_yet:
            self.finished = self.finished and self._parts.characters == written
            return
        self.finished = True
        answer.provider_finish_reason = word
        answer.finish_reason = _FINISH_REASONS.get(word) or reason_of(word)
        if answer.finish_reason == pb.FINISH_REASON_STOP and answer.parts.has("tool_call"):
            answer.finish_reason = pb.FINISH_REASON_TOOL_CALLS

    def _blocked(self, feedback: msgspec.Raw) -> None:
        """Takes word that the prompt was blocked."""
        word = string((fields_of(feedback) or {}).get("blockReason", b""))
        if word:
            self.answered = self.finished = True
            self.answer.provider_finish_reason = word
            self.answer.finish_reason = _FILTERED


def _each_once(candidates: list[wire.Candidate]) -> list[wire.Candidate]:
    """The candidates without those that repeat one before them, whole."""
    if len(candidates) < 2:
        return candidates
    if len(candidates) > MOST_PARTS:
        raise too_many(f"{MOST_PARTS} candidates")
    written: dict[bytes, wire.Candidate] = {}
    for each in candidates:
        written.setdefault(msgspec.json.encode(each), each)
    return list(written.values())
