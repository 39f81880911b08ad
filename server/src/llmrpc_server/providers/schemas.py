"""JSON schemas of a request, which travel as the text that they came as."""

from __future__ import annotations

import msgspec

from llmrpc.findings import Findings


def read_schema(text: str, field: str, findings: Findings) -> msgspec.Raw:
    """The text as it is, once it is known to be a JSON object; else a violation."""
    try:
        is_object = isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, RecursionError) as error:
        findings.invalid(field, f"this is no JSON: {error}")
    else:
        if not is_object:
            findings.invalid(field, "a JSON schema is a JSON object")
    return msgspec.Raw(text.encode())
