"""Names of tools that a provider does not take: sent as others, and given back."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.registry import DIALECTS, ROWS
from llmrpc_server.providers.tool_names import PLAIN, names_back, sent_name

ODD = ["files.read", "a b", "ünder", "x" * 70, "1st.tool", "..."]


@given(st.text(min_size=1, max_size=90))
def test_every_name_is_sent_as_one_that_is_taken(name: str) -> None:
    sent = sent_name(name)
    assert PLAIN.fullmatch(sent)
    assert sent_name(name) == sent_name(sent) == sent
    assert (sent == name) == bool(PLAIN.fullmatch(name))


def test_names_stay_different() -> None:
    names = ["a.b", "a:b", "a_b", "a b", "x" * 70, "x" * 71]
    assert len({sent_name(name) for name in names}) == len(names)


def test_only_what_was_renamed_is_given_back() -> None:
    tools = [pb.Tool(function=pb.FunctionTool(name=name)) for name in ("now", "a.b")]
    assert names_back(tools) == {sent_name("a.b"): "a.b"}


def test_calls_get_their_names_back() -> None:
    names = {"a_b_1": "a.b"}
    before, after = AnswerBuilder(), AnswerBuilder()
    before.tool_call(0, "1", "a_b_1", "{}")
    before.rename(names)
    after.rename(names)
    after.tool_call(0, "1", "a_b_1", "{}")
    assert after.take()[0].tool_call.name == "a.b"
    assert [each.tool_call.name for each in (*before.parts(), *after.parts())] == ["a.b"] * 2


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize(("row", "taken"), [
    ("anthropic", r"[a-zA-Z0-9_-]{1,64}"), ("google", r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}"),
])  # fmt: skip
def test_a_request_has_the_same_name_everywhere(row: str, taken: str, name: str) -> None:
    call = pb.Part(tool_call=pb.ToolCall(id="c", name=name, arguments="{}"))
    result = pb.Part(tool_result=pb.ToolResult(tool_call_id="c", content="noon"))
    request = pb.GenerateRequest(
        messages=[
            pb.LLMMessage(role=pb.ROLE_USER, content="Hi"),
            pb.LLMMessage(role=pb.ROLE_ASSISTANT, parts=[call]),
            pb.LLMMessage(role=pb.ROLE_TOOL, parts=[result]),
        ],
        tools=[pb.Tool(function=pb.FunctionTool(name=name))],
        tool_choice=pb.ToolChoice(mode=pb.ToolChoice.MODE_NAMED, allowed_names=[name]),
    )
    dialect = DIALECTS[ROWS[row].dialect](ROWS[row])
    model = {"anthropic": "claude-sonnet-4-5", "google": "gemini-3.5-flash"}[row]
    encoded = dialect.encode(request, model, Defaults(), stream=False)
    found = set(re.findall(r'"name":"([^"]*)"', encoded.body.decode()))
    found |= set(json.loads(encoded.body).get("toolConfig", {}).get(
        "functionCallingConfig", {}).get("allowedFunctionNames", []))  # fmt: skip
    [sent] = found
    assert re.fullmatch(taken, sent)
    assert encoded.names.get(sent, sent) == name
