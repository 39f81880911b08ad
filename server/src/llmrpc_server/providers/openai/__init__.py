"""The OpenAI dialect: Chat Completions, as OpenAI and compatible servers speak it."""

from llmrpc_server.providers.openai.dialect import OpenAIDialect

__all__ = ["OpenAIDialect"]
