"""Google's own tools in a request, beside functions and under a choice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.registry import ROWS
from tests.providers.generate_content import HELLO, NEW, OLD, body, encode, parts
from tests.providers.tools import function

EARLIER = "gemini-2.0-flash"


def own(type: str, options: str = "", **more: Any) -> dict[str, Any]:
    """One of Google's tools."""
    return {"providerTool": {"provider": "google", "type": type, "options": options, **more}}


SEARCH = own("google_search")
F, G = function("f"), function("g")
DECLARED = {"functionDeclarations": [{"name": "f"}]}
BOTH = {"functionDeclarations": [{"name": "f"}, {"name": "g"}]}
SEARCHING: dict[str, Any] = {"google_search": {}}
SHOWN = "includeServerSideToolInvocations"


@pytest.mark.parametrize("type", sorted(ROWS["google"].provider_tools))
def test_a_tool_is_its_options_under_its_type_as_they_were_written(type: str) -> None:
    options = '{"b": 5, "a": [1.0, 12345678901234567890], "b2": {"z": null}}'
    sent = encode({"tools": [own(type, options)]}).body
    written = f"[{options}]" if type in ("mcp_servers", "mcpServers") else options
    assert f'"tools":[{{"{type}":{written}}}]'.encode() in sent
    assert b"toolConfig" not in sent


def test_functions_stand_first_and_tools_keep_their_order() -> None:
    tools = [own("url_context"), F, SEARCH, G, own("mcp_servers", '{"name": "a"}', name="a"),
             own("mcp_servers", '{"name": "b"}', name="b")]  # fmt: skip
    sent = body({"tools": tools})
    assert sent["tools"] == [
        BOTH, {"url_context": {}}, SEARCHING,
        {"mcp_servers": [{"name": "a"}]}, {"mcp_servers": [{"name": "b"}]},
    ]  # fmt: skip
    assert sent["toolConfig"] == {SHOWN: True}


