"""What the Anthropic dialect refuses, and what it leaves out with a warning."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError, ProviderNotAvailableError
from llmrpc_server.providers.dialect import Defaults, Encoded, Listed
from tests.providers.messages_api import DIALECT

HELLO: dict[str, Any] = {"role": "ROLE_USER", "content": "Hello"}
OLD = "claude-sonnet-4-6"


def request(fields: dict[str, Any]) -> pb.GenerateRequest:
    return json_format.ParseDict({"messages": [HELLO], **fields}, pb.GenerateRequest())


def encode(fields: dict[str, Any], model: str = OLD, defaults: Defaults | None = None) -> Encoded:
    return DIALECT.encode(request(fields), model, defaults or Defaults(), stream=False)


def body(fields: dict[str, Any], model: str = OLD, defaults: Defaults | None = None) -> Any:
    return json.loads(encode(fields, model, defaults).body)


def refused(fields: dict[str, Any], model: str = OLD) -> list[str]:
    with pytest.raises(InvalidRequestError) as caught:
        encode(fields, model)
    assert caught.value.reason_name == "FIELD_NOT_SUPPORTED"
    return [violation.field for violation in caught.value.violations]


def parts(*items: dict[str, Any], role: str = "ROLE_USER") -> dict[str, Any]:
    return {"messages": [HELLO, {"role": role, "parts": list(items)}]}


TOOLS = {"tools": [{"name": "f"}]}


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
        (parts({"refusal": "No."}, {"text": "Yes."}, role="ROLE_ASSISTANT"),
         ["messages[1].parts[0].refusal"]),
        (parts({"document": {"fileId": "f"}}, role="ROLE_ASSISTANT"),
         ["messages[1].parts[0].document"]),
        (parts({"toolCall": {"id": "c", "name": "f", "arguments": "{"}}, role="ROLE_ASSISTANT"),
         ["messages[1].parts[0].tool_call.arguments"]),
        (parts({"toolResult": {"toolCallId": "c", "parts": [
            {"text": "a"}, {"audio": {"uri": "x"}}]}}, role="ROLE_TOOL"),
         ["messages[1].parts[0].tool_result.parts[1].audio"]),
        ({"messages": [{"role": "ROLE_SYSTEM", "parts": [
            {"text": "a"}, {"image": {"fileId": "f"}}]}, HELLO]},
         ["messages[0].parts[1].image"]),
        ({"messages": [{"role": "ROLE_SYSTEM", "content": "Be kind."}]}, ["messages"]),
        ({"messages": [{"role": "ROLE_ASSISTANT", "parts": [{"refusal": "No."}]}]},
         ["messages[0].parts[0].refusal"]),
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
        ("claude-sonnet-5-5", {**TOOLS, "toolChoice": {"mode": "MODE_NAMED", "name": "f"}},
         ["tool_choice.name"]),
        ("claude-fable-5-1", {**TOOLS, "toolChoice": {"mode": "MODE_REQUIRED"}},
         ["tool_choice.mode"]),
        ("claude-haiku-4-5", {**TOOLS, "toolChoice": {"mode": "MODE_REQUIRED"}, "maxTokens": 9000,
                              "reasoning": {"effort": "EFFORT_LOW"}}, ["tool_choice.mode"]),
        ("claude-opus-4-1", {"responseFormat": {"jsonSchema": {"schema": "{}"}}},
         ["response_format.json_schema"]),
        ("claude-sonnet-4-20250514", {"tools": [{"name": "f", "strict": True}]},
         ["tools[0].strict"]),
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
def test_the_default_temperature_is_a_hint(
    model: str, fields: dict[str, Any], default: float, sent: float | None
) -> None:
    encoded = encode(fields, model, Defaults(temperature=default))
    assert json.loads(encoded.body).get("temperature") == sent
    left_out = [warning.field for warning in encoded.warnings]
    assert left_out == (["temperature"] if sent is None else [])


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
    ("model", "roles"),
    [
        ("claude-sonnet-5", ["USER", "SYSTEM"]),
        (OLD, ["USER", "SYSTEM", "ASSISTANT", "USER"]),
        ("claude-opus-4-8", ["USER", "SYSTEM", "USER"]),
        ("claude-opus-4-8", ["USER", "ASSISTANT", "SYSTEM", "USER"]),
        ("claude-opus-4-8", ["USER", "ASSISTANT", "SYSTEM"]),
    ],
)
def test_a_later_system_message_is_refused_where_it_may_not_stand(
    model: str, roles: list[str]
) -> None:
    said = [{"role": f"ROLE_{role}", "content": "Hi."} for role in roles]
    assert refused({"messages": said}, model) == [f"messages[{roles.index('SYSTEM')}].role"]


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({"reasoning": "Hm."}, "reasoning"),
        ({"reasoning": "Hm.", "signature": {"provider": "anthropic"}}, "reasoning"),
        ({"reasoning": "Hm.", "signature": {"provider": "google", "data": "s"}}, "reasoning"),
        ({"redactedReasoning": "z"}, "redacted_reasoning"),
        ({"redactedReasoning": "z", "signature": {"provider": "openrouter", "data": "{}"}},
         "redacted_reasoning"),
        ({"redactedReasoning": "", "signature": {"provider": "anthropic"}}, "redacted_reasoning"),
        ({"text": "a", "signature": {"provider": "google", "data": "s"}}, "signature"),
        ({"text": "", "cacheBreakpoint": {}}, "cache_breakpoint"),
    ],
)  # fmt: skip
def test_a_hint_without_a_place_is_left_out_with_a_warning(item: dict[str, Any], path: str) -> None:
    encoded = encode(parts({"text": "b"}, item, role="ROLE_ASSISTANT"))
    assert [warning.field for warning in encoded.warnings] == [f"messages[1].parts[1].{path}"]
    assert b"Hm." not in encoded.body
    assert b"cache" not in encoded.body


def test_hints_inside_a_result_are_warned_of() -> None:
    signed = {"signature": {"provider": "google", "data": "s"}}
    result = {"toolCallId": "c", "parts": [{"text": "a", **signed}]}
    encoded = encode(parts({"toolResult": result, **signed}, role="ROLE_TOOL"))
    assert [warning.field for warning in encoded.warnings] == [
        "messages[1].parts[0].signature",
        "messages[1].parts[0].tool_result.parts[0].signature",
    ]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"tools": [{"name": "f"}, {"name": "g", "parameters": "{"}]}, "tools[1].parameters"),
        ({"responseFormat": {"jsonSchema": {"schema": "true"}}},
         "response_format.json_schema.schema"),
        ({"responseFormat": {"jsonSchema": {"name": "n"}}}, "response_format.json_schema.schema"),
        (parts({"document": {"data": "/w==", "mediaType": "text/plain"}}),
         "messages[1].parts[0].document.data"),
        (parts({"document": {"uri": "data:text/plain;base64,%"}}),
         "messages[1].parts[0].document.uri"),
        (parts({"redactedReasoning": "", "signature": {"provider": "anthropic", "data": "[]"}},
               role="ROLE_ASSISTANT"), "messages[1].parts[0].signature.data"),
        (parts({"redactedReasoning": "", "signature": {"provider": "anthropic", "data": "{}"}},
               role="ROLE_ASSISTANT"), "messages[1].parts[0].signature.data"),
    ],
)  # fmt: skip
def test_what_nobody_could_read_is_invalid(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        encode({**fields, "seed": 1})
    assert caught.value.reason_name == "INVALID_REQUEST", "no other provider could take it"
    assert [violation.field for violation in caught.value.violations] == [path, "seed"]


def test_texts_go_as_they_were_written() -> None:
    schema = '{"type": "object", "x-big": 12345678901234567890, "x-float": 1.0}'
    call = {"toolCall": {"id": "c", "name": "f", "arguments": '{"n": 12345678901234567890123}'}}
    fields = parts(call, role="ROLE_ASSISTANT")
    sent = encode({**fields, "tools": [{"name": "f", "parameters": schema}]}).body
    assert schema.encode() in sent
    assert b'{"n": 12345678901234567890123}' in sent


def test_what_only_its_provider_can_read_goes_back_as_it_came() -> None:
    data = '{"type":"server_tool_use","id":"s","input":{"big":12345678901234567890123}}'
    signature = {"provider": "anthropic", "data": data}
    sent = encode(parts({"redactedReasoning": "", "signature": signature}, role="ROLE_ASSISTANT"))
    assert data.encode() in sent.body


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ({}, None),
        ({"parallel": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"mode": "MODE_AUTO", "parallel": True},
         {"type": "auto", "disable_parallel_tool_use": False}),
        ({"mode": "MODE_NONE", "parallel": False}, {"type": "none"}),
        ({"mode": "MODE_REQUIRED"}, {"type": "any"}),
        ({"mode": "MODE_NAMED", "name": "f"}, {"type": "tool", "name": "f"}),
    ],
)  # fmt: skip
def test_the_choice_of_tools(choice: dict[str, Any], sent: dict[str, Any] | None) -> None:
    assert body({**TOOLS, "toolChoice": choice}).get("tool_choice") == sent


@pytest.mark.parametrize("role", [0, 99])
def test_a_role_that_is_none_is_invalid(role: pb.Role.ValueType) -> None:
    asked = pb.GenerateRequest(messages=[pb.LLMMessage(role=role, content="Hello")])
    with pytest.raises(InvalidRequestError) as caught:
        DIALECT.encode(asked, OLD, Defaults(), stream=False)
    assert caught.value.violations[0].field == "messages[0].role"
    assert caught.value.reason_name == "INVALID_REQUEST"


@pytest.mark.parametrize("choice", [{"mode": "MODE_NONE"}, {"parallel": False}])
def test_without_tools_there_is_no_choice(choice: dict[str, Any]) -> None:
    assert "tool_choice" not in body({"toolChoice": choice})


def test_a_data_url_without_a_type_has_the_one_beside_it() -> None:
    image = {"image": {"uri": "data:;base64,AA==", "mediaType": "image/png"}}
    document = {"document": {"uri": "data:;base64,AA==", "mediaType": "application/pdf"}}
    sent = body(parts(image, document))["messages"][0]["content"][1:]
    assert [each["source"]["media_type"] for each in sent] == ["image/png", "application/pdf"]


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


def test_the_providers_own_breakpoint_counts_as_one() -> None:
    marked = [{"text": str(at), "cacheBreakpoint": {}} for at in range(4)]
    own = {"anthropic.cache_control": {"type": "ephemeral"}}
    encoded = encode({"messages": [{"role": "ROLE_USER", "parts": marked}], "providerOptions": own})
    assert encoded.body.count(b'"cache_control"') == 4
    assert [each.field for each in encoded.warnings] == ["messages[0].parts[0].cache_breakpoint"]


def test_of_too_many_breakpoints_the_last_ones_stay() -> None:
    marked = [{"text": str(at), "cacheBreakpoint": {}} for at in range(6)]
    encoded = encode({"messages": [{"role": "ROLE_USER", "parts": marked}]})
    [sent] = json.loads(encoded.body)["messages"]
    kept = [each["text"] for each in sent["content"] if "cache_control" in each]
    assert kept == ["2", "3", "4", "5"]
    assert [warning.field for warning in encoded.warnings] == [
        "messages[0].parts[0].cache_breakpoint",
        "messages[0].parts[1].cache_breakpoint",
    ]


@pytest.mark.parametrize(
    ("wanted", "ttl", "warned"),
    [
        ("0s", "5m", False),
        ("300s", "5m", False),
        ("300.5s", "1h", False),
        ("3600s", "1h", False),
        ("3601s", "1h", True),
    ],
)
def test_a_lifetime_is_rounded_up(wanted: str, ttl: str, warned: bool) -> None:
    item = {"text": "a", "cacheBreakpoint": {"ttl": wanted}}
    encoded = encode({"messages": [{"role": "ROLE_USER", "parts": [item]}]})
    [sent] = json.loads(encoded.body)["messages"]
    assert sent["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": ttl}
    assert bool(encoded.warnings) == warned


def test_the_key_and_the_version_go_into_headers() -> None:
    version = {"anthropic-version": "2023-06-01"}
    assert DIALECT.headers("k") == {"x-api-key": "k", **version}
    assert DIALECT.headers(None) == version


def test_a_count_has_what_would_be_sent_and_nothing_else() -> None:
    fields = {
        **TOOLS,
        "messages": [{"role": "ROLE_SYSTEM", "content": "Be kind."}, HELLO],
        "toolChoice": {"mode": "MODE_AUTO"},
        "maxTokens": 9,
        "temperature": 0.5,
        "stop": ["x"],
        "providerOptions": {"anthropic.service_tier": "auto"},
        "responseFormat": {"jsonSchema": {"schema": "{}"}},
    }
    encoded = DIALECT.encode_count(request(fields), OLD)
    assert encoded.path == "/v1/messages/count_tokens"
    assert json.loads(encoded.body) == {
        "model": OLD,
        "system": "Be kind.",
        "messages": [{"role": "user", "content": "Hello"}],
        "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}],
        "tool_choice": {"type": "auto"},
        "output_config": {"format": {"type": "json_schema", "schema": {}}},
    }
    with pytest.raises(InvalidRequestError):
        DIALECT.encode_count(request({"seed": 1}), OLD)
    assert DIALECT.decode_count(b'{"input_tokens": 42}') == 42


def test_the_list_is_read_page_by_page() -> None:
    first = {
        "data": [
            {"type": "model", "id": "claude-a", "max_input_tokens": 1000, "max_tokens": 50},
            {"type": "model", "id": "claude-b", "max_input_tokens": None},
        ],
        "has_more": True,
        "first_id": "claude-a",
        "last_id": "claude-b",
    }
    assert DIALECT.list_path("") == "/v1/models?limit=1000"
    models, page = DIALECT.decode_list(json.dumps(first).encode())
    assert models == [Listed("claude-a", 1000, 50), Listed("claude-b")]
    assert DIALECT.list_path(page) == "/v1/models?limit=1000&after_id=claude-b"
    last = {"data": [], "has_more": False, "last_id": "claude-z"}
    assert DIALECT.decode_list(json.dumps(last).encode()) == ([], "")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"[]",
        b'{"data": [{}]}',
        b'{"input_tokens": "x"}',
        b'{"input_tokens": -1}',
        b'{"input_tokens": 2147483648}',
        b'{"x":' * 100_000,
    ],
)
def test_a_list_or_a_count_that_cannot_be_read_is_an_error(sent: bytes) -> None:
    for read in (DIALECT.decode_list, DIALECT.decode_count):
        with pytest.raises(ProviderNotAvailableError, match="anthropic sent no") as caught:
            read(sent)
        assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"
