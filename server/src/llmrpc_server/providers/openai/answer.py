"""From what a provider says to the contract's answer, whole or chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE, unreadable
from llmrpc_server.providers.finish_words import is_reason, reason_of
from llmrpc_server.providers.openai import wire
from llmrpc_server.providers.openai.message import MessageTaker
from llmrpc_server.providers.openai.metadata import Metadata
from llmrpc_server.providers.openai.only_text import only_text
from llmrpc_server.providers.openai.reading import Chunk, Reader
from llmrpc_server.providers.openai.usage import disjoint
from llmrpc_server.providers.openai.wire_usage import Usage
from llmrpc_server.providers.openai_family import errors
from llmrpc_server.providers.openai_family.error_body import read_body, read_error
from llmrpc_server.providers.openai_family.totals import Counts

_FAILURES = {
    "error": False,  # Mistral, OpenRouter, vLLM
    "network_error": False,  # Z.ai
    "insufficient_system_resource": True,  # DeepSeek
}
"""Finish reasons of an answer that broke off, and whether by overload."""


class Assembly:
    """One answer under construction, from one `Completion` or from many."""

    __slots__ = (
        "_complete",
        "_counts",
        "_early",
        "_index",
        "_messages",
        "_metadata",
        "_odd_end",
        "_provider",
        "_reader",
        "_word",
        "answer",
        "answered",
        "counted",
        "finished",
    )

    def __init__(self, provider: str, *, details: bool) -> None:
        self.answer = Answer()
        self.answered = False
        """Whether a message, a piece of one, or a finish reason came."""
        self.finished = False
        """Whether a finish reason came, and no content after it."""
        self.counted = False
        """Whether a chunk of usage alone came after it: nothing follows that."""
        self._complete = False
        self._counts = Counts(self.answer)
        self._index: int | None = None
        """The index of the choice that is the answer."""
        self._word = ""
        """The last finish reason, unless it came before all content."""
        self._early = False
        """Whether it did so far."""
        self._odd_end = False
        """Whether a finish reason came that is no word."""
        self._provider = provider
        self._reader = Reader(self.answer, provider)
        self._messages = MessageTaker(self.answer, provider, details=details)
        self._metadata = Metadata(self.answer, provider)

    def take(self, body: bytes, *, whole: bool = False) -> None:
        """Takes a chunk, or a `whole` answer.

        Raises `LLMClientError` for an error in its place, before anything of it
        is read, and for what is no JSON of the protocol.
        """
        try:
            chunk = self._reader.read(body, whole=whole)
            self._messages.speech.read(marked=chunk.marked is not None)
            if whole or not self._is_text(chunk):
                self._take(chunk, whole=whole)
        except UNDECODABLE as error:
            raise unreadable(self._provider, "sent what is no JSON of its protocol") from error

    def _take(self, chunk: Chunk, *, whole: bool) -> None:
        said, answer = chunk.said, self.answer
        self._raise_error(chunk)
        place = self._place(said.choices or ())
        choice = None if place is None or said.choices is None else said.choices[place]
        usages = [each.usage for each in (said, choice, said.x_groq) if each is not None]
        self._count(chunk, usages)
        if said.id and not answer.response_id:
            answer.response_id = said.id
        if said.model and not answer.model:
            answer.model = said.model
        if said.service_tier:
            answer.service_tier = said.service_tier
        self._metadata.take(said, next(filter(None, usages), None))
        self._messages.extras.take_sources(said)
        if choice is not None and place is not None:
            self._choice(chunk, choice, place, whole=whole)
        if said.choices and (choice is None or len(said.choices) > 1):
            answer.warn("message", f"{self._provider} sent other choices than the first; dropped")
        if not said.choices and chunk.counts:
            self.finished = self.finished or bool(self._word)
            self.counted = self.finished

    def _count(self, chunk: Chunk, usages: Sequence[Usage | None]) -> None:
        """Takes the first usage that counts something."""
        for usage in usages:
            if usage is None or (counted := disjoint(usage)) is None:
                continue
            said = usage.completion_tokens is not None or usage.total_tokens is not None
            self._counts.take(
                counted,
                input_too=usage.prompt_tokens is not None,
                output_too=said and not chunk.miscounted,
            )
            return

    def end_early(self) -> bool:
        """Completes what came without a finish reason; False if there is nothing.

        Calls that are complete are a reason, and so is a finish reason after which more came.
        """
        answer, calls = self.answer, self._messages.calls
        self.complete()
        unsaid = answer.finish_reason == pb.FINISH_REASON_UNSPECIFIED
        if unsaid and calls.are_complete():
            called = pb.FINISH_REASON_TOOL_CALLS
            answer.finish_reason = called if calls.called else pb.FINISH_REASON_ACTION_REQUIRED
        self.finished = bool(answer.parts)
        return self.finished

    def complete(self) -> None:
        """Tells, once, what had to wait for the end of the input."""
        if self._complete:
            return
        self._complete = True
        messages = self._messages
        messages.finish()
        if not messages.extras.finish():
            self._metadata.keep("citations", messages.extras.citations)
            self._metadata.keep("search_results", messages.extras.results)
        messages.extras.count_uses()
        self._metadata.write()
        self._counts.finish()
        if self._word or self._odd_end:
            self._settle(self._word)

    def _place(self, choices: Sequence[wire.Choice]) -> int | None:
        """Which choice is the answer; a lone one is, unless it has another's index."""
        if not choices:
            return None
        if len(choices) == 1:
            index = wire.number_of(choices[0].index)
            if self._index is None:
                self._index = index
            return 0 if index is None or index == self._index else None
        indices = [wire.number_of(choice.index) for choice in choices]
        if self._index is None:
            self._index = 0 if 0 in indices else indices[0]
        return indices.index(self._index) if self._index in indices else None

    def _is_text(self, chunk: Chunk) -> bool:
        """Takes a chunk with a piece of text and nothing else: nearly all are such."""
        messages = self._messages
        if not self.answered or chunk.marked is not None or messages.waits:
            return False
        text = only_text(chunk.said, self._metadata.filtered, self._index)
        if text is None:
            return False
        if not chunk.strict:
            messages.extras.name_unknown(chunk.raw(0, "delta"))
        if text and self.finished:
            self._reopen()
        messages.spoke = messages.spoke or bool(text)
        self.answer.parts.text(messages.text, text)
        return True

    def _raise_error(self, chunk: Chunk) -> None:
        """Usage that comes beside an error is kept: it may have cost money."""
        said = chunk.said
        failure = said.error or (said.x_groq and said.x_groq.error)
        for choice in said.choices or ():
            failure = failure or choice.error
        if not failure and said.object != "error":
            return
        self._count(chunk, [said.usage])
        self._messages.extras.count_uses()
        read = read_error(failure)
        if not read.message:
            read = read_body(chunk.body)
        raise errors.from_stream(self._provider, read)

    def _choice(self, chunk: Chunk, choice: wire.Choice, place: int, *, whole: bool) -> None:
        self._metadata.take_choice(choice)
        messages = self._messages
        messages.put_text(chunk, choice, place)
        came = choice.delta is not None or choice.message is not None
        self.answered = self.answered or came
        if whole:
            spoke = messages.whole(chunk, choice, place)
        else:
            spoke = messages.piece(chunk, choice, place)
        if spoke and self.finished:
            self._reopen()
        if is_reason(choice.finish_reason):
            self._finish(choice.finish_reason)
        elif self.finished:
            messages.sign()

    def _reopen(self) -> None:
        """Content follows: what was said of the end before all content was none."""
        self.finished = self._odd_end = False
        if self._early:
            self._word = ""

    def _finish(self, word: object) -> None:
        self.finished = self.answered = True
        self._odd_end = not isinstance(word, str)
        if not isinstance(word, str):
            why = f"{self._provider} sent a finish reason that is no word"
            self.answer.warn("finish_reason", f"{why}: why the answer ended is not known")
            return
        if word.lower() in _FAILURES:
            overloaded = _FAILURES[word.lower()]
            raise errors.failed(self._provider, word, overloaded=overloaded)
        self._messages.sign()
        self._word, self._early = word, not self._messages.spoke

    def _settle(self, word: str) -> None:
        """Says why the answer ended, now that all of it is known."""
        answer, calls = self.answer, self._messages.calls
        answer.provider_finish_reason = word
        answer.finish_reason = reason_of(word) if word else pb.FINISH_REASON_OTHER
        if answer.finish_reason == pb.FINISH_REASON_STOP:
            if self._messages.refused:
                answer.finish_reason = pb.FINISH_REASON_REFUSAL
            elif calls.called or calls.waiting:
                answer.finish_reason = pb.FINISH_REASON_TOOL_CALLS
        waits = calls.waiting and not calls.called
        if waits and answer.finish_reason == pb.FINISH_REASON_TOOL_CALLS:
            answer.finish_reason = pb.FINISH_REASON_ACTION_REQUIRED
