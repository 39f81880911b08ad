"""JSON schemas of a request, which travel as the text that they came as."""

from __future__ import annotations

from typing import Any

import msgspec

from llmrpc import v1 as pb
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


def titled_schema(
    form: pb.JsonSchemaFormat, field: str, findings: Findings
) -> msgspec.Raw | dict[str, Any]:
    """The schema of an answer, for providers that have no other place for its name.

    Name and description become the schema's title and description, where it has none
    and is no `$ref`, beside which nothing may stand; else the description is left out
    with a warning.
    """
    raw = read_schema(form.schema, f"{field}.schema", findings)
    if not (form.name or form.description):
        return raw
    try:
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return raw
    added: dict[str, Any] = {}
    free = "$ref" not in fields
    if form.name and free:
        added["title"] = form.name
    if form.description and free and "description" not in fields:
        added["description"] = form.description
    elif form.description:
        why = "the schema has its own" if free else "nothing may stand beside its $ref"
        findings.warn(f"{field}.description", f"{why}: left out")
    return {**added, **fields}
