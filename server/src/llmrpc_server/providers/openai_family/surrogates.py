r"""Halves of surrogate pairs, which JSON can write and no text can hold.

A server that cuts an emoji in two writes `\ud83d` alone; no decoder here takes that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE

T = TypeVar("T")

_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def read_mended(decode: Callable[[bytes], T], data: bytes, answer: Answer, provider: str) -> T:
    """What the data decodes to, with U+FFFD, and a warning, in place of every lone half.

    Raises as `decode` does.
    """
    try:
        return decode(data)
    except UNDECODABLE:
        mended = _ESCAPES.sub(_whole, data)
        if mended == data:
            raise
        answer.warn(
            "message", f"{provider} sent halves of surrogate pairs: U+FFFD stands in their place"
        )
        return decode(mended)


def _whole(found: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if found["half"] else found[0]
