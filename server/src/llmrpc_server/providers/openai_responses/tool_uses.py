"""What of a provider's tools is billed by use, and who waits for a result.

xAI counts its tools in `usage.server_side_tool_usage_details`, by names such as
`x_search_calls`; they are taken as they are. OpenAI counts web searches alone, in
`tool_usage`; the others are counted here, by the names of its Usage API:

    web_search_calls            its own count, else searches; opening a page costs nothing
    file_search_calls           calls
    code_interpreter_sessions   containers that code ran in. One that was still alive from
                                an earlier response is billed there, so this is the most
    image_generation_calls      images; the tokens of the image model are in the metadata

Sources: https://developers.openai.com/api/docs/pricing#built-in-tools, `ToolUsage` of the
`openai` package 3.57.0 and https://docs.x.ai/developers/tools/tool-usage-details
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from llmrpc_server.providers.openai_responses import wire

_COUNTED = {
    "web_search_call": "web_search_calls",
    "file_search_call": "file_search_calls",
    "image_generation_call": "image_generation_calls",
    "x_search_call": "x_search_calls",
}
_FREE_ACTIONS = ("open_page", "find_in_page")
_FOR_THE_CALLER = frozenset(
    {
        "apply_patch_call",
        "computer_call",
        "custom_tool_call",
        "local_shell_call",
        "mcp_approval_request",
        "shell_call",
    }
)
"""Calls that the caller answers, unless the provider did so in the same answer."""
_MOST = 2**31 - 1


class ToolUses:
    """The uses of one answer, item by item."""

    __slots__ = ("_containers", "_counts", "_spoken", "_waiting")

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._containers: set[str] = set()
        self._spoken = -1
        """The place of the last message that is no commentary: calls before it were answered."""
        self._waiting: dict[int, str] = {}
        """Calls for the caller: their ids by their places in the output."""

    def take(self, place: int, trace: wire.Trace) -> None:
        """Notes an item that is no text, message or function call."""
        kind = trace.type or ""
        if kind in _COUNTED and _is_billed(kind, trace):
            self._counts[_COUNTED[kind]] += 1
        for container in (trace.container_id, _field(trace.environment, "container_id")):
            if isinstance(container, str) and container:
                self._containers.add(container)
        if kind in _FOR_THE_CALLER or (kind == "tool_search_call" and trace.execution == "client"):
            self._waiting[place] = str(trace.call_id or trace.id or place)
        elif kind.endswith("_output"):
            self._answered(str(trace.call_id))

    def message(self, place: int) -> None:
        """Notes a message that is no commentary."""
        self._spoken = max(self._spoken, place)

    @property
    def waits(self) -> bool:
        """Whether the provider waits for the caller."""
        return any(place > self._spoken for place in self._waiting)

    def billed(self, said: wire.Response) -> tuple[dict[str, int], list[str]]:
        """The billed uses by name, and the names of counts that cannot be read."""
        usage = said.usage
        details = usage and usage.server_side_tool_usage_details
        counts: dict[str, Any]
        if details is not None:
            counts = details if isinstance(details, dict) else {"all": None}
        else:
            counts = {**self._counts, "code_interpreter_sessions": len(self._containers)}
            searches = _field(_field(said.tool_usage, "web_search"), "num_requests")
            if searches is not None:
                counts["web_search_calls"] = searches
        if usage and usage.num_sources_used is not None:
            counts = {**counts, "num_sources_used": usage.num_sources_used}
        good = {name: count for name, count in counts.items() if _is_count(count)}
        uses = {name: count for name, count in good.items() if count}
        return uses, [name for name in counts if name not in good]

    def _answered(self, call: str) -> None:
        self._waiting = {place: id_ for place, id_ in self._waiting.items() if id_ != call}


def _is_billed(kind: str, trace: wire.Trace) -> bool:
    if kind == "image_generation_call":
        return bool(trace.result)
    return _field(trace.action, "type") not in _FREE_ACTIONS


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MOST
