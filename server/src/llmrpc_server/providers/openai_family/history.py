"""Earlier turns in both dialects: what goes back as it came, and what cannot is told."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.openai_family.fields import Fields, read_fields
from llmrpc_server.providers.openai_family.quirks import FamilyQuirks, Model
from llmrpc_server.providers.target import Target

Q = TypeVar("Q", bound=FamilyQuirks)

_UNREADABLE_ARGUMENTS = "INVALID_JSON"
"""The key under which arguments that are no JSON object are sent as one. Source:
https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming"""


def is_own_block(part: pb.Part, place: str, target: Target[Q, Model]) -> bool:
    """Whether a provider block is the provider's own; another's is warned of."""
    maker = part.provider_block.provider
    if maker == target.row.name:
        return True
    target.findings.warn(f"{place}.provider_block", f"this is a block of {maker}: left out")
    return False


def own_annotations(part: pb.Part, place: str, target: Target[Q, Model]) -> list[Raw]:
    """The annotations of a text as the provider wrote them; others are warned of, once."""
    name = target.row.name
    own = [each for each in part.annotations if each.provider == name and each.data]
    if len(own) < len(part.annotations):
        target.findings.warn(
            f"{place}.annotations", f"{name} takes back its own alone: others are left out"
        )
    return [Raw(each.data.encode()) for each in own]


def read_extra(part: pb.Part, place: str, target: Target[Q, Model]) -> Fields:
    """What the provider's own signature keeps of a part beside its value; else nothing."""
    signature = part.signature
    if signature.provider != target.row.name or not signature.extra:
        return {}
    try:
        return read_fields(signature.extra)
    except UNDECODABLE:
        target.findings.invalid(f"{place}.signature.extra", "must be a JSON object")
        return {}


def write_arguments(call: pb.ToolCall, place: str, target: Target[Q, Model]) -> str:
    """The arguments of a call; what is no object, since it was cut off, is put into one.

    Most servers read them, and would refuse the whole conversation. Source:
    https://github.com/vllm-project/vllm/issues/43995
    """
    if not call.arguments:
        return "{}"
    if target.quirks.any_arguments:
        return call.arguments
    try:
        read_fields(call.arguments)
    except UNDECODABLE:
        target.findings.warn(
            f"{place}.tool_call.arguments",
            f"must be a JSON object; sent as the text of the field {_UNREADABLE_ARGUMENTS}",
        )
        return msgspec.json.encode({_UNREADABLE_ARGUMENTS: call.arguments}).decode()
    return call.arguments


def write_refusal(part: pb.Part, place: str, target: Target[Q, Model], text: str) -> dict[str, Any]:
    """A refusal of the model, as a piece of content.

    It is text, of the type that is given, where the provider has no refusals.
    """
    if not target.lacks("messages.parts.refusal"):
        return {"type": "refusal", "refusal": part.refusal}
    target.findings.warn(f"{place}.refusal", f"{target.row.name} has no refusals: sent as text")
    return {"type": text, "text": part.refusal}


def tell_of_error(result: pb.ToolResult, place: str, target: Target[Q, Model]) -> None:
    """Warns of an error's mark, which neither dialect has a place for."""
    if result.is_error:
        target.findings.warn(
            f"{place}.tool_result.is_error",
            f"{target.row.name} has no place for it: the content alone tells of the error",
        )
