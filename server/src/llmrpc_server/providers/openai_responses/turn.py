"""A turn of the model goes back as the items that it came as."""

from __future__ import annotations

from typing import Any, Literal

from llmrpc import v1 as pb
from llmrpc_server.providers.openai_responses.items import REASONING_TEXT
from llmrpc_server.providers.openai_responses.quirks import ResponsesTarget

_Item = dict[str, Any]
_Placed = tuple[str, pb.Part]
_Sort = Literal["reasoning", "message", "call"]
_SORTS: dict[str, _Sort] = {
    "text": "message",
    "refusal": "message",
    "reasoning": "reasoning",
    "redacted_reasoning": "reasoning",
    "tool_call": "call",
}

_INNER = ("", REASONING_TEXT)
"""What the signature of a reasoning item's last part does not hold."""


def build_turn(message: pb.LLMMessage, field: str, target: ResponsesTarget) -> list[_Item]:
    """The items of a message of the model.

    Parts that follow each other and were one item are one again.
    """
    if not message.parts:
        return [{"role": "assistant", "content": message.content}]
    items: list[_Item] = []
    for sort, parts in _runs(message, field, target):
        match sort:
            case "call":
                items += [_call(place, part, target) for place, part in parts]
            case "message":
                items.append(_message(parts, target))
            case "reasoning":
                items += _reasoning(parts, target)
    return items


def _runs(
    message: pb.LLMMessage, field: str, target: ResponsesTarget
) -> list[tuple[_Sort, list[_Placed]]]:
    """The parts in runs of one sort and one item."""
    runs: list[tuple[_Sort, list[_Placed]]] = []
    before: object = None
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        kind = part.WhichOneof("kind") or ""
        sort = _SORTS.get(kind)
        if sort is None:
            target.findings.unsupported(
                f"{place}.{kind}", f"{target.row.name} takes none from the model itself"
            )
            continue
        if kind == "refusal" and target.refuses("messages.parts.refusal", f"{place}.refusal"):
            continue
        if part.HasField("cache_breakpoint"):
            target.findings.warn(
                f"{place}.cache_breakpoint", "what the model said takes none: left out"
            )
        signature = part.signature
        now = (sort, signature.provider, signature.id)
        if now == before:
            runs[-1][1].append((place, part))
        else:
            runs.append((sort, [(place, part)]))
        ends = sort == "reasoning" and not signature.id and signature.data not in _INNER
        before = None if ends else now
    return runs


def _message(parts: list[_Placed], target: ResponsesTarget) -> _Item:
    content = [
        {"type": "output_text", "text": part.text}
        if part.HasField("text")
        else {"type": "refusal", "refusal": part.refusal}
        for _, part in parts
    ]
    item: _Item = {"type": "message", "role": "assistant", "content": content}
    signed = [(place, part) for place, part in parts if part.HasField("signature")]
    if signed and not _is_foreign(signed[0], target):
        signature = signed[0][1].signature
        item["phase"] = signature.data
        if signature.id:
            item |= {"id": signature.id, "status": "completed"}
    return item


def _call(place: str, part: pb.Part, target: ResponsesTarget) -> _Item:
    if part.HasField("signature"):
        target.findings.warn(f"{place}.signature", f"{target.row.name} signs no call: left out")
    call = part.tool_call
    return {
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments or "{}",
    }


def _reasoning(parts: list[_Placed], target: ResponsesTarget) -> list[_Item]:
    """One item; none, with a warning for each part, where it could not be read.

    Without its encrypted content a summary is nothing to a provider that keeps no
    state, and it refuses the item.
    """
    if any(_is_foreign(each, target, reasoning=True) for each in parts):
        return []
    summary: list[_Item] = []
    content: list[_Item] = []
    encrypted = ""
    for _, part in parts:
        data = part.signature.data
        if data == REASONING_TEXT:
            content.append({"type": REASONING_TEXT, "text": part.reasoning})
            continue
        encrypted = data or encrypted
        if part.reasoning:
            summary.append({"type": "summary_text", "text": part.reasoning})
    if not (encrypted or content):
        for place, _ in parts:
            target.findings.warn(f"{place}.reasoning", "it has no encrypted content: left out")
        return []
    item: _Item = {"type": "reasoning", "summary": summary}
    signature = parts[0][1].signature
    if signature.id:
        item["id"] = signature.id
    if content:
        item["content"] = content
    if encrypted:
        item["encrypted_content"] = encrypted
    return [item]


def _is_foreign(placed: _Placed, target: ResponsesTarget, *, reasoning: bool = False) -> bool:
    """Whether a signature is another provider's, or none; then it is warned of."""
    place, part = placed
    maker = part.signature.provider
    if maker == target.row.name and not part.HasField("redacted_reasoning"):
        return False
    if reasoning:
        target.findings.warn(
            f"{place}.{part.WhichOneof('kind')}",
            f"this is no reasoning that {target.row.name} signed: left out",
        )
    else:
        target.findings.warn(f"{place}.signature", f"this is a signature of {maker}: left out")
    return True
