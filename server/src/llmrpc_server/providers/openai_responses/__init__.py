"""The OpenAI Responses dialect: items in, items out, and no state at the provider."""

from llmrpc_server.providers.openai_responses.dialect import OpenAIResponsesDialect

__all__ = ["OpenAIResponsesDialect"]
