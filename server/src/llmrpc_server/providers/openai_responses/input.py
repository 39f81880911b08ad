"""The conversation as input items, in order.

Sources: https://developers.openai.com/api/reference/resources/responses/methods/create,
https://developers.openai.com/api/docs/guides/images-vision,
https://developers.openai.com/api/docs/guides/file-inputs and
https://developers.openai.com/api/docs/guides/reasoning
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.openai_responses.content import build_content, mark_breakpoint
from llmrpc_server.providers.openai_responses.quirks import ResponsesTarget
from llmrpc_server.providers.openai_responses.turn import build_turn

_ROLES = {pb.ROLE_SYSTEM: "system", pb.ROLE_USER: "user"}
_Item = dict[str, Any]


def build_input(messages: Sequence[pb.LLMMessage], target: ResponsesTarget) -> list[_Item]:
    """The items: instructions stand where they were said, and not apart."""
    items: list[_Item] = []
    for index, message in enumerate(messages):
        field = f"messages[{index}]"
        match message.role:
            case pb.ROLE_TOOL:
                items += _results(message, field, target)
            case pb.ROLE_ASSISTANT:
                items += build_turn(message, field, target)
            case role:
                content = message.content or build_content(message.parts, field, target)
                items.append({"role": _ROLES.get(role, "user"), "content": content})
    return items


def _results(message: pb.LLMMessage, field: str, target: ResponsesTarget) -> Iterator[_Item]:
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        result = part.tool_result
        output: str | list[_Item] = result.content
        if result.parts:
            output = build_content(result.parts, f"{place}.tool_result", target)
        if part.HasField("cache_breakpoint"):
            pieces = output if isinstance(output, list) else [_text(output)]
            mark_breakpoint(pieces[-1], part, place, target)
            output = pieces if "prompt_cache_breakpoint" in pieces[-1] else output
        if result.is_error:
            target.findings.warn(
                f"{place}.tool_result.is_error",
                f"{target.row.name} has no place for it: the content alone tells of the error",
            )
        yield {"type": "function_call_output", "call_id": result.tool_call_id, "output": output}


def _text(text: str) -> _Item:
    return {"type": "input_text", "text": text}
