"""What the Google dialect sends, refuses, and leaves out with a warning."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.clients import GoogleAIClient
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.google import GoogleDialect
from llmrpc_server.providers.row import Row
from tests.providers.generate_content import (
    GOOGLE,
    HELLO,
    NEW,
    OLD,
    body,
    encode,
    parts,
    result,
)
from tests.providers.tools import function

PNG = {"data": "iVBORw==", "mediaType": "image/png"}
JSON = {"jsonSchema": {"schema": "{}"}}
TOOLS = [function("f")]


@pytest.mark.parametrize(
    ("model", "fields", "paths"),
    [
        (NEW, {"temperature": 1, "topP": 1, "topK": 1}, ["temperature", "top_p", "top_k"]),
        ("gemini-4-argon", {"temperature": 0}, ["temperature"]),
        ("gemini-3.5-flash-lite", {"temperature": 0}, ["temperature"]),
        ("gemini-of-tomorrow", {"topK": 1}, ["top_k"]),
        (OLD, {"presencePenalty": 1, "frequencyPenalty": 1},
         ["presence_penalty", "frequency_penalty"]),
        (NEW, {"seed": "2147483648"}, ["seed"]),
        (NEW, {"reasoning": {"effort": "EFFORT_NONE"}}, ["reasoning.effort"]),
        (NEW, {"reasoning": {"effort": "EFFORT_XHIGH"}}, ["reasoning.effort"]),
        ("gemini-3-pro-preview", {"reasoning": {"effort": "EFFORT_MEDIUM"}}, ["reasoning.effort"]),
        ("gemini-2.5-pro", {"reasoning": {"effort": "EFFORT_NONE"}}, ["reasoning.effort"]),
        ("gemini-2.0-flash", {"reasoning": {"effort": "EFFORT_LOW"}}, ["reasoning.effort"]),
        (NEW, {"reasoning": {"budgetTokens": 1}}, ["reasoning.budget_tokens"]),
        ("gemma-4-31b-it", {"reasoning": {"budgetTokens": 1}}, ["reasoning.budget_tokens"]),
        (NEW, {"tools": TOOLS, "toolChoice": {"parallel": False}}, ["tool_choice.parallel"]),
        (NEW, {"tools": [function("f", strict=True), function("g", strict=False)]},
         ["tools[0].function.strict"]),
        ("gemini-2.0-flash", {"tools": [function("f", strict=True)]}, ["tools[0].function.strict"]),
        ("gemma-3-27b-it", {"messages": [{"role": "ROLE_SYSTEM", "content": "Be."}, HELLO],
                            "tools": TOOLS}, ["messages[0].role", "tools"]),
        (OLD, {"tools": TOOLS, "responseFormat": JSON}, ["response_format.json_schema"]),
        (OLD, {"tools": TOOLS, "responseFormat": {"jsonObject": {}}},
         ["response_format.json_object"]),
        (OLD, parts({"image": {**PNG, "detail": "IMAGE_DETAIL_HIGH"}}),
         ["messages[0].parts[0].image.detail"]),
        (NEW, parts({"text": "Be."}, {"image": PNG}, role="ROLE_SYSTEM"),
         ["messages[0].parts[1].image", "messages"]),
        (NEW, {"messages": [{"role": "ROLE_SYSTEM", "content": "Be."}]}, ["messages"]),
        (NEW, {"messages": [HELLO, result("gone", content="x")]},
         ["messages[1].parts[0].tool_result.name"]),
        (OLD, {"messages": [HELLO, result("a", {"text": "x"}, {"image": PNG}, name="f")]},
         ["messages[1].parts[0].tool_result.parts[1].image"]),
        (NEW, {"messages": [HELLO, result("a", {"image": {"uri": "https://x/a.png"}}, name="f")]},
         ["messages[1].parts[0].tool_result.parts[0].image"]),
        (NEW, {"providerOptions": {"google.candidate_count": 2, "google.response_modalities": []}},
         ["provider_options[google.candidate_count]",
          "provider_options[google.response_modalities]"]),
    ],
)  # fmt: skip
def test_what_a_model_lacks_is_refused_by_its_path(
    model: str, fields: dict[str, Any], paths: list[str]
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        encode(fields, model)
    assert caught.value.reason_name == "FIELD_NOT_SUPPORTED"
    assert [violation.field for violation in caught.value.violations] == paths


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"tools": [function("f", parameters="[]")]}, "tools[0].function.parameters"),
        ({"responseFormat": {"jsonSchema": {"schema": "{"}}},
         "response_format.json_schema.schema"),
        (parts({"image": {**PNG, "detail": 9}}), "messages[0].parts[0].image.detail"),
        ({"toolChoice": {"mode": 9}}, "tool_choice.mode"),
        ({"reasoning": {"effort": 99}}, "reasoning.effort"),
    ],
)  # fmt: skip
def test_what_no_provider_could_take_is_invalid(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        encode(fields)
    assert caught.value.reason_name == "INVALID_REQUEST"
    assert [violation.field for violation in caught.value.violations] == [path]


@pytest.mark.parametrize(
    ("model", "reasoning", "thinking"),
    [
        (NEW, {"effort": "EFFORT_MEDIUM"}, {"thinkingLevel": "MEDIUM", "includeThoughts": True}),
        (NEW, {}, {"includeThoughts": True}),
        ("gemini-4-hydrogen", {"effort": "EFFORT_XHIGH"},
         {"thinkingLevel": "XHIGH", "includeThoughts": True}),
        ("gemini-3-flash-preview", {"effort": "EFFORT_MINIMAL"},
         {"thinkingLevel": "MINIMAL", "includeThoughts": True}),
        (OLD, {"effort": "EFFORT_MEDIUM"}, {"thinkingBudget": 8192, "includeThoughts": True}),
        (OLD, {"effort": "EFFORT_NONE"}, {"thinkingBudget": 0}),
        (OLD, {"budgetTokens": 0}, {"thinkingBudget": 0}),
        (OLD, {"budgetTokens": 500}, {"thinkingBudget": 500, "includeThoughts": True}),
    ],
)  # fmt: skip
def test_thinking_is_told_as_the_model_has_it(
    model: str, reasoning: dict[str, Any], thinking: dict[str, Any]
) -> None:
    config = body({"reasoning": reasoning}, model)["generationConfig"]
    assert config == {"thinkingConfig": thinking}


def test_a_model_that_does_not_think_is_told_nothing_where_nothing_is_asked() -> None:
    assert "generationConfig" not in body({"reasoning": {}}, "gemini-2.0-flash")
    assert "generationConfig" not in body({})


@pytest.mark.parametrize(
    ("fields", "config"),
    [
        ({}, None),
        ({"toolChoice": {}}, None),
        ({"toolChoice": {"mode": "MODE_AUTO"}}, {"mode": "AUTO"}),
        ({"toolChoice": {"mode": "MODE_NONE"}}, {"mode": "NONE"}),
        ({"toolChoice": {"mode": "MODE_REQUIRED"}}, {"mode": "ANY"}),
        ({"toolChoice": {"mode": "MODE_NAMED", "allowedNames": ["f"]}},
         {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        ({"tools": [{"function": {"name": "f", "strict": True}}]}, {"mode": "VALIDATED"}),
        ({"tools": [{"function": {"name": "f", "strict": False}}]}, None),
        ({"tools": [function("f", strict=True)], "toolChoice": {"mode": "MODE_NONE"}},
         {"mode": "NONE"}),
    ],
)  # fmt: skip
def test_the_choice_of_tools_is_one_mode(fields: dict[str, Any], config: Any) -> None:
    sent = body({"tools": TOOLS, **fields})
    assert sent.get("toolConfig") == (config and {"functionCallingConfig": config})


def test_a_choice_without_tools_is_not_sent() -> None:
    assert body({"toolChoice": {"mode": "MODE_NONE"}}) == body({})


@pytest.mark.parametrize(
    ("model", "fields", "sent"),
    [
        (OLD, {}, 0.7),
        (OLD, {"temperature": 0}, 0.0),
        ("gemini-3.1-pro-preview", {}, 0.7),
        (NEW, {}, None),
    ],
)
def test_the_default_temperature_goes_where_it_is_taken(
    model: str, fields: dict[str, Any], sent: float | None
) -> None:
    encoded = encode(fields, model, Defaults(temperature=0.7))
    assert json.loads(encoded.body).get("generationConfig", {}).get("temperature") == sent
    assert encoded.warnings == []  # nobody asked for it


def test_a_default_bound_is_sent_where_the_request_has_none() -> None:
    defaults = Defaults(max_tokens=500)
    assert b'"maxOutputTokens":500' in encode({}, defaults=defaults).body
    assert b'"maxOutputTokens":7' in encode({"maxTokens": 7}, defaults=defaults).body


def test_a_row_of_somebodys_own_drops_nothing_either() -> None:
    own = GoogleDialect(Row("proxy", "google", "https://gemini.example.com"))
    request = json_format.ParseDict(
        {
            "messages": [{"role": "ROLE_ASSISTANT", "parts": [{"document": {"fileId": "f"}}]}],
            "tools": [{"function": {"name": "f"}}],
            "toolChoice": {"parallel": False},
        },
        pb.GenerateRequest(),
    )
    with pytest.raises(InvalidRequestError) as caught:
        own.encode(request, "m", Defaults(), stream=False)
    assert [violation.field for violation in caught.value.violations] == [
        "tool_choice.parallel",
    ]
    request.Clear()
    request.messages.add(role=pb.ROLE_USER, content="Hello")
    request.reasoning.effort = pb.Reasoning.EFFORT_LOW
    request.temperature = 1
    sent = json.loads(own.encode(request, "m", Defaults(), stream=False).body)
    assert sent["generationConfig"]["thinkingConfig"]["thinkingLevel"] == "LOW"


def test_the_key_goes_into_a_header_and_into_no_address() -> None:
    assert GOOGLE.headers("canary") == {"x-goog-api-key": "canary"}
    assert GOOGLE.headers(None) == {}
    provider = GoogleAIClient("canary")._provider
    for path in (encode({}).path, encode({}, stream=True).path, GOOGLE.list_path("")):
        assert "key" not in path.lower()
        assert "canary" not in provider.base_url + path


@pytest.mark.parametrize(
    ("model", "step"),
    [
        ("models/gemini-3.8-flash", "gemini-3.8-flash"),
        ("../tunedModels/x", "..%2FtunedModels%2Fx"),
        ("a?key=b#c", "a%3Fkey%3Db%23c"),
        ("a:b", "a%3Ab"),
    ],
)
def test_a_model_is_one_step_of_the_way(model: str, step: str) -> None:
    assert encode({}, model).path == f"/models/{step}:generateContent"
    assert encode({}, model, stream=True).path == f"/models/{step}:streamGenerateContent?alt=sse"
