"""What holds for every answer, however odd: nothing of it is lost, doubled or made up."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc_server.providers.dialect import StreamDecoder
from tests.providers.golden import Folded

BOOKKEEPING: Mapping[str, re.Pattern[str]] = {
    "openai": re.compile(
        r"(id|model|created|system_fingerprint|usage|service_tier|provider|obfuscation|x_groq\.id"
        r"|x_groq\.usage|choices\[\]\.logprobs|choices\[\]\.native_finish_reason"
        r"|choices\[\]\.(delta|message)\.role)(\W.*)?"
    ),
    "anthropic": re.compile(
        r"(message\.(id|model|role|usage|stop_sequence|container)|usage|delta\.stop_sequence"
        r"|context_management|id|model|role|stop_sequence|container)(\W.*)?"
    ),
    "google": re.compile(
        r"(usageMetadata|modelVersion|responseId|createTime|modelStatus"
        r"|candidates\[\]\.(avgLogprobs|logprobsResult|tokenCount|safetyRatings|content\.role)"
        r")(\W.*)?"
    ),
    "openai_responses": re.compile(
        r"(sequence_number|obfuscation|logprobs|(response\.)?(id|model|created_at|completed_at"
        r"|usage|service_tier|metadata|temperature|top_p|tools|tool_choice|reasoning"
        r"|instructions|billing|moderation|safety_identifier|prompt_cache_key|max_tool_calls"
        r"|truncation|user|store|background|parallel_tool_calls|previous_response_id"
        r"|max_output_tokens|top_logprobs))(\W.*)?"
    ),
}
"""Places of an event that say nothing of the content, by dialect."""


def is_bookkeeping(dialect: str, place: str) -> bool:
    """Whether a place of an event says nothing of the content."""
    return BOOKKEEPING[dialect].fullmatch(place) is not None


def content(parts: list[pb.Part]) -> list[tuple[str, str]]:
    """What the parts say, without what identifies them."""
    said: list[tuple[str, str]] = []
    for part in parts:
        kind = part.WhichOneof("kind") or ""
        match kind:
            case "tool_call":
                text = f"{part.tool_call.name}({part.tool_call.arguments})"
            case "provider_block":
                text = part.provider_block.type
            case "image":
                text = str(len(part.image.data))
            case _:
                text = getattr(part, kind) if kind else ""
        said.append((kind, text))
    return said


class Read:
    """An answer as a caller sees it: its parts, how it ended, and what was raised."""

    def __init__(self, decoder: StreamDecoder, *pieces: bytes) -> None:
        folded = Folded(decoder)
        self.error: LLMClientError | None = None
        try:
            folded.run(*pieces)
        except LLMClientError as error:
            self.error = error
        self.deltas = content(folded.folded.parts())
        """What the deltas say, put together as every client does."""
        self.parts = content(decoder.answer.parts.parts())
        self.finish_reason = decoder.answer.finish_reason
        self.warned = bool(decoder.answer.warnings)
        message = decoder.answer.parts.message()
        self.everything = json.dumps(json_format.MessageToDict(message))
        """All of the answer, as text, wherever it stands."""

    def text(self) -> str:
        """All text that the deltas told."""
        return "".join(said for kind, said in self.deltas if kind == "text")

    def keeps(self, text: str) -> bool:
        """Whether a text stands somewhere in the answer, or a warning tells that it does not."""
        return self.warned or json.dumps(text)[1:-1] in self.everything.replace("\\\\", "\\")

    def adds_up(self) -> bool:
        """Whether the deltas say what the answer says."""
        return self.deltas == self.parts


def concatenated(dialect: str, events: list[Any]) -> str | None:
    """All text by a reader that knows nothing but where the text stands; None: it cannot tell."""
    if dialect == "openai_responses" or (dialect == "openai" and _repeats(events)):
        return None  # whole items and messages tell the text once more
    told, texts = "", False
    for event in [event for event in events if isinstance(event, dict)]:
        said = _text(dialect, event)
        if dialect == "openai" and not said and (texts or not told):
            said = _completion(event)
            texts = texts or bool(said)
        told += said
    return told


def _completion(event: dict[str, Any]) -> str:
    """The text of a chunk of an old server, which Together writes beside its delta."""
    found = [each.get("text") for each in _dicts(event.get("choices"))]
    return "".join(text for text in found if isinstance(text, str))


def _repeats(events: list[Any]) -> bool:
    """Whether chunks hold the whole message so far, as Perplexity's do."""
    return any('"message": {' in json.dumps(event) for event in events)


def _text(dialect: str, event: dict[str, Any]) -> str:
    match dialect:
        case "openai":
            deltas = [each.get("delta") for each in _dicts(event.get("choices"))]
            found = [piece for delta in _dicts(deltas) for piece in _pieces(delta.get("content"))]
        case "anthropic":
            delta = event.get("delta")
            found = [delta.get("text")] if isinstance(delta, dict) else []
            start = event.get("content_block")
            if isinstance(start, dict) and start.get("type") == "text":
                found.append(start.get("text"))
        case _:
            found = [
                part.get("text") for part in _google_parts(event) if part.get("thought") is not True
            ]
    return "".join(text for text in found if isinstance(text, str))


def _google_parts(event: dict[str, Any]) -> list[dict[str, Any]]:
    contents = [each.get("content") for each in _dicts(event.get("candidates"))]
    return [part for content in _dicts(contents) for part in _dicts(content.get("parts"))]


def _pieces(content: Any) -> list[Any]:
    """The texts of a content that is one, or a list of texts and of parts."""
    if not isinstance(content, list):
        return [content]
    return [each.get("text") if isinstance(each, dict) else each for each in content]


def _dicts(value: Any) -> list[dict[str, Any]]:
    found = value if isinstance(value, list) else []
    return [each for each in found if isinstance(each, dict)]
