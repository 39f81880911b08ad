"""A turn of the model, as it goes back: each part with its signature, in order.

A function call or a text may be signed (`thoughtSignature`), and its signature goes
back on the same part. A provider block goes back as it came. Parts that were one part of
Google's are one again: the last one of them has the contents of the others too. Sources:
https://ai.google.dev/api/caching#Content and
https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from __future__ import annotations

from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.arguments import write_arguments
from llmrpc_server.providers.google.names import sent
from llmrpc_server.providers.google.parts import build_part
from llmrpc_server.providers.google.quirks import GoogleTarget
from llmrpc_server.providers.kept_json import Fields, fields_of, plain

SKIP_SIGNATURE = "skip_thought_signature_validator"
"""Stands for the signature of a call that Google's model did not make. Source: the
questions at the end of https://ai.google.dev/gemini-api/docs/thought-signatures"""


def build_answer(
    message: pb.LLMMessage, field: str, names: dict[str, str], target: GoogleTarget
) -> list[Any]:
    """The parts of a turn.

    `names` gets the tools' names by the ids of the calls. Of several calls the first is
    the one whose signature is demanded.
    """
    if message.content:
        return [{"text": message.content}]
    built: list[Any] = []
    called = False
    for index, part in enumerate(message.parts):
        place = f"{field}.parts[{index}]"
        target.leave_out(part, place, "cache_breakpoint")
        leave_out_sources(part, place, target)
        if part.HasField("provider_block"):
            built += build_block(part, place, target)
            continue
        item = _item(part, place, names, target)
        if item is None:
            continue
        own = part.signature if part.signature.provider == target.row.name else None
        if own and own.extra:
            more = fields_of(own.extra)
            if more is None:
                target.findings.invalid(f"{place}.signature.extra", "is not a JSON object")
                continue
            _join(built, more)
            _add_extra(item, more)
        if own and own.data:
            item["thoughtSignature"] = own.data
        elif part.HasField("tool_call") and not called and target.model.signed_calls:
            item["thoughtSignature"] = SKIP_SIGNATURE
            target.findings.warn(
                f"{place}.signature",
                f"{target.row.name} needs its own; sent with the value that stands for one",
            )
        elif not (own and own.extra):
            target.leave_out(part, place, "signature")
        called = called or part.HasField("tool_call")
        if item.get("text") != "" or len(item) > 1 + ("thought" in item):
            built.append(item)
    return built


def _item(
    part: pb.Part, place: str, names: dict[str, str], target: GoogleTarget
) -> dict[str, Any] | None:
    match part.WhichOneof("kind"):
        case "reasoning" | "redacted_reasoning":
            return _thought(part, place, target)
        case "tool_call":
            names[part.tool_call.id] = part.tool_call.name
            return _call(part.tool_call, f"{place}.tool_call", target)
        case "refusal":
            return {"text": target.refusal_as_text(part, place)}
        case _:
            return build_part(part, place, target)


def leave_out_sources(part: pb.Part, place: str, target: GoogleTarget) -> None:
    """Warns of annotations: generateContent takes no sources in its contents."""
    target.leave_out_annotations(part, place, "sources")


def _thought(part: pb.Part, place: str, target: GoogleTarget) -> dict[str, Any] | None:
    """Google's own reasoning, or what nobody signed; others' is left out."""
    maker = part.signature.provider
    if maker and maker != target.row.name:
        what = f"reasoning of {maker}"
    elif part.HasField("redacted_reasoning"):
        what = "reasoning that it did not write"
    else:
        return {"text": part.reasoning, "thought": True}
    target.findings.drop(f"{place}.{part.WhichOneof('kind')}", what)
    return None


def build_block(part: pb.Part, place: str, target: GoogleTarget) -> list[msgspec.Raw]:
    """A part that Google made, as it came; nothing of another provider's."""
    target.leave_out(part, place, "signature")
    block = target.own_block(part, place)
    return [] if block is None else [msgspec.Raw(block.data.encode())]


def _join(built: list[Any], more: Fields) -> None:
    """Takes back the parts whose contents the next one has among its other fields."""
    thought = {"thought": True} if "thought" in more else {}
    for name, beside in (("inlineData", {}), ("text", thought)):
        if name in more and built and built[-1] == {name: plain(more[name]), **beside}:
            built.pop()


def _add_extra(item: dict[str, Any], more: Fields) -> None:
    """Adds the fields that came beside the ones that the contract has."""
    inner = fields_of(more["functionCall"]) if "functionCall" in more else None
    if inner and "functionCall" in item:
        item["functionCall"] = {**inner, **item["functionCall"]}
    item.update((name, value) for name, value in more.items() if name not in item)


def _call(call: pb.ToolCall, place: str, target: GoogleTarget) -> dict[str, Any]:
    args = write_arguments(call, place, target)
    return {"functionCall": {"id": call.id, "name": sent(call.name), "args": args}}
