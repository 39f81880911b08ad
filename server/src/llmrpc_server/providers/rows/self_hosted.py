"""Self-hosted servers. Each is enabled when its base URL is set."""

from __future__ import annotations

from llmrpc_server.providers.row import Row

OLLAMA = Row(
    name="ollama",
    dialect="openai",
    base_url="http://127.0.0.1:11434/v1",
    default_model="llama3.2",
    key_env=("OLLAMA_API_KEY",),
    base_url_env="OLLAMA_BASE_URL",
    needs_key=False,
    lacks=frozenset(
        {
            "top_k",
            "tools.function.strict",
            "tool_choice.none",
            "tool_choice.required",
            "tool_choice.named",
            "tool_choice.parallel",
            "messages.parts.audio",
            "messages.parts.document",
            "messages.parts.refusal",
            "messages.parts.image.uri",
            "messages.parts.image.detail",
        }
    ),
    quirks={
        "max_tokens": "max_tokens",
        "efforts": ("none", "low", "medium", "high"),
        "send_reasoning": "reasoning",
    },
    docs="https://docs.ollama.com/api/openai-compatibility",
)

VLLM = Row(
    name="vllm",
    dialect="openai",
    base_url="http://127.0.0.1:8000/v1",
    key_env=("VLLM_API_KEY",),
    base_url_env="VLLM_BASE_URL",
    needs_key=False,
    lacks=frozenset(
        {
            "tools.function.strict",
            "messages.parts.document",
            "messages.parts.refusal",
            "messages.parts.image.detail",
        }
    ),
    options=frozenset(
        {
            "allowed_token_ids",
            "bad_words",
            "chat_template_kwargs",
            "ignore_eos",
            "include_reasoning",
            "length_penalty",
            "logit_bias",
            "logprobs",
            "min_p",
            "min_tokens",
            "mm_processor_kwargs",
            "priority",
            "repetition_penalty",
            "session_id",
            "stop_token_ids",
            "structured_outputs",
            "top_logprobs",
            "truncate_prompt_tokens",
        }
    ),
    quirks={"budget": ("thinking_token_budget",), "send_reasoning": "reasoning"},
    docs="https://docs.vllm.ai/en/latest/serving/openai_compatible_server/",
)

LLAMACPP = Row(
    name="llamacpp",
    dialect="openai",
    base_url="http://127.0.0.1:8080/v1",
    key_env=("LLAMACPP_API_KEY",),
    base_url_env="LLAMACPP_BASE_URL",
    needs_key=False,
    lacks=frozenset(
        {
            "reasoning",
            "tools.function.strict",
            "tool_choice.named",
            "messages.parts.document",
            "messages.parts.refusal",
            "messages.parts.image.detail",
        }
    ),
    options=frozenset(
        {
            "cache_prompt",
            "chat_template_kwargs",
            "dry_multiplier",
            "dynatemp_exponent",
            "dynatemp_range",
            "grammar",
            "id_slot",
            "ignore_eos",
            "logit_bias",
            "logprobs",
            "min_p",
            "mirostat",
            "mirostat_eta",
            "mirostat_tau",
            "n_keep",
            "reasoning_format",
            "repeat_last_n",
            "repeat_penalty",
            "samplers",
            "t_max_predict_ms",
            "top_logprobs",
            "typical_p",
            "xtc_probability",
            "xtc_threshold",
        }
    ),
    quirks={"max_tokens": "max_tokens", "send_reasoning": "reasoning_content"},
    docs="https://github.com/ggml-org/llama.cpp/tree/master/tools/server",
)
