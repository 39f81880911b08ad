"""Hosted services, other than OpenAI, that speak Chat Completions."""

from __future__ import annotations

from llmrpc_server.providers.row import Row, Ways

MISTRAL = Row(
    name="mistral",
    dialect="openai",
    base_url="https://api.mistral.ai/v1",
    default_model="mistral-small-latest",
    key_env=("MISTRAL_API_KEY",),
    base_url_env="MISTRAL_BASE_URL",
    lacks=frozenset({"messages.parts.refusal"}),
    options=frozenset(
        {
            "guardrails",
            "metadata",
            "min_tokens",
            "prediction",
            "prompt_cache_key",
            "prompt_mode",
            "repetition_penalty",
            "safe_prompt",
            "service_tier",
        }
    ),
    quirks={
        "max_tokens": "max_tokens",
        "seed": "random_seed",
        "stream_usage": False,
        "send_reasoning": "thinking",
        "tool_call_id": "alphanumeric9",
        "strict_order": True,
        "tool_result_name": True,
        "blocks": {"*": "content"},
        "audio": "text",
        "document": "document_url",
    },
    docs="https://docs.mistral.ai/api/endpoint/chat",
)

GROQ = Row(
    name="groq",
    dialect="openai",
    base_url="https://api.groq.com/openai/v1",
    default_model="openai/gpt-oss-120b",
    key_env=("GROQ_API_KEY",),
    base_url_env="GROQ_BASE_URL",
    lacks=frozenset(
        {
            "top_k",
            "presence_penalty",
            "frequency_penalty",
            "messages.parts.audio",
            "messages.parts.document",
            "messages.parts.refusal",
        }
    ),
    options=frozenset(
        {
            "citation_options",
            "compound_custom",
            "disable_tool_validation",
            "documents",
            "include_reasoning",
            "reasoning_format",
            "search_settings",
            "service_tier",
            "user",
        }
    ),
    quirks={
        "stream_usage": False,
        "efforts": ("none", "low", "medium", "high"),
        "send_reasoning": "reasoning",
        "end_user": "user",
        "names_provider_tools": False,
    },
    provider_tools=frozenset({"browser_search", "code_interpreter"}),
    docs="https://console.groq.com/docs/api-reference#chat-create",
)

DEEPSEEK = Row(
    name="deepseek",
    dialect="openai",
    base_url="https://api.deepseek.com",
    default_model="deepseek-flash",
    key_env=("DEEPSEEK_API_KEY",),
    base_url_env="DEEPSEEK_BASE_URL",
    lacks=frozenset(
        {
            "top_k",
            "seed",
            "tools.function.strict",
            "tool_choice.parallel",
            "response_format.json_schema",
            "messages.parts.audio",
            "messages.parts.document",
            "messages.parts.refusal",
            "messages.parts.image.detail",
        }
    ),
    options=frozenset({"logprobs", "thinking", "top_logprobs"}),
    quirks={
        "max_tokens": "max_tokens",
        "efforts": ("minimal", "low", "medium", "high", "xhigh", "max"),
        "no_reasoning": {"thinking": {"type": "disabled"}},
        "send_reasoning": "reasoning_content",
        "reasoning_with_calls": True,
        "models": (
            {"prefix": "deepseek-chat"},
            {"prefix": "deepseek-reasoner", "reasoning": "always"},
            {"prefix": "deepseek", "reasoning": "by_default"},
        ),
    },
    docs="https://api-docs.deepseek.com/api/create-chat-completion",
)

