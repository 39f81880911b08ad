"""JSON objects that go back to the provider as it wrote them."""

from __future__ import annotations

from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.failures import UNDECODABLE

Fields = dict[str, Any]


def read_object(text: str, field: str, target: AnthropicTarget) -> Fields:
    """The fields of an object, each as it was written; none, with a violation, for other text."""
    fields = fields_of(text)
    if fields is None:
        target.findings.invalid(field, "is not a JSON object")
    return fields or {}


def fields_of(text: str | bytes | msgspec.Raw) -> Fields | None:
    """The fields of an object, each as it was written; None for other text."""
    try:
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except UNDECODABLE:
        return None


def write_provider_block(part: pb.Part, place: str, target: AnthropicTarget) -> Fields | None:
    """A block that only the provider understands; another provider's is dropped."""
    block = part.provider_block
    if block.provider != target.row.name:
        target.findings.warn(
            f"{place}.provider_block",
            f"this is a block of {block.provider or 'an unknown provider'}; dropped",
        )
        return None
    field = f"{place}.provider_block.data"
    fields = fields_of(block.data) or {}
    if "type" in fields:
        return fields
    target.findings.invalid(field, "must be a JSON object with a type")
    return None


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
