"""The providers by name, and the dialects that they speak.

A provider that is compatible with another is one more row.
"""

from __future__ import annotations

from collections.abc import Mapping

from llmrpc_server.providers.anthropic import AnthropicDialect
from llmrpc_server.providers.dialect import Dialect
from llmrpc_server.providers.google import GoogleDialect
from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.openai_responses import OpenAIResponsesDialect
from llmrpc_server.providers.row import Row
from llmrpc_server.providers.rows import anthropic, google, hosted, openai, perplexity, self_hosted

DIALECTS: Mapping[str, type[Dialect]] = {
    "anthropic": AnthropicDialect,
    "google": GoogleDialect,
    "openai": OpenAIDialect,
    "openai-responses": OpenAIResponsesDialect,
}
"""The dialects by the name that rows give."""

ROWS: Mapping[str, Row] = {
    row.name: row
    for row in (
        openai.OPENAI,
        anthropic.ANTHROPIC,
        google.GOOGLE,
        openai.AZURE,
        hosted.MISTRAL,
        hosted.GROQ,
        hosted.DEEPSEEK,
        hosted.XAI,
        hosted.OPENROUTER,
        perplexity.PERPLEXITY,
        hosted.TOGETHER,
        self_hosted.OLLAMA,
        self_hosted.VLLM,
        self_hosted.LLAMACPP,
    )
}
"""The rows by name; the first configured one gives the default model."""
