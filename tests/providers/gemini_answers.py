"""Responses of Gemini's generateContent, made for a test, and how they are read."""

from __future__ import annotations

import json
from typing import Any

from llmrpc import v1 as pb
from tests.providers.generate_content import GOOGLE
from tests.providers.golden import MAX_EVENT, Folded, response


def body(*parts: Any, finish: str | None = None, **more: Any) -> dict[str, Any]:
    candidate = {"content": {"parts": list(parts), "role": "model"}, "finishReason": finish}
    return {"candidates": [candidate], "responseId": "r", "modelVersion": "m", **more}


def grounded(metadata: Any, *parts: Any, **more: Any) -> dict[str, Any]:
    """A whole response with `groundingMetadata`."""
    said = body(*parts, finish="STOP", **more)
    said["candidates"][0]["groundingMetadata"] = metadata
    return said


def fold(*chunks: dict[str, Any]) -> Folded:
    folded = Folded(GOOGLE.decoder(MAX_EVENT))
    folded.run(*(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in chunks))
    return folded


def read(said: dict[str, Any]) -> pb.LLMResponse:
    """What is made of a whole response; the same is made of it as a stream of one chunk."""
    whole = response(GOOGLE.decode(json.dumps(said).encode()))
    assert fold(said).response() == whole
    return whole