XAI = Row(
    name="xai",
    dialect="openai",
    base_url="https://api.x.ai/v1",
    default_model="grok-4.3",
    key_env=("XAI_API_KEY",),
    base_url_env="XAI_BASE_URL",
    lacks=frozenset(
        {
            "top_k",
            "messages.parts.audio",
            "messages.parts.document.data",
            "messages.parts.refusal",
        }
    ),
    options=frozenset({"service_tier", "user"}),
    quirks={
        "efforts": ("none", "low", "medium", "high", "xhigh"),
        "end_user": "user",
        "models": (
            {"prefix": "grok-4.20-non-reasoning"},
            {"prefix": "grok-4.20-0309-non-reasoning"},
            {"prefix": "grok-", "lacks": ("presence_penalty", "frequency_penalty", "stop")},
        ),
    },
    docs="https://docs.x.ai/docs/api-reference#chat-completions",
    dialects={
        "grok-": "openai-responses",
        "grok-4.20-non-reasoning": "openai",
        "grok-4.20-0309-non-reasoning": "openai",
    },
    other_ways={
        "openai-responses": Ways(
            lacks=frozenset(
                {
                    "messages.parts.cache_breakpoint",
                    "messages.parts.document.data",
                    "messages.parts.refusal",
                }
            ),
            options=frozenset({"prompt_cache_key", "reasoning_summary", "service_tier", "user"}),
            quirks={
                "efforts": ("none", "low", "medium", "high", "xhigh"),
                "include": "always",
                "end_user": "user",
                "names_provider_tools": False,
            },
            provider_tools=frozenset(
                {
                    "code_execution",
                    "code_interpreter",
                    "collections_search",
                    "file_search",
                    "image_generation",
                    "mcp",
                    "view_image",
                    "view_x_video",
                    "web_search",
                    "x_search",
                }
            ),
            docs="https://docs.x.ai/developers/model-capabilities/text/comparison",
        )
    },
)
"""Its Chat Completions are deprecated and accept no reasoning in requests. A tool choice
cannot name its provider tools or list the allowed tools. Sources:
https://docs.x.ai/developers/model-capabilities/text/best-practices,
https://docs.x.ai/developers/tools/overview and
https://docs.x.ai/docs/api-reference#create-new-response"""

OPENROUTER = Row(
    name="openrouter",
    dialect="openai",
    base_url="https://openrouter.ai/api/v1",
    default_model="openrouter/auto",
    key_env=("OPENROUTER_API_KEY",),
    base_url_env="OPENROUTER_BASE_URL",
    key_path="/key",
    lacks=frozenset({"messages.parts.refusal"}),
    options=frozenset(
        {
            "image_config",
            "logit_bias",
            "logprobs",
            "max_tool_calls",
            "metadata",
            "min_p",
            "models",
            "plugins",
            "prediction",
            "prompt_cache_key",
            "prompt_cache_options",
            "provider",
            "repetition_penalty",
            "service_tier",
            "session_id",
            "stop_server_tools_when",
            "top_a",
            "top_logprobs",
            "trace",
            "user",
            "web_search_options",
            "x_search_filter",
        }
    ),
    quirks={
        "stream_usage": False,
        "budget": ("reasoning", "max_tokens"),
        "send_reasoning": "details",
        "audio_formats": ("wav", "mp3", "aiff", "aac", "ogg", "flac", "m4a"),
        "document_uri": True,
        "end_user": "user",
        "modalities": ("text", "image"),
        "assistant_images": True,
        "send_annotations": True,
        "blocks": {"*": "annotations"},
        "tool_cache": True,
        "cache_breakpoint": "cache_control",
        "cache_ttls": {"5m": 300, "1h": 3600},
    },
    provider_tools=frozenset({"openrouter:*", "web_search", "web_search_*"}),
    docs="https://openrouter.ai/docs/api-reference/chat-completion",
)
"""Annotations are sent back, so that a document is parsed only once, and so are images. Sources:
https://openrouter.ai/docs/guides/features/server-tools,
https://openrouter.ai/docs/features/multimodal/pdfs and `ChatAssistantMessage` of
https://github.com/OpenRouterTeam/typescript-sdk"""

TOGETHER = Row(
    name="together",
    dialect="openai",
    base_url="https://api.together.ai/v1",
    default_model="openai/gpt-oss-120b",
    key_env=("TOGETHER_API_KEY",),
    base_url_env="TOGETHER_BASE_URL",
    lacks=frozenset(
        {
            "tools.function.strict",
            "tool_choice.parallel",
            "messages.parts.document",
            "messages.parts.refusal",
            "messages.parts.image.detail",
        }
    ),
    options=frozenset(
        {
            "chat_template_kwargs",
            "compliance",
            "context_length_exceeded_behavior",
            "logit_bias",
            "min_p",
            "repetition_penalty",
            "safety_model",
        }
    ),
    quirks={
        "max_tokens": "max_tokens",
        "stream_usage": False,
        "efforts": ("low", "medium", "high"),
        "no_reasoning": {"reasoning": {"enabled": False}},
        "send_reasoning": "reasoning",
        "audio_formats": ("wav",),
    },
    docs="https://docs.together.ai/reference/chat-completions-1",
)
