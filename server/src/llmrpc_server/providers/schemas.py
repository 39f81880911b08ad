"""JSON schemas of a request, which travel as the text that they came as."""

from __future__ import annotations

from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc.findings import Findings
from llmrpc_server.providers.kept_json import fields_of, says, string, write_fields
from llmrpc_server.providers.mended_schemas import mend


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


def object_schema(text: str, field: str, findings: Findings) -> msgspec.Raw:
    """The schema of a function's arguments: that of an object, which providers demand."""
    raw = read_schema(mend(text), field, findings)
    fields = fields_of(raw)
    if fields is None or "type" in fields:
        return raw
    return msgspec.Raw(write_fields({"type": "object", **fields}).encode())


def takes_nothing(schema: msgspec.Raw) -> bool:
    """Whether a schema is that of a function without parameters."""
    fields = fields_of(schema)
    return fields is not None and all(_says_nothing(name, raw) for name, raw in fields.items())


def _says_nothing(name: str, raw: msgspec.Raw) -> bool:
    match name:
        case "type":
            return string(raw) == "object"
        case "properties" | "required" | "additionalProperties":
            return not says(raw)
        case _:
            return name == "$schema"


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
