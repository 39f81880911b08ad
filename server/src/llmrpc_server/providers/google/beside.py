"""What Google says beside an answer: sources, ratings, and what of it was billed."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.google import wire
from llmrpc_server.providers.google.billed import ToolUses
from llmrpc_server.providers.google.grounding import Annotated, Sources
from llmrpc_server.providers.google.quirks import Model
from llmrpc_server.providers.google.spans import Texts

_CHUNKS, _SUPPORTS = "groundingChunks", "groundingSupports"
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class Beside:
    """Collects it as it comes, and adds it to the answer when that is whole.

    Sources become annotations. All else is metadata under Google's own names:
    `google.search_entry_point`, `google.safety_ratings`. The last value counts.
    """

    __slots__ = ("_citations", "_facts", "_grounding", "_notes", "_provider", "_seen", "uses")

    def __init__(self, provider: str, facts: Callable[[str], Model]) -> None:
        self.uses = ToolUses()
        self._provider = provider
        self._facts = facts
        self._notes: wire.Fields = {}
        self._grounding: list[wire.Fields] = []
        self._citations: list[msgspec.Raw] = []
        self._seen: set[tuple[object, bytes]] = set()

    def take(self, said: wire.Response, others: wire.Fields) -> None:
        """Takes it from a response or a chunk; `others` are fields that are not known."""
        notes = self._notes
        if others:
            notes.update(others)
        if wire.came(said.prompt_feedback):
            notes["promptFeedback"] = said.prompt_feedback
        if wire.came(said.model_status):
            notes["modelStatus"] = said.model_status
        if said.usage_metadata and wire.came(said.usage_metadata.billed_tool_calls):
            notes["billedToolCalls"] = said.usage_metadata.billed_tool_calls
            self.uses.billed(said.usage_metadata.billed_tool_calls)
        for candidate in said.candidates or ():
            if not candidate.index:
                self._candidate(candidate)

    def settle(self, answer: Answer, texts: Texts) -> None:
        """Adds what has come since the last call of this method."""
        sources = Sources(self._provider, texts, answer)
        for grounding in self._grounding:
            raws = (grounding.pop(name, wire.NOTHING) for name in (_CHUNKS, _SUPPORTS))
            chunks, supports = raws
            for each in sources.grounding(chunks, supports):
                self._annotate(answer, each)
            if wire.came(chunks) and texts.last is None:
                self._notes[_CHUNKS] = chunks
            self._notes.update(grounding)
        for raw in self._citations:
            for each in sources.citations(raw):
                self._annotate(answer, each)
        for name, value in self._notes.items():
            self._note(answer, name, value)
        self._grounding, self._citations, self._notes = [], [], {}
        if answer.usage is not None:
            by_prompt = self._facts(answer.model).searches_by_prompt
            for name, count in self.uses.count(by_prompt=by_prompt).items():
                answer.usage.tool_uses[name] = count

    def _candidate(self, candidate: wire.Candidate) -> None:
        for name, raw in (
            ("finishMessage", candidate.finish_message),
            ("safetyRatings", candidate.safety_ratings),
            ("avgLogprobs", candidate.avg_logprobs),
            ("urlContextMetadata", candidate.url_context_metadata),
        ):
            if wire.came(raw):
                self._notes[name] = raw
        if wire.came(candidate.citation_metadata):
            self._citations.append(candidate.citation_metadata)
        if wire.came(candidate.grounding_metadata):
            try:
                grounding = wire.fields(candidate.grounding_metadata)
            except UNDECODABLE:
                self._notes["groundingMetadata"] = candidate.grounding_metadata
                return
            if grounding:
                self._grounding.append(grounding)
                self.uses.grounded(grounding)

    def _annotate(self, answer: Answer, each: Annotated) -> None:
        """Adds an annotation, once: a stream can repeat what it said."""
        if each.annotation.type == "maps":
            self.uses.mapped()
        identity = (each.key, each.annotation.SerializeToString(deterministic=True))
        if identity not in self._seen:
            self._seen.add(identity)
            answer.parts.annotation(each.key, each.annotation)

    def _note(self, answer: Answer, name: str, raw: msgspec.Raw) -> None:
        snake = _CAPITAL.sub("_", name).lower()
        try:
            answer.note(self._provider, snake, msgspec.json.decode(raw))
        except UNDECODABLE:
            why = f"{self._provider} sent {name} that cannot be read; it is left out"
            field = f"provider_metadata[{self._provider}.{snake}]"
            answer.warn(field, why)
