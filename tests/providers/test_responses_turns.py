"""An answer of Responses goes back as the provider wrote it, behind the same beginning."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Defaults, Encoded
from llmrpc_server.rpc.limits import Limits
from llmrpc_server.rpc.validation import Validator
from tests.providers.golden import Case, Folded, cases
from tests.providers.responses import dialect, item, stream, unnamed, whole

ANSWERS = [
    case
    for case in cases("response.json", "expected_response.json")
    if case.folder.parent.name == "openai_responses" and case.json("response.json")["output"]
]
ASK = pb.LLMMessage(role=pb.ROLE_USER, content="Köln, please.")
MORE = pb.LLMMessage(role=pb.ROLE_USER, content="More.")


def name(case: Case) -> str:
    return case.folder.name


def encode(
    *messages: pb.LLMMessage, provider: str = "openai", model: str = "gpt-6-luna"
) -> Encoded:
    request = pb.GenerateRequest(messages=messages)
    Validator(Limits()).check(request)
    return dialect(provider).encode(request, model, Defaults(), stream=False)


def turn(*parts: dict[str, Any], role: str = "ROLE_ASSISTANT") -> pb.LLMMessage:
    return json_format.ParseDict({"role": role, "parts": list(parts)}, pb.LLMMessage())


def block(data: dict[str, Any], provider: str = "openai") -> dict[str, Any]:
    more = {"type": data["type"], "id": data.get("id", "")}
    return {"providerBlock": {"provider": provider, "data": json.dumps(data), **more}}


@pytest.mark.parametrize("case", ANSWERS, ids=name)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_recorded_answer_goes_back_as_it_came(case: Case, streamed: bool) -> None:
    """But for failed images and ids of messages, which nobody keeps, and lone reasoning."""
    response = case.json("response.json")
    if streamed:
        folded = Folded(case.dialect.decoder(1 << 20))
        folded.run(case.stream())
        answer = folded.decoder.answer.parts.message()
    else:
        answer = case.dialect.decode(json.dumps(response).encode()).parts.message()
    provider, model = case.info["provider"], case.info["model"]
    first = encode(ASK, provider=provider, model=model).body
    second = encode(ASK, answer, MORE, provider=provider, model=model).body
    prefix = first[: first.index(b"]", first.index(b'"input":['))]
    assert second.startswith(prefix)
    items = json.loads(second)["input"]
    assert (items[0]["content"], items[-1]["content"]) == (ASK.content, MORE.content)
    output = [each for each in response["output"] if each.get("status") != "failed"]
    while output and output[-1]["type"] == "reasoning":
        output.pop()
    assert items[1:-1] == [unnamed(each) for each in output]


def test_an_item_of_a_new_kind_goes_back_byte_for_byte() -> None:
    item = '{ "type":"future_call" , "n":5.0,"big":12345678901234567890, "ü":"\\u00fc" }'
    body = '{"id":"r","status":"completed","output":[' + item + "]}"
    answer = dialect().decode(body.encode())
    assert answer.parts.parts()[0].provider_block.data == item
    assert item.encode() in encode(ASK, answer.parts.message(), MORE).body


def test_fields_that_only_answers_may_have_stay_behind() -> None:
    output = {
        "id": "sho_1", "type": "shell_call_output", "call_id": "c", "created_by": "x",
        "output": [{"stdout": "a", "stderr": "", "created_by": "x"}],
    }  # fmt: skip
    body = json.loads(encode(ASK, turn(block(output)), MORE).body)
    assert body["input"][1] == {
        "id": "sho_1", "type": "shell_call_output", "call_id": "c",
        "output": [{"stdout": "a", "stderr": ""}],
    }  # fmt: skip


def test_results_and_blocks_of_the_caller_stand_in_their_order() -> None:
    blocks = [block({"type": "computer_call_output", "call_id": str(n)}) for n in range(2)]
    result = {"toolResult": {"toolCallId": "c", "content": "ok"}}
    body = json.loads(encode(ASK, turn(blocks[0], result, blocks[1], role="ROLE_TOOL")).body)
    assert [(each["type"], each["call_id"]) for each in body["input"][1:]] == [
        ("computer_call_output", "0"), ("function_call_output", "c"), ("computer_call_output", "1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("part", "role", "field"),
    [
        (block({"type": "x"}, "anthropic"), "ROLE_ASSISTANT", "provider_block"),
        (block({"type": "x"}, "anthropic"), "ROLE_TOOL", "provider_block"),
        ({"text": "a", "annotations": [{"provider": "google", "data": '{"a":1}'}]},
         "ROLE_ASSISTANT", "annotations"),
        ({"text": "a", "annotations": [{"provider": "openai", "data": '{"a":1}'}]},
         "ROLE_USER", "annotations"),
        ({"text": "a", "signature": {"provider": "openai", "data": "s"}}, "ROLE_ASSISTANT",
         "signature"),
        ({"toolCall": {"id": "c", "name": "f"}, "signature": {"provider": "openai", "data": "s"}},
         "ROLE_ASSISTANT", "signature"),
    ],
)  # fmt: skip
def test_what_has_no_place_is_left_out_with_a_warning(
    part: dict[str, Any], role: str, field: str
) -> None:
    encoded = encode(ASK, turn(part, role=role), MORE)
    assert [each.field for each in encoded.warnings] == [f"messages[1].parts[0].{field}"]
    assert b'"type":"x"' not in encoded.body
    assert b'"a":1' not in encoded.body


def test_own_citations_go_back_and_others_are_named() -> None:
    """A text that is not signed goes back with them as well."""
    citation = {"type": "url_citation", "url": "https://a.example/", "start_index": 0}
    part = {
        "text": "Found",
        "annotations": [
            {"provider": "openai", "data": json.dumps(citation)},
            {"provider": "xai", "data": "{}"},
        ],
    }
    encoded = encode(ASK, turn(part))
    [content] = json.loads(encoded.body)["input"][1]["content"]
    assert content["annotations"] == [citation]
    assert [each.field for each in encoded.warnings] == ["messages[1].parts[0].annotations"]


def test_an_image_of_another_is_refused() -> None:
    part = {
        "image": {"data": "AA==", "mediaType": "image/png"},
        "signature": {"provider": "google"},
    }
    with pytest.raises(Exception, match=r"messages\[1\]\.parts\[0\]\.image"):
        encode(ASK, turn(part))


def test_pieces_of_a_message_stay_together_whatever_they_are() -> None:
    """A piece of an unknown type, and one that is empty, are parts of their message."""
    said = item("message", "", "a", id="msg_1", status="completed")
    said["content"][0]["logprobs"] = said["content"][1]["logprobs"] = []
    said["content"].append({"type": "output_audio", "data": "AAA", "transcript": "a"})
    answer = dialect().decode(json.dumps(whole([said])).encode())
    parts = answer.parts.parts()
    assert [each.WhichOneof("kind") for each in parts] == ["text", "text", "provider_block"]
    assert json.loads(encode(ASK, answer.parts.message()).body)["input"][1:] == [unnamed(said)]
    folded = Folded(dialect().decoder(1 << 16))
    folded.run(stream([said]))
    assert folded.decoder.answer.parts.parts() == parts
