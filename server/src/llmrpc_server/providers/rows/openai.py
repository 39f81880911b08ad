"""OpenAI and Azure OpenAI: when each model reasons, and which protocol serves it."""

from __future__ import annotations

from llmrpc_server.providers.row import Row, Ways


def _older(prefix: str, reasoning: str, *lacks: str) -> dict[str, object]:
    """A model older than GPT-5.6, the first that supports explicit cache breakpoints."""
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
    _older("gpt-5.3-codex", "always"),
    _older("gpt-5.3", "on_request"),
    _older("gpt-5.2-pro", "always"),
    _older("gpt-5.2-codex", "always"),
    _older("gpt-5.2-chat", "always"),
    _older("gpt-5.2", "on_request"),
    _older("gpt-5.1-codex", "always"),
    _older("gpt-5.1-chat", "always"),
    _older("gpt-5.1", "on_request"),
    _older("gpt-5-chat", "never"),
    _older("gpt-5", "always"),
    _older("gpt-chat", "always"),
    {"prefix": "gpt-daybreak", "reasoning": "by_default"},
    {"prefix": "gpt-rosalind", "reasoning": "by_default"},
    _older("codex-mini", "always"),
    _older("o1", "always"),
    _older("o3-mini", "always"),
    _older("o3", "always", "stop"),
    _older("o4-mini", "always", "stop"),
    _older("", "never"),
)
"""The first prefix that matches is used. Sources: the model pages at
https://developers.openai.com/api/docs/models, the reference for `stop` and
`prompt_cache_options`, and a comparison with the live service in pydantic-ai's
`profiles/openai.py` of July 2026."""

_RESPONSES = "openai-responses"

_DIALECTS = {
    **dict.fromkeys(("gpt-5", "gpt-6", "gpt-chat", "o1", "o3", "o4"), _RESPONSES),
    **dict.fromkeys(("gpt-5-chat", "gpt-5-search"), "openai"),
    **dict.fromkeys(("codex-mini", "computer-use", "gpt-daybreak", "gpt-rosalind"), _RESPONSES),
}
"""Models that reason are served by Responses. From gpt-5.4 on, Chat Completions refuses
tools for a model that reasons. For older models it does not accept reasoning in requests,
so they reason again after every tool result. The models in the last line, and every `-pro`,
`-codex` and `-deep-research` model, are only available through Responses. Responses does
not support `stop`, `seed`, the penalties, or audio in the prompt. Sources:
https://developers.openai.com/api/docs/guides/reasoning,
https://developers.openai.com/api/docs/guides/migrate-to-responses,
https://github.com/openai/openai-openapi/issues/541,
https://github.com/BerriAI/litellm/pull/34569, and `ResponsesModel` of the `openai`
package 3.57.0."""

_CACHE = {"cache_ttls": {"30m": 1800, "12h": 43200}}

_WAYS = {"allowed_tools": True, "any_arguments": True, "models": _MODELS, "unions": False}
"""Sources: `allowed_tools` of both references to `tool_choice`,
https://developers.openai.com/api/docs/guides/function-calling#allowed-tools; both say
that the model may write invalid JSON as the `arguments` of a call, and accept them as text"""

_CHAT = {"blocks": {"custom": "tool_calls"}, "end_user": "safety_identifier"}

_RESPONSES_OPTIONS = frozenset(
    {
        "metadata",
        "prompt_cache_key",
        "reasoning_context",
        "reasoning_mode",
        "reasoning_summary",
        "safety_identifier",
        "service_tier",
        "truncation",
        "user",
        "verbosity",
    }
)

_RESPONSES_DOCS = "https://developers.openai.com/api/reference/resources/responses"

_RESPONSES_TOOLS = frozenset(
    {
        "apply_patch",
        "code_interpreter",
        "computer",
        "computer_use_preview",
        "custom",
        "file_search",
        "image_generation",
        "local_shell",
        "mcp",
        "namespace",
        "programmatic_tool_calling",
        "shell",
        "tool_search",
        "web_search",
        "web_search_*",
    }
)
"""Source: `Tool` of the reference, and of the `openai` package 3.57.0; Azure has the same
protocol, and itself refuses what a deployment or region does not support:
https://learn.microsoft.com/azure/foundry/openai/how-to/responses"""

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
            "logprobs",
            "metadata",
            "moderation",
            "prediction",
            "prompt_cache_key",
            "prompt_cache_options",
            "prompt_cache_retention",
            "safety_identifier",
            "service_tier",
            "store",
            "top_logprobs",
            "user",
            "verbosity",
            "web_search_options",
        }
    ),
    quirks={
        "cache_breakpoint": "prompt_cache_breakpoint",
        "modalities": ("text",),
        **_CACHE,
        **_CHAT,
        **_WAYS,
    },
    provider_tools=frozenset({"custom"}),
    tiktoken=True,
    docs="https://developers.openai.com/api/docs/api-reference/chat",
    dialects=_DIALECTS,
    other_ways={
        _RESPONSES: Ways(
            options=_RESPONSES_OPTIONS
            | {"moderation", "prompt_cache_options", "prompt_cache_retention"},
            quirks={**_CACHE, **_WAYS},
            provider_tools=_RESPONSES_TOOLS,
            docs=_RESPONSES_DOCS,
            counts=True,
        )
    },
)

AZURE = Row(
    name="azure",
    dialect="openai",
    base_url="",
    key_env=("AZURE_OPENAI_API_KEY",),
    base_url_env="AZURE_OPENAI_ENDPOINT",
    base_url_aliases=("AZURE_OPENAI_BASE_URL",),
    lacks=frozenset({"top_k"}),
    options=frozenset(
        {
            "logit_bias",
            "logprobs",
            "metadata",
            "prediction",
            "prompt_cache_key",
            "safety_identifier",
            "service_tier",
            "store",
            "top_logprobs",
            "user",
            "user_security_context",
            "verbosity",
        }
    ),
    quirks={**_CHAT, **_WAYS},
    provider_tools=frozenset({"custom"}),
    tiktoken=True,
    docs="https://learn.microsoft.com/azure/foundry/openai/latest",
    dialects=_DIALECTS,
    other_ways={
        _RESPONSES: Ways(
            lacks=frozenset({"messages.parts.cache_breakpoint"}),
            options=_RESPONSES_OPTIONS,
            quirks=_WAYS,
            provider_tools=_RESPONSES_TOOLS,
            docs="https://learn.microsoft.com/azure/foundry/openai/how-to/responses",
        )
    },
    lists=False,
    prefix="/openai/v1",
    key_header="api-key",
    api_version_env=("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"),
    dated_paths={
        "/chat/completions": "/openai/deployments/{model}/chat/completions",
        "/responses": "/openai/responses",
        "/responses/input_tokens": "/openai/responses/input_tokens",
        "/models": "/openai/models",
    },
)
"""The model is the name of a deployment. A deployment that is named like a model is handled
like that model. Azure lists the models that can be deployed, not the deployments. Sources:
https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle and
`lib/azure.py` of the `openai` package 3.57.0."""
