"""What the OpenAI dialect refuses, and what it leaves out with a warning."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.dialect import Defaults, Encoded
from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.registry import ROWS
from tests.providers.tools import NAMED, function

CALLS = {"tools": [{"function": {"name": "f"}}]}

HELLO = {"role": "ROLE_USER", "content": "Hello"}


def encode(
    fields: dict[str, Any],
    provider: str = "openai",
    model: str = "gpt-4.1",
    defaults: Defaults | None = None,
) -> Encoded:
    request = json_format.ParseDict({"messages": [HELLO], **fields}, pb.GenerateRequest())
    dialect = OpenAIDialect(ROWS[provider])
    return dialect.encode(request, model, defaults or Defaults(), stream=False)


def refused(fields: dict[str, Any], provider: str = "openai", model: str = "gpt-4.1") -> list[str]:
    with pytest.raises(InvalidRequestError) as caught:
        encode(fields, provider, model)
    assert caught.value.reason_name == "FIELD_NOT_SUPPORTED"
    assert caught.value.metadata["provider"] == provider
    return [violation.field for violation in caught.value.violations]


def parts(*items: dict[str, Any], role: str = "ROLE_USER") -> dict[str, Any]:
    return {"messages": [{"role": role, "parts": list(items)}]}


SCHEMA = {"jsonSchema": {"schema": "{}"}}
PDF = {"data": "JVBERg==", "mediaType": "application/pdf"}


@pytest.mark.parametrize(
    ("provider", "model", "fields", "paths"),
    [
        ("openai", "gpt-4.1", {"topK": 1}, ["top_k"]),
        ("openai", "gpt-4.1", {"reasoning": {"budgetTokens": 9}}, ["reasoning.budget_tokens"]),
        ("openai", "gpt-4.1", {"topK": 1, "reasoning": {"budgetTokens": 0}},
         ["top_k", "reasoning.budget_tokens"]),
        ("openai", "o3", {"temperature": 0, "topP": 1, "stop": ["x"]},
         ["stop", "temperature", "top_p"]),
        ("openai", "gpt-6-luna", {"presencePenalty": 0}, ["presence_penalty"]),
        ("openai", "gpt-5.4-mini", {"temperature": 1, "reasoning": {"effort": "EFFORT_LOW"}},
         ["temperature"]),
        ("openai", "gpt-4.1", {"providerOptions": {"openai.n": 2, "openai.modalities": ["audio"]}},
         ["provider_options[openai.modalities]", "provider_options[openai.n]"]),
        ("openai", "gpt-4.1", parts({"text": "a"}, {"image": {"fileId": "f"}}),
         ["messages[0].parts[1].image.file_id"]),
        ("openai", "gpt-4.1", parts({"audio": {"data": "AA==", "mediaType": "audio/ogg"}}),
         ["messages[0].parts[0].audio.media_type"]),
        ("openai", "gpt-4.1", parts({"audio": {"uri": "https://x/a.wav"}}),
         ["messages[0].parts[0].audio.uri"]),
        ("openai", "gpt-4.1", parts({"document": {"uri": "https://x/a.pdf"}}),
         ["messages[0].parts[0].document.uri"]),
        ("openai", "gpt-4.1",
         parts({"toolResult": {"toolCallId": "c",
                               "parts": [{"text": "a"}, {"image": {"uri": "x"}}]}},
               role="ROLE_TOOL"),
         ["messages[0].parts[0].tool_result.parts[1].image"]),
        ("groq", "x", {"presencePenalty": 1, "reasoning": {"effort": "EFFORT_MAX"}},
         ["presence_penalty", "reasoning.effort"]),
        ("groq", "x", parts({"document": PDF}), ["messages[0].parts[0].document"]),
        ("deepseek", "deepseek-chat", {"seed": 1, "responseFormat": SCHEMA},
         ["seed", "response_format.json_schema"]),
        ("deepseek", "deepseek-flash", {"temperature": 0.5}, ["temperature"]),
        ("deepseek", "x", {"tools": [{"function": {"name": "f", "strict": True}}],
                           "toolChoice": {"parallel": False}},
         ["tools[0].function.strict", "tool_choice.parallel"]),
        ("xai", "grok-4.7", {"stop": ["x"], "frequencyPenalty": 1}, ["stop", "frequency_penalty"]),
        ("xai", "grok-4.7", parts({"document": PDF}), ["messages[0].parts[0].document.data"]),
        ("ollama", "x", {**CALLS, "toolChoice": {"mode": "MODE_REQUIRED"}}, ["tool_choice.mode"]),
        ("ollama", "x", {**CALLS, "toolChoice": NAMED}, ["tool_choice.mode"]),
        ("ollama", "x", parts({"image": {"uri": "https://x/a.png"}}),
         ["messages[0].parts[0].image.uri"]),
        ("ollama", "x", parts({"image": {"uri": "data:image/png;base64,AA==",
                                         "detail": "IMAGE_DETAIL_HIGH"}}),
         ["messages[0].parts[0].image.detail"]),
        ("llamacpp", "", {"reasoning": {"effort": "EFFORT_LOW"}}, ["reasoning"]),
    ],
)  # fmt: skip
def test_what_a_provider_lacks_is_refused_by_its_path(
    provider: str, model: str, fields: dict[str, Any], paths: list[str]
) -> None:
    assert refused(fields, provider, model) == paths


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"tools": [function("f"), function("g", parameters="{")]}, "tools[1].function.parameters"),
        ({"tools": [function("f", parameters="[]")]}, "tools[0].function.parameters"),
        ({"responseFormat": {"jsonSchema": {"schema": "true"}}},
         "response_format.json_schema.schema"),
        ({"responseFormat": {"jsonSchema": {}}}, "response_format.json_schema.schema"),
    ],
)  # fmt: skip
def test_a_schema_that_is_no_json_object_is_invalid(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        encode({**fields, "topK": 1})
    assert caught.value.reason_name == "INVALID_REQUEST", "no other provider could take it"
    assert [violation.field for violation in caught.value.violations] == [path, "top_k"]


@pytest.mark.parametrize(
    ("model", "fields", "sent"),
    [
        ("gpt-4.1", {}, 0.7),
        ("gpt-4.1", {"temperature": 0}, 0.0),
        ("gpt-5.4-mini", {}, 0.7),
        ("gpt-5.4-mini", {"reasoning": {"effort": "EFFORT_HIGH"}}, None),
        ("gpt-5.5", {"reasoning": {"effort": "EFFORT_NONE"}}, 0.7),
        ("gpt-5.5", {}, None),
        ("o3", {}, None),
        ("gpt-5-mini", {}, None),
    ],
)
def test_the_default_temperature_goes_where_it_is_taken(
    model: str, fields: dict[str, Any], sent: float | None
) -> None:
    encoded = encode(fields, model=model, defaults=Defaults(temperature=0.7))
    assert json.loads(encoded.body).get("temperature") == sent
    assert encoded.warnings == []  # nobody asked for it


def test_a_default_bound_is_sent_where_the_request_has_none() -> None:
    defaults = Defaults(max_tokens=500)
    assert b'"max_completion_tokens":500' in encode({}, defaults=defaults).body
    assert b'"max_completion_tokens":7' in encode({"maxTokens": 7}, defaults=defaults).body


@pytest.mark.parametrize(
    ("provider", "model", "item", "path"),
    [
        ("openai", "gpt-4.1", {"text": "a", "cacheBreakpoint": {}}, "cache_breakpoint"),
        ("groq", "x", {"text": "a", "cacheBreakpoint": {"ttl": "5s"}}, "cache_breakpoint"),
        ("openai", "gpt-4.1", {"text": "a", "signature": {"provider": "google"}}, "signature"),
        ("openai", "gpt-4.1", {"toolCall": {"id": "c", "name": "f"}, "cacheBreakpoint": {}},
         "cache_breakpoint"),
        ("openai", "gpt-4.1", {"reasoning": "Hm."}, "reasoning"),
        ("deepseek", "x", {"reasoning": "Hm.", "signature": {"provider": "anthropic"}},
         "reasoning"),
        ("openrouter", "x", {"redactedReasoning": "z"}, "redacted_reasoning"),
    ],
)  # fmt: skip
def test_a_hint_without_a_place_is_left_out_with_a_warning(
    provider: str, model: str, item: dict[str, Any], path: str
) -> None:
    encoded = encode(parts({"text": "b"}, item, role="ROLE_ASSISTANT"), provider, model)
    assert [warning.field for warning in encoded.warnings] == [f"messages[0].parts[1].{path}"]
    assert b"Hm." not in encoded.body
    assert b"cache" not in encoded.body


def test_what_is_not_asked_for_needs_no_place() -> None:
    fields = {
        "tools": [{"function": {"name": "f", "strict": False}}],
        "toolChoice": {"parallel": True},
    }
    body = json.loads(encode(fields, "deepseek", "x").body)
    assert "strict" not in body["tools"][0]["function"]
    assert "parallel_tool_calls" not in body


def test_a_schema_goes_as_it_was_written() -> None:
    schema = '{"type": "object", "properties": {}, "x-big": 12345678901234567890, "x-float": 1.0}'
    assert (
        schema.encode()
        in encode({"tools": [{"function": {"name": "f", "parameters": schema}}]}).body
    )


def test_a_cached_tool_result_is_marked() -> None:
    item = {"toolResult": {"toolCallId": "c", "content": "found"}, "cacheBreakpoint": {}}
    body = json.loads(encode(parts(item, role="ROLE_TOOL"), model="gpt-5.6-sol").body)
    mark = {"mode": "explicit"}
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "found", "prompt_cache_breakpoint": mark}
    ]


def test_reasoning_goes_back_to_its_own_provider_alone() -> None:
    signed = {"reasoning": "A.", "signature": {"provider": "mistral", "data": "sig"}}
    history = parts(signed, {"reasoning": "B."}, {"text": "C."}, role="ROLE_ASSISTANT")
    [message] = json.loads(encode(history, "mistral", "x").body)["messages"]
    assert message["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "A."}], "signature": "sig"},
        {"type": "thinking", "thinking": [{"type": "text", "text": "B."}]},
        {"type": "text", "text": "C."},
    ]
    encoded = encode(history, "vllm", "x")
    assert [warning.field for warning in encoded.warnings] == ["messages[0].parts[0].reasoning"]
    assert json.loads(encoded.body)["messages"][0]["reasoning"] == "B."


def test_plain_reasoning_goes_to_openrouter_where_none_is_signed() -> None:
    plain: dict[str, Any] = {"reasoning": "Plain."}
    data = '{"type":"reasoning.text","signature":"s"}'
    signed = {"reasoning": "Signed.", "signature": {"provider": "openrouter", "data": data}}
    encoded = encode(parts(plain, role="ROLE_ASSISTANT"), "openrouter", "x")
    assert json.loads(encoded.body)["messages"][0]["reasoning"] == "Plain."
    encoded = encode(parts(plain, signed, role="ROLE_ASSISTANT"), "openrouter", "x")
    [message] = json.loads(encoded.body)["messages"]
    assert message["reasoning_details"] == [
        {"type": "reasoning.text", "signature": "s", "text": "Signed."}
    ]
    assert "reasoning" not in message
    assert [warning.field for warning in encoded.warnings] == ["messages[0].parts[0].reasoning"]


def test_a_signed_item_goes_back_as_it_was_written() -> None:
    data = '{"type":"reasoning.text","big":12345678901234567890123, "nested":[1.0,{"a":null}]}'
    part = pb.Part(reasoning="A.", signature=pb.Signature(provider="openrouter", data=data))
    request = pb.GenerateRequest(messages=[pb.LLMMessage(role=pb.ROLE_ASSISTANT, parts=[part])])
    dialect = OpenAIDialect(ROWS["openrouter"])
    body = dialect.encode(request, "m", Defaults(), stream=False).body
    assert b'"big":12345678901234567890123' in body
    assert b'"nested":[1.0,{"a":null}]' in body


@pytest.mark.parametrize("provider", ["mistral", "vllm", "deepseek"])
def test_redacted_reasoning_has_no_place_where_reasoning_is_text(provider: str) -> None:
    item = {
        "redactedReasoning": "z",
        "signature": {"provider": provider, "data": '{"type":"reasoning.encrypted"}'},
    }
    encoded = encode(parts({"text": "b"}, item, role="ROLE_ASSISTANT"), provider, "x")
    assert [each.field for each in encoded.warnings] == ["messages[0].parts[1].redacted_reasoning"]


@pytest.mark.parametrize("provider", ["vllm", "llamacpp"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_server_with_one_model_is_told_none_where_none_is_named(
    provider: str, stream: bool
) -> None:
    request = json_format.ParseDict({"messages": [HELLO]}, pb.GenerateRequest())
    dialect = OpenAIDialect(ROWS[provider])
    encoded = dialect.encode(request, "", Defaults(0.7, 9), stream=stream)
    body = json.loads(encoded.body)
    assert "model" not in body
    assert body["messages"] == [{"role": "user", "content": "Hello"}]
    assert not encoded.warnings
    assert json.loads(dialect.encode(request, "m", Defaults(), stream=stream).body)["model"] == "m"


def test_the_key_goes_into_a_header() -> None:
    dialect = OpenAIDialect(ROWS["openai"])
    assert dialect.headers("k") == {"Authorization": "Bearer k"}
    assert dialect.headers(None) == {}


def test_an_empty_answer_goes_back_as_an_empty_text() -> None:
    empty: dict[str, Any] = {"role": "ROLE_ASSISTANT"}
    body = json.loads(encode({"messages": [HELLO, empty, HELLO]}).body)
    assert body["messages"][1] == {"role": "assistant", "content": ""}
