"""OpenAI itself, and which of its models reason when."""

from __future__ import annotations

from llmrpc_server.providers.dialect import Row


def _older(prefix: str, reasoning: str, *lacks: str) -> dict[str, object]:
    """A model from before GPT-5.6, which brought explicit cache breakpoints."""
    return {
        "prefix": prefix,
        "reasoning": reasoning,
        "lacks": ("messages.parts.cache_breakpoint", *lacks),
    }


_MODELS = (
    {"prefix": "gpt-6", "reasoning": "by_default"},
    {"prefix": "gpt-5.6", "reasoning": "by_default"},
    _older("gpt-5.5-pro", "always"),
    _older("gpt-5.5", "by_default"),
    _older("gpt-5.4-pro", "always"),
    _older("gpt-5.4", "on_request"),
    _older("gpt-5.3-chat", "always"),
    _older("gpt-5.3", "on_request"),
    _older("gpt-5.2-pro", "always"),
    _older("gpt-5.2-chat", "always"),
    _older("gpt-5.2", "on_request"),
    _older("gpt-5.1-codex", "always"),
    _older("gpt-5.1-chat", "always"),
    _older("gpt-5.1", "on_request"),
    _older("gpt-5-chat", "never"),
    _older("gpt-5", "always"),
    _older("gpt-chat", "always"),
    _older("o1", "always"),
    _older("o3-mini", "always"),
    _older("o3", "always", "stop"),
    _older("o4-mini", "always", "stop"),
    _older("", "never"),
)
"""The first prefix that fits counts. Sources: the model pages at
https://developers.openai.com/api/docs/models, the reference for `stop` and
`prompt_cache_options`, and a comparison with the live service in pydantic-ai's
`profiles/openai.py` of July 2026."""

OPENAI = Row(
    name="openai",
    dialect="openai",
    base_url="https://api.openai.com/v1",
    default_model="gpt-5.4-mini",
    key_env=("OPENAI_API_KEY",),
    base_url_env="OPENAI_BASE_URL",
    lacks=frozenset({"top_k"}),
    options=frozenset(
        {
            "logit_bias",
            "metadata",
            "moderation",
            "prediction",
            "prompt_cache_key",
            "prompt_cache_options",
            "prompt_cache_retention",
            "safety_identifier",
            "service_tier",
            "store",
            "user",
            "verbosity",
            "web_search_options",
        }
    ),
    quirks={
        "cache_breakpoint": "prompt_cache_breakpoint",
        "cache_ttls": {"30m": 1800, "12h": 43200},
        "models": _MODELS,
    },
    tiktoken=True,
    docs="https://developers.openai.com/api/docs/api-reference/chat",
)
