"""A count of tokens where the provider gave none."""

from __future__ import annotations

from collections.abc import Sequence

from llmrpc import v1 as pb
from llmrpc.stream import AnswerBuilder

CHARACTERS_PER_TOKEN = 4
TOKENS_PER_MEDIUM = 1000
"""An image, a recording or a document: more than most images, less than a book."""


def estimate_usage(request: pb.GenerateRequest, answer: AnswerBuilder) -> pb.Usage:
    """Usage by the length of what went and came, marked as estimated."""
    return pb.Usage(
        input_tokens=estimate_prompt(request),
        output_tokens=_tokens(answer.length()),
        estimated=True,
    )


def estimate_prompt(request: pb.GenerateRequest) -> int:
    """Tokens of a prompt by the length of its messages, tools and schema."""
    characters, media = _size(request)
    return _tokens(characters) + media * TOKENS_PER_MEDIUM


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)


def _size(request: pb.GenerateRequest) -> tuple[int, int]:
    characters = media = 0
    for message in request.messages:
        more, pictures = _parts(message.parts)
        characters += len(message.content) + more
        media += pictures
    for tool in request.tools:
        characters += len(tool.name) + len(tool.description) + len(tool.parameters)
    schema = request.response_format.json_schema
    characters += len(schema.schema) + len(schema.description)
    return characters, media


def _parts(parts: Sequence[pb.Part]) -> tuple[int, int]:
    characters = media = 0
    for part in parts:
        match part.WhichOneof("kind"):
            case "image" | "audio" | "document":
                media += 1
            case "tool_call":
                characters += len(part.tool_call.name) + len(part.tool_call.arguments)
            case "tool_result":
                more, pictures = _parts(part.tool_result.parts)
                characters += len(part.tool_result.content) + more
                media += pictures
            case "text" | "reasoning" | "refusal" | "redacted_reasoning" as kind:
                characters += len(getattr(part, kind))
            case None:
                pass
    return characters, media
