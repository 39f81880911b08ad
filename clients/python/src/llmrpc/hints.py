"""What becomes of the fields that a client has no place for.

A requirement is refused by name, a hint is left out with a warning. Hints are
cache breakpoints, signatures, annotations, the end user's id, and other providers'
reasoning and options.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from google.protobuf import struct_pb2

from llmrpc import v1 as pb
from llmrpc.findings import Findings

Hint = Literal["signature", "cache_breakpoint"]
HINTS: Mapping[Hint, str] = {
    "signature": "a signature here",
    "cache_breakpoint": "a cache breakpoint here",
}
"""Hints that any part may have, as warnings name them."""


def check_text_only(
    request: pb.GenerateRequest,
    provider: str,
    model: str,
    *,
    fields: Collection[str],
    options: Collection[str] | None = (),
) -> list[pb.Warning]:
    """The hints in a request that a client for text alone leaves out.

    `fields` are the fields of `GenerateRequest` that it has a place for, and
    `options` the names of its own `provider_options`; None is any name. Raises
    `InvalidRequestError` (FIELD_NOT_SUPPORTED) with every requirement it lacks.
    """
    findings = Findings(provider, model)
    for index, message in enumerate(request.messages):
        for place, part in enumerate(message.parts):
            _check_part(part, f"messages[{index}].parts[{place}]", findings)
    for field, _ in request.ListFields():
        if field.name == "provider_options":
            own_options(request.provider_options, findings, options)
        elif field.name in fields or _asks_nothing(request, field.name):
            continue
        elif field.name == "end_user_id":
            findings.drop(field.name, "an end user's id")
        else:
            findings.unsupported(field.name)
    findings.check()
    return findings.warnings


def own_options(
    options: Mapping[str, struct_pb2.Value], findings: Findings, known: Collection[str] | None
) -> dict[str, struct_pb2.Value]:
    """The provider's own options by their bare names, of which it knows these.

    An unknown one is a violation; other providers' are left out with a warning.
    """
    own = {}
    for key in sorted(options):
        provider, _, name = key.partition(".")
        field = f"provider_options[{key}]"
        if provider != findings.provider:
            findings.drop(field, "options of another provider")
        elif known is None or name in known:
            own[name] = options[key]
        else:
            findings.unsupported(
                field, f"{provider} takes {', '.join(sorted(known)) or 'no options'}"
            )
    return own


def _asks_nothing(request: pb.GenerateRequest, name: str) -> bool:
    """Whether a field forbids only what no client does by itself."""
    if name == "fallback":
        return not request.fallback.models
    return name == "recovery" and request.recovery == pb.RECOVERY_NONE


def _check_part(part: pb.Part, place: str, findings: Findings) -> None:
    kind = part.WhichOneof("kind")
    maker = part.signature.provider
    if kind in ("reasoning", "redacted_reasoning") and maker != findings.provider:
        whose = f"reasoning of {maker}" if maker else "reasoning that it did not sign"
        findings.drop(f"{place}.{kind}", whose)
    elif kind is None:
        findings.invalid(place, "must have a kind")
    elif kind != "text":
        findings.unsupported(f"{place}.{kind}")
    for hint, what in HINTS.items():
        if part.HasField(hint):
            findings.drop(f"{place}.{hint}", what)
    if part.annotations:
        findings.drop(f"{place}.annotations", "annotations")
