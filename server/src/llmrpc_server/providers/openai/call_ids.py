"""The id of a tool call as a provider wants it: the same one for a call and its result."""

from __future__ import annotations

import hashlib
import re

from llmrpc_server.providers.openai_family.history import short_id

_NINE = re.compile("[A-Za-z0-9]{9}")


def call_id(id: str, way: str) -> str:
    """The id; where `way` is `alphanumeric9`, nine letters and digits in place of another.

    One that is too long for all is shortened.
    """
    if way != "alphanumeric9":
        return short_id(id)
    if _NINE.fullmatch(id):
        return id
    return hashlib.sha256(id.encode()).hexdigest()[:9]
