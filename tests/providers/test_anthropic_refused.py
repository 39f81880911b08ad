"""What the Messages API refuses is not sent: blank texts, thoughts at the end, late thinking."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.dialect import Defaults, Encoded
from llmrpc_server.providers.registry import DIALECTS, ROWS
from llmrpc_server.providers.row import Row

DIALECT = DIALECTS["anthropic"](ROWS["anthropic"])
OWN = DIALECTS["anthropic"](Row("own", "anthropic", "http://127.0.0.1"))
HI = {"role": "ROLE_USER", "content": "Hi"}
MORE = {"role": "ROLE_USER", "content": "Go on"}
SIGNED = {"reasoning": "Hm.", "signature": {"provider": "anthropic", "data": "s"}}
REDACTED = {"redacted_reasoning": "r", "signature": {"provider": "anthropic"}}
CALL = {"tool_call": {"id": "c", "name": "now", "arguments": "{}"}}
RESULT = {"role": "ROLE_TOOL", "parts": [{"tool_result": {"tool_call_id": "c", "content": "1"}}]}
BUDGET = {"max_tokens": 9000, "reasoning": {"budget_tokens": 2000}}
EFFORT = {"max_tokens": 9000, "reasoning": {"effort": "EFFORT_LOW"}}


def said(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "ROLE_ASSISTANT", "parts": list(parts)}


def encode(*messages: dict[str, Any], **more: Any) -> Encoded:
    request = json_format.ParseDict({"messages": list(messages), **more}, pb.GenerateRequest())
    return DIALECT.encode(request, "claude-sonnet-4-5", Defaults(), stream=False)


def sent(*messages: dict[str, Any], **more: Any) -> Any:
    return json.loads(encode(*messages, **more).body)


def warned(*messages: dict[str, Any], **more: Any) -> list[str]:
    return [each.field for each in encode(*messages, **more).warnings]


@pytest.mark.parametrize("blank", [" ", "\n\n", "\t "])
def test_blank_texts_of_all_roles_are_left_out(blank: str) -> None:
    system = {"role": "ROLE_SYSTEM", "parts": [{"text": blank}, {"text": "Be kind."}]}
    user = {"role": "ROLE_USER", "parts": [{"text": blank}, {"text": "Hi"}]}
    body = sent(system, user, said({"text": blank}), MORE)
    assert body["system"] == "Be kind."
    both = [{"type": "text", "text": text} for text in ("Hi", "Go on")]
    assert body["messages"] == [{"role": "user", "content": both}]
    assert warned(user, said({"text": "a"}), MORE) == ["messages[0]"]
    assert "system" not in sent({"role": "ROLE_SYSTEM", "content": blank}, HI)


def test_blank_results_of_tools_are_empty() -> None:
    for result in ({"content": " \n"}, {"parts": [{"text": " "}]}, {"content": ""}):
        tool = {"role": "ROLE_TOOL", "parts": [{"tool_result": {"tool_call_id": "c", **result}}]}
        last = sent(HI, said(CALL), tool, tools=[{"function": {"name": "now"}}])["messages"][-1]
        assert last["content"] == [{"type": "tool_result", "tool_use_id": "c"}]


def test_nothing_but_blanks_is_no_conversation() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        encode({"role": "ROLE_USER", "content": " "})
    assert [each.field for each in caught.value.violations] == ["messages"]


@pytest.mark.parametrize("thought", [SIGNED, REDACTED])
def test_a_thought_stays_where_something_follows(thought: dict[str, Any]) -> None:
    for answers in ([said(thought), said({"text": "a"})], [said(thought, {"text": "a"})]):
        _, answer, _ = sent(HI, *answers, MORE)["messages"]
        assert [block["type"].removeprefix("redacted_") for block in answer["content"]] == [
            "thinking",
            "text",
        ]
        assert warned(HI, *answers, MORE) == []


@pytest.mark.parametrize("thought", [SIGNED, REDACTED])
@pytest.mark.parametrize("more", [[], [MORE]])
def test_a_thought_at_the_end_is_left_out(thought: dict[str, Any], more: list[Any]) -> None:
    for parts in ([thought], [thought, {"text": " "}], [thought, thought]):
        roles = [each["role"] for each in sent(HI, said(*parts), *more)["messages"]]
        assert roles == ["user"]
        assert "messages[1]" in warned(HI, said(*parts), *more)
    _, answer, *_ = sent(HI, said({"text": "a"}, thought), *more)["messages"]
    assert answer["content"] == "a"


def test_only_the_end_of_the_conversation_loses_its_blanks() -> None:
    assert sent(HI, said({"text": "{ "}))["messages"][1]["content"] == "{"
    assert sent(HI, said({"text": "{ "}), MORE)["messages"][1]["content"] == "{ "
    assert warned(HI, said({"text": "{ "})) == ["messages[1]"]
    assert sent(HI, said({"text": "{"}, {"text": " \n"}))["messages"][1]["content"] == "{"
    assert sent({"role": "ROLE_USER", "content": "Hi "})["messages"][0]["content"] == "Hi "


@pytest.mark.parametrize("asked", [BUDGET, EFFORT])
@pytest.mark.parametrize("turn", [
    [said(CALL), RESULT],
    [said({"text": "a"}, CALL), RESULT],
    [said(SIGNED, CALL), RESULT, said({**CALL}), RESULT],
    [said(CALL), {"role": "ROLE_USER", "parts": [{"text": "Well?"}]}, RESULT],
    [said({"text": "a"})],
])  # fmt: skip
def test_nobody_thinks_late(turn: list[dict[str, Any]], asked: dict[str, Any]) -> None:
    tools = [{"function": {"name": "now"}}]
    assert "thinking" not in sent(HI, *turn, tools=tools, **asked)
    assert "reasoning" in warned(HI, *turn, tools=tools, **asked)
    late = sent(HI, *turn, tools=tools, temperature=0.5, **asked)
    assert late["temperature"] == 0.5  # which no model takes while it thinks


@pytest.mark.parametrize("asked", [BUDGET, EFFORT])
@pytest.mark.parametrize("turn", [
    [],
    [said(SIGNED, CALL), RESULT],
    [said(REDACTED, CALL), RESULT],
    [said(CALL), RESULT, said({"text": "a"}), MORE],
])  # fmt: skip
def test_thinking_is_asked_for_where_it_can_begin(
    turn: list[dict[str, Any]], asked: dict[str, Any]
) -> None:
    assert sent(HI, *turn, tools=[{"function": {"name": "now"}}], **asked)["thinking"]


@pytest.mark.parametrize("union", ["oneOf", "anyOf", "allOf"])
def test_a_provider_of_ones_own_may_take_unions(union: str) -> None:
    schema = json.dumps({"type": "object", union: [{"required": ["a"]}]})
    request = json_format.ParseDict(
        {"messages": [HI], "tools": [{"function": {"name": "f", "parameters": schema}}]},
        pb.GenerateRequest(),
    )
    body = OWN.encode(request, "m", Defaults(), stream=False).body
    assert json.loads(body)["tools"][0]["input_schema"] == json.loads(schema)
    with pytest.raises(InvalidRequestError, match=union):
        DIALECT.encode(request, "claude-sonnet-4-5", Defaults(), stream=False)


def test_a_schema_without_a_type_is_that_of_an_object() -> None:
    schema = '{"properties":{"big":{"const":12345678901234567890}}}'
    body = encode(HI, tools=[{"function": {"name": "f", "parameters": schema}}]).body
    assert b'{"type":"object",' + schema[1:].encode() in body
