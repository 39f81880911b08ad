"""From the contract's request to the body of a Chat Completions request.

Source: https://developers.openai.com/api/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.openai.messages import build_messages
from llmrpc_server.providers.openai.options import add_options
from llmrpc_server.providers.openai.quirks import OpenAITarget
from llmrpc_server.providers.openai.tools import build_tools, listed, refer
from llmrpc_server.providers.openai_family.request import (
    Sampling,
    add_end_user,
    add_max_tokens,
    add_sampling,
    add_schema,
    effort,
)
from llmrpc_server.providers.openai_family.tool_choice import add_tool_choice

_MODALITY = {value: name.removeprefix("MODALITY_").lower() for name, value in pb.Modality.items()}
_SAMPLING: tuple[Sampling, ...] = get_args(Sampling)


def build_body(
    request: pb.GenerateRequest, target: OpenAITarget, defaults: Defaults, *, stream: bool
) -> dict[str, Any]:
    """The body; what stands against it is in the target's findings."""
    quirks = target.quirks
    body: dict[str, Any] = {}
    if target.name:
        body["model"] = target.name
    body["messages"] = build_messages(request.messages, target, tools=bool(request.tools))
    if stream:
        body["stream"] = True
        if quirks.stream_usage:
            body["stream_options"] = {"include_usage": True}
    add_max_tokens(body, request, target, defaults, quirks.max_tokens)
    if request.stop and not target.refuses("stop"):
        body["stop"] = list(request.stop)
    if request.HasField("seed") and not target.refuses("seed"):
        body[quirks.seed] = request.seed
    add_sampling(body, request, target, defaults, _SAMPLING)
    if request.HasField("top_k") and not target.refuses("top_k"):
        body["top_k"] = request.top_k
    if request.tools and not target.refuses("tools"):
        body["tools"] = build_tools(request, target)
    if body.get("tools"):
        add_tool_choice(body, request, target, refer, listed)
    if request.HasField("response_format"):
        _add_response_format(body, request.response_format, target)
    if request.HasField("reasoning"):
        _add_reasoning(body, request.reasoning, target)
    _add_modalities(body, request.output_modalities, target)
    add_options(body, request.provider_options, target)
    add_end_user(body, request.end_user_id, target, quirks.end_user)
    return body


def _add_response_format(
    body: dict[str, Any], form: pb.ResponseFormat, target: OpenAITarget
) -> None:
    kind = form.WhichOneof("kind")
    if kind is None or kind == "text" or target.refuses(f"response_format.{kind}"):
        return
    if kind == "json_object":
        body["response_format"] = {"type": "json_object"}
        return
    schema: dict[str, Any] = {}
    add_schema(schema, form.json_schema, target)
    body["response_format"] = {"type": "json_schema", "json_schema": schema}


def _add_modalities(
    body: dict[str, Any], wanted: Sequence[pb.Modality.ValueType], target: OpenAITarget
) -> None:
    """Asks for kinds of content; where none can be asked for, the answer is text."""
    known = target.quirks.modalities
    words = []
    for index, modality in enumerate(wanted):
        word = _MODALITY.get(modality, str(modality))
        if word not in (known or ("text",)):
            target.findings.unsupported(
                f"output_modalities[{index}]", f"{target.row.name} writes no {word} here"
            )
        words.append(word)
    if known and words:
        body["modalities"] = words


def _add_reasoning(body: dict[str, Any], reasoning: pb.Reasoning, target: OpenAITarget) -> None:
    if target.refuses("reasoning"):
        return
    quirks = target.quirks
    word = effort(reasoning, target)
    if word == "none" and quirks.no_reasoning:
        body.update(quirks.no_reasoning)
    elif word:
        body["reasoning_effort"] = word
    if reasoning.HasField("budget_tokens"):
        if not quirks.budget:
            target.findings.unsupported("reasoning.budget_tokens")
            return
        place = body
        *way, last = quirks.budget
        for step in way:
            place = place.setdefault(step, {})
        place[last] = reasoning.budget_tokens
