"""Requests that OpenAI and those who are compatible refused, as they are sent now."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Defaults, Encoded
from llmrpc_server.providers.registry import DIALECTS, ROWS

ASK = {"role": "ROLE_USER", "content": "Hi"}


def encode(fields: dict[str, Any], provider: str = "openai", model: str = "gpt-4.1") -> Encoded:
    request = json_format.ParseDict({"messages": [ASK], **fields}, pb.GenerateRequest())
    name = "openai-responses" if model.startswith("gpt-6") else "openai"
    dialect = DIALECTS[name](ROWS[provider].speaking(name))
    return dialect.encode(request, model, Defaults(), stream=False)


def sent(fields: dict[str, Any], provider: str = "openai", model: str = "gpt-4.1") -> Any:
    return json.loads(encode(fields, provider, model).body)


def tool(parameters: str) -> dict[str, Any]:
    return {"tools": [{"function": {"name": "f", "parameters": parameters}}]}


MODELS = pytest.mark.parametrize("model", ["gpt-4.1", "gpt-6-luna"])


@MODELS
@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ('{"description":"d"}', {"type": "object", "description": "d", "properties": {}}),
        ('{"type":"object","properties":null}', {"type": "object", "properties": {}}),
        ('{"$ref":"#/$defs/a"}', {"type": "object", "$ref": "#/$defs/a"}),
        ('{"type":"object","anyOf":[]}', {"type": "object", "properties": {}}),
        ('{"type":["object"]}', {"type": "object", "properties": {}}),
    ],
)
def test_a_schema_has_what_openai_demands(model: str, schema: str, wanted: Any) -> None:
    (one,) = sent(tool(schema), model=model)["tools"]
    assert one.get("function", one)["parameters"] == wanted


@MODELS
def test_a_schema_that_is_whole_goes_byte_for_byte(model: str) -> None:
    schema = '{ "properties" : {"a":{"const":1.0}}, "type":"object" }'
    assert schema.encode() in encode(tool(schema), model=model).body


@MODELS
def test_names_that_are_sent_as_others_come_back(model: str) -> None:
    call = {"toolCall": {"id": "c", "name": "gone.tool", "arguments": "{}"}}
    turns = [ASK, {"role": "ROLE_ASSISTANT", "parts": [call]}]
    encoded = encode({**tool("{}"), "messages": turns}, model=model)
    assert encoded.names == {}
    assert b"gone_tool_" in encoded.body
    fields = {"tools": [{"function": {"name": "a.b"}}], "toolChoice": {"mode": "MODE_REQUIRED"}}
    encoded = encode(fields, model=model)
    ((name, own),) = encoded.names.items()
    assert own == "a.b"
    assert f'"{name}"'.encode() in encoded.body


@pytest.mark.parametrize(
    ("provider", "model", "effort"),
    [
        ("openai", "gpt-4o", None),
        ("openrouter", "openai/gpt-4o-mini", None),
        ("groq", "meta-llama/llama-4-scout", None),
        ("groq", "qwen/qwen3-32b", "none"),
        ("vllm", "nvidia/Llama-3_3-Nemotron-Super-49B", "none"),
        ("vllm", "Qwen/Qwen3-8B", "none"),
        ("openai", "gpt-5.4-mini", "none"),
        ("xai", "grok-4.3", "none"),
    ],
)
def test_no_effort_is_sent_only_to_models_that_could_reason(
    provider: str, model: str, effort: str | None
) -> None:
    body = sent({"reasoning": {"effort": "EFFORT_NONE"}}, provider, model)
    assert body.get("reasoning_effort") == effort


def test_mistral_gets_an_order_that_it_takes() -> None:
    result = {"toolResult": {"toolCallId": "c", "content": "noon"}}
    call = {"toolCall": {"id": "c", "name": "now", "arguments": "{}"}}
    turns = [
        ASK,
        {"role": "ROLE_ASSISTANT", "parts": [call]},
        {"role": "ROLE_TOOL", "parts": [result]},
        {"role": "ROLE_ASSISTANT"},
        {"role": "ROLE_SYSTEM", "content": "Be brief."},
        {"role": "ROLE_USER", "content": "Well?"},
        {"role": "ROLE_ASSISTANT", "parts": [{"text": "{"}]},
    ]
    encoded = encode({"messages": turns}, "mistral", "mistral-small-latest")
    messages = json.loads(encoded.body)["messages"]
    assert [each["role"] for each in messages] == [
        "system", "user", "assistant", "tool", "assistant", "user", "assistant",
    ]  # fmt: skip
    assert [each.get("prefix") for each in messages] == [None] * 6 + [True]
    warned = [each.field for each in encoded.warnings]
    assert warned == ["messages[3]", "messages[4].role", "messages[5]"]


def test_calls_at_the_end_are_no_prefix() -> None:
    call = {"toolCall": {"id": "c", "name": "now", "arguments": "{}"}}
    turns = [ASK, {"role": "ROLE_ASSISTANT", "parts": [call]}]
    assert "prefix" not in sent({"messages": turns}, "mistral", "m")["messages"][1]


def test_deepseek_gets_reasoning_of_every_turn_only_if_there_are_tools() -> None:
    turns = {"messages": [ASK, {"role": "ROLE_ASSISTANT", "content": "Hello"}, ASK]}
    assert "reasoning_content" not in sent(turns, "deepseek", "deepseek-flash")["messages"][1]
    with_tools = sent({**turns, **tool("{}")}, "deepseek", "deepseek-flash")
    assert with_tools["messages"][1]["reasoning_content"] == ""


@pytest.mark.parametrize(
    ("provider", "model"), [("groq", "x"), ("openrouter", "x"), ("openai", "gpt-6-luna")]
)
def test_what_was_no_call_does_not_spoil_the_next_turn(provider: str, model: str) -> None:
    data = '{"failed_generation":"<f"}'
    block = {"providerBlock": {"provider": provider, "type": "failed_generation", "data": data}}
    turns = [ASK, {"role": "ROLE_ASSISTANT", "parts": [block]}, ASK]
    encoded = encode({"messages": turns}, provider, model)
    assert b"failed_generation" not in encoded.body
    assert [each.field for each in encoded.warnings] == ["messages[1].parts[0].provider_block"]


def test_reasoning_goes_back_if_the_model_said_more_after_it() -> None:
    thought = {"reasoning": "Hm.", "signature": {"provider": "openai", "data": "e", "id": "r"}}
    turn = {"role": "ROLE_ASSISTANT", "parts": [thought]}
    more = {"role": "ROLE_ASSISTANT", "content": "More."}
    items = sent({"messages": [ASK, turn, more, ASK]}, model="gpt-6-luna")["input"]
    assert items[1]["encrypted_content"] == "e"
    encoded = encode({"messages": [ASK, turn, ASK]}, model="gpt-6-luna")
    assert b'encrypted_content":' not in encoded.body
    assert [each.field for each in encoded.warnings] == ["messages[1]"]
