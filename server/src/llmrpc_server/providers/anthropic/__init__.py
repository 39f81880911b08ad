"""The Anthropic dialect: the Messages API."""

from llmrpc_server.providers.anthropic.dialect import AnthropicDialect

__all__ = ["AnthropicDialect"]
