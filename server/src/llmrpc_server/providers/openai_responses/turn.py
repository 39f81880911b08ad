"""A turn of the model goes back as the items that it came as."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc_server.providers.kept_json import NOTHING, Fields, string
from llmrpc_server.providers.media import to_base64
from llmrpc_server.providers.openai_family.error_body import GENERATION
from llmrpc_server.providers.openai_family.fields import object_of
from llmrpc_server.providers.openai_family.history import (
    read_extra,
    short_id,
    text_of_arguments,
    write_refusal,
)
from llmrpc_server.providers.openai_responses.blocks import IMAGE
from llmrpc_server.providers.openai_responses.content import write_block
from llmrpc_server.providers.openai_responses.kept import (
    in_order,
    restore,
    restore_piece,
    take_piece,
)
from llmrpc_server.providers.openai_responses.pieces import REASONING_TEXT
from llmrpc_server.providers.openai_responses.quirks import ResponsesTarget
from llmrpc_server.providers.tool_names import sent_name

_Item = dict[str, Any]
_Placed = tuple[str, pb.Part]
_Sort = Literal["reasoning", "message", "call", "block", "image"]
_SORTS: dict[str, _Sort] = {
    "text": "message",
    "refusal": "message",
    "reasoning": "reasoning",
    "redacted_reasoning": "reasoning",
    "tool_call": "call",
    "provider_block": "block",
    "image": "image",
}

_INNER = ("", REASONING_TEXT)
"""What the signature of a reasoning item's last part does not hold."""


def build_turn(
    message: pb.LLMMessage, field: str, target: ResponsesTarget, *, last: bool = True
) -> list[_Item | Raw]:
    """The items of a message of the model.

    Parts that follow each other and were one item are one again. Reasoning at the end of the
    `last` message before somebody else's is left out: it must have what it led to behind it.
    Source: https://github.com/openai/openai-agents-python/issues/1660
    """
    if not message.parts:
        return [{"role": "assistant", "content": message.content}]
    items: list[_Item | Raw] = []
    for sort, parts in _runs(message, field, target):
        match sort:
            case "call":
                items += [_call(place, part, target) for place, part in parts]
            case "block":
                items += [raw for each in parts if (raw := _block(*each, target))]
            case "image":
                items += [_image(*each, target) for each in parts]
            case "message":
                items.append(_message(parts, target))
            case "reasoning":
                items += _reasoning(parts, target)
    if last:
        _drop_reasoning(items, field, target)
    return items


def _drop_reasoning(items: list[_Item | Raw], field: str, target: ResponsesTarget) -> None:
    while items and isinstance(item := items[-1], dict) and item["type"] == "reasoning":
        items.pop()
        target.findings.drop(field, "reasoning that nothing follows")


