"""What tools answered, as `functionResponse` parts.

Sources: https://ai.google.dev/api/caching#FunctionResponse and
https://ai.google.dev/gemini-api/docs/generate-content/function-calling
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.google.names import sent
from llmrpc_server.providers.google.parts import build_part
from llmrpc_server.providers.google.quirks import GoogleTarget


def build_result(
    result: pb.ToolResult, place: str, names: Mapping[str, str], target: GoogleTarget
) -> dict[str, Any]:
    """The part: text under `output`, or under `error` where the tool failed.

    `names` has the tools' names by the ids of the calls before it.
    """
    name = result.name or names.get(result.tool_call_id, "")
    if not name:
        target.findings.unsupported(
            f"{place}.name",
            f"{target.row.name} asks for the tool's name, and no call before it has this id",
        )
    texts, media = [result.content], []
    for index, part in enumerate(result.parts):
        item = _piece(part, f"{place}.parts[{index}]", target)
        if item is None:
            continue
        if "text" in item:
            texts.append(item["text"])
        else:
            media.append(item)
    response: dict[str, Any] = {
        "id": result.tool_call_id,
        "name": sent(name),
        "response": {"error" if result.is_error else "output": "".join(texts)},
    }
    if media:
        response["parts"] = media
    return {"functionResponse": response}


def _piece(part: pb.Part, place: str, target: GoogleTarget) -> dict[str, Any] | None:
    target.leave_out(part, place, "signature", "cache_breakpoint")
    kind = part.WhichOneof("kind")
    field = f"{place}.{kind}"
    if kind != "text" and target.refuses("messages.parts.tool_result.media", field):
        return None
    item = build_part(part, place, target)
    if item is not None and "fileData" in item:
        target.findings.unsupported(
            field, f"{target.row.name} takes a file in a tool's result by its bytes alone"
        )
        return None
    return item
