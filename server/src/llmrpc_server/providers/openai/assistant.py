"""Messages of the model, which go back as they came, as far as a provider takes them."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc.hints import HINTS
from llmrpc_server.providers.kept_json import NOTHING, string
from llmrpc_server.providers.media import data_url
from llmrpc_server.providers.openai.call_ids import call_id
from llmrpc_server.providers.openai.details import to_item
from llmrpc_server.providers.openai.parts import build_part, simplest
from llmrpc_server.providers.openai.quirks import OpenAITarget
from llmrpc_server.providers.openai_family.error_body import GENERATION
from llmrpc_server.providers.openai_family.fields import object_of
from llmrpc_server.providers.openai_family.history import (
    read_extra,
    text_of_arguments,
)
from llmrpc_server.providers.tool_names import sent_name

_LISTS = ("annotations", "images", "reasoning_steps")
"""Fields of a message that are lists of what parts hold."""


class _Pieces:
    """What the parts of a message become, by their places in it."""

    def __init__(self) -> None:
        self.content: list[Any] = []
        self.tool_calls: list[Any] = []
        self.reasoning: list[tuple[str, pb.Part]] = []
        self.lists: dict[str, list[Any]] = {name: [] for name in _LISTS}


def build_assistant(
    message: pb.LLMMessage, field: str, target: OpenAITarget, *, tools: bool = False
) -> dict[str, Any]:
    """A message of the model; `tools` says whether the request has any."""
    built: dict[str, Any] = {"role": "assistant", "content": message.content}
    pieces = _Pieces()
    for index, part in enumerate(message.parts):
        _sort(part, f"{field}.parts[{index}]", pieces, target)
    if message.parts:
        built["content"] = simplest(pieces.content)
    if pieces.tool_calls:
        built["tool_calls"] = pieces.tool_calls
        built["content"] = built["content"] or None
    _add_reasoning(built, pieces.reasoning, target, tools=tools)
    built.update((name, items) for name, items in pieces.lists.items() if items)
    return built


def _sort(part: pb.Part, place: str, pieces: _Pieces, target: OpenAITarget) -> None:
    match part.WhichOneof("kind"):
        case "reasoning" | "redacted_reasoning":
            if _goes_back(part, place, target):
                pieces.reasoning.append((place, part))
        case "tool_call":
            pieces.tool_calls.append(_call(part, place, target))
        case "provider_block":
            _add_block(part, place, pieces, target)
        case "image" if target.quirks.assistant_images:
            if image := _image(part.image, f"{place}.image", target):
                pieces.lists["images"].append(image)
            _warn_of_extras(part, place, target)
        case "image" | "audio" | "document" as kind:
            target.refuse_of_model(kind, place)
        case _:
            pieces.lists["annotations"].extend(_annotations(part, place, target))
            if item := build_part(part, place, target):
                pieces.content.append(item)


def _annotations(part: pb.Part, place: str, target: OpenAITarget) -> list[Raw]:
    """The annotations of a text as their provider wrote them; others are warned of, once."""
    if target.quirks.send_annotations:
        own = target.own_annotations(part, place)
        return [Raw(each.data.encode()) for _, each in own]
    target.leave_out_annotations(part, place)
    return []


def _add_block(part: pb.Part, place: str, pieces: _Pieces, target: OpenAITarget) -> None:
    """Puts a block into the field of the message that it came from."""
    if target.own_block(part, place) is None:
        return
    block, blocks = part.provider_block, target.quirks.blocks
    field = "tool_calls" if _is_call(block) else blocks.get(block.type) or blocks.get("*")
    if field is None or block.type == GENERATION:
        target.findings.drop(f"{place}.provider_block", f"a block of the type {block.type[:64]}")
        return
    item = Raw(block.data.encode())
    if field == "tool_calls":
        pieces.tool_calls.append(item)
    elif field == "content":
        pieces.content.append(item)
    else:
        pieces.lists[field].append(item)
    _warn_of_extras(part, place, target)


def _is_call(block: pb.ProviderBlock) -> bool:
    """Whether a block is a call, of whatever type: it has an id, and its type as a field."""
    return bool(block.id and object_of(block.data).get(block.type))


def _image(image: pb.Image, place: str, target: OpenAITarget) -> dict[str, Any] | None:
    match image.WhichOneof("source"):
        case "data":
            url = data_url(image.data, image.media_type)
        case "uri":
            url = image.uri
        case _:
            target.findings.unsupported(f"{place}.file_id")
            return None
    return {"type": "image_url", "image_url": {"url": url}}


def _add_reasoning(
    built: dict[str, Any],
    reasoning: list[tuple[str, pb.Part]],
    target: OpenAITarget,
    *,
    tools: bool,
) -> None:
    quirks = target.quirks
    way = quirks.send_reasoning
    text = "".join(part.reasoning for _, part in reasoning)
    if way == "details":
        _add_details(built, reasoning, target)
    elif way == "thinking":
        if thoughts := [_thought(part) for _, part in reasoning if part.reasoning]:
            said = built["content"] or []
            if isinstance(said, str):
                said = [{"type": "text", "text": said}]
            built["content"] = [*thoughts, *said]
    elif way and (text or (quirks.reasoning_with_calls and ("tool_calls" in built or tools))):
        built[way] = text


def _thought(part: pb.Part) -> dict[str, Any]:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": part.reasoning}]}
    if part.signature.data:
        thought["signature"] = part.signature.data
    return thought


def _add_details(
    built: dict[str, Any], reasoning: list[tuple[str, pb.Part]], target: OpenAITarget
) -> None:
    """Items go back as they came; plain text goes where there are none."""
    items = [(place, part, _item(part, place, target)) for place, part in reasoning]
    if details := [item for _, _, item in items if item]:
        built["reasoning_details"] = details
        for place, _, item in items:
            if not item:
                target.findings.drop(f"{place}.reasoning", "unsigned reasoning beside signed")
    elif reasoning:
        built["reasoning"] = "".join(part.reasoning for _, part in reasoning)


def _goes_back(part: pb.Part, place: str, target: OpenAITarget) -> bool:
    """Whether reasoning is sent: not another provider's, and where there is a place."""
    maker = part.signature.provider
    if maker and maker != target.row.name:
        what = f"reasoning of {maker}"
    elif not target.quirks.send_reasoning:
        what = "reasoning"
    elif part.HasField("redacted_reasoning") and not _item(part, place, target):
        what = "reasoning that it did not write"
    else:
        if part.HasField("cache_breakpoint"):
            target.findings.drop(f"{place}.cache_breakpoint", "a cache breakpoint on reasoning")
        return True
    target.findings.drop(f"{place}.{part.WhichOneof('kind')}", what)
    return False


