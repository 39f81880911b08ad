"""The conversation as input items, in order.

Sources: https://developers.openai.com/api/reference/resources/responses/methods/create,
https://developers.openai.com/api/docs/guides/images-vision,
https://developers.openai.com/api/docs/guides/file-inputs and
https://developers.openai.com/api/docs/guides/reasoning
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.openai_family.history import short_id, tell_of_error
from llmrpc_server.providers.openai_responses.content import (
    build_content,
    mark_breakpoint,
    write_block,
)
from llmrpc_server.providers.openai_responses.quirks import ResponsesTarget
from llmrpc_server.providers.openai_responses.turn import build_turn

_ROLES = {pb.ROLE_SYSTEM: "system", pb.ROLE_USER: "user"}
_Item = dict[str, Any]
_Items = list[_Item | msgspec.Raw]


def build_input(messages: Sequence[pb.LLMMessage], target: ResponsesTarget) -> _Items:
    """The items: instructions stand where they were said, and not apart."""
    items: _Items = []
    callers: dict[str, Any] = {}
    for index, message in enumerate(messages):
        field = f"messages[{index}]"
        match message.role:
            case pb.ROLE_TOOL:
                items += _results(message, field, callers, target)
            case pb.ROLE_ASSISTANT:
                after = messages[index + 1 : index + 2]
                last = not after or after[0].role != pb.ROLE_ASSISTANT
                turn = build_turn(message, field, target, last=last)
                callers |= _callers(turn)
                items += turn
            case role:
                content = message.content or build_content(message.parts, field, target)
                items.append({"role": _ROLES.get(role, "user"), "content": content})
    return items


def _callers(turn: _Items) -> dict[str, Any]:
    """What called a function other than the model itself, by the call's id."""
    return {
        item["call_id"]: item["caller"]
        for item in turn
        if isinstance(item, dict) and "caller" in item and "call_id" in item
    }


def _results(
    message: pb.LLMMessage, field: str, callers: Mapping[str, Any], target: ResponsesTarget
) -> Iterator[_Item | msgspec.Raw]:
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        if part.HasField("provider_block"):
            target.leave_out(part, place, "cache_breakpoint")
            if (raw := write_block(part, place, target)) is not None:
                yield raw
        else:
            yield _result(part, place, callers, target)


def _result(
    part: pb.Part, place: str, callers: Mapping[str, Any], target: ResponsesTarget
) -> _Item:
    """A function's result; it tells who called, where the call did.

    Source: https://developers.openai.com/api/docs/guides/tools-programmatic-tool-calling
    """
    result = part.tool_result
    output: str | list[_Item] = result.content
    if result.parts:
        output = build_content(result.parts, f"{place}.tool_result", target)
    if part.HasField("cache_breakpoint"):
        pieces = output if isinstance(output, list) else [{"type": "input_text", "text": output}]
        mark_breakpoint(pieces[-1], part, place, target)
        output = pieces if "prompt_cache_breakpoint" in pieces[-1] else output
    tell_of_error(result, place, target)
    call = short_id(result.tool_call_id)
    item: _Item = {"type": "function_call_output", "call_id": call, "output": output}
    if call in callers:
        item["caller"] = callers[call]
    return item
