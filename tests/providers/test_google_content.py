"""What of Gemini's answers has no kind in the contract, and is kept all the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.options import plain
from tests.providers.gemini_answers import body, fold, grounded, read
from tests.providers.generate_content import GOOGLE

PNG = "iVBORw=="


def sent_back(answer: pb.LLMResponse) -> list[Any]:
    """The parts of the answer, as a second turn has them."""
    request = pb.GenerateRequest(messages=[answer.message])
    body = GOOGLE.encode(request, "gemini-2.5-flash", Defaults(), stream=False).body
    parts: list[Any] = json.loads(body)["contents"][0]["parts"]
    return parts


@pytest.mark.parametrize(
    ("part", "kind", "id"),
    [
        ({"executableCode": {"code": "1", "id": "a"}, "thoughtSignature": "s"},
         "executableCode", "a"),
        ({"thought": True, "codeExecutionResult": {"outcome": "OUTCOME_OK"}},
         "codeExecutionResult", ""),
        ({"thoughtSignature": "s", "toolCall": {"toolType": "URL_CONTEXT", "id": "b"}},
         "toolCall", "b"),
        ({"toolResponse": {"id": "b", "response": {"n": 12345678901234567890}}},
         "toolResponse", "b"),
        ({"inlineData": {"mimeType": "audio/L16", "data": PNG}}, "inlineData", ""),
        ({"inlineData": {"mimeType": "image/png", "data": PNG}, "thought": True},
         "inlineData", ""),
        ({"inlineData": {"mimeType": "image/png", "data": "no base64!"}}, "inlineData", ""),
        ({"inlineData": {"mimeType": "image/png", "data": "größer"}}, "inlineData", ""),
        ({"inlineData": {"mimeType": "image/png", "data": ""}}, "inlineData", ""),
        ({"inlineData": {"mimeType": "image/png", "data": "iVBORx=="}}, "inlineData", ""),
        ({"inlineData": {"mimeType": "image/png", "data": PNG, "displayName": "a"}},
         "inlineData", ""),
        ({"fileData": {"fileUri": "https://x/a"}}, "fileData", ""),
        ({"functionCall": {"name": 5}}, "functionCall", ""),
        ({"text": 5}, "text", ""),
        ({"text": "", "ofTomorrow": [1]}, "text", ""),
        ({"ofTomorrow": [1]}, "ofTomorrow", ""),
        ({"thoughtSignature": "alone"}, "thoughtSignature", ""),
    ],
)  # fmt: skip
def test_a_part_without_a_kind_is_a_block_that_goes_back_as_it_came(
    part: dict[str, Any], kind: str, id: str
) -> None:
    answer = read(body({"text": "a"}, part, {"text": "b"}, finish="STOP"))
    before, block, after = answer.message.parts
    assert (before.text, after.text, answer.content) == ("a", "b", "ab")
    assert block == pb.Part(
        provider_block=pb.ProviderBlock(provider="google", type=kind, id=id, data=json.dumps(part))
    )
    assert sent_back(answer) == [{"text": "a"}, part, {"text": "b"}]


@pytest.mark.parametrize(
    "part",
    [
        {"text": "a", "partMetadata": {"k": 1}},
        {"text": "a", "thought": True, "partMetadata": {"k": 1}, "thoughtSignature": "s"},
        {"functionCall": {"id": "1", "name": "f", "args": {"a": 1}, "willContinue": False}},
        {"functionCall": {"id": "1", "name": "f", "args": {}}, "partMetadata": {"k": 1}},
        {"inlineData": {"mimeType": "image/png", "data": PNG}, "partMetadata": {"k": 1}},
        {"inlineData": {"mimeType": "image/png", "data": PNG}, "thoughtSignature": "s"},
    ],
)
def test_what_stands_beside_a_known_kind_goes_back_with_it(part: dict[str, Any]) -> None:
    answer = read(body(part, finish="STOP"))
    assert not answer.message.parts[0].HasField("provider_block")
    assert sent_back(answer) == [part]
    assert sent_back(fold(body(part), body({"text": "b"}, finish="STOP")).response()) == [
        part, {"text": "b"},
    ]  # fmt: skip


@pytest.mark.parametrize("part", [{}, {"text": ""}, {"text": None}, {"thought": True}])
def test_a_part_without_content_is_none(part: dict[str, Any]) -> None:
    assert [each.text for each in read(body(part, {"text": "a"}, finish="STOP")).message.parts] == [
        "a"
    ]


@pytest.mark.parametrize("part", [5, "a", None, [1]])
def test_a_part_that_is_no_object_is_no_answer(part: Any) -> None:
    for said in (body({"text": "a"}, part), body(part)):
        with pytest.raises(LLMClientError) as caught:
            GOOGLE.decode(json.dumps(said).encode())
        assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


def test_an_answer_may_not_hold_bytes_that_are_no_text() -> None:
    raw = json.dumps(body({"executableCode": {"code": "X"}}, finish="STOP")).encode()
    with pytest.raises(LLMClientError) as caught:
        GOOGLE.decode(raw.replace(b"X", b"\xff"))
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


def test_fields_that_are_not_known_are_metadata() -> None:
    said = body({"text": "a"}, finish="STOP", createTime="now", error=None)
    said["candidates"][0] |= {"ofTomorrow": {"a": [1]}, "continuationToken": "t"}
    said["candidates"].append({"index": 1, "ofTomorrow": 2})
    answer = read(said)
    assert answer.content == "a"
    found = {name: plain(value) for name, value in answer.provider_metadata.items()}
    assert found == {
        "google.create_time": "now",
        "google.of_tomorrow": {"a": [1]},
        "google.continuation_token": "t",
    }


def test_a_known_field_of_another_type_is_no_answer_whatever_stands_beside_it() -> None:
    for said in ({"candidates": 5}, {"candidates": [5]}, {"responseId": 5, "ofTomorrow": 1}):
        with pytest.raises(LLMClientError) as caught:
            GOOGLE.decode(json.dumps(said).encode())
        assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


def test_metadata_that_no_number_can_hold_is_text() -> None:
    said = json.dumps(body({"text": "a"}, finish="STOP", modelStatus="X")).encode()
    answer = GOOGLE.decode(said.replace(b'"X"', b'{"at":1e999999}'))
    assert answer.parts.content() == "a"
    assert plain(answer.metadata["google.model_status"]) == '{"at":1e999999}'


USAGE = {"promptTokenCount": 1, "candidatesTokenCount": 1}
QUERIES = ["a", "b", "a", "", " "]


@pytest.mark.parametrize(
    ("model", "metadata", "uses"),
    [
        ("gemini-3.8-flash", {"webSearchQueries": QUERIES}, {"web_search_queries": 2}),
        ("gemini-4-argon", {"webSearchQueries": QUERIES}, {"web_search_queries": 2}),
        ("gemini-2.5-pro", {"webSearchQueries": QUERIES}, {"web_search_prompts": 1}),
        ("gemini-2.5-pro", {"webSearchQueries": ["", " "]}, {}),
        ("gemini-3.8-flash", {"webSearchQueries": 5}, {}),
        ("gemini-3.1-flash-image", {"webSearchQueries": ["a"], "imageSearchQueries": ["b", "c"]},
         {"web_search_queries": 1, "image_search_queries": 2}),
        ("gemini-3.8-flash", {"groundingChunks": [{"maps": {"uri": "u"}}, {"maps": {"uri": "v"}}]},
         {"google_maps_prompts": 1}),
        ("gemini-3.8-flash", {"groundingChunks": [{"web": {"uri": "u"}}]}, {}),
    ],
)  # fmt: skip
def test_what_google_bills_by_the_use_is_counted(
    model: str, metadata: dict[str, Any], uses: dict[str, int]
) -> None:
    said = grounded(metadata, {"text": "a"}, usageMetadata=USAGE)
    assert read({**said, "modelVersion": model}).usage.tool_uses == uses


def test_a_search_that_is_shown_and_told_is_counted_once() -> None:
    call = {"toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["a", "b"]}}
    other = {"toolType": "URL_CONTEXT", "args": {"urls": ["a"]}}
    strange = {"toolType": "GOOGLE_SEARCH_WEB", "args": 5}
    parts = [{"toolCall": each} for each in (call, other, strange)]
    said = grounded({"webSearchQueries": ["b", "c"]}, *parts, usageMetadata=USAGE)
    assert read(said).usage.tool_uses == {"web_search_queries": 3}


@pytest.mark.parametrize(
    ("billed", "uses"),
    [
        ([{"tool": "GOOGLE_SEARCH_RETRIEVAL", "successfulToolCallCount": 4}],
         {"web_search_queries": 4}),
        ([{"tool": "google_search", "successfulToolCallCount": 1},
          {"tool": "GOOGLE_SEARCH_WEB", "successfulToolCallCount": 2},
          {"tool": "GOOGLE_MAPS", "successfulToolCallCount": 1}],
         {"web_search_queries": 3, "google_maps_prompts": 1}),
        ([{"tool": "OF_TOMORROW", "successfulToolCallCount": 1}],
         {"web_search_queries": 1, "of_tomorrow": 1}),
        ([{"tool": "GOOGLE_SEARCH", "successfulToolCallCount": 0}], {}),
        ([], {"web_search_queries": 1}),
        (5, {"web_search_queries": 1}),
    ],
)  # fmt: skip
def test_googles_own_count_of_billed_calls_counts(billed: Any, uses: dict[str, int]) -> None:
    usage = {**USAGE, "billedToolCalls": billed}
    answer = read(grounded({"webSearchQueries": ["a"]}, {"text": "a"}, usageMetadata=usage))
    assert answer.usage.tool_uses == uses
    assert plain(answer.provider_metadata["google.billed_tool_calls"]) == billed


def test_uses_stay_counted_when_the_usage_comes_last() -> None:
    answer = fold(
        grounded({"webSearchQueries": ["a"]}, {"text": "a"}), {"usageMetadata": USAGE}
    ).response()
    assert answer.usage.tool_uses == {"web_search_queries": 1}