@pytest.mark.parametrize("model", [OLD, EARLIER, "gemini-2.5-pro"])
def test_an_earlier_model_takes_functions_or_tools_and_not_both(model: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        encode({"tools": [F, SEARCH, own("computer_use")]}, model)
    assert [each.field for each in caught.value.violations] == ["tools[1].provider_tool"]
    assert body({"tools": [SEARCH]}, model)["tools"] == [SEARCHING]


@pytest.mark.parametrize("type", ["computer_use", "computerUse"])
@pytest.mark.parametrize("model", [NEW, "gemini-2.5-computer-use-preview-10-2025"])
def test_a_tool_that_the_caller_runs_is_like_a_function(model: str, type: str) -> None:
    sent = body({"tools": [F, own(type)]}, model)
    assert sent["tools"] == [DECLARED, {type: {}}]
    assert "toolConfig" not in sent


@pytest.mark.parametrize(
    ("tools", "choice", "sent", "config", "warned"),
    [
        ([F, G, SEARCH], {"allowedNames": ["g", "google_search"]}, [BOTH, SEARCHING],
         {"mode": "VALIDATED", "allowedFunctionNames": ["g"]}, []),
        ([F, G, SEARCH], {"mode": "MODE_AUTO", "allowedNames": ["g"]}, [BOTH],
         {"mode": "VALIDATED", "allowedFunctionNames": ["g"]}, ["tool_choice.allowed_names"]),
        ([F, G], {"mode": "MODE_REQUIRED", "allowedNames": ["g", "f"]}, [BOTH],
         {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}, []),
        ([F, SEARCH], {"mode": "MODE_REQUIRED"}, [DECLARED, SEARCHING], {"mode": "ANY"}, []),
        ([F, SEARCH], {"mode": "MODE_NAMED", "allowedNames": ["f"]}, [DECLARED],
         {"mode": "ANY", "allowedFunctionNames": ["f"]}, ["tool_choice.allowed_names"]),
        ([F, SEARCH], {"allowedNames": ["google_search"]}, [SEARCHING], None,
         ["tool_choice.allowed_names"]),
        ([F, own("google_search", name="look")], {"allowedNames": ["look"]}, [SEARCHING], None,
         ["tool_choice.allowed_names"]),
        ([SEARCH, own("url_context")], {"allowedNames": ["google_search"]}, [SEARCHING], None,
         ["tool_choice.allowed_names"]),
        ([SEARCH], {"allowedNames": ["google_search"]}, [SEARCHING], None, []),
        ([SEARCH], {"mode": "MODE_AUTO"}, [SEARCHING], None, []),
        ([F, SEARCH], {"mode": "MODE_NONE"}, [DECLARED], {"mode": "NONE"}, ["tool_choice.mode"]),
        ([SEARCH], {"mode": "MODE_NONE"}, None, None, ["tool_choice.mode"]),
    ],
)  # fmt: skip
def test_a_choice_binds_functions_by_name_and_leaves_out_other_tools(
    tools: list[Any], choice: Any, sent: Any, config: Any, warned: list[str]
) -> None:
    encoded = encode({"tools": tools, "toolChoice": choice})
    found = json.loads(encoded.body)
    assert found.get("tools") == sent
    assert found.get("toolConfig", {}).get("functionCallingConfig") == config
    mixed = bool(sent) and len(sent) == 2
    assert found.get("toolConfig", {}).get(SHOWN, False) == mixed
    assert [each.field for each in encoded.warnings] == warned


def test_a_model_without_validated_calls_is_sent_the_allowed_functions_alone() -> None:
    encoded = encode({"tools": [F, G], "toolChoice": {"allowedNames": ["f"]}}, EARLIER)
    sent = json.loads(encoded.body)
    assert sent["tools"] == [DECLARED]
    assert "toolConfig" not in sent
    assert [each.field for each in encoded.warnings] == ["tool_choice.allowed_names"]
    named = {"mode": "MODE_NAMED", "allowedNames": ["f"]}
    assert body({"tools": [F, G], "toolChoice": named}, EARLIER)["tools"] == [BOTH]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"tools": [SEARCH], "toolChoice": {"mode": "MODE_REQUIRED"}}, "tool_choice.mode"),
        ({"tools": [F, SEARCH],
          "toolChoice": {"mode": "MODE_NAMED", "allowedNames": ["google_search"]}},
         "tool_choice.mode"),
        ({"tools": [own("web_search")]}, "tools[0].provider_tool.type"),
        ({"tools": [F, {"providerTool": {"provider": "openai", "type": "google_search"}}]},
         "tools[1].provider_tool.provider"),
        ({"outputModalities": ["MODALITY_TEXT", "MODALITY_AUDIO"]}, "output_modalities[1]"),
        ({"outputModalities": ["MODALITY_VIDEO"]}, "output_modalities[0]"),
    ],
)  # fmt: skip
def test_what_google_cannot_do_is_refused_by_its_path(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        encode(fields)
    assert caught.value.reason_name == "FIELD_NOT_SUPPORTED"
    assert [each.field for each in caught.value.violations] == [path]


def test_a_model_without_tools_takes_none_of_googles_either() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        encode({"tools": [SEARCH]}, "gemma-3-27b-it")
    assert [each.field for each in caught.value.violations] == ["tools"]


def test_an_option_stands_beside_what_the_tools_need() -> None:
    options = {"google.include_server_side_tool_invocations": True}
    assert body({"tools": [SEARCH], "providerOptions": options})["toolConfig"] == {SHOWN: True}
    place = {"google.retrieval_config": {"languageCode": "de"}}
    chosen = {"tools": [F], "toolChoice": {"mode": "MODE_AUTO"}, "providerOptions": place}
    assert body(chosen)["toolConfig"] == {
        "functionCallingConfig": {"mode": "AUTO"}, "retrievalConfig": {"languageCode": "de"},
    }  # fmt: skip


def test_a_block_goes_to_its_own_provider_alone_and_in_its_place() -> None:
    data = '{"functionResponse":  {"name": "click_at", "id": "c", "response": {"n": 1.50}}}'
    answer = json.loads(data)

    def block(provider: str) -> dict[str, Any]:
        return {"providerBlock": {"provider": provider, "type": "t", "data": data}}

    results = [block("openai"), {"toolResult": {"toolCallId": "c", "name": "f"}}, block("google")]
    tool = {"role": "ROLE_TOOL", "parts": results}
    said = parts(block("google"), {"text": "a"}, block("anthropic"), role="ROLE_ASSISTANT")
    encoded = encode({"messages": [HELLO, *said["messages"], tool]})
    assert encoded.body.count(data.encode()) == 2
    _, model, user = json.loads(encoded.body)["contents"]
    assert model["parts"] == [answer, {"text": "a"}]
    assert [list(each) for each in user["parts"]] == [["functionResponse"]] * 2
    assert user["parts"][1] == answer
    assert [each.field for each in encoded.warnings] == [
        "messages[1].parts[2].provider_block",
        "messages[2].parts[0].provider_block",
    ]
