"""A count of tokens where the provider gave none."""

from __future__ import annotations

from collections.abc import Sequence

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder

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
    size = Size(request)
    return _tokens(size.characters) + size.media * TOKENS_PER_MEDIUM


class Size:
    """What of a request becomes tokens."""

    def __init__(self, request: pb.GenerateRequest) -> None:
        self.texts: list[str] = []
        self.media = 0
        """Images, recordings and documents."""
        self.plain = True
        """Whether the messages are text and nothing else."""
        for message in request.messages:
            self.texts.append(message.content)
            self._add(message.parts)
        for tool in request.tools:
            function = tool.function
            self.texts += (function.name, function.description, function.parameters)
            self.texts += (tool.provider_tool.name, tool.provider_tool.options)
        schema = request.response_format.json_schema
        self.texts += (schema.schema, schema.description)

    @property
    def characters(self) -> int:
        """The length of all texts."""
        return sum(map(len, self.texts))

    def _add(self, parts: Sequence[pb.Part]) -> None:
        for part in parts:
            kind = part.WhichOneof("kind")
            self.plain = self.plain and kind == "text"
            match kind:
                case "image" | "audio" | "document":
                    self.media += 1
                case "tool_call":
                    self.texts += (part.tool_call.name, part.tool_call.arguments)
                case "tool_result":
                    self.texts.append(part.tool_result.content)
                    self._add(part.tool_result.parts)
                case "provider_block":
                    self.texts.append(part.provider_block.data)
                case "text" | "reasoning" | "refusal" | "redacted_reasoning":
                    self.texts.append(getattr(part, kind))
                case None:
                    pass


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)
