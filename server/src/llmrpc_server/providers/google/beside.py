"""What Google says beside an answer: sources, ratings, and what of it was billed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator

import msgspec

from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.google import wire
from llmrpc_server.providers.google.billed import ToolUses
from llmrpc_server.providers.google.grounding import Annotated, Sources
from llmrpc_server.providers.google.quirks import Model
from llmrpc_server.providers.google.spans import Texts
from llmrpc_server.providers.kept_json import NOTHING, Fields, came, fields_of, plain

_CHUNKS, _SUPPORTS = "groundingChunks", "groundingSupports"
_CITATIONS = "citationMetadata"
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
_ROOM, _TIMES = 1 << 18, 4
"""Bytes that annotations may take: so many, and so many times what was said of sources.
Each pair of a source and a stretch is an annotation, so some hundred kilobytes of pairs
could else become gigabytes."""
_MARK = 16
"""Bytes by which an annotation is known again."""


class Beside:
    """Collects it as it comes, and adds it to the answer when that is whole.

    Sources become annotations. All else is metadata under Google's own names:
    `google.search_entry_point`, `google.safety_ratings`. The last value counts. Sources
    for which there is no annotation are metadata too, all of them.
    """

    __slots__ = (
        "_answer",
        "_citations",
        "_facts",
        "_grounding",
        "_held",
        "_notes",
        "_provider",
        "_room",
        "_seen",
        "_unplaced",
        "uses",
    )

    def __init__(self, provider: str, answer: Answer, facts: Callable[[str], Model]) -> None:
        self.uses = ToolUses(answer.parts)
        self._answer = answer
        self._provider = provider
        self._facts = facts
        self._notes: Fields = {}
        self._grounding: list[Fields] = []
        self._citations: list[msgspec.Raw] = []
        self._unplaced: dict[str, list[msgspec.Raw]] = {}
        self._seen: set[bytes] = set()
        self._room = _ROOM
        self._held = 0

    def take(self, said: wire.Response, others: Fields) -> None:
        """Takes it from a response or a chunk; `others` are fields that are not known."""
        for name, raw in others.items():
            self._note(name, raw)
        self._note("promptFeedback", said.prompt_feedback)
        self._note("modelStatus", said.model_status)
        if said.usage_metadata and came(said.usage_metadata.billed_tool_calls):
            self._note("billedToolCalls", said.usage_metadata.billed_tool_calls)
            self.uses.billed(said.usage_metadata.billed_tool_calls)
        for candidate in said.candidates or ():
            self._candidate(candidate)
        self.count()

    def count(self) -> None:
        """Writes the uses of tools so far into the usage."""
        usage = self._answer.usage
        if usage is not None and self.uses:
            by_prompt = self._facts(self._answer.model).searches_by_prompt
            usage.tool_uses.clear()
            usage.tool_uses.update(self.uses.count(by_prompt=by_prompt))

    def settle(self, texts: Callable[[], Texts]) -> None:
        """Adds what has come since the last call of this method."""
        if self._grounding or self._citations:
            self._place_sources(texts())
        for name, value in self._notes.items():
            self._tell(name, value)
        self._grounding, self._citations, self._notes = [], [], {}
        self._answer.parts.keep(-self._held)
        self._held = 0
        self.count()

    def _candidate(self, candidate: wire.Candidate) -> None:
        self._note("finishMessage", candidate.finish_message)
        self._note("safetyRatings", candidate.safety_ratings)
        self._note("avgLogprobs", candidate.avg_logprobs)
        self._note("urlContextMetadata", candidate.url_context_metadata)
        if came(candidate.citation_metadata):
            self._citations.append(candidate.citation_metadata)
            self._keep_source(candidate.citation_metadata)
        if came(candidate.grounding_metadata):
            grounding = fields_of(candidate.grounding_metadata)
            if grounding is None:
                self._note("groundingMetadata", candidate.grounding_metadata)
            else:
                self._grounding.append(grounding)
                self._keep_source(candidate.grounding_metadata)
                self.uses.grounded(grounding)

    def _place_sources(self, texts: Texts) -> None:
        """Annotates the texts with all sources that have come."""
        sources = Sources(self._provider, texts, self._answer)
        for grounding in self._grounding:
            chunks, supports = (grounding.pop(name, NOTHING) for name in (_CHUNKS, _SUPPORTS))
            told = self._annotate(sources, sources.grounding(chunks, supports))
            if not told or texts.last is None:
                self._unplace(_CHUNKS, chunks)
                self._unplace(_SUPPORTS, supports)
            for name, raw in grounding.items():
                self._note(name, raw)
        for raw in self._citations:
            told = self._annotate(sources, sources.citations(raw))
            if not told or texts.last is None:
                self._unplace(_CITATIONS, raw)
        for name, raws in self._unplaced.items():
            one = raws[0] if len(raws) == 1 else msgspec.Raw(msgspec.json.encode(raws))
            self._note(name, one)

    def _annotate(self, sources: Sources, found: Iterator[Annotated]) -> bool:
        """Adds annotations, each once: a stream can repeat what it said.

        False if something of the sources is in no annotation.
        """
        sources.complete = True
        parts = self._answer.parts
        for key, annotation in found:
            self._room -= annotation.ByteSize()
            if self._room < 0:
                self._answer.warn(
                    "message.parts.annotations",
                    f"{self._provider} sent more sources than are annotated; "
                    "all of them are in provider_metadata",
                )
                return False
            if annotation.type == "maps":
                self.uses.mapped()
            written = annotation.SerializeToString(deterministic=True)
            mark = hashlib.blake2b(written, digest_size=_MARK, key=str(key).encode()).digest()
            if mark not in self._seen:
                self._seen.add(mark)
                parts.keep(_MARK)
                parts.annotation(key, annotation)
        return sources.complete

    def _unplace(self, name: str, raw: msgspec.Raw) -> None:
        if came(raw):
            self._unplaced.setdefault(name, []).append(raw)
            self._answer.parts.keep(len(bytes(raw)))

    def _keep_source(self, raw: msgspec.Raw) -> None:
        size = len(bytes(raw))
        self._room += _TIMES * size
        self._hold(size)

    def _note(self, name: str, raw: msgspec.Raw) -> None:
        if came(raw):
            before = self._notes.get(name, NOTHING)
            self._notes[name] = raw
            self._hold(len(bytes(raw)) - len(bytes(before)))

    def _hold(self, size: int) -> None:
        self._held += size
        self._answer.parts.keep(size)

    def _tell(self, name: str, raw: msgspec.Raw) -> None:
        snake = _CAPITAL.sub("_", name).lower()
        self._answer.note(self._provider, snake, plain(raw))
