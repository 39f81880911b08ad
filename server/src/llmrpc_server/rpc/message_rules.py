"""What makes a message of a conversation valid."""

from __future__ import annotations

from collections.abc import Iterator

from llmrpc import v1 as pb
from llmrpc.errors import Violation
from llmrpc_server.rpc.cache_rules import breakpoint_violations
from llmrpc_server.rpc.media_rules import media_violations
from llmrpc_server.rpc.schema_rules import opaque_object_violation

_MEDIA = frozenset({"text", "image", "audio", "document"})
_RESULT = _MEDIA - {"audio"}
KINDS = {
    pb.ROLE_SYSTEM: _MEDIA,
    pb.ROLE_USER: _MEDIA,
    pb.ROLE_ASSISTANT: _MEDIA
    | {"reasoning", "redacted_reasoning", "tool_call", "refusal", "provider_block"},
    pb.ROLE_TOOL: frozenset({"tool_result", "provider_block"}),
}
"""The kinds of part that each role may have."""
_SPEAKERS = KINDS.keys() - {pb.ROLE_TOOL}


def is_plain_text(message: pb.LLMMessage) -> bool:
    """Whether a message is valid at a glance: a text of anybody but a tool. Most are such."""
    return bool(message.content) and message.role in _SPEAKERS and not message.parts


def message_violations(path: str, message: pb.LLMMessage) -> Iterator[Violation]:
    """What is wrong with a message: role, content against parts, each part."""
    kinds = KINDS.get(message.role)
    if kinds is None:
        yield Violation(f"{path}.role", "must be system, user, assistant or tool")
    if not message.parts:
        if not message.content:
            if message.role != pb.ROLE_ASSISTANT:  # an answer may have been empty
                yield Violation(f"{path}.content", "must not be empty; set content or parts")
        elif message.role == pb.ROLE_TOOL:
            yield Violation(
                f"{path}.parts", "must not be empty; a tool message has tool_result parts"
            )
        return
    if message.content:
        yield Violation(f"{path}.content", "must not be set together with parts; set one of them")
    for place, part in enumerate(message.parts):
        kind = part.WhichOneof("kind")
        at = f"{path}.parts[{place}]"
        if kind is None:
            yield Violation(at, "must have a kind")
        elif kinds is not None and kind not in kinds:
            role = pb.Role.Name(message.role).removeprefix("ROLE_").lower()
            yield Violation(f"{at}.{kind}", f"must not be in a message of role {role}")
        else:
            of_model = message.role == pb.ROLE_ASSISTANT
            yield from _part_violations(at, part, kind, of_model=of_model)


def _part_violations(
    path: str, part: pb.Part, kind: str, *, of_model: bool = False
) -> Iterator[Violation]:
    if kind in ("image", "audio", "document"):
        yield from media_violations(f"{path}.{kind}", getattr(part, kind), of_model=of_model)
    elif kind == "text" and not (part.text or part.HasField("signature")):
        yield Violation(f"{path}.text", "must not be empty")
    elif kind == "tool_call" and not (part.tool_call.id and part.tool_call.name):
        yield Violation(f"{path}.tool_call", "must have an id and a name")
    elif kind == "tool_result":
        yield from _result_violations(f"{path}.tool_result", part.tool_result)
    elif kind == "provider_block":
        yield from _block_violations(f"{path}.provider_block", part.provider_block)
    if part.HasField("cache_breakpoint"):
        yield from breakpoint_violations(path, part)
    if part.HasField("signature"):
        if not part.signature.provider:
            yield Violation(f"{path}.signature.provider", "must not be empty")
        if part.signature.extra:
            yield from opaque_object_violation(f"{path}.signature.extra", part.signature.extra)
    if part.annotations:
        yield from _annotation_violations(f"{path}.annotations", part, kind)


def _result_violations(path: str, result: pb.ToolResult) -> Iterator[Violation]:
    if not result.tool_call_id:
        yield Violation(f"{path}.tool_call_id", "must not be empty")
    if result.content and result.parts:
        yield Violation(f"{path}.content", "must not be set together with parts; set one of them")
    for place, piece in enumerate(result.parts):
        kind = piece.WhichOneof("kind")
        if kind is None or kind not in _RESULT:
            yield Violation(f"{path}.parts[{place}]", "must be text, an image or a document")
        else:
            yield from _part_violations(f"{path}.parts[{place}]", piece, kind)


def _block_violations(path: str, block: pb.ProviderBlock) -> Iterator[Violation]:
    if not block.provider:
        yield Violation(f"{path}.provider", "must not be empty")
    yield from opaque_object_violation(f"{path}.data", block.data)


def _annotation_violations(path: str, part: pb.Part, kind: str) -> Iterator[Violation]:
    if kind != "text":
        yield Violation(path, f"must be empty in a part of kind {kind}")
        return
    for index, annotation in enumerate(part.annotations):
        if not annotation.provider:
            yield Violation(f"{path}[{index}].provider", "must not be empty")
        if annotation.data:
            yield from opaque_object_violation(f"{path}[{index}].data", annotation.data)
