"""What the Google dialect sends, refuses, and leaves out with a warning."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.clients import GoogleAIClient
from llmrpc_server.providers.dialect import Defaults, Encoded, Row
from llmrpc_server.providers.google import GoogleDialect
from llmrpc_server.providers.google.contents import SKIP_SIGNATURE
from llmrpc_server.providers.registry import ROWS
from tests.providers.golden import Case, cases

GOOGLE = GoogleDialect(ROWS["google"])
HELLO = {"role": "ROLE_USER", "content": "Hello"}
NEW, OLD = "gemini-3.8-flash", "gemini-2.5-flash"


def encode(
    fields: dict[str, Any], model: str = NEW, defaults: Defaults | None = None, stream: bool = False
) -> Encoded:
    request = json_format.ParseDict({"messages": [HELLO], **fields}, pb.GenerateRequest())
    return GOOGLE.encode(request, model, defaults or Defaults(), stream=stream)


def body(fields: dict[str, Any], model: str = NEW) -> Any:
    return json.loads(encode(fields, model).body)


def parts(*items: dict[str, Any], role: str = "ROLE_USER") -> dict[str, Any]:
    return {"messages": [{"role": role, "parts": list(items)}]}


def called(id: str, signature: str = "", maker: str = "google", **call: Any) -> dict[str, Any]:
    part: dict[str, Any] = {"toolCall": {"id": id, "name": "f", **call}}
    if signature:
        part["signature"] = {"provider": maker, "data": signature}
    return part


def result(id: str, *pieces: dict[str, Any], **more: Any) -> dict[str, Any]:
    item = {"toolResult": {"toolCallId": id, "parts": list(pieces), **more}}
    return {"role": "ROLE_TOOL", "parts": [item]}


PNG = {"data": "iVBORw==", "mediaType": "image/png"}
JSON = {"jsonSchema": {"schema": "{}"}}
TOOLS = [{"name": "f"}]


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
        (NEW, {"tools": [{"name": "f", "strict": True}, {"name": "g", "strict": False}]},
         ["tools[0].strict"]),
        ("gemini-2.0-flash", {"tools": [{"name": "f", "strict": True}]}, ["tools[0].strict"]),
        ("gemma-3-27b-it", {"messages": [{"role": "ROLE_SYSTEM", "content": "Be."}, HELLO],
                            "tools": TOOLS}, ["messages[0].role", "tools"]),
        (OLD, {"tools": TOOLS, "responseFormat": JSON}, ["response_format.json_schema"]),
        (OLD, {"tools": TOOLS, "responseFormat": {"jsonObject": {}}},
         ["response_format.json_object"]),
        (OLD, parts({"image": {**PNG, "detail": "IMAGE_DETAIL_HIGH"}}),
         ["messages[0].parts[0].image.detail"]),
        (NEW, parts({"refusal": "No."}, role="ROLE_ASSISTANT"), ["messages[0].parts[0].refusal"]),
        (NEW, parts({"text": "Be."}, {"image": PNG}, role="ROLE_SYSTEM"),
         ["messages[0].parts[1].image", "messages"]),
        (NEW, {"messages": [{"role": "ROLE_SYSTEM", "content": "Be."}]}, ["messages"]),
        (NEW, parts(called("a", arguments="[1]"), called("b", arguments="{"),
                    role="ROLE_ASSISTANT"),
         ["messages[0].parts[0].tool_call.arguments", "messages[0].parts[1].tool_call.arguments"]),
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
        ({"tools": [{"name": "f", "parameters": "[]"}]}, "tools[0].parameters"),
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
        ({"toolChoice": {"mode": "MODE_NAMED", "name": "f"}},
         {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        ({"tools": [{"name": "f", "strict": True}]}, {"mode": "VALIDATED"}),
        ({"tools": [{"name": "f", "strict": False}]}, None),
        ({"tools": [{"name": "f", "strict": True}], "toolChoice": {"mode": "MODE_NONE"}},
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
def test_the_default_temperature_is_a_hint(
    model: str, fields: dict[str, Any], sent: float | None
) -> None:
    encoded = encode(fields, model, Defaults(temperature=0.7))
    assert json.loads(encoded.body).get("generationConfig", {}).get("temperature") == sent
    left_out = [warning.field for warning in encoded.warnings]
    assert left_out == (["temperature"] if sent is None else [])


def test_a_default_bound_is_sent_where_the_request_has_none() -> None:
    defaults = Defaults(max_tokens=500)
    assert b'"maxOutputTokens":500' in encode({}, defaults=defaults).body
    assert b'"maxOutputTokens":7' in encode({"maxTokens": 7}, defaults=defaults).body


ANSWERS = [
    case
    for case in cases("response.json", "expected_response.json")
    if case.info["provider"] == "google" and case.expected().message.parts
]


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: case.folder.name)
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_goes_back_with_every_signature_on_its_own_part(case: Case, stream: bool) -> None:
    answer = case.expected(stream=stream).message
    request = pb.GenerateRequest(
        messages=[pb.LLMMessage(role=pb.ROLE_USER, content="Hello"), answer]
    )
    sent = json.loads(GOOGLE.encode(request, case.info["model"], Defaults(), stream=False).body)
    turn = sent["contents"][1]
    assert turn["role"] == "model"
    assert [part.get("thoughtSignature", "") for part in turn["parts"]] == [
        part.signature.data for part in answer.parts
    ]
    assert [part.get("text") for part in turn["parts"]] == [
        None if part.HasField("tool_call") else part.text or part.reasoning for part in answer.parts
    ]


def test_the_first_unsigned_call_of_a_turn_gets_what_stands_for_a_signature() -> None:
    turn = parts({"text": "I call."}, called("a"), called("b"), role="ROLE_ASSISTANT")
    encoded = encode(turn)
    sent = json.loads(encoded.body)["contents"][0]["parts"]
    assert [part.get("thoughtSignature") for part in sent] == [None, SKIP_SIGNATURE, None]
    assert [each.field for each in encoded.warnings] == ["messages[0].parts[1].signature"]
    assert SKIP_SIGNATURE.encode() not in encode(turn, OLD).body
    assert not encode(turn, OLD).warnings


def test_a_signature_goes_to_its_own_provider_alone() -> None:
    own, foreign = called("a", "mine"), called("b", "theirs", maker="openai")
    encoded = encode(parts(own, foreign, role="ROLE_ASSISTANT"))
    assert b'"thoughtSignature":"mine"' in encoded.body
    assert b"theirs" not in encoded.body
    assert [each.field for each in encoded.warnings] == ["messages[0].parts[1].signature"]


@pytest.mark.parametrize(("role", "told"), [("ROLE_ASSISTANT", "model"), ("ROLE_USER", "user")])
def test_what_only_held_anothers_signature_is_nothing_to_send(role: str, told: str) -> None:
    theirs = {"provider": "openai", "data": "theirs"}
    turn = parts({"text": "", "signature": theirs}, {"text": "a"}, role=role)
    encoded = encode(turn)
    assert json.loads(encoded.body)["contents"] == [{"role": told, "parts": [{"text": "a"}]}]
    assert [each.field for each in encoded.warnings] == ["messages[0].parts[0].signature"]


def test_no_hint_is_dropped_without_a_warning_wherever_it_stands() -> None:
    hints = {"cacheBreakpoint": {}, "signature": {"provider": "google", "data": "s"}}
    user = {"role": "ROLE_USER", "parts": [{"text": "a", **hints}]}
    tool = result("a", {"text": "b", **hints}, name="f")
    tool["parts"][0].update(hints)
    encoded = encode({"messages": [user, tool]})
    assert sorted(each.field for each in encoded.warnings) == [
        "messages[0].parts[0].cache_breakpoint",
        "messages[0].parts[0].signature",
        "messages[1].parts[0].cache_breakpoint",
        "messages[1].parts[0].signature",
        "messages[1].parts[0].tool_result.parts[0].cache_breakpoint",
        "messages[1].parts[0].tool_result.parts[0].signature",
    ]


def test_calls_and_schemas_go_as_they_were_written() -> None:
    text = '{"big": 12345678901234567890, "float": 1.0, "nested": [{"a": null}]}'
    turn = parts(called("a", "s", arguments=text), role="ROLE_ASSISTANT")
    fields = {
        "tools": [{"name": "f", "parameters": text}],
        "responseFormat": {"jsonSchema": {"schema": text}},
    }
    assert encode({**turn, **fields}).body.count(text.encode()) == 3


@pytest.mark.parametrize("role", [0, 99])
def test_a_role_that_is_none_is_invalid(role: pb.Role.ValueType) -> None:
    asked = pb.GenerateRequest(messages=[pb.LLMMessage(role=role, content="Hello")])
    with pytest.raises(InvalidRequestError) as caught:
        GOOGLE.encode(asked, NEW, Defaults(), stream=False)
    assert caught.value.violations[0].field == "messages[0].role"
    assert caught.value.reason_name == "INVALID_REQUEST"


def test_a_data_url_has_its_own_type_before_the_one_beside_it() -> None:
    for url, told in (("data:image/webp;base64,AA==", "image/webp"), ("data:;base64,AA==", "a/b")):
        turn = parts({"image": {"uri": url, "mediaType": "a/b"}})
        [sent] = json.loads(encode(turn).body)["contents"][0]["parts"]
        assert sent == {"inlineData": {"mimeType": told, "data": "AA=="}}


def test_no_part_of_the_users_is_dropped_whatever_it_is() -> None:
    strange = {"messages": [{"role": "ROLE_USER", "parts": [{"text": "a"}, {"reasoning": "b"}]}]}
    with pytest.raises(InvalidRequestError) as caught:
        encode(strange)
    assert [each.field for each in caught.value.violations] == ["messages[0].parts[1].reasoning"]


def test_what_is_left_out_whole_is_no_conversation() -> None:
    theirs = {"provider": "openai", "data": "theirs"}
    foreign = parts({"reasoning": "Hm.", "signature": theirs}, role="ROLE_ASSISTANT")
    with pytest.raises(InvalidRequestError) as caught:
        encode(foreign)
    assert [each.field for each in caught.value.violations] == ["messages"]


def test_a_result_has_the_name_of_the_last_call_before_it() -> None:
    asked = [parts(called("c", name=name), role="ROLE_ASSISTANT") for name in "fg"]
    told = [{"messages": [result("c")]}] * 2
    both = [each["messages"][0] for pair in zip(asked, told, strict=True) for each in pair]
    sent = json.loads(encode({"messages": both}).body)["contents"]
    answered = [each["parts"][0]["functionResponse"]["name"] for each in sent[1::2]]
    assert answered == ["f", "g"]


def test_an_empty_answer_is_left_out_with_a_warning() -> None:
    encoded = encode({"messages": [HELLO, {"role": "ROLE_ASSISTANT"}, HELLO]})
    assert [each.field for each in encoded.warnings] == ["messages[1]"]
    [turn] = json.loads(encoded.body)["contents"]
    assert turn == {"role": "user", "parts": [{"text": "Hello"}, {"text": "Hello"}]}


def test_a_row_of_somebodys_own_drops_nothing_either() -> None:
    own = GoogleDialect(Row("proxy", "google", "https://gemini.example.com"))
    request = json_format.ParseDict(
        {
            "messages": [{"role": "ROLE_ASSISTANT", "parts": [{"refusal": "No."}]}],
            "toolChoice": {"parallel": False},
        },
        pb.GenerateRequest(),
    )
    with pytest.raises(InvalidRequestError) as caught:
        own.encode(request, "m", Defaults(), stream=False)
    assert [violation.field for violation in caught.value.violations] == [
        "messages[0].parts[0].refusal",
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
