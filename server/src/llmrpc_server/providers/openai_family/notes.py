"""What is said of a response as a whole, as far as it can be read."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.openai_family.fields import is_said, plain_of


def read_plain(raw: Raw, name: str, answer: Answer, provider: str) -> Any:
    """What the value decodes to; None, with a warning, for what decodes to nothing."""
    if not is_said(raw):
        return None
    try:
        return plain_of(raw)
    except UNDECODABLE:
        why = f"{name} of {provider} cannot be read: left out"
        answer.warn("provider_metadata", why)
        return None
