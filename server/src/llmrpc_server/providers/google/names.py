"""The names of functions, as Google takes them: with dots, colons and dashes.

Source: https://ai.google.dev/api/caching#FunctionDeclaration
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from llmrpc import v1 as pb
from llmrpc_server.providers.tool_names import names_back, sent_name

_TAKEN = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}")


def sent(name: str) -> str:
    """The name as it is sent."""
    return sent_name(name, _TAKEN)


def back(tools: Iterable[pb.Tool]) -> dict[str, str]:
    """The caller's names of the tools that are sent under another one, by that."""
    return names_back(tools, _TAKEN)
