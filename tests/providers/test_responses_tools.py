"""Tools in a request of Responses, the choice between them, and what an answer may be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc.errors import InvalidRequestError
from tests.providers.responses_requests import encode, refused


def own(type: str, provider: str = "openai", **fields: Any) -> dict[str, Any]:
    return {"providerTool": {"provider": provider, "type": type, **fields}}


def test_options_of_a_provider_tool_go_out_as_they_were_written() -> None:
    options = '{ "b":5.0, "a":12345678901234567890 }'
    body = encode({"tools": [own("web_search_2025_08_26", options=options)]}).body
    tool = b'{"type":"web_search_2025_08_26","b":5.0,"a":12345678901234567890}'
    assert tool in body.replace(b", ", b",")
    assert b'"name"' not in body


@pytest.mark.parametrize(
    ("tool", "path"),
    [
        (own("web_search", provider="anthropic"), "tools[0].provider_tool.provider"),
        (own("bash_20250124"), "tools[0].provider_tool.type"),
        (own("web"), "tools[0].provider_tool.type"),
    ],
)
def test_what_is_no_tool_of_the_provider_is_refused_by_name(
    tool: dict[str, Any], path: str
) -> None:
    assert [each.field for each in refused({"tools": [tool]}).violations] == [path]


@pytest.mark.parametrize(
    ("types", "included"),
    [
        (["web_search"], ["web_search_call.action.sources"]),
        (["web_search_preview_2025_03_11"], ["web_search_call.action.sources"]),
        (["code_interpreter", "file_search"],
         ["file_search_call.results", "code_interpreter_call.outputs"]),
        (["mcp", "image_generation"], None),
    ],
)  # fmt: skip
def test_what_a_tool_did_is_asked_for(types: list[str], included: list[str] | None) -> None:
    body = json.loads(encode({"tools": [own(each) for each in types]}, model="gpt-4.1").body)
    assert body.get("include") == included


def test_a_tool_marks_no_cache() -> None:
    tool = {"function": {"name": "f"}, "cacheBreakpoint": {}}
    encoded = encode({"tools": [tool]})
    assert [each.field for each in encoded.warnings] == ["tools[0].cache_breakpoint"]
    assert b"cache" not in encoded.body


TOOLS = [{"function": {"name": "f"}}, {"function": {"name": "g"}}, {"function": {"name": "h"}}]
TWO = [{"type": "function", "name": "f"}, {"type": "function", "name": "h"}]


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ({"allowedNames": ["f", "h"]}, {"type": "allowed_tools", "mode": "auto", "tools": TWO}),
        ({"mode": "MODE_REQUIRED", "allowedNames": ["h", "f"]},
         {"type": "allowed_tools", "mode": "required", "tools": TWO}),
        ({"mode": "MODE_AUTO", "allowedNames": ["f", "g", "h"]}, "auto"),
        ({"mode": "MODE_NAMED", "allowedNames": ["h"]}, TWO[1]),
        ({"mode": "MODE_NONE"}, "none"),
        ({"parallel": True}, None),
    ],
)  # fmt: skip
def test_a_choice_between_tools(choice: dict[str, Any], written: object) -> None:
    body = json.loads(encode({"tools": TOOLS, "toolChoice": choice}).body)
    assert body.get("tool_choice") == written
    assert len(body["tools"]) == 3


def test_where_there_is_no_list_of_allowed_tools_only_they_are_sent() -> None:
    choice = {"mode": "MODE_REQUIRED", "allowedNames": ["f", "h"]}
    encoded = encode({"tools": TOOLS, "toolChoice": choice}, provider="xai", model="grok-4.7")
    body = json.loads(encoded.body)
    assert [each["name"] for each in body["tools"]] == ["f", "h"]
    assert body["tool_choice"] == "required"
    assert [each.field for each in encoded.warnings] == ["tool_choice.allowed_names"]
    assert "cache" in encoded.warnings[0].message


def test_xai_cannot_be_made_to_call_its_own_tool() -> None:
    tools = [own("x_search", provider="xai"), *TOOLS]
    choice = {"mode": "MODE_NAMED", "allowedNames": ["x_search"]}
    with pytest.raises(InvalidRequestError) as caught:
        encode({"tools": tools, "toolChoice": choice}, provider="xai", model="grok-4.7")
    assert [each.field for each in caught.value.violations] == ["tool_choice.allowed_names[0]"]


def test_who_asks_is_told_and_an_option_goes_first() -> None:
    user = {"endUserId": "user-7"}
    assert json.loads(encode(user).body)["safety_identifier"] == "user-7"
    encoded = encode({**user, "providerOptions": {"openai.safety_identifier": "other"}})
    assert json.loads(encoded.body)["safety_identifier"] == "other"
    assert [each.field for each in encoded.warnings] == ["end_user_id"]


@pytest.mark.parametrize(
    ("modalities", "tools", "taken"),
    [
        (["MODALITY_TEXT"], [], True),
        (["MODALITY_TEXT", "MODALITY_IMAGE"], [own("image_generation")], True),
        (["MODALITY_TEXT", "MODALITY_IMAGE"], [own("web_search")], False),
        (["MODALITY_IMAGE"], [own("image_generation")], False),
        (["MODALITY_TEXT", "MODALITY_AUDIO"], [], False),
    ],
)
def test_answers_are_text_and_have_images_with_their_tool_alone(
    modalities: list[str], tools: list[dict[str, Any]], taken: bool
) -> None:
    fields = {"outputModalities": modalities, "tools": tools}
    if taken:
        assert b"odalities" not in encode(fields).body
    else:
        assert [each.field for each in refused(fields).violations] == ["output_modalities"]
