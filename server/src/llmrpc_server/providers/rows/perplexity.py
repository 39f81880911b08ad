"""Perplexity, whose models search the web and respond from what they find."""

from __future__ import annotations

from llmrpc_server.providers.row import Row

PERPLEXITY = Row(
    name="perplexity",
    dialect="openai",
    base_url="https://api.perplexity.ai",
    default_model="sonar",
    key_env=("PERPLEXITY_API_KEY",),
    base_url_env="PERPLEXITY_BASE_URL",
    key_path="/async/chat/completions",
    lacks=frozenset(
        {
            "seed",
            "tools",
            "tool_choice",
            "response_format.json_object",
            "messages.parts.audio",
            "messages.parts.document",
            "messages.parts.refusal",
            "messages.parts.image.detail",
        }
    ),
    options=frozenset(
        {
            "country",
            "disable_search",
            "enable_search_classifier",
            "image_domain_filter",
            "image_format_filter",
            "language_preference",
            "last_updated_after_filter",
            "last_updated_before_filter",
            "latitude",
            "longitude",
            "num_images",
            "num_search_results",
            "return_images",
            "return_related_questions",
            "safe_search",
            "search_after_date_filter",
            "search_before_date_filter",
            "search_domain_filter",
            "search_language_filter",
            "search_mode",
            "search_recency_filter",
            "stream_mode",
            "web_search_options",
        }
    ),
    quirks={
        "max_tokens": "max_tokens",
        "stream_usage": False,
        "efforts": ("minimal", "low", "medium", "high"),
        "blocks": {"*": "reasoning_steps"},
    },
    docs="https://docs.perplexity.ai/api-reference/sonar-post",
    lists=False,
)
"""Its API lists asynchronous calls, but no models. Its models call no functions, although the
schema has fields for them. Sources: types/chat of
https://github.com/perplexityai/perplexity-py and
https://docs.perplexity.ai/guides/chat-completions-guide"""
