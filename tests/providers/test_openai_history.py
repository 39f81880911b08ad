"""Earlier turns that are odd go back by either dialect of OpenAI, or are warned of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.dialect import Defaults, Encoded
from llmrpc_server.providers.registry import DIALECTS, ROWS
from llmrpc_server.rpc.limits import Limits
from llmrpc_server.rpc.validation import Validator

ASK = {"role": "ROLE_USER", "content": "Go on."}
CHAT, RESPONSES = "openai", "openai-responses"


def encode(
    dialect: str, row: str, *parts: dict[str, Any], role: str = "ROLE_ASSISTANT", check: bool = True
) -> Encoded:
    messages = [ASK, {"role": role, "parts": list(parts)}, ASK]
    request = json_format.ParseDict({"messages": messages}, pb.GenerateRequest())
    if check:
        Validator(Limits()).check(request)
    codec = DIALECTS[dialect](ROWS[row].speaking(dialect))
    return codec.encode(request, "m", Defaults(), stream=False)


def sent(encoded: Encoded) -> Any:
    body = json.loads(encoded.body)
    return body.get("messages", body.get("input"))[1]


def warned(encoded: Encoded) -> list[str]:
    return [warning.field for warning in encoded.warnings]


OTHERS = [
    (CHAT, row)
    for row in (
        "mistral", "groq", "deepseek", "xai", "openrouter", "together", "perplexity", "ollama",
        "vllm", "llamacpp",
    )
] + [(RESPONSES, "xai")]  # fmt: skip


@pytest.mark.parametrize(("dialect", "row"), OTHERS)
def test_a_refusal_is_text_where_there_are_none(dialect: str, row: str) -> None:
    encoded = encode(dialect, row, {"refusal": "No."})
    content = sent(encoded)["content"]
    assert content in ("No.", [{"type": "output_text", "text": "No."}])
    assert warned(encoded) == ["messages[1].parts[0].refusal"]


@pytest.mark.parametrize(("dialect", "row"), [(CHAT, "openai"), (RESPONSES, "azure")])
def test_a_refusal_stays_one_where_there_are_some(dialect: str, row: str) -> None:
    encoded = encode(dialect, row, {"refusal": "No."})
    assert sent(encoded)["content"] == [{"type": "refusal", "refusal": "No."}]
    assert not encoded.warnings


def call(arguments: str) -> dict[str, Any]:
    return {"toolCall": {"id": "call_1", "name": "f", "arguments": arguments}}


def arguments(encoded: Encoded) -> str:
    item = sent(encoded)
    if "tool_calls" in item:
        item = item["tool_calls"][0]["function"]
    found: str = item["arguments"]
    return found


@pytest.mark.parametrize("cut", ['{"a": "', "[1]", "nul"])
@pytest.mark.parametrize(("dialect", "row"), [each for each in OTHERS if each[1] != "perplexity"])
def test_a_call_that_was_cut_off_goes_back_as_an_object(dialect: str, row: str, cut: str) -> None:
    encoded = encode(dialect, row, call(cut))
    assert json.loads(arguments(encoded)) == {"INVALID_JSON": cut}
    assert warned(encoded) == ["messages[1].parts[0].tool_call.arguments"]


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
@pytest.mark.parametrize("row", ["openai", "azure", "xai"])
@pytest.mark.parametrize("whole", ["{}", '{"a": 1e999, "a": 2}', ""])
def test_arguments_that_are_an_object_are_left_alone(dialect: str, row: str, whole: str) -> None:
    encoded = encode(dialect, row, call(whole))
    assert f'"arguments":{json.dumps(whole or "{}")}'.encode() in encoded.body
    assert not encoded.warnings


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
@pytest.mark.parametrize("row", ["openai", "azure"])
def test_openai_takes_arguments_as_the_model_wrote_them(dialect: str, row: str) -> None:
    encoded = encode(dialect, row, call('{"a": "'))
    assert arguments(encoded) == '{"a": "'
    assert not encoded.warnings


ODD = [
    '"n": 1e999', f'"n": {10**400}', '"n": 1, "n": 2', '"n": "\\ud83d\\ude00"',
    '"created_by": {"a": 1e999}', '"output": [{"created_by": 1e999, "n": 1e999}]',
    '"output": 1e999',
]  # fmt: skip


def block(data: str, kind: str = "x") -> dict[str, Any]:
    return {"providerBlock": {"provider": "openai", "type": kind, "data": data}}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("kind", ["custom_tool_call", "image_generation_call"])
@pytest.mark.parametrize("role", ["ROLE_ASSISTANT", "ROLE_TOOL"])
def test_odd_json_in_a_block_goes_back_by_responses(odd: str, kind: str, role: str) -> None:
    data = f'{{"type": "{kind}", "result": "eA==", {odd}}}'
    encoded = encode(RESPONSES, "openai", block(data, kind), role=role)
    if "created_by" in odd:
        assert b"created_by" not in encoded.body
    else:
        assert data.encode() in encoded.body


@pytest.mark.parametrize("odd", ODD)
def test_odd_json_in_a_block_goes_back_by_chat_completions(odd: str) -> None:
    data = f'{{"role": "tool", "tool_call_id": "c", {odd}}}'
    assert data.encode() in encode(CHAT, "openai", block(data), role="ROLE_TOOL").body
    data = f'{{"id": "c", "type": "custom", "custom": {{}}, {odd}}}'
    assert data.encode() in encode(CHAT, "openai", block(data, "custom")).body


@pytest.mark.parametrize("role", ["1e999", "null", '["tool"]', '"user"'])
def test_a_block_that_is_no_message_of_a_tool_is_refused(role: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        encode(CHAT, "openai", block(f'{{"role": {role}}}'), role="ROLE_TOOL")
    assert caught.value.violations[0].field.endswith("provider_block.data")


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
@pytest.mark.parametrize("odd", ['{"\\ud800": 1}', '{"a": "\\ud800"}', "[]", "{"])
def test_what_a_signature_keeps_is_an_object_or_refused(dialect: str, odd: str) -> None:
    """Also in a client that is used alone, without the gateway's own checks."""
    signature = {"provider": "openai", "extra": odd}
    for part in ({**call("{}"), "signature": signature}, {"text": "a", "signature": signature}):
        if dialect == CHAT and "text" in part:
            continue
        with pytest.raises(InvalidRequestError) as caught:
            encode(dialect, "openai", part, check=False)
        assert caught.value.violations[0].field == "messages[1].parts[0].signature.extra"


@pytest.mark.parametrize("custom", ['{"name": 1e999}', "1e999", '{"name": "n", "a": 1e999}'])
def test_odd_options_of_a_custom_tool_are_handed_on(custom: str) -> None:
    tool = {"provider": "openai", "type": "custom", "options": f'{{"custom": {custom}}}'}
    fields = {
        "messages": [ASK], "tools": [{"providerTool": {**tool, "name": "n"}}],
        "toolChoice": {"mode": "MODE_NAMED", "allowedNames": ["n"]},
    }  # fmt: skip
    request = json_format.ParseDict(fields, pb.GenerateRequest())
    codec = DIALECTS[CHAT](ROWS["openai"])
    encoded = codec.encode(request, "m", Defaults(), stream=False)
    assert f'"custom":{custom}'.encode() in encoded.body
    assert b'"tool_choice":{"type":"custom","custom":{"name":"n"}}' in encoded.body
