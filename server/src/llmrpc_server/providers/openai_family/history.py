"""Earlier turns in both dialects: what goes back as it came, and what cannot is told."""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

from llmrpc import v1 as pb
from llmrpc_server.providers.arguments import write_arguments
from llmrpc_server.providers.idle import EMPTY, says_nothing
from llmrpc_server.providers.kept_json import Fields, fields_of
from llmrpc_server.providers.openai_family.quirks import FamilyQuirks, Model
from llmrpc_server.providers.target import Target

Q = TypeVar("Q", bound=FamilyQuirks)


_MOST_LETTERS = 64
"""Of a call's id. Source: https://github.com/decolua/9router/issues/3167"""


def short_id(id: str) -> str:
    """The id of a call, the same one for its result; a longer one is replaced by a mark of it."""
    if len(id) <= _MOST_LETTERS:
        return id
    return f"call_{hashlib.sha256(id.encode()).hexdigest()[:32]}"


def read_extra(part: pb.Part, place: str, target: Target[Q, Model]) -> Fields:
    """What the provider's own signature keeps of a part beside its value; else nothing."""
    signature = part.signature
    if signature.provider != target.row.name or not signature.extra:
        return {}
    fields = fields_of(signature.extra)
    if fields is None:
        target.findings.invalid(f"{place}.signature.extra", "must be a JSON object")
    return fields or {}


def text_of_arguments(call: pb.ToolCall, place: str, target: Target[Q, Model]) -> str:
    """The arguments of a call as text; most servers would refuse what is no JSON object.

    Source: https://github.com/vllm-project/vllm/issues/43995
    """
    if target.quirks.any_arguments:
        return EMPTY if says_nothing(call.arguments) else call.arguments
    return bytes(write_arguments(call, f"{place}.tool_call", target)).decode()


def write_refusal(part: pb.Part, place: str, target: Target[Q, Model], text: str) -> dict[str, Any]:
    """A refusal of the model, as a piece of content.

    It is text, of the type that is given, where the provider has no refusals.
    """
    if not target.lacks("messages.parts.refusal"):
        return {"type": "refusal", "refusal": part.refusal}
    return {"type": text, "text": target.refusal_as_text(part, place)}


def tell_of_error(result: pb.ToolResult, place: str, target: Target[Q, Model]) -> None:
    """Warns of an error's mark, which neither dialect has a place for."""
    if result.is_error:
        target.findings.warn(
            f"{place}.tool_result.is_error",
            f"{target.row.name} has no place for it: the content alone tells of the error",
        )
