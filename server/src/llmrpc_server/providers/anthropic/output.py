"""The form of the answer: JSON after a schema.

The API holds the answer to the schema always, so `strict` changes nothing. The name
becomes the schema's title where it has none. Source:
https://platform.claude.com/docs/en/build-with-claude/structured-outputs
"""

from __future__ import annotations

from typing import Any

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.schemas import read_schema

_FIELD = "response_format.json_schema"


def add_response_format(
    body: dict[str, Any], form: pb.ResponseFormat, target: AnthropicTarget
) -> None:
    """Writes `output_config.format`."""
    kind = form.WhichOneof("kind")
    if kind == "json_object":
        target.findings.unsupported(
            "response_format.json_object",
            f"{target.row.name} has no JSON without a schema; give one with json_schema",
        )
    elif kind == "json_schema" and not target.refuses(_FIELD):
        schema = _schema(form.json_schema, target)
        output = body.setdefault("output_config", {})
        output["format"] = {"type": "json_schema", "schema": schema}


def _schema(form: pb.JsonSchemaFormat, target: AnthropicTarget) -> msgspec.Raw | dict[str, Any]:
    raw = read_schema(form.schema, f"{_FIELD}.schema", target.findings)
    if not (form.name or form.description):
        return raw
    try:
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return raw
    added: dict[str, Any] = {}
    if form.name:
        added["title"] = form.name
    if form.description and "description" not in fields:
        added["description"] = form.description
    elif form.description:
        target.findings.warn(f"{_FIELD}.description", "the schema has its own: left out")
    return {**added, **fields}
