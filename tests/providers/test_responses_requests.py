"""What the Responses dialect refuses, and what it leaves out with a warning."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.dialect import Defaults
from tests.providers.responses import dialect
from tests.providers.responses_requests import HELLO, encode, parts, refused


@pytest.mark.parametrize(
    ("model", "fields", "paths"),
    [
        ("gpt-6-luna", {"topK": 1}, ["top_k"]),
        ("gpt-6-luna", {"stop": ["x"], "seed": "1"}, ["stop", "seed"]),
        ("gpt-6-luna", {"presencePenalty": 0, "frequencyPenalty": 0},
         ["presence_penalty", "frequency_penalty"]),
        ("gpt-6-luna", {"temperature": 0, "topP": 1}, ["temperature", "top_p"]),
        ("gpt-5.4-mini", {"temperature": 1, "reasoning": {"effort": "EFFORT_LOW"}},
         ["temperature"]),
        ("gpt-6-luna", {"reasoning": {"budgetTokens": 9}}, ["reasoning.budget_tokens"]),
        ("gpt-6-luna", parts({"audio": {"data": "AA==", "mediaType": "audio/wav"}}),
         ["messages[0].parts[0].audio"]),
        ("gpt-6-luna", parts({"text": "a"}, {"image": {"uri": "https://x/a.png"}},
                             role="ROLE_ASSISTANT"),
         ["messages[0].parts[1].image"]),
        ("gpt-6-luna", parts({"toolResult": {"toolCallId": "c", "parts": [
            {"audio": {"data": "AA==", "mediaType": "audio/wav"}}]}}, role="ROLE_TOOL"),
         ["messages[0].parts[0].tool_result.parts[0].audio"]),
    ],
)  # fmt: skip
def test_what_the_protocol_or_the_model_lacks_is_refused_by_its_path(
    model: str, fields: dict[str, Any], paths: list[str]
) -> None:
    error = refused(fields, model=model)
    assert error.reason_name == "FIELD_NOT_SUPPORTED"
    assert [violation.field for violation in error.violations] == paths


@pytest.mark.parametrize(
    "fields",
    [{"stop": ["x"]}, parts({"audio": {"data": "AA==", "mediaType": "audio/wav"}})],
)
def test_what_only_chat_carries_is_refused_with_the_setting_that_chooses_it(
    fields: dict[str, Any],
) -> None:
    assert "(providers.openai.dialects)" in str(refused(fields))


@pytest.mark.parametrize(
    ("item", "role", "field"),
    [
        ({"document": {"data": "JVBERg==", "mediaType": "application/pdf"}}, "ROLE_USER",
         "document.data"),
    ],
)  # fmt: skip
def test_what_a_provider_lacks_is_refused_and_openai_takes_it(
    item: dict[str, Any], role: str, field: str
) -> None:
    encode(parts(item, role=role))
    with pytest.raises(InvalidRequestError) as caught:
        encode(parts(item, role=role), provider="xai", model="grok-4.7")
    assert [each.field for each in caught.value.violations] == [f"messages[0].parts[0].{field}"]


@pytest.mark.parametrize(
    "option",
    ["background", "conversation", "previous_response_id", "store", "stream", "include", "tools",
     "stream_options", "prompt", "context_management", "input", "n", "top_logprobs", "logit_bias"],
)  # fmt: skip
def test_no_option_changes_what_must_be_read_or_what_is_kept(option: str) -> None:
    error = refused({"providerOptions": {f"openai.{option}": True}})
    assert [each.field for each in error.violations] == [f"provider_options[openai.{option}]"]


def test_options_have_their_places() -> None:
    options = {
        "openai.reasoning_summary": "auto", "openai.reasoning_mode": "pro",
        "openai.reasoning_context": "all_turns", "openai.verbosity": "low",
        "openai.prompt_cache_options": {"ttl": "12h"}, "groq.user": "u",
    }  # fmt: skip
    encoded = encode({"providerOptions": options, "responseFormat": {"jsonObject": {}}})
    body = json.loads(encoded.body)
    assert body["reasoning"] == {"summary": "auto", "mode": "pro", "context": "all_turns"}
    assert body["text"] == {"format": {"type": "json_object"}, "verbosity": "low"}
    assert body["prompt_cache_options"] == {"ttl": "12h"}
    assert [warning.field for warning in encoded.warnings] == ["provider_options[groq.user]"]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"tools": [{"function": {"name": "f", "parameters": "{"}}]},
         "tools[0].function.parameters"),
        ({"responseFormat": {"jsonSchema": {"schema": "[]"}}},
         "response_format.json_schema.schema"),
        ({"reasoning": {"effort": 99}}, "reasoning.effort"),
        ({"tools": [{"function": {"name": "f"}}], "toolChoice": {"mode": 99}}, "tool_choice.mode"),
        (parts({"image": {"uri": "https://x/a.png", "detail": 99}}),
         "messages[0].parts[0].image.detail"),
    ],
)  # fmt: skip
def test_what_no_provider_could_take_is_invalid(fields: dict[str, Any], path: str) -> None:
    error = refused(fields)
    assert error.reason_name == "INVALID_REQUEST"
    assert [violation.field for violation in error.violations] == [path]


@pytest.mark.parametrize(
    ("model", "fields", "sent"),
    [
        ("gpt-4.1", {}, 0.7),
        ("gpt-5.4-mini", {}, 0.7),
        ("gpt-6-luna", {"reasoning": {"effort": "EFFORT_NONE"}}, 0.7),
        ("gpt-6-luna", {}, None),
        ("o3", {}, None),
        ("gpt-5.3-codex", {}, None),
    ],
)
def test_the_default_temperature_goes_where_it_is_taken(
    model: str, fields: dict[str, Any], sent: float | None
) -> None:
    encoded = encode(fields, model=model, defaults=Defaults(temperature=0.7, max_tokens=50))
    body = json.loads(encoded.body)
    assert body.get("temperature") == sent
    assert body["max_output_tokens"] == 50
    assert encoded.warnings == []  # nobody asked for it


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"reasoning": "Hm."}, "reasoning"),
        ({"reasoning": "Hm.", "signature": {"provider": "anthropic", "data": "Hm."}}, "reasoning"),
        ({"reasoning": "Hm.", "signature": {"provider": "openai", "id": "rs_1"}}, "reasoning"),
        ({"redactedReasoning": "Hm.", "signature": {"provider": "anthropic"}},
         "redacted_reasoning"),
        ({"text": "b", "signature": {"provider": "google", "data": "Hm."}}, "signature"),
        ({"text": "b", "cacheBreakpoint": {}}, "cache_breakpoint"),
        ({"toolCall": {"id": "c", "name": "f"}, "signature": {"provider": "google", "data": "Hm."}},
         "signature"),
        ({"toolCall": {"id": "c", "name": "f"}, "signature": {"provider": "openai", "data": "Hm."}},
         "signature"),
    ],
)  # fmt: skip
def test_a_hint_without_a_place_is_left_out_with_a_warning(
    item: dict[str, Any], field: str
) -> None:
    encoded = encode(parts({"text": "a"}, item, role="ROLE_ASSISTANT"))
    assert [warning.field for warning in encoded.warnings] == [f"messages[0].parts[1].{field}"]
    assert b"Hm." not in encoded.body
    assert b"cache" not in encoded.body


def test_a_breakpoint_before_gpt_5_6_is_left_out_with_a_warning() -> None:
    item = {"text": "a", "cacheBreakpoint": {}}
    assert b"prompt_cache_breakpoint" in encode(parts(item)).body
    encoded = encode(parts(item), model="gpt-5.4")
    assert [each.field for each in encoded.warnings] == ["messages[0].parts[0].cache_breakpoint"]
    assert b"prompt_cache_breakpoint" not in encoded.body


def test_a_cached_tool_result_is_marked() -> None:
    item = {"toolResult": {"toolCallId": "c", "content": "found"}, "cacheBreakpoint": {}}
    body = json.loads(encode(parts(item, role="ROLE_TOOL")).body)
    mark = {"mode": "explicit"}
    assert body["input"][0]["output"] == [
        {"type": "input_text", "text": "found", "prompt_cache_breakpoint": mark}
    ]


def test_a_failed_tool_is_told_of_by_its_content_alone() -> None:
    item = {"toolResult": {"toolCallId": "c", "content": "no", "isError": True}}
    encoded = encode(parts(item, role="ROLE_TOOL"))
    assert [each.field for each in encoded.warnings] == [
        "messages[0].parts[0].tool_result.is_error"
    ]


SCHEMA = '{"type": "object", "properties": {}, "x-big": 12345678901234567890}'


@pytest.mark.parametrize("strict", [None, False, True])
def test_a_schema_is_strict_only_where_it_is_asked_for(strict: bool | None) -> None:
    """Without a word this API would make every optional argument a required one."""
    tool: dict[str, Any] = {"name": "f", "parameters": SCHEMA}
    if strict is not None:
        tool["strict"] = strict
    body = encode({"tools": [{"function": tool}]}).body
    assert SCHEMA.encode() in body
    assert json.loads(body)["tools"][0]["strict"] is bool(strict)


def test_reasoning_items_without_ids_are_told_apart() -> None:
    signed = [
        {"reasoning": text, "signature": {"provider": "openai", "data": data}}
        for text, data in (("A", "e1"), ("B", "e2"))
    ]
    body = json.loads(encode(parts(*signed, {"text": "a"}, role="ROLE_ASSISTANT")).body)
    items = body["input"][:-1]
    assert [(each["summary"][0]["text"], each["encrypted_content"]) for each in items] == [
        ("A", "e1"), ("B", "e2"),
    ]  # fmt: skip
    assert all("id" not in each for each in body["input"])


def test_an_empty_answer_goes_back_as_an_empty_text() -> None:
    empty: dict[str, Any] = {"role": "ROLE_ASSISTANT"}
    body = json.loads(encode({"messages": [HELLO, empty, HELLO]}).body)
    assert body["input"][1] == {"role": "assistant", "content": ""}


def test_nothing_is_kept_at_the_provider() -> None:
    for model, included in (("gpt-6-luna", ["reasoning.encrypted_content"]), ("gpt-4.1", None)):
        body = json.loads(encode({}, model=model).body)
        assert body["store"] is False
        assert body.get("include") == included


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "context_length_exceeded", "CONTEXT_WINDOW_EXCEEDED"),
        (400, "invalid_prompt", "PROVIDER_REJECTED_REQUEST"),
        (404, "model_not_found", "MODEL_NOT_FOUND"),
        (429, "insufficient_quota", "PROVIDER_QUOTA_EXHAUSTED"),
        (429, "rate_limit_exceeded", "PROVIDER_RATE_LIMITED"),
        (503, "slow_down", "PROVIDER_OVERLOADED"),
        (503, "server_is_overloaded", "PROVIDER_OVERLOADED"),
        (500, "server_error", "PROVIDER_UNAVAILABLE"),
    ],
)
def test_status_first_then_the_code(status: int, code: str, reason: str) -> None:
    error = dialect().error(status, {}, json.dumps({"error": {"code": code}}).encode())
    assert (error.reason_name, error.http_status) == (reason, status)
    assert error.metadata["provider_code"] == code
