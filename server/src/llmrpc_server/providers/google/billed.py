"""Uses of Google's tools that have a price of their own.

Google bills Gemini 3 and later for each search query, of which equal and empty ones do
not count, and earlier models for each prompt that was grounded. It bills Google Maps
for each prompt. The other tools cost their tokens. The names in `Usage.tool_uses` are

    web_search_queries      queries of Google Search, at models billed by the query
    image_search_queries    queries of its image search
    web_search_prompts      1 for a prompt grounded by it, at models billed by the prompt
    google_maps_prompts     1 for a prompt grounded by Google Maps

`usageMetadata.billedToolCalls`, where it comes, is Google's own count. Sources:
https://ai.google.dev/gemini-api/docs/google-search#pricing,
https://ai.google.dev/gemini-api/docs/maps-grounding#pricing-and-rate-limits and
https://ai.google.dev/gemini-api/docs/pricing
"""

from __future__ import annotations

import msgspec

from llmrpc.answer import AnswerBuilder
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.kept_json import Fields
from llmrpc_server.providers.tokens import MOST

_WEB, _IMAGE = "web_search", "image_search"
_MAPS = "google_maps_prompts"
_SEARCHES = {"GOOGLE_SEARCH_WEB": _WEB, "GOOGLE_SEARCH_IMAGE": _IMAGE}
"""`toolType` of a search that the response shows."""


class _Arguments(msgspec.Struct):
    queries: list[str] | None = None


class _ToolCall(msgspec.Struct, rename="camel"):
    tool_type: str = ""
    args: _Arguments | None = None


class _Billed(msgspec.Struct, rename="camel"):
    tool: str
    successful_tool_call_count: int = 0


_queries = msgspec.json.Decoder(list[str] | None).decode
_tool_call = msgspec.json.Decoder(_ToolCall).decode
_billed = msgspec.json.Decoder(list[_Billed] | None).decode


class ToolUses:
    """Counts what one response shows of billed uses. What cannot be read counts nothing."""

    __slots__ = ("_maps", "_parts", "_queries", "_told")

    def __init__(self, parts: AnswerBuilder) -> None:
        self._parts = parts
        self._queries: dict[str, set[str]] = {}
        self._maps = False
        self._told: list[_Billed] = []

    def __bool__(self) -> bool:
        """Whether any use is shown."""
        return bool(self._queries or self._maps or self._told)

    def grounded(self, fields: Fields) -> None:
        """Takes the fields of `groundingMetadata`."""
        for kind, name in ((_WEB, "webSearchQueries"), (_IMAGE, "imageSearchQueries")):
            if name in fields:
                try:
                    self._searched(kind, _queries(fields[name]))
                except UNDECODABLE:
                    continue

    def mapped(self) -> None:
        """Takes a source that Google Maps gave."""
        self._maps = True

    def called(self, raw: msgspec.Raw) -> None:
        """Takes a `toolCall`: a search that Google ran, before any grounding is told."""
        try:
            call = _tool_call(raw)
        except UNDECODABLE:
            return
        if call.tool_type in _SEARCHES and call.args is not None:
            self._searched(_SEARCHES[call.tool_type], call.args.queries)

    def billed(self, raw: msgspec.Raw) -> None:
        """Takes Google's own count."""
        try:
            self._told = _billed(raw) or []
        except UNDECODABLE:
            self._told = []

    def count(self, *, by_prompt: bool) -> dict[str, int]:
        """The uses by name; `by_prompt` tells how the model's searches are billed."""
        uses = {kind: len(queries) for kind, queries in self._queries.items()}
        if by_prompt:
            uses = dict.fromkeys(uses, 1)
        unit = "prompts" if by_prompt else "queries"
        named = {f"{kind}_{unit}": count for kind, count in uses.items()}
        if self._maps:
            named[_MAPS] = 1
        told: dict[str, int] = {}
        for each in self._told:
            name = _name(each.tool.lower(), unit)
            told[name] = told.get(name, 0) + max(each.successful_tool_call_count, 0)
            if told[name] > MOST:
                told[name] = 0
        return {name: count for name, count in (named | told).items() if count}

    def _searched(self, kind: str, queries: list[str] | None) -> None:
        found = {query for query in queries or () if query.strip()}
        if found:
            known = self._queries.setdefault(kind, set())
            self._parts.keep(sum(len(query) for query in found - known))
            known |= found


def _name(tool: str, unit: str) -> str:
    if tool.startswith("google_search"):
        return f"{_IMAGE if 'image' in tool else _WEB}_{unit}"
    return _MAPS if tool.startswith("google_maps") else tool
