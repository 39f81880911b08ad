"""What of an answer goes back with Chat Completions: unchanged, and behind the same bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.dialect import Defaults
from tests.providers.golden import Case, cases
from tests.providers.test_openai_requests import encode, parts, refused

ANSWERED = [
    case
    for case in cases("request.json", "response.json", "expected_response.json")
    if case.folder.parent.name == "openai"
]
"""Whole conversations of one turn."""
URL = "https://example.com/"


def name(case: Case) -> str:
    return case.folder.name


def messages(body: bytes) -> bytes:
    """The messages of a request, byte for byte, up to the end of their list."""
    start = body.index(b'"messages":[')
    _, end = json.JSONDecoder().raw_decode(body.decode()[len(body[:start].decode()) + 11 :])
    text = body[start:].decode()[11 : 11 + end]
    return text.encode().removesuffix(b"]")


@pytest.mark.parametrize("case", ANSWERED, ids=name)
def test_a_second_turn_starts_with_the_bytes_of_the_first(case: Case) -> None:
    request, dialect = case.request(), case.dialect
    first = dialect.encode(request, case.info["model"], Defaults(), stream=False)
    request.messages.append(case.expected().message)
    request.messages.append(pb.LLMMessage(role=pb.ROLE_USER, content="Go on."))
    second = dialect.encode(request, case.info["model"], Defaults(), stream=False)
    assert messages(second.body).startswith(messages(first.body) + b",")
    again = dialect.encode(request, case.info["model"], Defaults(), stream=False)
    assert again.body == second.body


@pytest.mark.parametrize("case", ANSWERED, ids=name)
def test_what_goes_back_is_what_the_provider_wrote(case: Case) -> None:
    """Each field that is sent back equals the provider's own, whatever is left out is warned of."""
    request = case.request()
    del request.messages[1:]
    request.messages.append(case.expected().message)
    encoded = case.dialect.encode(request, case.info["model"], Defaults(), stream=False)
    sent = json.loads(encoded.body)["messages"][-1]
    said = case.json("response.json")["choices"][0]["message"]
    for field in ("content", "annotations", "tool_calls", "reasoning_details", "reasoning_steps"):
        if sent.get(field) and not (field == "content" and said.get("refusal")):
            assert trimmed(sent[field]) == trimmed(said[field]), field
    for field in ("annotations", "executed_tools"):
        if said.get(field) and field not in sent:
            assert any("messages[1]" in each.field for each in encoded.warnings), field


def trimmed(value: Any) -> Any:
    """Without what says nothing: nulls, numbers of pieces, and a mark of the end."""
    if isinstance(value, list):
        return [trimmed(each) for each in value]
    if isinstance(value, dict):
        odd = {"index", "closed"}
        return {k: trimmed(v) for k, v in value.items() if v is not None and k not in odd}
    return value


def cite(provider: str, **fields: Any) -> dict[str, Any]:
    data = json.dumps({"type": "url_citation", "url_citation": {"url": URL}})
    return {"provider": provider, "type": "url_citation", "url": URL, "data": data, **fields}


@pytest.mark.parametrize(
    ("provider", "annotations", "sent"),
    [
        ("openrouter", [cite("openrouter")], 1),
        ("openrouter", [cite("openrouter"), cite("openai")], 1),
        ("openrouter", [cite("openai")], 0),
        ("openrouter", [cite("openrouter", data="")], 0),
        ("openai", [cite("openai"), cite("openai")], 0),
        ("groq", [cite("groq")], 0),
    ],
)
def test_annotations_go_back_to_those_who_take_them(
    provider: str, annotations: list[dict[str, Any]], sent: int
) -> None:
    encoded = encode(
        parts({"text": "a", "annotations": annotations}, role="ROLE_ASSISTANT"), provider, "m"
    )
    message = json.loads(encoded.body)["messages"][-1]
    assert len(message.get("annotations", [])) == sent
    warned = [warning.field for warning in encoded.warnings]
    assert warned == (["messages[0].parts[0].annotations"] if sent < len(annotations) else [])


def test_annotations_of_a_users_text_have_no_place() -> None:
    encoded = encode(parts({"text": "a", "annotations": [cite("openrouter")]}), "openrouter", "m")
    assert [each.field.rpartition(".")[2] for each in encoded.warnings] == ["annotations"]


@pytest.mark.parametrize(
    ("provider", "block", "field"),
    [
        ("openai", {"provider": "openai", "type": "custom"}, "tool_calls"),
        ("azure", {"provider": "azure", "type": "custom"}, "tool_calls"),
        ("perplexity", {"provider": "perplexity", "type": "fetch_url_content"}, "reasoning_steps"),
        ("openrouter", {"provider": "openrouter", "type": "file"}, "annotations"),
        ("mistral", {"provider": "mistral", "type": "reference"}, "content"),
        ("openai", {"provider": "openai", "type": "other"}, ""),
        ("openai", {"provider": "azure", "type": "custom"}, ""),
        ("groq", {"provider": "groq", "type": "search"}, ""),
    ],
)
def test_a_block_goes_back_into_its_field_or_is_left_out(
    provider: str, block: dict[str, str], field: str
) -> None:
    data = '{"b": 1.0,  "a": 12345678901234567890}'
    encoded = encode(
        parts({"text": "t"}, {"providerBlock": {**block, "data": data}}, role="ROLE_ASSISTANT"),
        provider,
        "m",
    )
    assert (data.encode() in encoded.body) == bool(field)
    if field:
        assert json.loads(encoded.body)["messages"][-1][field][-1] == json.loads(data)
    kinds = [warning.field.rpartition(".")[2] for warning in encoded.warnings]
    assert kinds == ([] if field else ["provider_block"])


def answered(provider: str, data: str) -> dict[str, Any]:
    return parts({"providerBlock": {"provider": provider, "data": data}}, role="ROLE_TOOL")


def test_the_callers_result_of_a_custom_tool_is_a_message_of_its_own() -> None:
    data = '{"role":"tool","tool_call_id":"call_1","content":"42"}'
    encoded = encode(answered("openai", data))
    assert data.encode() in encoded.body
    assert not encoded.warnings
    encoded = encode(answered("another", data))
    assert data.encode() not in encoded.body
    assert [each.field.rpartition(".")[2] for each in encoded.warnings] == ["provider_block"]
    with pytest.raises(InvalidRequestError) as caught:
        encode(answered("openai", '{"role":"user","content":"42"}'))
    assert caught.value.violations[0].field.endswith("provider_block.data")


@pytest.mark.parametrize("kind", ["image", "audio", "document"])
def test_media_in_a_message_of_the_model_are_refused(kind: str) -> None:
    media = {kind: {"data": "eA==", "mediaType": "image/png"}}
    for provider in ("openai", "mistral", "vllm"):
        path = refused(parts(media, role="ROLE_ASSISTANT"), provider, "m")
        assert [each.rpartition(".")[2] for each in path] == [kind]


def test_a_picture_of_the_model_goes_back_where_there_is_a_place() -> None:
    said = parts({"image": {"uri": URL}}, {"image": {"fileId": "f"}}, role="ROLE_ASSISTANT")
    assert refused(said, "openrouter", "m")[0].endswith("parts[1].image.file_id")
    encoded = encode(parts({"image": {"uri": URL}}, role="ROLE_ASSISTANT"), "openrouter", "m")
    message = json.loads(encoded.body)["messages"][-1]
    assert message["images"] == [{"type": "image_url", "image_url": {"url": URL}}]
    assert message["content"] == ""
