"""Sources of an answer as annotations: `groundingMetadata` and `citationMetadata`.

A source that supports a stretch of the text is an annotation with a span, one for each
pair of them; a source that supports no stretch goes to the last text part without a
span. Sources: https://ai.google.dev/api/generate-content#GroundingMetadata and
https://ai.google.dev/api/generate-content#citationmetadata
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import NamedTuple

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.google import wire
from llmrpc_server.providers.google.spans import Segment, Span, Texts


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


class Sources:
    """Turns what came beside an answer into annotations; what cannot be read is told of."""

    def __init__(self, provider: str, texts: Texts, answer: Answer) -> None:
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
            spans = self._texts.spans(support.segment)
            for index in support.grounding_chunk_indices or ():
                chunk = read[index] if 0 <= index < len(read) else None
                if chunk is None:
                    self._unreadable()
                    continue
                used.add(index)
                yield from self._annotate(chunk, spans, _both(chunk.data, raw))
        for index, chunk in enumerate(read):
            if chunk is not None and index not in used:
                yield from self._annotate(chunk, [], _both(chunk.data))

    def citations(self, raw: msgspec.Raw) -> Iterator[Annotated]:
        """The annotations of `citationMetadata`."""
        try:
            found = wire.fields(raw)
        except UNDECODABLE:
            self._unreadable()
            return
        for name in ("citationSources", "citations"):
            for each in self._each(found.get(name, wire.NOTHING)):
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
                yield from self._annotate(base, self._texts.spans(citation), wire.text(each))

    def _chunk(self, raw: msgspec.Raw) -> pb.Annotation | None:
        """The source, without a span; its `data` is the chunk. None if it cannot be read."""
        try:
            kind, inner = next(iter(wire.fields(raw).items()))
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

    def _annotate(self, base: pb.Annotation, spans: list[Span], data: str) -> Iterator[Annotated]:
        for span in spans:
            annotation = pb.Annotation(start_index=span.start, end_index=span.end)
            annotation.MergeFrom(base)
            annotation.data = data
            yield Annotated(span.key, annotation)
        last = self._texts.last
        if not spans and last is not None:
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
        why = f"{self._provider} sent a source that cannot be read; it is left out"
        self._answer.warn("message.parts.annotations", why)


def _both(chunk: str, support: msgspec.Raw = wire.NOTHING) -> str:
    """A source and what it supports, each as Google wrote it."""
    more = f',"groundingSupport":{wire.text(support)}' if bytes(support) else ""
    return f'{{"groundingChunk":{chunk}{more}}}'
