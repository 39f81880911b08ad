"""Names of functions that a provider does not take, such as `files.read`.

What a name is sent as depends on nothing but the name: a call of an earlier turn, its
result and the declaration agree, and the provider's prompt cache stays good. In the
answer the caller's own name stands again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from llmrpc import v1 as pb

PLAIN = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""What OpenAI and Anthropic take."""
_ODD = re.compile(r"[^a-zA-Z0-9_-]")
_MOST, _MARK = 64, 8


def sent_name(name: str, taken: re.Pattern[str] = PLAIN) -> str:
    """The name as it is sent: itself, if the provider takes it.

    Else plain characters of it, and a mark by which it differs from all other names.
    """
    if not name or taken.fullmatch(name):
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:_MARK]
    start = _ODD.sub("_", name)[: _MOST - _MARK - 1]
    if not start[0].isalpha():
        start = f"f{start[:-1]}"
    return f"{start}_{mark}"


def names_back(tools: Iterable[pb.Tool], taken: re.Pattern[str] = PLAIN) -> dict[str, str]:
    """The caller's names of the tools that are sent under another one, by that."""
    names = (tool.function.name or tool.provider_tool.name for tool in tools)
    return {sent: name for name in names if (sent := sent_name(name, taken)) != name}
