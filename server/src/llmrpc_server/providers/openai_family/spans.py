"""Spans of citations: inside of the text that they are about, or none."""

from __future__ import annotations

from msgspec import Raw

from llmrpc_server.providers.kept_json import came
from llmrpc_server.providers.openai_family.fields import integer_of

Span = tuple[int, int]


def read_span(start: Raw, end: Raw, length: int) -> Span | None:
    """The span in a text of so many code points; None where there is none, or an empty one.

    Raises `ValueError` for a span that is not inside of the text.
    """
    if not (came(start) or came(end)):
        return None
    first, last = integer_of(start), integer_of(end)
    if first is None or last is None or not 0 <= first <= last <= length:
        raise ValueError("this is no span of the text")
    return (first, last) if first < last else None
