"""Anthropic's own tools in requests: names, options, choice, betas and breakpoints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc.errors import InvalidRequestError
from tests.providers.messages_requests import OLD, body, encode, parts, refused
from tests.providers.tools import function

SEARCH = {"providerTool": {"provider": "anthropic", "type": "web_search_20250305"}}
SERVERS = {"anthropic.mcp_servers": [{"type": "url", "url": "https://x/", "name": "s"}]}
EPHEMERAL = {"type": "ephemeral"}


def own(tool_type: str, options: str = "", name: str = "") -> dict[str, Any]:
    tool = {"provider": "anthropic", "type": tool_type, "options": options, "name": name}
    return {"providerTool": tool}


def toolset(server: str) -> dict[str, Any]:
    return own("mcp_toolset", f'{{"mcp_server_name":"{server}","configs":{{"a":{{}}}}}}', server)


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        (own("web_search_20260318", name="looker"), "web_search"),
        (own("bash_20250124"), "bash"),
        (own("text_editor_20250124"), "str_replace_editor"),
        (own("text_editor_20250728"), "str_replace_based_edit_tool"),
        (own("tool_search_tool_bm25_20251119"), "tool_search_tool_bm25"),
        (own("tool_search_tool_regex"), "tool_search_tool_regex"),
        (own("computer_20251124", '{"name":"desk"}'), "desk"),
        (own("custom", '{"input_schema":{}}', name="f"), "f"),
        (own("computer_toolset_20260801", name="desk"), None),
        (own("mcp_toolset", '{"mcp_server_name":"s"}', name="s"), None),
    ],
)
def test_a_tool_has_the_name_that_its_type_demands(tool: dict[str, Any], name: str | None) -> None:
    assert body({"tools": [tool]})["tools"][0].get("name") == name


def test_options_go_as_they_were_written() -> None:
    options = '{"z":1.0,"a":12345678901234567890123,"m":{"y":null, "b":5}}'
    sent = encode({"tools": [own("web_fetch_20250910", options)]}).body
    assert b'{"type":"web_fetch_20250910",' + options[1:-1].encode() in sent


def test_tools_of_others_and_unknown_types_are_refused_by_name() -> None:
    tools = [{"providerTool": {"provider": "openai", "type": "web_search"}}, own("teleport_1")]
    assert refused({"tools": tools}) == [
        "tools[0].provider_tool.provider",
        "tools[1].provider_tool.type",
    ]


@pytest.mark.parametrize(
    ("choice", "sent", "tools", "warned"),
    [
        ({"allowedNames": ["g", "look"]}, None, ["g", "web_search"], True),
        ({"mode": "MODE_AUTO", "allowedNames": ["f"]}, {"type": "auto"}, ["f"], True),
        ({"mode": "MODE_REQUIRED", "allowedNames": ["f", "g"]}, {"type": "any"}, ["f", "g"], True),
        ({"mode": "MODE_REQUIRED", "allowedNames": ["f"]}, {"type": "tool", "name": "f"},
         ["f", "g", "web_search"], False),
        ({"mode": "MODE_NAMED", "allowedNames": ["look"]}, {"type": "tool", "name": "web_search"},
         ["f", "g", "web_search"], False),
        ({"mode": "MODE_AUTO", "allowedNames": ["look", "f", "g"]}, {"type": "auto"},
         ["f", "g", "web_search"], False),
    ],
)  # fmt: skip
def test_of_several_tools_only_the_allowed_ones_are_sent(
    choice: dict[str, Any], sent: dict[str, Any] | None, tools: list[str], warned: bool
) -> None:
    search = {"providerTool": {**SEARCH["providerTool"], "name": "look"}}
    given = [function("f"), function("g"), search]
    encoded = encode({"tools": given, "toolChoice": choice})
    found = json.loads(encoded.body)
    assert [each["name"] for each in found["tools"]] == tools
    assert found.get("tool_choice") == sent
    warnings = [each.field for each in encoded.warnings]
    assert warnings == (["tool_choice.allowed_names"] if warned else [])


def test_a_toolset_cannot_be_forced() -> None:
    choice = {"mode": "MODE_NAMED", "allowedNames": ["s"]}
    fields = {"tools": [toolset("s")], "toolChoice": choice, "providerOptions": SERVERS}
    assert refused(fields) == ["tool_choice.allowed_names[0]"]


def test_an_mcp_server_keeps_its_toolset_where_it_is_not_allowed() -> None:
    fields = {"tools": [toolset("s"), toolset("t")], "toolChoice": {"allowedNames": ["t"]}}
    first, second = body(fields)["tools"]
    assert first == {
        "type": "mcp_toolset",
        "mcp_server_name": "s",
        "default_config": {"enabled": False},
    }
    assert second["configs"] == {"a": {}}


@pytest.mark.parametrize(
    ("fields", "betas"),
    [
        ({"tools": [SEARCH]}, None),
        ({"tools": [toolset("s")], "providerOptions": SERVERS}, "mcp-client-2025-11-20"),
        ({"tools": [toolset("s")],
          "providerOptions": {"anthropic.betas": ["mcp-client-2026-09-15", "other-2026-01-01"]}},
         "mcp-client-2026-09-15,other-2026-01-01"),
        ({"tools": [own("computer_20250124"), own("advisor_20260301")]},
         "computer-use-2025-01-24,advisor-tool-2026-03-01"),
        ({"providerOptions": {"anthropic.betas": []}}, None),
    ],
)  # fmt: skip
def test_betas_are_named_in_a_header(fields: dict[str, Any], betas: str | None) -> None:
    encoded = encode(fields)
    assert encoded.headers.get("anthropic-beta") == betas
    assert b"betas" not in encoded.body


@pytest.mark.parametrize("betas", ["a", [3], ["a\r\nx-api-key: b"], ["a,b"], ["a"] * 33])
def test_what_is_no_list_of_betas_is_invalid(betas: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        encode({"providerOptions": {"anthropic.betas": betas}})
    assert [each.field for each in caught.value.violations] == ["provider_options[anthropic.betas]"]


def test_breakpoints_of_tools_come_first_in_the_prompt() -> None:
    marked = [{"text": str(at), "cacheBreakpoint": {}} for at in range(3)]
    tools = [
        {**function("f"), "cacheBreakpoint": {"ttl": "3600s"}},
        {**SEARCH, "cacheBreakpoint": {}},
    ]
    encoded = encode({"messages": [{"role": "ROLE_USER", "parts": marked}], "tools": tools})
    first, second = json.loads(encoded.body)["tools"]
    assert "cache_control" not in first
    assert second["cache_control"] == EPHEMERAL
    assert [each.field for each in encoded.warnings] == ["tools[0].cache_breakpoint"]


def test_a_breakpoint_in_the_options_of_a_tool_counts_as_one() -> None:
    marked = [{"text": str(at), "cacheBreakpoint": {}} for at in range(4)]
    tool = own("bash_20250124", '{"cache_control":{"type":"ephemeral"}}')
    fields = {
        "messages": [{"role": "ROLE_USER", "parts": marked}],
        "tools": [{**tool, "cacheBreakpoint": {"ttl": "3600s"}}],
    }
    encoded = encode(fields)
    assert encoded.body.count(b'"cache_control"') == 4
    assert [each.field for each in encoded.warnings] == [
        "tools[0].cache_breakpoint",
        "messages[0].parts[0].cache_breakpoint",
    ]


def test_citations_are_enabled_for_all_documents_or_none() -> None:
    document = {"document": {"uri": "https://x/a.pdf"}}
    result = {"toolResult": {"toolCallId": "c", "parts": [document]}}
    fields = parts(document, {"text": "?"})
    fields["messages"].append({"role": "ROLE_TOOL", "parts": [result]})
    [plain] = body(fields)["messages"]
    assert "citations" not in json.dumps(plain)
    fields["providerOptions"] = {"anthropic.citations": {"enabled": True}}
    [sent] = body(fields)["messages"]
    assert sent["content"][1]["citations"] == {"enabled": True}
    assert sent["content"][3]["content"][0]["citations"] == {"enabled": True}


@pytest.mark.parametrize(
    ("metadata", "user", "warned"),
    [
        (None, "u", []),
        ({}, "u", []),
        ({"user_id": None}, "u", []),
        ({"user_id": "other"}, "other", ["end_user_id"]),
    ],
)
def test_the_end_user_is_told_unless_an_option_tells_one(
    metadata: dict[str, Any] | None, user: str, warned: list[str]
) -> None:
    options = {} if metadata is None else {"anthropic.metadata": metadata}
    encoded = encode({"endUserId": "u", "providerOptions": options})
    assert json.loads(encoded.body)["metadata"] == {"user_id": user}
    assert [each.field for each in encoded.warnings] == warned


def test_the_output_can_be_configured_beside_the_fields_for_it() -> None:
    option = {"anthropic.output_config": {"effort": "low"}}
    form = {"jsonSchema": {"schema": '{"type":"object"}'}}
    sent = body({"providerOptions": option, "responseFormat": form}, "claude-opus-4-6")
    assert sent["output_config"].keys() == {"effort", "format"}
    thinks = {"reasoning": {"budgetTokens": 2048}, "maxTokens": 4096, "providerOptions": option}
    sent = body(thinks, "claude-opus-4-6")
    assert sent["thinking"]["budget_tokens"] == 2048
    assert sent["output_config"] == {"effort": "low"}


@pytest.mark.parametrize("config", [{"effort": "low"}, 3])
def test_two_settings_of_one_thing_are_invalid(config: Any) -> None:
    option = {"anthropic.output_config": config}
    with pytest.raises(InvalidRequestError) as caught:
        encode({"reasoning": {"effort": "EFFORT_HIGH"}, "providerOptions": option}, OLD)
    assert [each.field for each in caught.value.violations] == [
        "provider_options[anthropic.output_config]"
    ]


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        (["MODALITY_TEXT"], []),
        (["MODALITY_TEXT", "MODALITY_IMAGE"], ["output_modalities"]),
        (["MODALITY_AUDIO"], ["output_modalities"]),
    ],
)
def test_text_is_all_that_comes(wanted: list[str], fields: list[str]) -> None:
    request = {"outputModalities": wanted}
    if fields:
        assert refused(request) == fields
    else:
        assert "modalities" not in str(body(request))


def test_the_toolset_of_a_call_goes_with_its_result() -> None:
    extra = '{"toolset_name":"computer"}'
    signature = {"provider": "anthropic", "extra": extra}
    call = {"toolCall": {"id": "c", "name": "zoom", "arguments": "{}"}, "signature": signature}
    fields = parts(call, role="ROLE_ASSISTANT")
    results = [{"toolResult": {"toolCallId": each, "content": "ok"}} for each in ("c", "d")]
    fields["messages"].append({"role": "ROLE_TOOL", "parts": results})
    first, second = body(fields)["messages"][2]["content"]
    assert first["toolset_name"] == "computer"
    assert "toolset_name" not in second


def test_annotations_that_are_not_the_assistants_are_warned_of() -> None:
    cited = {"text": "a", "annotations": [{"provider": "anthropic", "data": "{}"}]}
    result = {"toolResult": {"toolCallId": "c", "parts": [cited]}}
    fields = parts(cited)
    fields["messages"].append({"role": "ROLE_TOOL", "parts": [result]})
    encoded = encode(fields)
    assert b"citations" not in encoded.body
    assert [each.field for each in encoded.warnings] == [
        "messages[1].parts[0].annotations",
        "messages[2].parts[0].tool_result.parts[0].annotations",
    ]
