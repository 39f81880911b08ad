"""Google's Gemini API, and how its models handle thinking."""

from __future__ import annotations

from llmrpc_server.providers.row import Row

_SAMPLING = ("temperature", "top_p", "top_k")
"""Fields that models ignore from Gemini 3.6 Flash on."""

_OPTIONS = {
    "cached_content": "cachedContent",
    "enable_enhanced_civic_answers": "generationConfig.enableEnhancedCivicAnswers",
    "image_config": "generationConfig.imageConfig",
    "include_server_side_tool_invocations": "toolConfig.includeServerSideToolInvocations",
    "include_thoughts": "generationConfig.thinkingConfig.includeThoughts",
    "labels": "labels",
    "media_resolution": "generationConfig.mediaResolution",
    "retrieval_config": "toolConfig.retrievalConfig",
    "safety_settings": "safetySettings",
    "service_tier": "serviceTier",
    "store": "store",
}

_TOOLS = {
    "code_execution": "codeExecution",
    "computer_use": "computerUse",
    "file_search": "fileSearch",
    "google_maps": "googleMaps",
    "google_search": "googleSearch",
    "google_search_retrieval": "googleSearchRetrieval",
    "mcp_servers": "mcpServers",
    "url_context": "urlContext",
}
"""Google's tools: the name in its guides, and the name in its reference. The service accepts
both. Each `mcp_servers` tool is one server. Sources:
https://ai.google.dev/api/caching#Tool and https://ai.google.dev/gemini-api/docs/tools"""


def _levels(prefix: str, levels: str, *lacks: str) -> dict[str, object]:
    """A model from Gemini 3 on: thinking is set by a level, and its tool calls are signed."""
    efforts = {level: level.upper() for level in levels.split()}
    return {"prefix": prefix, "efforts": efforts, "signed_calls": True, "lacks": lacks}


def _older(
    prefix: str, efforts: dict[str, int], *lacks: str, budgets: tuple[int, int] = (0, 24576)
) -> dict[str, object]:
    """A model before Gemini 3: thinking is set by a token budget, or not supported."""
    return {
        "prefix": prefix,
        "efforts": efforts,
        "budget": bool(efforts),
        "budgets": budgets,
        "searches_by_prompt": True,
        "lacks": (
            "presence_penalty",
            "frequency_penalty",
            "messages.parts.image.detail",
            "messages.parts.tool_result.media",
            "response_format.with_tools",
            "tools.mixed",
            *lacks,
        ),
    }


_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
"""Source: https://ai.google.dev/gemini-api/docs/openai#thinking"""

_MODELS = (
    _levels("gemini-4-hydrogen", "low medium high xhigh", *_SAMPLING),
    _levels("gemini-3.6", "minimal low medium high", *_SAMPLING),
    _levels("gemini-3.5-flash-lite", "minimal low medium high", *_SAMPLING),
    _levels("gemini-flash-lite", "minimal low medium high", *_SAMPLING),
    _levels("gemini-3.5", "minimal low medium high"),
    _levels("gemini-3.1-pro", "low medium high"),
    _levels("gemini-3.1", "minimal low medium high"),
    _levels("gemini-3-pro", "low high"),
    _levels("gemini-3-", "minimal low medium high"),
    _older("gemini-2.5-flash-image", {}, "tools", "response_format.json_schema"),
    _older("gemini-2.5-pro", _BUDGETS, budgets=(128, 32768)),
    _older("gemini-2.5-flash-lite", {"none": 0, **_BUDGETS}, budgets=(512, 24576)),
    _older("gemini-2.5", {"none": 0, **_BUDGETS}),
    _older("gemini-2", {}, "tools.function.strict"),
    _older("gemma-3", {}, "messages.system", "tools", "response_format.json_schema"),
    _older("gemma", {}),
    _levels("", "low medium high", *_SAMPLING),
)
"""The first prefix that matches is used. A model that is newer than this list is handled
like the newest. Sources: https://ai.google.dev/gemini-api/docs/generate-content/thinking,
https://ai.google.dev/gemini-api/docs/generate-content/whats-new-gemini-3.6,
https://ai.google.dev/gemini-api/docs/thought-signatures,
https://ai.google.dev/gemini-api/docs/tool-combination (functions and provider tools
together: since Gemini 3), and comparisons with the live
service in pydantic-ai's `profiles/google.py` and the AI SDK's `google-model-catalog.ts`
of November 2026."""

GOOGLE = Row(
    name="google",
    dialect="google",
    base_url="https://generativelanguage.googleapis.com/v1beta",
    default_model="gemini-3.8-flash",
    key_env=("GOOGLE_AI_API_KEY", "GEMINI_API_KEY"),
    base_url_env="GOOGLE_AI_BASE_URL",
    lacks=frozenset({"tool_choice.parallel"}),
    options=frozenset(_OPTIONS),
    quirks={
        "options": _OPTIONS,
        "models": _MODELS,
        "caller_tools": ["computer_use", "computerUse"],
        "listed_tools": ["mcp_servers", "mcpServers"],
    },
    provider_tools=frozenset({*_TOOLS, *_TOOLS.values()}),
    docs="https://ai.google.dev/api/generate-content",
)
