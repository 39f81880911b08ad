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

from msgspec import Raw

from llmrpc_server.providers.kept_json import NOTHING, came, string
from llmrpc_server.providers.openai_family.fields import count_of, object_of
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


_NO_USAGE = wire.Usage()


class ToolUses:
    """The uses of one answer, item by item."""

    __slots__ = ("_containers", "_counts", "_spoken", "_waiting")

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._containers: set[str] = set()
        self._spoken = -1
        """The place of the last message that is no commentary: calls before it were answered."""
        self._waiting: dict[str, int] = {}
        """Calls for the caller by their ids: the last place in the output of each."""

    def take(self, place: int, trace: wire.Trace) -> None:
        """Notes an item that is no text, message or function call."""
        kind = string(trace.type)
        if kind in _COUNTED and _is_billed(kind, trace):
            self._counts[_COUNTED[kind]] += 1
        for container in (trace.container_id, _field(trace.environment, "container_id")):
            if name := string(container):
                self._containers.add(name)
        searched = kind == "tool_search_call" and string(trace.execution) == "client"
        if kind in _FOR_THE_CALLER or searched:
            call = string(trace.call_id) or string(trace.id) or str(place)
            self._waiting[call] = max(place, self._waiting.get(call, place))
        elif kind.endswith("_output"):
            self._waiting.pop(string(trace.call_id), None)

    def message(self, place: int) -> None:
        """Notes a message that is no commentary."""
        self._spoken = max(self._spoken, place)

    @property
    def waits(self) -> bool:
        """Whether the provider waits for the caller."""
        return any(place > self._spoken for place in self._waiting.values())

    def billed(self, said: wire.Response) -> tuple[dict[str, int], list[str]]:
        """The billed uses by name, and the names of counts that cannot be read."""
        usage = said.usage or _NO_USAGE
        counts: dict[str, int | None]
        if came(usage.server_side_tool_usage_details):
            details = object_of(usage.server_side_tool_usage_details)
            counts = {name: count_of(count) for name, count in details.items()} or {"all": None}
        else:
            counts = {**self._counts, "code_interpreter_sessions": len(self._containers)}
            searches = _field(_field(said.tool_usage, "web_search"), "num_requests")
            if came(searches):
                counts["web_search_calls"] = count_of(searches)
        if came(usage.num_sources_used):
            counts["num_sources_used"] = count_of(usage.num_sources_used)
        uses = {name: count for name, count in counts.items() if count}
        return uses, [name for name, count in counts.items() if count is None]


def _is_billed(kind: str, trace: wire.Trace) -> bool:
    if kind == "image_generation_call":
        return bool(string(trace.result))
    return string(_field(trace.action, "type")) not in _FREE_ACTIONS


def _field(raw: Raw, name: str) -> Raw:
    return object_of(raw).get(name, NOTHING)
