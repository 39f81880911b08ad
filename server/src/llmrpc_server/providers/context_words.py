"""What servers say in words alone of a prompt that is too long.

Gateways and compatible endpoints hand on the words of whatever model is behind them, so these
are looked for in every dialect, and only with the status of a request that is refused. Source
of all without one of their own: packages/ai/src/utils/overflow.ts of
https://github.com/earendil-works/pi
"""

from __future__ import annotations

import re

from llmrpc_server.providers.failures import CONTEXT, Phrases

CONTEXT_PHRASES: Phrases = tuple(
    (re.compile(phrase), CONTEXT)
    for phrase in (
        # vLLM: https://github.com/vllm-project/vllm/issues/20409; OpenRouter, DeepSeek
        r"\b(?:model|endpoint)'s maximum context length is \d",
        # vLLM, since 0.14: vllm/renderers/params.py of https://github.com/vllm-project/vllm
        r"\bmodel's context length is only \d",
        # vLLM and SGLang, of the prompt alone
        r"\blonger than the (?:maximum model length|model's context length)\b",
        r"\bexceeds (?:the )?model's maximum context length\b",
        # OpenAI, Responses: https://github.com/openai/codex/issues/5010
        r"\bYour input exceeds the context window of this model\b",
        # OpenAI, GPT-5
        r"\bInput tokens exceed the configured limit of \d+ tokens\b",
        # Anthropic: https://github.com/anthropics/claude-code/issues/12186
        r"\bprompt is too long: \d+ tokens > \d",
        # Anthropic: https://github.com/docker/docker-agent/issues/569
        r"\binput length and `max_tokens` exceed context limit\b",
        # Bedrock
        r"\bInput is too long for requested model\b",
        # Google: https://github.com/strands-agents/harness-sdk/issues/1078
        r"\binput token count\b.{0,100} exceeds the maximum number of tokens allowed\b",
        # Vertex: https://github.com/google-gemini/gemini-cli/issues/19727
        r"\binput token count is \d+ but (?:the )?model only supports up to \d",
        # xAI
        r"\bmodel's maximum prompt length is \d",
        # Mistral
        r"\btoo large for model with \d+ maximum context length\b",
        # Groq
        r"\bPlease reduce the length of the messages or completion\b",
        # Poolside
        r"\bexceeds the maximum allowed input length of \d",
        # llama.cpp
        r"\bexceeds the available context size\b",
        # LM Studio
        r"\bgreater than the context length\b",
        r"\bwhen context the overflows\b",
        # Moonshot
        r"\bYour request exceeded model token limit\b",
        # MiniMax
        r"\bcontext window exceeds limit\b",
        # GitHub Copilot
        r"\bprompt token count of \d+ exceeds the limit of \d",
        # Ollama
        r"\bprompt too long; exceeded (?:max )?context length\b",
        # TGI: https://huggingface.co/docs/text-generation-inference/basic_tutorials/launcher
        r"\binputs`? tokens \+ `?max_new_tokens`? must be <= ?\d",
        # Alibaba: https://www.alibabacloud.com/help/en/model-studio/error-code
        r"\bRange of input length should be \[\d+, ?\d+\]",
        # Cohere: https://docs.cohere.com/reference/errors
        r"\btotal number of tokens in the prompt cannot exceed \d",
        # LiteLLM: https://docs.litellm.ai/docs/exception_mapping
        r"\bContextWindowExceededError\b",
    )
)
