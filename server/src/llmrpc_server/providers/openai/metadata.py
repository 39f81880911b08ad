"""What a provider says of an answer as a whole, and for which the contract has no field.

Taken are the names below and nothing else: times, echoes of the request and identifiers
of single chunks tell a caller nothing. `system_fingerprint` is taken, since a `seed`
promises nothing without it. Log probabilities come only when they were asked for.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.openai import wire

_OF_RESPONSE = (
    "images",  # Perplexity, by return_images
    "mcp_list_tools",  # Groq
    "moderation",  # OpenAI, by moderation
    "prompt_filter_results",  # Azure
    "provider",  # OpenRouter: who served the call
    "related_questions",  # Perplexity, by return_related_questions
    "system_fingerprint",
    "usage_breakdown",  # Groq: the models behind a compound system
    "videos",  # Perplexity
)
_OF_USAGE = (
    "cost",  # OpenRouter, Perplexity: what the provider bills, in USD
    "cost_details",  # OpenRouter
    "cost_in_usd_ticks",  # xAI
    "is_byok",  # OpenRouter: a key of the caller's own paid
    "search_context_size",  # Perplexity: which of its prices counts
    "server_tool_use_details",  # OpenRouter
)
_SEVERITIES = ("safe", "low", "medium", "high")


class Metadata:
    """Gathers it from chunk to chunk; `write` puts it into the answer."""

    __slots__ = ("_answer", "_filters", "_logprobs", "_provider", "_said", "filtered")

    def __init__(self, answer: Answer, provider: str) -> None:
        self._answer = answer
        self._provider = provider
        self._said: dict[str, Any] = {}
        self._logprobs: dict[str, Any] = {}
        self._filters: dict[str, Any] = {}
        self.filtered: Any = None
        """The last results of Azure's filters: most chunks repeat them."""

    def take(self, said: wire.Completion[Any]) -> None:
        """Keeps what a whole answer or a chunk says; the last one to say it counts."""
        for name in _OF_RESPONSE:
            if (value := getattr(said, name)) and value != wire.NULL:
                self._said[name] = value
        if said.service_tier:
            self._said["service_tier"] = said.service_tier
        if said.x_groq is not None and said.x_groq.usage_breakdown:
            self._said["usage_breakdown"] = said.x_groq.usage_breakdown
        if said.usage is not None:
            for name in _OF_USAGE:
                if value := getattr(said.usage, name):
                    self._said[name] = value

    def take_choice(self, choice: wire.Choice[Any]) -> None:
        """The same of a choice. Results of filters are kept at their worst."""
        native = choice.native_finish_reason
        if native and choice.finish_reason and native != choice.finish_reason:
            self._said["native_finish_reason"] = native
        if choice.stop_reason is not None:
            self._said["stop_reason"] = choice.stop_reason
        if isinstance(choice.logprobs, dict):
            self._add_logprobs(choice.logprobs)
        if isinstance(choice.content_filter_results, dict):
            self.filtered = choice.content_filter_results
            for category, found in choice.content_filter_results.items():
                if category not in self._filters or _rank(found) > _rank(self._filters[category]):
                    self._filters[category] = found

    def keep(self, name: str, value: Raw) -> None:
        """Keeps something that has no place in the answer's parts."""
        self._said[name] = value

    def write(self) -> None:
        """Notes all that came so far; may be called again after more has come."""
        found = {**self._said, "logprobs": self._logprobs, "content_filter_results": self._filters}
        for name, value in found.items():
            if plain := _plain(value):
                self._answer.note(self._provider, name, plain)

    def _add_logprobs(self, logprobs: dict[str, Any]) -> None:
        for name, values in logprobs.items():
            if isinstance(values, list):
                self._logprobs.setdefault(name, []).extend(values)


def _plain(value: Any) -> Any:
    """The value as JSON decodes it; None for what no JSON decoder takes."""
    if not isinstance(value, Raw):
        return value
    try:
        return msgspec.json.decode(value)
    except UNDECODABLE:
        return None


def _rank(found: Any) -> tuple[bool, bool, int]:
    """How bad a result of a filter is."""
    if not isinstance(found, dict):
        return False, False, 0
    severity = found.get("severity")
    level = _SEVERITIES.index(severity) if severity in _SEVERITIES else 0
    return found.get("filtered") is True, found.get("detected") is True, level
