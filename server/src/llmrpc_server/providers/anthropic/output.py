"""The form of the answer: JSON after a schema.

The API holds the answer to the schema always, so `strict` changes nothing. Source:
https://platform.claude.com/docs/en/build-with-claude/structured-outputs
"""

from __future__ import annotations

from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.schemas import titled_schema

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
        schema = titled_schema(form.json_schema, _FIELD, target.findings)
        output = body.setdefault("output_config", {})
        output["format"] = {"type": "json_schema", "schema": schema}
