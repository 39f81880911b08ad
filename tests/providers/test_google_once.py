"""Odd answers and requests of Google: nothing twice, nothing lost, nothing that is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError, LLMClientError
from llmrpc_server.providers.dialect import Defaults
from tests.providers.gemini_answers import body, fold, read
from tests.providers.generate_content import GOOGLE
from tests.providers.golden import MADE

HI = {"role": "ROLE_USER", "content": "Hi"}


def sent(model: str, **more: Any) -> Any:
    request = json_format.ParseDict({"messages": [HI], **more}, pb.GenerateRequest())
    return json.loads(GOOGLE.encode(request, model, Defaults(), stream=False).body)


def test_a_candidate_that_comes_twice_is_one() -> None:
    said = body({"text": "All good."}, finish="STOP")
    said["candidates"] *= 2
    assert read(said).content == "All good."


@pytest.mark.parametrize("index", [1, "1", -1, 2.0])
def test_the_only_candidate_is_the_answer(index: Any) -> None:
    first, last = body({"text": "All"}), body({"text": " good."}, finish="STOP")
    for said in (first, last):
        said["candidates"][0]["index"] = index
    assert fold(first, last).response().content == "All good."
    other = body({"text": "other"}, finish="STOP")
    other["candidates"][0]["index"] = 7
    answer = fold(first, other, last).response()
    assert answer.content == "All good."
    assert [each.field for each in answer.warnings] == ["message"]


@pytest.mark.parametrize("thought", [True, 1, "true"])
def test_a_thought_is_one_however_it_is_said(thought: Any) -> None:
    answer = read(body({"text": "Hm.", "thought": thought}, {"text": "a"}, finish="STOP"))
    assert [part.reasoning for part in answer.message.parts] == ["Hm.", ""]
    assert answer.content == "a"


def test_content_after_an_early_finish_reason_needs_another_one() -> None:
    early, text, end = body(finish="STOP"), body({"text": "a"}), body(finish="STOP")
    with pytest.raises(LLMClientError) as caught:
        fold(early, text)
    assert caught.value.reason_name == "STREAM_INTERRUPTED"
    assert fold(early, text, end).response().content == "a"
    used = {"usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2}}
    assert fold(body({"text": "a"}, finish="STOP"), used).response().usage.output_tokens == 2


def test_calls_without_ids_get_new_ones() -> None:
    call = {"functionCall": {"name": "f", "args": {}}}
    odd = {"functionCall": {"id": 17, "name": "f", "args": {}}}
    said = body(call, odd, call, finish="STOP")
    answers = [fold(said).response() for _ in range(2)]
    ids = [part.tool_call.id for each in answers for part in each.message.parts]
    assert len({*ids}) == 6
    assert all(MADE.fullmatch(each) for each in ids)


@pytest.mark.parametrize("args", ["", None, [], {}])
def test_arguments_of_nothing_are_an_object(args: Any) -> None:
    answer = read(body({"functionCall": {"id": "c", "name": "f", "args": args}}, finish="STOP"))
    assert answer.message.parts[0].tool_call.arguments == "{}"


def test_an_object_may_come_as_text() -> None:
    call = {"functionCall": {"id": "c", "name": "f", "args": '{"a": 1}'}}
    answer = read(body(call, finish="STOP"))
    assert answer.message.parts[0].tool_call.arguments == '{"a":1}'


def test_input_that_is_not_counted_is_to_be_estimated() -> None:
    used = {"candidatesTokenCount": 5, "promptTokenCount": "x"}
    folded = fold(body({"text": "a"}, finish="STOP", usageMetadata=used))
    answer = folded.decoder.answer
    assert answer.usage == pb.Usage(output_tokens=5, estimated=True)
    assert answer.input_uncounted


def test_a_prompt_that_was_counted_stays_counted() -> None:
    first = body({"text": "a"}, usageMetadata={"promptTokenCount": 9, "candidatesTokenCount": 1})
    for prompt in (None, 0, -1, "9"):
        used = {"promptTokenCount": prompt, "candidatesTokenCount": 3}
        last = body({"text": "b"}, finish="STOP", usageMetadata=used)
        assert fold(first, last).response().usage == pb.Usage(input_tokens=9, output_tokens=3)


@pytest.mark.parametrize(("counts", "thoughts"), [
    ({"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 74}, 62),
    ({"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 74,
      "toolUsePromptTokenCount": 60}, 2),
    ({"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 74,
      "thoughtsTokenCount": 4}, 4),
    ({"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 11}, 0),
    ({"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": "74"}, 0),
    ({"promptTokenCount": 9, "totalTokenCount": 74}, 0),
    ({"candidatesTokenCount": 3, "totalTokenCount": 74}, 0),
])  # fmt: skip
def test_a_total_tells_of_thoughts_that_were_not_itemised(
    counts: dict[str, Any], thoughts: int
) -> None:
    answer = read(body({"text": "a"}, finish="STOP", usageMetadata=counts))
    assert answer.usage.reasoning_tokens == thoughts


def test_a_budget_out_of_range_is_refused_with_the_range() -> None:
    with pytest.raises(InvalidRequestError, match="between 128 and 32768 for gemini-2"):
        sent("gemini-2.5-pro", reasoning={"budgetTokens": 100})
    with pytest.raises(InvalidRequestError, match="between 512 and 24576 or 0 for gemini-2"):
        sent("gemini-2.5-flash-lite", reasoning={"budgetTokens": 100})
    config = sent("gemini-2.5-flash-lite", reasoning={"budgetTokens": 0})["generationConfig"]
    assert config["thinkingConfig"] == {"thinkingBudget": 0}


@pytest.mark.parametrize("schema", [
    "{}", '{"type":"object"}', '{"type":"object","properties":{},"required":[]}',
    '{"$schema":"s","type":"object","properties":{},"additionalProperties":false}',
])  # fmt: skip
def test_a_schema_of_nothing_is_not_sent(schema: str) -> None:
    body = sent("gemini-3.5-flash", tools=[{"function": {"name": "f", "parameters": schema}}])
    assert body["tools"] == [{"functionDeclarations": [{"name": "f"}]}]


@pytest.mark.parametrize("schema", [
    '{"type":"object","title":"T"}', '{"type":"object","properties":{"a":{}}}',
    '{"type":"object","additionalProperties":true}', '{"$ref":"#/$defs/A"}',
])  # fmt: skip
def test_any_other_schema_is_sent_as_it_is(schema: str) -> None:
    body = sent("gemini-3.5-flash", tools=[{"function": {"name": "f", "parameters": schema}}])
    declared = body["tools"][0]["functionDeclarations"][0]
    assert declared["parametersJsonSchema"] == json.loads(schema)
