"""Sources of an answer as annotations: `groundingMetadata` and `citationMetadata`.

A source that supports a stretch of the text is an annotation with a span, one for each
pair of them; a source that supports no stretch goes to the last text part without a
span. The `data` of an annotation is its source and what that supports; of the indices
of the support it has its own alone. Sources:
https://ai.google.dev/api/generate-content#GroundingMetadata and
https://ai.google.dev/api/generate-content#citationmetadata
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.google import wire
from llmrpc_server.providers.google.spans import Segment, Texts
from llmrpc_server.providers.kept_json import NOTHING, Fields, read_fields


class Annotated(NamedTuple):
    """An annotation and the part that it belongs to."""

    key: Hashable
    annotation: pb.Annotation


class _Support(msgspec.Struct, rename="camel"):
    segment: Segment = Segment()
    grounding_chunk_indices: list[int] | None = None


class _Source(msgspec.Struct, rename="camel", gc=False):
    """A source of any kind: the fields that an annotation has a field for."""

    uri: str | None = None
    source_uri: str | None = None
    title: str | None = None
    text: str | None = None
    document_name: str | None = None


class _Citation(Segment, rename="camel", frozen=True):
    uri: str | None = None
    title: str | None = None


_list = msgspec.json.Decoder(list[msgspec.Raw] | None).decode
_support = msgspec.json.Decoder(_Support).decode
_source = msgspec.json.Decoder(_Source).decode
_citation = msgspec.json.Decoder(_Citation).decode


_CITATIONS = ("citationSources", "citations")
_INDICES, _SCORES = "groundingChunkIndices", "confidenceScores"


class Sources:
    """Turns what came beside an answer into annotations; what cannot be read is told of."""

    def __init__(self, provider: str, texts: Texts, answer: Answer) -> None:
        self.complete = True
        """Whether the annotations so far have all that was told of sources."""
        self._provider = provider
        self._texts = texts
        self._answer = answer

    def grounding(self, chunks: msgspec.Raw, supports: msgspec.Raw) -> Iterator[Annotated]:
        """The annotations of `groundingChunks` and `groundingSupports`."""
        read = [self._chunk(raw) for raw in self._each(chunks)]
        used: set[int] = set()
        for raw in self._each(supports):
            try:
                support = _support(raw)
            except UNDECODABLE:
                self._unreadable()
                continue
            indices = support.grounding_chunk_indices or []
            self.complete = self.complete and bool(indices)
            own = _supports(raw, indices)
            found = self._texts.find(support.segment) if indices else None
            for place, index in enumerate(indices):
                chunk = read[index] if 0 <= index < len(read) else None
                if chunk is None:
                    self._unreadable()
                    continue
                used.add(index)
                yield from self._annotate(chunk, found, _both(chunk.data, own(place)))
        for index, chunk in enumerate(read):
            if chunk is not None and index not in used:
                yield from self._annotate(chunk, None, _both(chunk.data))

    def citations(self, raw: msgspec.Raw) -> Iterator[Annotated]:
        """The annotations of `citationMetadata`."""
        try:
            found = read_fields(raw)
        except UNDECODABLE:
            self._unreadable()
            return
        self.complete = self.complete and found.keys() <= {*_CITATIONS}
        for name in _CITATIONS:
            for each in self._each(found.get(name, NOTHING)):
                try:
                    citation = _citation(each)
                except UNDECODABLE:
                    self._unreadable()
                    continue
                base = pb.Annotation(
                    provider=self._provider,
                    type="citation",
                    url=citation.uri or "",
                    title=citation.title or "",
                )
                yield from self._annotate(base, self._texts.find(citation), wire.text(each))

    def _chunk(self, raw: msgspec.Raw) -> pb.Annotation | None:
        """The source, without a span; its `data` is the chunk. None if it cannot be read."""
        try:
            kind, inner = next(iter(read_fields(raw).items()))
            source = _source(inner)
        except (*UNDECODABLE, StopIteration):
            self._unreadable()
            return None
        return pb.Annotation(
            provider=self._provider,
            type=kind,
            url=source.uri or source.source_uri or "",
            title=source.title or "",
            file_id=source.document_name or "",
            quote=source.text or "",
            data=wire.text(raw),
        )

    def _annotate(
        self, base: pb.Annotation, found: tuple[int, int] | None, data: str
    ) -> Iterator[Annotated]:
        for span in self._texts.spans(*found) if found else ():
            annotation = pb.Annotation(start_index=span.start, end_index=span.end)
            annotation.MergeFrom(base)
            annotation.data = data
            yield Annotated(span.key, annotation)
        last = self._texts.last
        if found is None and last is not None:
            annotation = pb.Annotation()
            annotation.CopyFrom(base)
            annotation.data = data
            yield Annotated(last, annotation)

    def _each(self, raw: msgspec.Raw) -> list[msgspec.Raw]:
        if not bytes(raw):
            return []
        try:
            return _list(raw) or []
        except UNDECODABLE:
            self._unreadable()
            return []

    def _unreadable(self) -> None:
        self.complete = False
        why = (
            f"{self._provider} sent a source that cannot be read; "
            "it is in provider_metadata with the others"
        )
        self._answer.warn("message.parts.annotations", why)


def _supports(raw: msgspec.Raw, indices: list[int]) -> Callable[[int], str]:
    """Gives the support for one of its indices, by its place: a support of one as it came.

    With all indices at each of them, a support would become as large as their square.
    """
    if len(indices) <= 1:
        return lambda place: wire.text(raw)
    fields = read_fields(raw)
    scores = _scores(fields, len(indices))

    def own(place: int) -> str:
        mine: dict[str, Any] = {_INDICES: [indices[place]]}
        if scores is not None:
            mine[_SCORES] = [scores[place]]
        return wire.text(msgspec.json.encode({**fields, **mine}))

    return own


def _scores(fields: Fields, count: int) -> list[msgspec.Raw] | None:
    """The scores of a support, if it has one for each index."""
    try:
        scores = _list(fields.get(_SCORES, b"null"))
    except UNDECODABLE:
        return None
    return scores if scores is not None and len(scores) == count else None


def _both(chunk: str, support: str = "") -> str:
    """A source and what it supports."""
    more = f',"groundingSupport":{support}' if support else ""
    return f'{{"groundingChunk":{chunk}{more}}}'