def _item(part: pb.Part, place: str, target: OpenAITarget) -> dict[str, Any] | None:
    """The `reasoning_details` item of a part, where the provider has such."""
    if target.quirks.send_reasoning != "details":
        return None
    try:
        return to_item(part)
    except ValueError as error:
        target.findings.invalid(f"{place}.signature.data", str(error)[:200])
        return None


def _call(part: pb.Part, place: str, target: OpenAITarget) -> dict[str, Any]:
    """A call, with its type and the fields beside its own that it came with."""
    call = part.tool_call
    extra = read_extra(part, place, target)
    signature = part.signature
    _warn_of_extras(part, place, target, signed=bool(signature.data or signature.id or not extra))
    kind = string(extra.pop("type", NOTHING))
    function = {
        "name": call.name if kind else sent_name(call.name),
        "arguments": text_of_arguments(call, place, target),
    }
    inner = object_of(extra.pop("function", NOTHING))
    item = {
        "id": call_id(call.id, target.quirks.tool_call_id),
        "type": kind or "function",
        "function": {**inner, **function} if inner else function,
    }
    return {**extra, **item}


def _warn_of_extras(
    part: pb.Part, place: str, target: OpenAITarget, *, signed: bool = True
) -> None:
    if part.HasField("cache_breakpoint"):
        target.findings.drop(f"{place}.cache_breakpoint", HINTS["cache_breakpoint"])
    if signed:
        target.leave_out(part, place, "signature")
