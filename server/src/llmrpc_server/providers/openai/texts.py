"""The texts of a message, wherever servers put them."""

from __future__ import annotations

from llmrpc_server.providers.openai import wire
from llmrpc_server.providers.openai.thoughts import text_of

TEXTS = ("text", "output_text")
"""Types of pieces of content that are text."""


def reasoning_in(message: wire.Message) -> str:
    """Its reasoning, by either of its names."""
    return text_of(message.reasoning_content) or text_of(message.reasoning) or ""


def text_in(message: wire.Message) -> str:
    """Its content, whole or in pieces."""
    content = message.content or ""
    if isinstance(content, str):
        return content
    texts = (each if isinstance(each, str) else _text_in_piece(each) for each in content)
    return "".join(texts)


def thought_in(piece: wire.ContentPart) -> str:
    """The reasoning of a piece of content."""
    held = (piece.thinking, piece.summary, piece.text, piece.content)
    return next((text for each in held if (text := text_of(each))), "")


def _text_in_piece(piece: wire.ContentPart) -> str:
    return piece.text or "" if piece.type in TEXTS or not piece.type else ""
