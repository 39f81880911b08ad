"""Anthropic, and how its models handle thinking and sampling."""

from __future__ import annotations

from llmrpc_server.providers.row import Row

_NO_TOOLS_BY_FORCE = ("tool_choice.required", "tool_choice.named")
_SYSTEM_FIRST = ("messages.system",)
_FREE_FORM = ("response_format.json_schema", "tools.function.strict")
_NO_XHIGH = ("low", "medium", "high", "max")


def _adaptive(prefix: str, thinks: str, *lacks: str, off: str = "disabled") -> dict[str, object]:
    """A model from 4.7 on: it decides how much it thinks, and accepts no sampling fields."""
    return {
        "prefix": prefix,
        "thinking": "adaptive",
        "thinks": thinks,
        "off": off,
        "sampling": "none",
        "lacks": lacks,
    }


def _older(prefix: str, thinking: str, *lacks: str) -> dict[str, object]:
    """A model up to 4.6: it thinks on request, and accepts sampling fields while it does not."""
    return {
        "prefix": prefix,
        "thinking": thinking,
        "off": "",
        "efforts": _NO_XHIGH,
        "sampling": "any",
        "lacks": (*_SYSTEM_FIRST, *lacks),
    }


_MODELS = (
    _adaptive("claude-fable-5-2", "always", *_NO_TOOLS_BY_FORCE),
    _adaptive("claude-fable-5-1", "always", *_NO_TOOLS_BY_FORCE),
    _adaptive("claude-fable-5", "always"),
    {
        **_adaptive("claude-mythos-preview", "always", *_SYSTEM_FIRST),
        "thinking": "both",
        "efforts": _NO_XHIGH,
    },
    _adaptive("claude-mythos-5-2", "always", *_NO_TOOLS_BY_FORCE),
    _adaptive("claude-mythos-5-1", "always", *_NO_TOOLS_BY_FORCE),
    _adaptive("claude-mythos-5", "always"),
    _adaptive("claude-opus-5-5", "always", *_NO_TOOLS_BY_FORCE),
    _adaptive("claude-opus-5", "by_default"),
    _adaptive("claude-sonnet-5-5", "by_default", *_NO_TOOLS_BY_FORCE, off="between_tools"),
    _adaptive("claude-sonnet-5", "by_default", *_SYSTEM_FIRST),
    _adaptive("claude-haiku-5-5", "by_default"),
    _adaptive("claude-opus-4-8", "on_request", off=""),
    _adaptive("claude-opus-4-7", "on_request", *_SYSTEM_FIRST, off=""),
    _older("claude-opus-4-6", "both"),
    _older("claude-sonnet-4-6", "both"),
    _older("claude-opus-4-5", "budget"),
    _older("claude-sonnet-4-5", "budget"),
    _older("claude-haiku-4-5", "budget"),
    _older("claude-opus-4", "budget", *_FREE_FORM),
    _older("claude-sonnet-4", "budget", *_FREE_FORM),
    _older("claude-3-7", "budget", *_FREE_FORM),
    _older("claude-3", "none", *_FREE_FORM),
)
"""The first prefix that matches is used. Sources: the pages on thinking, effort, structured
outputs, forced tool use and mid-conversation system messages at
https://platform.claude.com/docs/en/build-with-claude/overview, and the migration guides
of the models, of October 2026."""

_TOOLS = (
    "advisor_*",
    "bash_*",
    "browser_toolset_*",
    "code_execution_*",
    "computer_*",
    "custom",
    "mcp_toolset",
    "memory_*",
    "text_editor_*",
    "tool_search_tool_*",
    "web_fetch_*",
    "web_search_*",
)
"""Sources: https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-reference,
https://platform.claude.com/docs/en/agents-and-tools/mcp-connector, and the types of tools in
the vendor's Python library 2.14.0."""

ANTHROPIC = Row(
    name="anthropic",
    dialect="anthropic",
    base_url="https://api.anthropic.com",
    default_model="claude-sonnet-5-5",
    key_env=("ANTHROPIC_API_KEY",),
    base_url_env="ANTHROPIC_BASE_URL",
    lacks=frozenset(
        {
            "messages.parts.audio",
            "messages.parts.image.detail",
            "response_format.json_object",
        }
    ),
    options=frozenset(
        {
            "betas",
            "cache_control",
            "citations",
            "container",
            "mcp_servers",
            "metadata",
            "output_config",
            "service_tier",
        }
    ),
    provider_tools=frozenset(_TOOLS),
    quirks={"models": _MODELS, "unions": False},
    docs="https://platform.claude.com/docs/en/api/messages/create",
)
