"""JSON objects that go back to the provider as it wrote them."""

from __future__ import annotations

from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.kept_json import fields_of

Fields = dict[str, Any]


def read_object(text: str, field: str, target: AnthropicTarget) -> Fields:
    """The fields of an object, each as it was written; none, with a violation, for other text."""
    fields = fields_of(text)
    if fields is None:
        target.findings.invalid(field, "is not a JSON object")
    return {**(fields or {})}


def write_provider_block(part: pb.Part, place: str, target: AnthropicTarget) -> Fields | None:
    """A block that only the provider understands; another provider's is dropped."""
    block = target.own_block(part, place)
    if block is None:
        return None
    fields = fields_of(block.data)
    if fields is None:
        target.findings.invalid(f"{place}.provider_block.data", "is not a JSON object")
    elif "type" not in fields:
        target.findings.warn(f"{place}.provider_block", "this block has no type; dropped")
        return None
    return fields


def write_extra(
    block: Fields, part: pb.Part, place: str, target: AnthropicTarget, *, spent: bool = False
) -> None:
    """Adds what must go back with a part, and warns of a signature that cannot.

    `spent`: the block has the signature itself already.
    """
    signature = part.signature
    if signature.provider == target.row.name and signature.extra:
        extra = read_object(signature.extra, f"{place}.signature.extra", target)
        block.update((name, value) for name, value in extra.items() if name not in block)
    elif not spent:
        target.leave_out(part, place, "signature")
