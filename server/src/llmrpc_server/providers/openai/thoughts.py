"""Texts of reasoning and their signatures, in any of the shapes that providers send."""

from __future__ import annotations

from typing import Any

_READ = ("text", "content", "summary", "thinking", "reasoning")
"""Where an object has a text of reasoning, the first that there is."""


def text_of(value: Any) -> str | None:
    """The text of reasoning: itself, or that in an object or a list; None if there is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return next((text for name in _READ if (text := text_of(value.get(name)))), None)
    if isinstance(value, list):
        texts = [text for each in value if (text := text_of(each))]
        return "".join(texts) if texts else None
    return None


def signature_of(value: Any) -> str:
    """The signature beside a text of reasoning, in an object or a list."""
    if isinstance(value, list):
        return next((found for each in value if (found := signature_of(each))), "")
    signature = value.get("signature") if isinstance(value, dict) else None
    return signature if isinstance(signature, str) else ""
