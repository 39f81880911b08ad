"""From the contract's request to the body of a Responses request.

Source: https://developers.openai.com/api/reference/resources/responses/methods/create
"""

from __future__ import annotations

from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.openai_family.request import (
    add_end_user,
    add_max_tokens,
    add_sampling,
    add_schema,
    effort,
)
from llmrpc_server.providers.openai_responses.input import build_input
from llmrpc_server.providers.openai_responses.options import add_options
from llmrpc_server.providers.openai_responses.quirks import ResponsesTarget, lacking
from llmrpc_server.providers.openai_responses.tools import add_tools, check_modalities, included

LACKS = ("top_k", "stop", "seed", "presence_penalty", "frequency_penalty")
"""Fields that this protocol has no place for, whoever speaks it."""


COUNTED = (
    "model", "input", "tools", "tool_choice", "parallel_tool_calls", "text", "reasoning",
    "truncation",
)  # fmt: skip
"""What a request for a count of tokens takes of a body."""


def build_body(
    request: pb.GenerateRequest, target: ResponsesTarget, defaults: Defaults, *, stream: bool
) -> dict[str, Any]:
    """The body; what stands against it is in the target's findings.

    It asks the provider to keep nothing: reasoning comes encrypted, the traces of tools
    come whole, and all goes back.
    """
    body: dict[str, Any] = {}
    if target.name:
        body["model"] = target.name
    body["input"] = build_input(request.messages, target)
    body["store"] = False
    include = included(request)
    if target.quirks.include == "always" or target.model.reasoning != "never":
        include.insert(0, "reasoning.encrypted_content")
    if include:
        body["include"] = include
    if stream:
        body["stream"] = True
    add_max_tokens(body, request, target, defaults, "max_output_tokens")
    add_sampling(body, request, target, defaults, ("temperature", "top_p"))
    for field in LACKS:
        if _has(request, field):
            target.findings.unsupported(field, lacking(target, field))
    add_tools(body, request, target)
    check_modalities(request, target)
    if request.HasField("response_format"):
        _add_format(body, request.response_format, target)
    if request.HasField("reasoning"):
        _add_reasoning(body, request.reasoning, target)
    add_options(body, request.provider_options, target)
    add_end_user(body, request.end_user_id, target, target.quirks.end_user)
    return body


def _has(request: pb.GenerateRequest, field: str) -> bool:
    return any(each.name == field for each, _ in request.ListFields())


def _add_format(body: dict[str, Any], form: pb.ResponseFormat, target: ResponsesTarget) -> None:
    kind = form.WhichOneof("kind")
    if kind is None or kind == "text" or target.refuses(f"response_format.{kind}"):
        return
    if kind == "json_object":
        body["text"] = {"format": {"type": "json_object"}}
        return
    schema: dict[str, Any] = {"type": "json_schema"}
    add_schema(schema, form.json_schema, target)
    body["text"] = {"format": schema}


def _add_reasoning(body: dict[str, Any], reasoning: pb.Reasoning, target: ResponsesTarget) -> None:
    if target.refuses("reasoning"):
        return
    if word := effort(reasoning, target):
        body["reasoning"] = {"effort": word}
    if reasoning.HasField("budget_tokens"):
        target.findings.unsupported("reasoning.budget_tokens")
