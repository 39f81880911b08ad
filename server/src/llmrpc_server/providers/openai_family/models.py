"""The list of a provider's models, as OpenAI and those who are compatible write it.

OpenAI's entries have an id alone; others add sizes, each by names of its own. Together
sends the list without the object around it. Sources:
https://developers.openai.com/api/reference/resources/models,
https://docs.mistral.ai/api/endpoint/models, https://console.groq.com/docs/api-reference#models,
https://openrouter.ai/docs/api-reference/list-available-models,
https://docs.together.ai/reference/models-1, vllm/entrypoints/openai/models/protocol.py
of https://github.com/vllm-project/vllm, and tools/server of
https://github.com/ggml-org/llama.cpp
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from llmrpc_server.providers.dialect import Listed
from llmrpc_server.providers.failures import UNDECODABLE, unreadable

_CONTEXT = (
    ("context_length",),  # OpenRouter, Together
    ("context_window",),  # Groq
    ("max_context_length",),  # Mistral
    ("max_model_len",),  # vLLM
    ("meta", "n_ctx"),  # llama.cpp, as it was started
    ("meta", "n_ctx_train"),  # llama.cpp
)
_OUTPUT = (
    ("max_completion_tokens",),  # Groq
    ("top_provider", "max_completion_tokens"),  # OpenRouter
    ("max_output_tokens",),
)
_OTHER = frozenset(
    {"audio", "code_embedding", "embedding", "image", "moderation", "rerank", "transcribe", "video"}
)
"""Types of models, at Together, that generate no text."""


def read_models(provider: str, body: bytes) -> list[Listed]:
    """The models of a list. Raises `ProviderNotAvailableError` for what is none."""
    try:
        value = msgspec.json.decode(body)
    except UNDECODABLE as error:
        raise unreadable(provider, "sent what is no list of models") from error
    if isinstance(value, dict) and "data" in value:
        value = value["data"] or []  # Ollama writes null where it has none
    if not isinstance(value, list):
        raise unreadable(provider, "sent what is no list of models")
    return [
        Listed(entry["id"], _size(entry, _CONTEXT), _size(entry, _OUTPUT))
        for entry in value
        if isinstance(entry, dict) and isinstance(entry.get("id"), str) and _generates_text(entry)
    ]


def _generates_text(entry: dict[str, Any]) -> bool:
    """Whether an entry does not say that it makes something else than text."""
    abilities = entry.get("capabilities")
    if isinstance(abilities, dict) and abilities.get("completion_chat") is False:  # Mistral
        return False
    if isinstance(abilities, dict) and abilities.get("chat_completion") is False:  # Azure
        return False
    return entry.get("type") not in _OTHER and entry.get("active") is not False  # Groq


def _size(entry: dict[str, Any], places: Sequence[Sequence[str]]) -> int | None:
    for path in places:
        value: Any = entry
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if type(value) is int and 0 < value < 2**31:
            return value
    return None
