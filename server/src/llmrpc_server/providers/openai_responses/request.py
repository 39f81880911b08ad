"""From the contract's request to the body of a Responses request.

Source: https://developers.openai.com/api/reference/resources/responses/methods/create
"""

from __future__ import annotations

from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.openai_family.sampling import add_sampling
from llmrpc_server.providers.openai_family.words import EFFORT, MODE, NO_PARAMETERS
from llmrpc_server.providers.openai_responses.input import build_input
from llmrpc_server.providers.openai_responses.options import add_options
from llmrpc_server.providers.schemas import read_schema
from llmrpc_server.providers.target import Target

LACKS = ("top_k", "stop", "seed", "presence_penalty", "frequency_penalty")
"""Fields that this protocol has no place for, whoever speaks it."""


def build_body(
    request: pb.GenerateRequest, target: Target, defaults: Defaults, *, stream: bool
) -> dict[str, Any]:
    """The body; what stands against it is in the target's findings.

    It asks the provider to keep nothing: reasoning comes encrypted, and goes back.
    """
    body = build_prompt(request, target)
    body["store"] = False
    if target.quirks.include == "always" or target.model.reasoning != "never":
        body["include"] = ["reasoning.encrypted_content"]
    if stream:
        body["stream"] = True
    if request.HasField("max_tokens"):
        if not target.refuses("max_tokens"):
            body["max_output_tokens"] = request.max_tokens
    elif defaults.max_tokens is not None:
        body["max_output_tokens"] = defaults.max_tokens
    add_sampling(body, request, target, defaults, ("temperature", "top_p"))
    for field in LACKS:
        if _has(request, field):
            target.findings.unsupported(
                field,
                f"Responses, which {target.row.name} serves {target.name} with, has no {field}; "
                "leave it out or take another model",
            )
    add_options(body, request.provider_options, target)
    return body


def build_prompt(request: pb.GenerateRequest, target: Target) -> dict[str, Any]:
    """What the model reads, and what counts as input."""
    body: dict[str, Any] = {}
    if target.name:
        body["model"] = target.name
    body["input"] = build_input(request.messages, target)
    if request.tools and not target.refuses("tools"):
        body["tools"] = [_tool(index, tool, target) for index, tool in enumerate(request.tools)]
    if request.HasField("tool_choice"):
        _add_tool_choice(body, request.tool_choice, target)
    if request.HasField("response_format"):
        _add_format(body, request.response_format, target)
    if request.HasField("reasoning"):
        _add_reasoning(body, request.reasoning, target)
    return body


def _has(request: pb.GenerateRequest, field: str) -> bool:
    return any(each.name == field for each, _ in request.ListFields())


def _tool(index: int, tool: pb.Tool, target: Target) -> dict[str, Any]:
    """Without `strict` this API would make optional arguments required ones.

    Source: https://developers.openai.com/api/docs/guides/function-calling#strict-mode
    """
    built: dict[str, Any] = {"type": "function", "name": tool.name}
    if tool.description:
        built["description"] = tool.description
    built["parameters"] = (
        read_schema(tool.parameters, f"tools[{index}].parameters", target.findings)
        if tool.parameters
        else NO_PARAMETERS
    )
    strict = tool.strict and not target.refuses("tools.strict", f"tools[{index}].strict")
    return {**built, "strict": strict}


def _add_tool_choice(body: dict[str, Any], choice: pb.ToolChoice, target: Target) -> None:
    if choice.mode == pb.ToolChoice.MODE_NAMED:
        if not target.refuses("tool_choice.named", "tool_choice.name"):
            body["tool_choice"] = {"type": "function", "name": choice.name}
    elif choice.mode in MODE:
        word = MODE[choice.mode]
        if not target.refuses(f"tool_choice.{word}", "tool_choice.mode"):
            body["tool_choice"] = word
    elif choice.mode != pb.ToolChoice.MODE_UNSPECIFIED:
        target.findings.invalid("tool_choice.mode", f"{choice.mode} is no value of it")
    if choice.HasField("parallel"):
        if not target.lacks("tool_choice.parallel"):
            body["parallel_tool_calls"] = choice.parallel
        elif not choice.parallel:
            target.findings.unsupported("tool_choice.parallel")


def _add_format(body: dict[str, Any], form: pb.ResponseFormat, target: Target) -> None:
    kind = form.WhichOneof("kind")
    if kind is None or kind == "text" or target.refuses(f"response_format.{kind}"):
        return
    if kind == "json_object":
        body["text"] = {"format": {"type": "json_object"}}
        return
    place = "response_format.json_schema"
    wanted = form.json_schema
    built: dict[str, Any] = {"type": "json_schema", "name": wanted.name or "response"}
    if wanted.description:
        built["description"] = wanted.description
    built["schema"] = read_schema(wanted.schema, f"{place}.schema", target.findings)
    if wanted.HasField("strict") and not (wanted.strict and target.refuses(f"{place}.strict")):
        built["strict"] = wanted.strict
    body["text"] = {"format": built}


def _add_reasoning(body: dict[str, Any], reasoning: pb.Reasoning, target: Target) -> None:
    if target.refuses("reasoning"):
        return
    if reasoning.effort not in EFFORT:
        target.findings.invalid("reasoning.effort", f"{reasoning.effort} is no value of it")
    elif reasoning.effort != pb.Reasoning.EFFORT_UNSPECIFIED:
        effort = EFFORT[reasoning.effort]
        if effort in target.quirks.efforts:
            body["reasoning"] = {"effort": effort}
        else:
            known = ", ".join(sorted(target.quirks.efforts))
            target.findings.unsupported(
                "reasoning.effort", f"{target.row.name} has {known}, and not {effort}"
            )
    if reasoning.HasField("budget_tokens"):
        target.findings.unsupported("reasoning.budget_tokens")
