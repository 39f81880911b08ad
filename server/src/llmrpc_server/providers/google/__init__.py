"""The Google dialect: generateContent of the Gemini API."""

from llmrpc_server.providers.google.dialect import GoogleDialect

__all__ = ["GoogleDialect"]
