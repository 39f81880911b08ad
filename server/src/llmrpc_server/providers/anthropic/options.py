"""The provider's own options, and who the end user is.

Most are fields of the request's body. `betas` is a header, `citations` belongs to each
document, `metadata` has the end user, and `output_config` is joined with what the request
says of its output.
"""

from __future__ import annotations

from typing import Any

from llmrpc import v1 as pb
from llmrpc.hints import own_options
from llmrpc_server.providers.anthropic.citations import enable_citations
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.options import plain


def read_options(request: pb.GenerateRequest, target: AnthropicTarget) -> dict[str, Any]:
    """The options of this provider by name, in plain Python."""
    own = own_options(request.provider_options, target.findings, target.row.options)
    return {name: plain(value) for name, value in own.items()}


def add_options(
    body: dict[str, Any], end_user: str, options: dict[str, Any], target: AnthropicTarget
) -> None:
    """Writes the options into the body, whose other fields stand."""
    for name, value in options.items():
        match name:
            case "betas":
                pass
            case "citations":
                enable_citations(body["messages"], value)
            case "output_config":
                _join(body, value, target)
            case _:
                body[name] = value
    if end_user:
        _add_user(body, end_user, target)


def _join(body: dict[str, Any], config: Any, target: AnthropicTarget) -> None:
    field = f"provider_options[{target.row.name}.output_config]"
    if not isinstance(config, dict):
        target.findings.invalid(field, "must be an object")
        return
    known = body.setdefault("output_config", {})
    for name in sorted(config.keys() & known.keys()):
        target.findings.invalid(field, f"must not have {name}, which another field sets")
    body["output_config"] = {**config, **known}


def _add_user(body: dict[str, Any], end_user: str, target: AnthropicTarget) -> None:
    """Names the end user, unless `metadata` does."""
    metadata = body.get("metadata")
    if metadata is None:
        body["metadata"] = {"user_id": end_user}
    elif isinstance(metadata, dict) and metadata.get("user_id") is None:
        body["metadata"] = {**metadata, "user_id": end_user}
    else:
        target.findings.warn(
            "end_user_id",
            f"provider_options[{target.row.name}.metadata] has a user_id, which is sent; dropped",
        )
