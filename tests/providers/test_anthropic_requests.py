"""What the Anthropic dialect refuses, and what it leaves out with a warning."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.dialect import Defaults
from tests.providers.messages_requests import (
    HELLO,
    OLD,
    TOOLS,
    body,
    encode,
    parts,
    refused,
)
from tests.providers.tools import NAMED, function


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"seed": 1, "presencePenalty": 0, "frequencyPenalty": 0.5},
         ["seed", "presence_penalty", "frequency_penalty"]),
        ({"responseFormat": {"jsonObject": {}}}, ["response_format.json_object"]),
        ({"providerOptions": {"anthropic.speed": "fast", "anthropic.thinking": {}}},
         ["provider_options[anthropic.speed]", "provider_options[anthropic.thinking]"]),
        (parts({"audio": {"data": "AA==", "mediaType": "audio/wav"}}),
         ["messages[1].parts[0].audio"]),
        (parts({"image": {"data": "AA==", "mediaType": "image/tiff"}}),
         ["messages[1].parts[0].image.media_type"]),
        (parts({"image": {"uri": "data:image/bmp;base64,AA=="}}),
         ["messages[1].parts[0].image.media_type"]),
        (parts({"image": {"uri": "https://x/a.png", "detail": "IMAGE_DETAIL_LOW"}}),
         ["messages[1].parts[0].image.detail"]),
        (parts({"document": {"data": "AA==", "mediaType": "application/msword"}}),
         ["messages[1].parts[0].document.media_type"]),
        (parts({"image": {"uri": "https://x/a.png"}}, role="ROLE_ASSISTANT"),
         ["messages[1].parts[0].image"]),
        (parts({"document": {"fileId": "f"}}, role="ROLE_ASSISTANT"),
         ["messages[1].parts[0].document"]),
        (parts({"toolResult": {"toolCallId": "c", "parts": [
            {"text": "a"}, {"audio": {"uri": "x"}}]}}, role="ROLE_TOOL"),
         ["messages[1].parts[0].tool_result.parts[1].audio"]),
        ({"messages": [{"role": "ROLE_SYSTEM", "parts": [
            {"text": "a"}, {"image": {"fileId": "f"}}]}, HELLO]},
         ["messages[0].parts[1].image"]),
        ({"messages": [{"role": "ROLE_SYSTEM", "content": "Be kind."}]}, ["messages"]),
        ({"messages": [{"role": "ROLE_ASSISTANT", "parts": [{"reasoning": "Hm."}]}]},
         ["messages"]),
    ],
)  # fmt: skip
def test_what_the_api_lacks_is_refused_by_its_path(
    fields: dict[str, Any], paths: list[str]
) -> None:
    assert refused(fields) == paths


@pytest.mark.parametrize(
    ("model", "fields", "paths"),
    [
        (OLD, {"temperature": 1.1}, ["temperature"]),
        (OLD, {"temperature": 0.5, "topP": 0.9}, ["top_p"]),
        (OLD, {"temperature": 0.5, "topK": 3, "topP": 0.5, "maxTokens": 4000,
               "reasoning": {"effort": "EFFORT_LOW"}}, ["temperature", "top_p", "top_k"]),
        ("claude-opus-4-7", {"temperature": 0, "topP": 1, "topK": 1},
         ["temperature", "top_p", "top_k"]),
        ("claude-haiku-5-5", {"temperature": 2}, ["temperature"]),
        ("claude-new-7", {"temperature": 1.5}, ["temperature"]),
        ("claude-opus-5-5", {"reasoning": {"effort": "EFFORT_NONE"}}, ["reasoning.effort"]),
        ("claude-fable-5-20260609", {"reasoning": {"effort": "EFFORT_NONE"}}, ["reasoning.effort"]),
        ("claude-opus-5", {"reasoning": {"effort": "EFFORT_MINIMAL"}}, ["reasoning.effort"]),
        (OLD, {"reasoning": {"effort": "EFFORT_XHIGH"}}, ["reasoning.effort"]),
        ("claude-3-haiku-20240307", {"reasoning": {"effort": "EFFORT_LOW"}}, ["reasoning.effort"]),
        ("claude-3-haiku-20240307", {"reasoning": {"budgetTokens": 2000}},
         ["reasoning.budget_tokens"]),
        ("claude-opus-4-7", {"reasoning": {"budgetTokens": 2000}}, ["reasoning.budget_tokens"]),
        ("claude-haiku-4-5", {"reasoning": {"budgetTokens": 1023}}, ["reasoning.budget_tokens"]),
        ("claude-haiku-4-5", {"reasoning": {"budgetTokens": 2000}, "maxTokens": 2000},
         ["reasoning.budget_tokens"]),
        ("claude-haiku-4-5", {"reasoning": {"effort": "EFFORT_LOW"}, "maxTokens": 1024},
         ["reasoning.effort"]),
        ("claude-opus-5-5", {**TOOLS, "toolChoice": {"mode": "MODE_REQUIRED"}},
         ["tool_choice.mode"]),
        ("claude-sonnet-5-5", {**TOOLS, "toolChoice": NAMED},
         ["tool_choice.mode"]),
        ("claude-fable-5-1", {**TOOLS, "toolChoice": {"mode": "MODE_REQUIRED"}},
         ["tool_choice.mode"]),
        ("claude-haiku-4-5", {**TOOLS, "toolChoice": {"mode": "MODE_REQUIRED"}, "maxTokens": 9000,
                              "reasoning": {"effort": "EFFORT_LOW"}}, ["tool_choice.mode"]),
        ("claude-opus-4-1", {"responseFormat": {"jsonSchema": {"schema": "{}"}}},
         ["response_format.json_schema"]),
        ("claude-sonnet-4-20250514", {"tools": [{"function": {"name": "f", "strict": True}}]},
         ["tools[0].function.strict"]),
    ],
)  # fmt: skip
def test_what_a_model_lacks_is_refused_by_its_path(
    model: str, fields: dict[str, Any], paths: list[str]
) -> None:
    assert refused(fields, model) == paths


@pytest.mark.parametrize(
    ("model", "fields", "thinking", "effort"),
    [
        ("claude-opus-5-5", {}, {"type": "adaptive", "display": "summarized"}, None),
        ("claude-opus-4-8", {}, None, None),
        ("claude-haiku-4-5-20251001", {}, None, None),
        ("claude-new-7", {}, None, None),
        ("claude-opus-5", {"effort": "EFFORT_MAX"},
         {"type": "adaptive", "display": "summarized"}, "max"),
        ("claude-opus-4-6", {"effort": "EFFORT_LOW"},
         {"type": "adaptive", "display": "summarized"}, "low"),
        ("claude-new-7", {"effort": "EFFORT_LOW"},
         {"type": "adaptive", "display": "summarized"}, "low"),
        ("claude-opus-5", {"effort": "EFFORT_NONE"}, {"type": "disabled"}, None),
        ("claude-haiku-5-5", {"effort": "EFFORT_NONE"}, {"type": "disabled"}, None),
        ("claude-sonnet-5-5", {"effort": "EFFORT_NONE"}, {"type": "between_tools"}, None),
        ("claude-opus-4-8", {"effort": "EFFORT_NONE"}, None, None),
        ("claude-haiku-4-5", {"effort": "EFFORT_NONE"}, None, None),
        ("claude-haiku-4-5", {"effort": "EFFORT_MEDIUM"},
         {"type": "enabled", "budget_tokens": 8192}, None),
        ("claude-haiku-4-5", {"effort": "EFFORT_HIGH"},
         {"type": "enabled", "budget_tokens": 8000}, None),
        ("claude-opus-4-6", {"budgetTokens": 9000},
         {"type": "enabled", "budget_tokens": 9000}, None),
        ("claude-mythos-preview", {"budgetTokens": 9000},
         {"type": "enabled", "budget_tokens": 9000}, None),
    ],
)  # fmt: skip
def test_a_model_is_told_to_think_in_its_own_way(
    model: str, fields: dict[str, Any], thinking: dict[str, Any] | None, effort: str | None
) -> None:
    most = 10_000 if fields.get("effort") == "EFFORT_HIGH" else 12_000
    sent = body({"reasoning": fields, "maxTokens": most}, model)
    assert sent.get("thinking") == thinking
    assert sent.get("output_config", {}).get("effort") == effort


@pytest.mark.parametrize(
    ("model", "fields", "default", "sent"),
    [
        (OLD, {}, 0.7, 0.7),
        (OLD, {"temperature": 0}, 0.7, 0.0),
        (OLD, {"topP": 0.5}, 0.7, None),
        (OLD, {}, 1.5, None),
        (OLD, {"reasoning": {"effort": "EFFORT_HIGH"}}, 0.7, None),
        ("claude-opus-5", {}, 0.7, None),
        ("claude-opus-5", {"temperature": 1}, 0.7, 1.0),
        ("claude-new-7", {}, 0.7, None),
        ("claude-new-7", {"temperature": 0.2}, 0.7, 0.2),
    ],
)  # fmt: skip
def test_the_default_temperature_goes_where_it_is_taken(
    model: str, fields: dict[str, Any], default: float, sent: float | None
) -> None:
    encoded = encode(fields, model, Defaults(temperature=default))
    assert json.loads(encoded.body).get("temperature") == sent
    assert encoded.warnings == []  # nobody asked for it


@pytest.mark.parametrize(
    ("model", "asked", "default", "sent"),
    [
        ("claude-haiku-4-5", 7, 500, 7),
        ("claude-haiku-4-5", None, 500, 500),
        ("claude-haiku-4-5", None, None, 64_000),
        ("claude-haiku-4-5-20251001", None, None, 64_000),
        ("claude-haiku-4-5", None, 100_000, 64_000),
        ("claude-new-7", None, None, 8192),
        ("claude-new-7", None, 100_000, 100_000),
    ],
)
def test_the_bound_that_the_api_demands_is_always_there(
    model: str, asked: int | None, default: int | None, sent: int
) -> None:
    fields = {} if asked is None else {"maxTokens": asked}
    assert body(fields, model, Defaults(max_tokens=default))["max_tokens"] == sent


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"tools": [function("f"), function("g", parameters="{")]}, "tools[1].function.parameters"),
        ({"responseFormat": {"jsonSchema": {"schema": "true"}}},
         "response_format.json_schema.schema"),
        ({"responseFormat": {"jsonSchema": {"name": "n"}}}, "response_format.json_schema.schema"),
        (parts({"document": {"data": "/w==", "mediaType": "text/plain"}}),
         "messages[1].parts[0].document.data"),
        (parts({"document": {"uri": "data:text/plain;base64,%"}}),
         "messages[1].parts[0].document.uri"),
        (parts({"providerBlock": {"provider": "anthropic", "data": "[]"}}, role="ROLE_ASSISTANT"),
         "messages[1].parts[0].provider_block.data"),
        (parts({"providerBlock": {"provider": "anthropic", "data": "5"}}, role="ROLE_TOOL"),
         "messages[1].parts[0].provider_block.data"),
        (parts({"text": "a", "signature": {"provider": "anthropic", "extra": "3"}},
               role="ROLE_ASSISTANT"), "messages[1].parts[0].signature.extra"),
        (parts({"text": "a", "annotations": [{"provider": "anthropic", "data": "x"}]},
               role="ROLE_ASSISTANT"), "messages[1].parts[0].annotations[0].data"),
    ],
)  # fmt: skip
def test_what_nobody_could_read_is_invalid(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        encode({**fields, "seed": 1})
    assert caught.value.reason_name == "INVALID_REQUEST", "no other provider could take it"
    assert [violation.field for violation in caught.value.violations] == [path, "seed"]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ({}, None),
        ({"parallel": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"mode": "MODE_AUTO", "parallel": True},
         {"type": "auto", "disable_parallel_tool_use": False}),
        ({"mode": "MODE_NONE", "parallel": False}, {"type": "none"}),
        ({"mode": "MODE_REQUIRED"}, {"type": "any"}),
        ({"mode": "MODE_NAMED", "allowedNames": ["f"]}, {"type": "tool", "name": "f"}),
    ],
)  # fmt: skip
def test_the_choice_of_tools(choice: dict[str, Any], sent: dict[str, Any] | None) -> None:
    assert body({**TOOLS, "toolChoice": choice}).get("tool_choice") == sent


@pytest.mark.parametrize("choice", [{"mode": "MODE_NONE"}, {"parallel": False}])
def test_without_tools_there_is_no_choice(choice: dict[str, Any]) -> None:
    assert "tool_choice" not in body({"toolChoice": choice})


def test_a_dated_name_is_the_model_that_it_is_a_version_of() -> None:
    forced = {**TOOLS, "toolChoice": {"mode": "MODE_REQUIRED"}}
    assert body(forced, "claude-fable-5-20260609")["tool_choice"] == {"type": "any"}
    assert refused(forced, "claude-fable-5-2-20261101") == ["tool_choice.mode"]


def test_a_schema_keeps_its_own_title_and_description() -> None:
    schema = '{"title":"T","description":"D","type":"object"}'
    form = {"jsonSchema": {"name": "n", "description": "Other.", "schema": schema}}
    encoded = encode({"responseFormat": form})
    sent = json.loads(encoded.body)["output_config"]["format"]["schema"]
    assert sent == json.loads(schema)
    assert [each.field for each in encoded.warnings] == ["response_format.json_schema.description"]


def test_nothing_is_written_beside_a_reference() -> None:
    schema = '{"$ref":"#/$defs/a","$defs":{"a":{"type":"object"}}}'
    form = {"jsonSchema": {"name": "n", "description": "Other.", "schema": schema}}
    encoded = encode({"responseFormat": form})
    assert json.loads(encoded.body)["output_config"]["format"]["schema"] == json.loads(schema)
    assert [each.field for each in encoded.warnings] == ["response_format.json_schema.description"]
