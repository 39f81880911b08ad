"""What a provider says of an answer as a whole, and for which the contract has no field.

Taken are the names below and nothing else: times, echoes of the request and identifiers
of single chunks tell a caller nothing. `system_fingerprint` is taken, since a `seed`
promises nothing without it. Log probabilities come only when they were asked for.
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.kept_json import NOTHING, came, plain, string
from llmrpc_server.providers.openai import wire
from llmrpc_server.providers.openai.wire_usage import Usage
from llmrpc_server.providers.openai_family.fields import ENTRY, NULL, list_of, object_of

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
_TRUE = Raw(b"true")


class Metadata:
    """Gathers it from chunk to chunk; `write` puts it into the answer."""

    __slots__ = ("_answer", "_filters", "_held", "_logprobs", "_provider", "_said", "filtered")

    def __init__(self, answer: Answer, provider: str) -> None:
        self._answer = answer
        self._provider = provider
        self._said: dict[str, Raw | str] = {}
        self._logprobs: dict[str, list[bytes]] = {}
        """The elements of each list, as they came."""
        self._filters: dict[str, Raw] = {}
        self._held = 0
        self.filtered = NOTHING
        """The last results of Azure's filters: most chunks repeat them."""

    def take(self, said: wire.Completion, usage: Usage | None) -> None:
        """Keeps what a whole answer or a chunk says; the last one to say it counts."""
        for name in _OF_RESPONSE:
            if value := getattr(said, name):
                self.keep(name, value)
        if said.service_tier:
            self._said["service_tier"] = said.service_tier
        if said.x_groq is not None and said.x_groq.usage_breakdown:
            self.keep("usage_breakdown", said.x_groq.usage_breakdown)
        if usage is not None:
            for name in _OF_USAGE:
                if value := getattr(usage, name):
                    self.keep(name, value)

    def take_choice(self, choice: wire.Choice) -> None:
        """The same of a choice. Results of filters are kept at their worst."""
        native = choice.native_finish_reason
        if native and choice.finish_reason and string(native) != choice.finish_reason:
            self.keep("native_finish_reason", native)
        if choice.stop_reason:
            self.keep("stop_reason", choice.stop_reason)
        if came(choice.logprobs):
            self._add_logprobs(choice.logprobs)
        if choice.content_filter_results and choice.content_filter_results != self.filtered:
            self.filtered = choice.content_filter_results
            self._add_filters(choice.content_filter_results)

    def keep(self, name: str, value: Raw) -> None:
        """Keeps something that has no place in the answer's parts; null says nothing."""
        before = self._said.get(name, NOTHING)
        if value in (NULL, before):
            return
        self._hold(len(bytes(value)) - (len(bytes(before)) if isinstance(before, Raw) else 0))
        self._said[name] = value.copy()

    def write(self) -> None:
        """Notes all that came, once it is whole."""
        self._answer.parts.keep(-self._held)
        self._held = 0
        for name, value in self._said.items():
            self._note(name, value if isinstance(value, str) else plain(value))
        logprobs = {
            name: plain(b"[" + b",".join(lists) + b"]") for name, lists in self._logprobs.items()
        }
        self._note("logprobs", {name: found for name, found in logprobs.items() if found})
        filters = {name: plain(raw) for name, raw in self._filters.items()}
        self._note("content_filter_results", filters)

    def _add_logprobs(self, raw: Raw) -> None:
        fields = object_of(raw)
        if not fields:
            self.keep("logprobs", raw)
        for name, values in fields.items():
            elements = list_of(values)
            if elements is None:
                self.keep(f"logprobs.{name}", values)
            elif elements:
                self._hold(len(bytes(values)) + (0 if name in self._logprobs else ENTRY))
                self._logprobs.setdefault(name, []).append(bytes(values).strip()[1:-1])

    def _add_filters(self, raw: Raw) -> None:
        fields = object_of(raw)
        if not fields:
            self.keep("content_filter_results", raw)
        for category, found in fields.items():
            before = self._filters.get(category)
            if before is None:
                self._hold(ENTRY + len(category))
            elif _rank(found) <= _rank(before):
                continue
            self._hold(len(bytes(found)) - len(bytes(before or NOTHING)))
            self._filters[category] = found.copy()

    def _hold(self, size: int) -> None:
        self._held += size
        self._answer.parts.keep(size)

    def _note(self, name: str, value: Any) -> None:
        if value:
            self._answer.note(self._provider, name, value)


def _rank(found: Raw) -> tuple[bool, bool, int]:
    """How bad a result of a filter is."""
    fields = object_of(found)
    severity = string(fields.get("severity", NULL))
    level = _SEVERITIES.index(severity) if severity in _SEVERITIES else 0
    return fields.get("filtered") == _TRUE, fields.get("detected") == _TRUE, level