def _runs(
    message: pb.LLMMessage, field: str, target: ResponsesTarget
) -> list[tuple[_Sort, list[_Placed]]]:
    """The parts in runs of one sort and one item."""
    runs: list[tuple[_Sort, list[_Placed]]] = []
    before: object = None
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        kind = part.WhichOneof("kind") or ""
        sort = _sort(kind, part, target)
        if sort is None:
            target.refuse_of_model(kind, place)
            continue
        if part.HasField("cache_breakpoint"):
            target.findings.drop(
                f"{place}.cache_breakpoint", "a cache breakpoint on what the model wrote"
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


def _sort(kind: str, part: pb.Part, target: ResponsesTarget) -> _Sort | None:
    """What an item of the part would be; None where it can be none.

    A signed block is a piece of a message, and only an image that the provider made goes back.
    """
    own = part.signature.provider == target.row.name
    if kind == "image" and not (own and part.image.data):
        return None
    return "message" if kind == "provider_block" and own else _SORTS.get(kind)


def _message(parts: list[_Placed], target: ResponsesTarget) -> _Item:
    first = parts[0][1]
    own = first.HasField("signature") and not _is_foreign(parts[0], target)
    extras = [read_extra(part, place, target) for place, part in parts]
    pieces = []
    for (place, part), extra in zip(parts, extras, strict=True):
        more, number = take_piece(extra)
        pieces.append((_piece(place, part, target, more, whole=own), number))
    content = in_order(pieces)
    if own:
        _warn_of_data(*parts[0], target)
        extra = next((each for each in extras if each), {})
        return {**restore("message", "", extra), "content": content}
    return {"type": "message", "role": "assistant", "content": content}


def _piece(
    place: str, part: pb.Part, target: ResponsesTarget, more: Fields, *, whole: bool
) -> _Item | Raw:
    """A piece of a message; one of the provider's own has all fields that it had."""
    if part.HasField("provider_block"):
        return Raw(part.provider_block.data.encode())
    if part.HasField("refusal"):
        return restore_piece(write_refusal(part, place, target, "output_text"), more)
    piece: _Item = {"type": "output_text", "text": part.text}
    citations = [Raw(each.data.encode()) for _, each in target.own_annotations(part, place)]
    if whole or citations:
        piece |= {"annotations": citations, "logprobs": []}
    return restore_piece(piece, more)


def _call(place: str, part: pb.Part, target: ResponsesTarget) -> _Item:
    item: _Item = {"type": "function_call"}
    if part.HasField("signature") and not _is_foreign((place, part), target):
        _warn_of_data(place, part, target)
        extra = read_extra(part, place, target)
        item = restore("function_call", part.signature.id, extra)
    call = part.tool_call
    arguments = text_of_arguments(call, place, target)
    name = sent_name(call.name)
    return {**item, "call_id": short_id(call.id), "name": name, "arguments": arguments}


def _block(place: str, part: pb.Part, target: ResponsesTarget) -> Raw | None:
    """A generation that failed has no place: the provider would look it up, and keeps none.

    Source: https://github.com/can1357/oh-my-pi/pull/3226
    """
    raw = write_block(part, place, target)
    kind = part.provider_block.type
    if raw is not None and kind == GENERATION:
        target.findings.warn(f"{place}.provider_block", "this block is not a call; dropped")
        return None
    if raw is not None and kind == "message":
        fields = object_of(raw)
        fields.pop("id", None)
        return Raw(msgspec.json.encode(fields))
    if raw is None or kind != IMAGE:
        return raw
    if not string(object_of(raw).get("result", NOTHING)):
        target.findings.warn(f"{place}.provider_block", "this call generated no image; dropped")
        return None
    return raw


def _image(place: str, part: pb.Part, target: ResponsesTarget) -> _Item:
    """The item with its image: by its id alone the provider would look it up.

    Source: `ImageGenerationCall` of `ResponseInputItemParam`, the `openai` package 3.57.0
    """
    extra = read_extra(part, place, target)
    item = restore(IMAGE, part.signature.id, extra)
    return {**item, "result": to_base64(part.image.data)}


def _reasoning(parts: list[_Placed], target: ResponsesTarget) -> list[_Item]:
    """One item; none, with a warning for each part, where it could not be read.

    Without its encrypted content a summary is nothing to a provider that keeps no
    state, and it refuses the item.
    """
    if any(_is_foreign(each, target, reasoning=True) for each in parts):
        return []
    summary: list[tuple[_Item, int | None]] = []
    content: list[tuple[_Item, int | None]] = []
    encrypted = ""
    kept: Fields = {}
    for place, part in parts:
        data, extra = part.signature.data, read_extra(part, place, target)
        more, number = take_piece(extra)
        kept = kept or extra
        if data == REASONING_TEXT:
            content.append((_thought(REASONING_TEXT, part, more), number))
            continue
        encrypted = data or encrypted
        if part.reasoning or more:
            summary.append((_thought("summary_text", part, more), number))
    if not (encrypted or content):
        for place, _ in parts:
            target.findings.drop(f"{place}.reasoning", "reasoning without encrypted content")
        return []
    item = {**restore("reasoning", parts[0][1].signature.id, kept), "summary": in_order(summary)}
    if content:
        item["content"] = in_order(content)
    if encrypted:
        item["encrypted_content"] = encrypted
    return [item]


def _thought(kind: str, part: pb.Part, more: Fields) -> _Item:
    """A piece of reasoning; one of an unknown type may have no text."""
    text = {"text": part.reasoning} if part.reasoning or "type" not in more else {}
    return restore_piece({"type": kind, **text}, more)


def _warn_of_data(place: str, part: pb.Part, target: ResponsesTarget) -> None:
    """Warns of a value that only reasoning is signed with."""
    if part.signature.data:
        target.findings.drop(f"{place}.signature", "signature data except on reasoning")


def _is_foreign(placed: _Placed, target: ResponsesTarget, *, reasoning: bool = False) -> bool:
    """Whether a signature is another provider's, or none; then it is warned of."""
    place, part = placed
    maker = part.signature.provider
    if maker == target.row.name and not part.HasField("redacted_reasoning"):
        return False
    if reasoning:
        kind = part.WhichOneof("kind")
        target.findings.drop(f"{place}.{kind}", "reasoning that it did not sign")
    else:
        target.findings.drop(f"{place}.signature", f"a signature of {maker}")
    return True
