"""What a row may say about its way with the Messages API, and about its models.

The keys of `Row.quirks` are the fields of `Quirks`. Beside them stand `Row.lacks` and
`Model.lacks`, whose entries are request fields, or places inside them written with
dots and without indices:

    tools.function.strict
    tool_choice.required        also .named
    response_format.json_schema
    messages.parts.image        also .document
    messages.system             a system message behind the first others

Audio, `image.detail` and `response_format.json_object` have no place in the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from llmrpc_server.providers.target import Target

EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})
_BUDGETS = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 32768,
    "max": 65536,
}
_TTLS = {"5m": 300, "1h": 3600}
_BETAS = {
    "mcp_toolset": "mcp-client-2025-11-20",
    "mcp_servers": "mcp-client-2025-11-20",
    "computer_20251124": "computer-use-2025-11-24",
    "computer_20250124": "computer-use-2025-01-24",
    "advisor_20260301": "advisor-tool-2026-03-01",
}
"""Sources: https://platform.claude.com/docs/en/agents-and-tools/mcp-connector,
https://platform.claude.com/docs/en/agents-and-tools/tool-use/computer-use-tool,
https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool"""


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is true of the model `prefix`, and of its versions that have more behind it."""

    prefix: str = ""
    thinking: Literal["none", "budget", "adaptive", "both"] = "both"
    """How it is told to think: with a budget in tokens, or by effort."""
    thinks: Literal["on_request", "by_default", "always"] = "on_request"
    off: Literal["", "disabled", "between_tools"] = "disabled"
    """The type of `thinking` that switches it off; empty: it does not think then
    unless it is asked to."""
    efforts: frozenset[str] = EFFORTS
    """The values that `output_config.effort` may have."""
    sampling: Literal["any", "asked", "none"] = "asked"
    """Whether it takes temperature, top_p and top_k; `asked`: it is not known, and
    the gateway's default temperature is not tried."""
    lacks: frozenset[str] = frozenset()
    """Places of a request, beside those that the row lacks."""


class Quirks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row's ways, checked once when its dialect is made."""

    max_tokens: int = 8192
    """The bound of the answer where neither the request nor the configuration nor
    the catalogue says one: the API demands it."""
    budgets: dict[str, int] = msgspec.field(default_factory=lambda: dict(_BUDGETS))
    """Tokens to think with for each effort, where a model takes budgets alone."""
    cache_ttls: dict[str, int] = msgspec.field(default_factory=lambda: dict(_TTLS))
    """The lifetimes of a cache breakpoint in seconds, shortest first; the first is
    the default."""
    max_breakpoints: int = 4
    unions: bool = True
    """Whether a tool's schema may have a union at its top."""
    betas: dict[str, str] = msgspec.field(default_factory=lambda: dict(_BETAS))
    """The betas that types of tools (patterns) and provider options need."""
    models: tuple[Model, ...] = ()
    """What differs by model: the first whose prefix fits counts."""

    def model(self, name: str) -> Model:
        """What is known about a model."""
        for model in self.models:
            prefix = model.prefix
            if name.startswith(prefix) and not name[len(prefix) : len(prefix) + 1].isalnum():
                return model
        return _ANY_MODEL


AnthropicTarget = Target[Quirks, Model]

_ANY_MODEL = Model()


def read_quirks(quirks: Mapping[str, object]) -> Quirks:
    """Raises `msgspec.ValidationError` naming a key that is unknown or wrong."""
    return msgspec.convert(dict(quirks), Quirks)
