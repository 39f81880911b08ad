"""What of a conversation goes back to Anthropic: turns, signatures, breakpoints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.dialect import Defaults
from tests.providers.messages_api import DIALECT
from tests.providers.messages_requests import (
    OLD,
    body,
    encode,
    parts,
    refused,
)


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
        ({"providerBlock": {"provider": "openai", "data": '{"type":"Hm."}'}}, "provider_block"),
        ({"refusal": "Hm.", "signature": {"provider": "anthropic"}}, "refusal"),
        ({"text": "a", "annotations": [{"provider": "openai", "data": '{"type":"Hm."}'}]},
         "annotations"),
        ({"text": "a", "annotations": [{"provider": "anthropic", "quote": "Hm."}]}, "annotations"),
        ({"text": "a", "signature": {"provider": "google", "extra": '{"Hm.":1}'}}, "signature"),
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


def test_texts_go_as_they_were_written() -> None:
    schema = '{"type": "object", "x-big": 12345678901234567890, "x-float": 1.0}'
    call = {"toolCall": {"id": "c", "name": "f", "arguments": '{"n": 12345678901234567890123}'}}
    fields = parts(call, role="ROLE_ASSISTANT")
    sent = encode({**fields, "tools": [{"function": {"name": "f", "parameters": schema}}]}).body
    assert schema.encode() in sent
    assert b'{"n": 12345678901234567890123}' in sent


def test_what_only_its_provider_can_read_goes_back_as_it_came() -> None:
    data = '{"type":"server_tool_use","id":"s","input":{"big":12345678901234567890123, "x":1.0}}'
    block = {"providerBlock": {"provider": "anthropic", "type": "server_tool_use", "data": data}}
    for role in ("ROLE_ASSISTANT", "ROLE_TOOL"):
        encoded = encode(parts(block, role=role))
        assert data.encode() in encoded.body
        assert not encoded.warnings


@pytest.mark.parametrize("role", [0, 99])
def test_a_role_that_is_none_is_invalid(role: pb.Role.ValueType) -> None:
    asked = pb.GenerateRequest(messages=[pb.LLMMessage(role=role, content="Hello")])
    with pytest.raises(InvalidRequestError) as caught:
        DIALECT.encode(asked, OLD, Defaults(), stream=False)
    assert caught.value.violations[0].field == "messages[0].role"
    assert caught.value.reason_name == "INVALID_REQUEST"


def test_a_data_url_without_a_type_has_the_one_beside_it() -> None:
    image = {"image": {"uri": "data:;base64,AA==", "mediaType": "image/png"}}
    document = {"document": {"uri": "data:;base64,AA==", "mediaType": "application/pdf"}}
    sent = body(parts(image, document))["messages"][0]["content"][1:]
    assert [each["source"]["media_type"] for each in sent] == ["image/png", "application/pdf"]


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
