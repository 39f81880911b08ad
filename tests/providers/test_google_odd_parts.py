"""Parts of Gemini's that hold several contents, and JSON that decoders stumble over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer, Defaults
from llmrpc_server.providers.options import plain
from llmrpc_server.rpc.limits import Limits
from llmrpc_server.rpc.validation import Validator
from tests.providers.gemini_answers import body, fold, grounded, read
from tests.providers.generate_content import GOOGLE, NEW, OLD, called, encode, parts
from tests.providers.golden import MAX_EVENT, Folded
from tests.providers.odd_json import ODD, exact, filled, mended

PNG = {"mimeType": "image/png", "data": "iVBORw=="}
WAV = {"mimeType": "audio/wav", "data": "iVBORw=="}
CALL = {"id": "c", "name": "f", "args": {"a": 1}}
WEB = {"web": {"uri": "https://a.example/", "title": "A"}}


def sent_back(message: pb.LLMMessage) -> list[Any]:
    """The parts of the answer in a second turn, which the gateway accepts."""
    user = pb.LLMMessage(role=pb.ROLE_USER, content="Hi")
    request = pb.GenerateRequest(messages=[user, message, user], model="google/m")
    Validator(Limits()).check(request)
    sent = GOOGLE.encode(request, OLD, Defaults(), stream=False).body
    found: list[Any] = exact(sent)["contents"][1]["parts"]
    return found


@pytest.mark.parametrize(
    ("part", "kinds"),
    [
        ({"text": "a", "functionCall": CALL}, ["text", "tool_call"]),
        ({"text": "a", "functionCall": CALL, "thoughtSignature": "s"}, ["text", "tool_call"]),
        ({"text": "a", "functionCall": CALL, "thought": True}, ["reasoning", "tool_call"]),
        ({"text": "a", "inlineData": PNG}, ["text", "image"]),
        ({"text": "a", "inlineData": WAV}, ["text"]),
        ({"text": "a", "inlineData": PNG, "thought": True}, ["reasoning"]),
        ({"functionCall": CALL, "inlineData": PNG}, ["image", "tool_call"]),
        ({"functionCall": CALL, "inlineData": WAV}, ["tool_call"]),
        ({"text": "a", "inlineData": PNG, "functionCall": CALL, "partMetadata": {"k": 1}},
         ["text", "image", "tool_call"]),
        ({"text": "a", "functionCall": {"name": 5}}, ["text"]),
        ({"text": "a", "functionCall": {**CALL, "willContinue": False}}, ["text", "tool_call"]),
        ({"text": "a", "executableCode": {"code": "1"}}, ["text"]),
        ({"functionCall": CALL, "executableCode": {"code": "1"}}, ["tool_call"]),
        ({"functionCall": CALL, "thought": True}, ["tool_call"]),
        ({"functionCall": {"id": "c"}, "inlineData": WAV}, ["provider_block"]),
    ],
)  # fmt: skip
def test_every_content_of_a_part_is_kept_and_goes_back_as_one_part(
    part: dict[str, Any], kinds: list[str]
) -> None:
    said = [{"text": "before"}, part, {"text": "after"}]
    answers = [
        read(body(*said, finish="STOP")),
        fold(*(body(each) for each in said), body(finish="STOP")).response(),
    ]
    for answer in answers:
        found = [each.WhichOneof("kind") for each in answer.message.parts]
        assert found == ["text", *kinds, "text"]
        shown = part.get("text") or ""
        assert answer.content == f"before{'' if part.get('thought') else shown}after"
        assert sent_back(answer.message) == exact(json.dumps(said))


def test_parts_that_were_one_are_apart_if_the_caller_changed_one() -> None:
    answer = read(body({"text": "a", "functionCall": CALL}, finish="STOP"))
    answer.message.parts[0].text = "b"
    one = {"text": "a", "functionCall": CALL}
    assert sent_back(answer.message) == exact(json.dumps([{"text": "b"}, one]))
    del answer.message.parts[0]
    assert sent_back(answer.message) == exact(json.dumps([one]))


@pytest.mark.parametrize("extra", ['{"functionCall":5}', '{"functionCall":{"a":1}}', '{"text":5}'])
def test_an_extra_of_somebodys_own_is_no_failure(extra: str) -> None:
    item = called("a", "s")
    item["signature"]["extra"] = extra
    [sent] = json.loads(encode(parts(item, role="ROLE_ASSISTANT")).body)["contents"][0]["parts"]
    assert sent["functionCall"]["name"] == "f"


def test_all_sources_of_an_answer_without_text_are_metadata() -> None:
    support = {"segment": {"endIndex": 1}, "groundingChunkIndices": [0]}
    said = grounded({"groundingChunks": [WEB], "groundingSupports": [support]}, {"inlineData": PNG})
    cited = {"citations": [{"uri": "https://b.example/"}]}
    said["candidates"][0]["citationMetadata"] = cited
    found = read(said).provider_metadata
    assert plain(found["google.grounding_chunks"]) == [WEB]
    assert plain(found["google.grounding_supports"]) == [support]
    assert plain(found["google.citation_metadata"]) == cited


def test_sources_that_come_twice_without_a_text_are_both_kept() -> None:
    other = {"web": {"uri": "https://b.example/"}}
    first = grounded({"groundingChunks": [WEB]}, {"inlineData": PNG})
    first["candidates"][0]["finishReason"] = None
    second = grounded({"groundingChunks": [other]})
    for chunks in ((first, second), (second, first), (second, first, second)):
        found = plain(fold(*chunks).response().provider_metadata["google.grounding_chunks"])
        assert [WEB] in found
        assert [other] in found


@pytest.mark.parametrize(
    "metadata",
    [
        {"groundingSupports": [{"segment": {"endIndex": 1}, "confidenceScores": [1]}]},
        {"groundingSupports": [{"segment": {"endIndex": 1}, "groundingChunkIndices": [7]}]},
        {"groundingSupports": [5]},
        {"groundingSupports": "no"},
        {"groundingChunks": [{"web": 5}]},
        {"groundingChunks": 5},
    ],
)
def test_what_is_no_annotation_is_metadata(metadata: dict[str, Any]) -> None:
    found = read(grounded(metadata, {"text": "a"})).provider_metadata
    for name, value in metadata.items():
        snake = name.replace("gC", "g_c").replace("gS", "g_s")
        assert plain(found[f"google.{snake}"]) == value


@pytest.mark.parametrize("cited", [5, {"citations": 5}, {"citations": [5]}, {"ofTomorrow": [1]}])
def test_citations_that_are_no_annotations_are_metadata(cited: Any) -> None:
    said = body({"text": "a"}, finish="STOP")
    said["candidates"][0]["citationMetadata"] = cited
    assert plain(read(said).provider_metadata["google.citation_metadata"]) == cited


def test_fields_of_the_content_and_of_the_usage_that_are_not_known_are_metadata() -> None:
    said = body({"text": "a"}, finish="STOP", usageMetadata={"trafficType": "ON_DEMAND"})
    said["candidates"][0]["content"]["ofTomorrow"] = [1]
    found = read(said).provider_metadata
    assert plain(found["google.traffic_type"]) == "ON_DEMAND"
    assert plain(found["google.of_tomorrow"]) == [1]


@pytest.mark.parametrize("call", [{"id": "c", "args": {}}, {"id": "c", "name": "", "args": {}}])
def test_a_call_of_nothing_is_none_and_its_signature_is_kept(call: dict[str, Any]) -> None:
    said = [{"text": "a"}, {"functionCall": call}, {"functionCall": call, "thoughtSignature": "s"}]
    answer = read(body(*said, finish="STOP"))
    assert [each.WhichOneof("kind") for each in answer.message.parts] == ["text", "text"]
    assert answer.message.parts[1].signature.data == "s"
    assert answer.finish_reason == pb.FINISH_REASON_STOP


def test_a_candidate_that_was_not_asked_for_is_named() -> None:
    said = body({"text": "a"}, finish="STOP")
    said["candidates"].append({"index": 1, "content": {"parts": [{"text": "b"}]}, "ofTomorrow": 1})
    answer = read(said)
    assert answer.content == "a"
    assert [each.field for each in answer.warnings] == ["message"]
    assert "google.of_tomorrow" not in answer.provider_metadata


def test_fields_of_a_candidate_are_kept_wherever_it_stands() -> None:
    said = body({"text": "a"}, finish="STOP")
    said["candidates"] = [{"index": 0}, {**said["candidates"][0], "ofTomorrow": 1}]
    assert plain(read(said).provider_metadata["google.of_tomorrow"]) == 1


def answers(said: dict[str, Any], odd: str) -> list[Answer]:
    """The whole answer and its stream, with the odd value in each place of a "?"."""
    data = json.dumps(said).replace('"?"', odd).encode()
    folded = Folded(GOOGLE.decoder(MAX_EVENT))
    folded.run(b"data: " + data + b"\r\n\r\n")
    folded.response()
    return [GOOGLE.decode(data), folded.decoder.answer]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "part",
    [
        {"executableCode": {"id": "a", "code": ["?"]}},
        {"executableCode": {"id": "?"}},
        {"text": "a", "ofTomorrow": "?"},
        {"functionCall": {"id": "c", "name": "f", "args": {"a": "?"}}},
        {"functionCall": {"id": "c", "name": "f", "args": {}, "ofTomorrow": ["?"]}},
        {"text": "a", "functionCall": {"id": "c", "name": "f", "args": {"a": "?"}}},
    ],
)
def test_a_part_goes_back_as_it_came(part: dict[str, Any], odd: str) -> None:
    for answer in answers(body(part, finish="STOP"), odd):
        wanted = json.dumps(part).replace('"?"', json.dumps(["here"]))
        assert sent_back(answer.parts.message()) == [filled(exact(wanted), mended(odd))]


def test_half_a_character_does_not_cost_the_text_around_it() -> None:
    for answer in answers(body({"text": "?"}, finish="STOP"), '"Yes \\ud83d 🌿"'):
        assert answer.parts.content() == "Yes � 🌿"
        [warning] = answer.warnings
        assert "U+FFFD" in warning.message


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "more",
    [
        {"ofTomorrow": "?"},
        {"modelStatus": ["?"]},
        {"promptFeedback": {"a": "?"}},
        {"usageMetadata": {"ofTomorrow": "?", "billedToolCalls": [{"tool": "?"}]}},
    ],
)
def test_what_stands_beside_the_content_does_not_cost_it(more: dict[str, Any], odd: str) -> None:
    for answer in answers(body({"text": "a"}, finish="STOP", **more), odd):
        assert answer.parts.content() == "a"
        assert answer.metadata


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "metadata",
    [
        {"groundingChunks": [{"web": {"uri": "u", "a": "?"}}]},
        {"groundingChunks": [{"web": {"uri": "?"}}]},
        {"groundingChunks": [WEB], "groundingSupports": ["?"]},
        {"webSearchQueries": ["?"]},
        {"searchEntryPoint": "?"},
    ],
)
def test_odd_sources_do_not_cost_the_answer(metadata: dict[str, Any], odd: str) -> None:
    for answer in answers(grounded(metadata, {"text": "a"}), odd):
        assert answer.parts.content() == "a"
        assert answer.metadata or answer.parts.parts()[0].annotations


@pytest.mark.parametrize("arguments", ['{"text":"Once', "[1]", "5", "no", '{"a":tru}', "{} x"])
def test_a_call_that_was_cut_off_does_not_stop_the_conversation(arguments: str) -> None:
    encoded = encode(parts(called("c", "s", arguments=arguments), role="ROLE_ASSISTANT"))
    [sent] = json.loads(encoded.body)["contents"][0]["parts"]
    assert sent["functionCall"]["args"] == {"INVALID_JSON": arguments}
    assert [each.field for each in encoded.warnings] == ["messages[0].parts[0].tool_call.arguments"]


def test_a_refusal_goes_back_as_text() -> None:
    theirs = {"signature": {"provider": "openai", "id": "msg_1"}}
    items = parts({"refusal": "No."}, {"refusal": "Never.", **theirs}, role="ROLE_ASSISTANT")
    encoded = encode(items, NEW)
    sent = json.loads(encoded.body)["contents"][0]["parts"]
    assert sent == [{"text": "No."}, {"text": "Never."}]
    assert [each.field for each in encoded.warnings] == [
        "messages[0].parts[0].refusal",
        "messages[0].parts[1].refusal",
        "messages[0].parts[1].signature",
    ]
