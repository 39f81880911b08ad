"""From the contract's request to the body of generateContent.

Source: https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from typing import Any, Literal

from llmrpc import v1 as pb
from llmrpc.hints import own_options
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.google.contents import build_conversation
from llmrpc_server.providers.google.quirks import GoogleTarget
from llmrpc_server.providers.google.tools import build_tools
from llmrpc_server.providers.options import plain
from llmrpc_server.providers.schemas import titled_schema
from llmrpc_server.words import out_of_range

_Number = Literal[
    "temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "seed", "max_tokens"
]
_NUMBERS: dict[_Number, str] = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "seed": "seed",
    "max_tokens": "maxOutputTokens",
}
_EFFORT = {
    value: name.removeprefix("EFFORT_").lower() for name, value in pb.Reasoning.Effort.items()
}
_MODALITY = {pb.MODALITY_TEXT: "TEXT", pb.MODALITY_IMAGE: "IMAGE"}
_SEEDS = range(-(2**31), 2**31)


def build_body(
    request: pb.GenerateRequest, target: GoogleTarget, defaults: Defaults
) -> dict[str, Any]:
    """The body; what stands against it is in the target's findings."""
    body = build_conversation(request.messages, target)
    body |= build_tools(request, target)
    config = _numbers(request, target, defaults)
    if request.stop and not target.refuses("stop"):
        config["stopSequences"] = list(request.stop)
    _add_response_format(config, request, target)
    if request.HasField("reasoning") and not target.refuses("reasoning"):
        _add_reasoning(config, request.reasoning, target)
    if request.output_modalities and not target.refuses("output_modalities"):
        _add_modalities(config, request, target)
    if request.end_user_id:
        target.findings.drop("end_user_id", "an end user's id")
    if config:
        body["generationConfig"] = config
    _add_options(body, request, target)
    return body


def _numbers(
    request: pb.GenerateRequest, target: GoogleTarget, defaults: Defaults
) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for field, name in _NUMBERS.items():
        if request.HasField(field) and not target.refuses(field):
            config[name] = getattr(request, field)
    if request.seed not in _SEEDS:
        target.findings.unsupported("seed", f"{target.row.name} takes a seed of 32 bits")
    if defaults.max_tokens is not None:
        config.setdefault("maxOutputTokens", defaults.max_tokens)
    given = request.HasField("temperature") or target.lacks("temperature")
    if defaults.temperature is not None and not given:
        config["temperature"] = defaults.temperature
    return config


def _add_response_format(
    config: dict[str, Any], request: pb.GenerateRequest, target: GoogleTarget
) -> None:
    form = request.response_format
    kind = form.WhichOneof("kind")
    if kind is None or kind == "text" or target.refuses(f"response_format.{kind}"):
        return
    if request.tools and target.lacks("response_format.with_tools"):
        target.findings.unsupported(
            f"response_format.{kind}",
            f"{target.name} does not accept a response_format together with tools",
        )
    config["responseMimeType"] = "application/json"
    if kind == "json_schema":
        field = "response_format.json_schema"
        config["responseJsonSchema"] = titled_schema(form.json_schema, field, target.findings)


def _add_modalities(
    config: dict[str, Any], request: pb.GenerateRequest, target: GoogleTarget
) -> None:
    """Which kinds of content the answer may have. Which model has which, Google knows."""
    config["responseModalities"] = modalities = []
    for index, modality in enumerate(request.output_modalities):
        if modality in _MODALITY:
            modalities.append(_MODALITY[modality])
        else:
            name = pb.Modality.Name(modality).removeprefix("MODALITY_").lower()
            target.findings.unsupported(
                f"output_modalities[{index}]",
                f"{target.row.name} responds with text and images here, not with {name}",
            )


def _add_reasoning(config: dict[str, Any], reasoning: pb.Reasoning, target: GoogleTarget) -> None:
    """How much to think; whoever asks for thinking is shown the thoughts."""
    thinking: dict[str, Any] = {}
    efforts = target.model.efforts
    if reasoning.effort not in _EFFORT:
        target.findings.invalid("reasoning.effort", f"{reasoning.effort} is no value of it")
    elif reasoning.effort != pb.Reasoning.EFFORT_UNSPECIFIED:
        effort = _EFFORT[reasoning.effort]
        if effort == "none" and not efforts:
            pass  # it never thinks
        elif effort in efforts:
            thinking["thinkingBudget" if target.model.budget else "thinkingLevel"] = efforts[effort]
        else:
            has = f"has {', '.join(efforts)}, and not {effort}" if efforts else "does not think"
            target.findings.unsupported("reasoning.effort", f"{target.name} {has}")
    if reasoning.HasField("budget_tokens"):
        budget, (least, most) = reasoning.budget_tokens, target.model.budgets
        if target.model.budget and (least <= budget <= most or budget == efforts.get("none")):
            thinking["thinkingBudget"] = budget
        elif target.model.budget:
            off = " or 0" if "none" in efforts and least else ""
            why = out_of_range(budget, least, most, where=f"{off} for {target.name}")
            target.findings.unsupported("reasoning.budget_tokens", why)
        else:
            why = "does not accept a budget; ask for an effort" if efforts else "does not think"
            target.findings.unsupported("reasoning.budget_tokens", f"{target.name} {why}")
    if efforts and thinking.get("thinkingBudget") != 0:
        thinking["includeThoughts"] = True
    if thinking:
        config["thinkingConfig"] = thinking


def _add_options(body: dict[str, Any], request: pb.GenerateRequest, target: GoogleTarget) -> None:
    """Writes the provider's own options where they belong; others' are left out."""
    known = target.row.options
    for name, value in own_options(request.provider_options, target.findings, known).items():
        *way, last = target.quirks.options[name].split(".")
        place = body
        for step in way:
            place = place.setdefault(step, {})
        place[last] = plain(value)
