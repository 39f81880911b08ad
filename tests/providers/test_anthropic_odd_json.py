"""JSON that decoders stumble over: Anthropic's answers have it, and it goes back as it came."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer, Defaults
from llmrpc_server.rpc.limits import Limits
from llmrpc_server.rpc.validation import Validator
from tests.providers.golden import MAX_EVENT, Folded
from tests.providers.messages_api import DIALECT, MODEL, STOP, begin, block, end, events, message
from tests.providers.messages_requests import encode, parts
from tests.providers.odd_json import ODD, exact, filled, mended

USAGE = {"input_tokens": 1, "output_tokens": 1}


def answers(content: list[dict[str, Any]], odd: str, **more: Any) -> list[Answer]:
    """The whole answer and its stream, with the odd value in each place of a "?"."""
    fields = {"type": "message", "content": content, "stop_reason": "end_turn", "usage": USAGE}
    whole = json.dumps({**fields, **more})
    started = events(
        {"type": "message_start", "message": {**fields, "content": [], **more}},
        *(each for index, one in enumerate(content) for each in block(index, one)),
        end("end_turn", {"output_tokens": 1}),
        STOP,
    )
    folded = Folded(DIALECT.decoder(MAX_EVENT))
    folded.run(started.replace(b'"?"', odd.encode()))
    folded.response()
    return [DIALECT.decode(whole.replace('"?"', odd).encode()), folded.decoder.answer]


def sent_back(answer: Answer) -> Any:
    """The blocks of the answer in a second turn, which the gateway accepts."""
    user = pb.LLMMessage(role=pb.ROLE_USER, content="Hi")
    request = pb.GenerateRequest(messages=[user, answer.parts.message(), user], model="anthropic/m")
    Validator(Limits()).check(request)
    body = DIALECT.encode(request, MODEL, Defaults(), stream=False).body
    return exact(body)["messages"][1]["content"]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "content",
    [
        {"type": "found", "id": "f", "content": [{"deep": "?"}]},
        {"type": "found", "id": "?"},
        {"type": "text", "text": "a", "mood": "?"},
        {"type": "text", "text": "a", "citations": [{"type": "c", "encrypted_index": "?"}]},
        {"type": "thinking", "thinking": "a", "signature": "s", "depth": "?"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": "?"}},
        {"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": "?"},
    ],
)  # fmt: skip
def test_a_block_goes_back_as_it_came(content: dict[str, Any], odd: str) -> None:
    text = {"type": "text", "text": "b"}
    for answer in answers([content, text], odd):
        sent, after = sent_back(answer)
        assert after == text
        wanted = json.dumps(content).replace('"?"', json.dumps(["here"]))
        assert sent == filled(exact(wanted), mended(odd))


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "more",
    [
        {"container": {"id": "?"}},
        {"container": "?"},
        {"stop_details": {"explanation": "?", "a": "?"}},
        {"usage": {**USAGE, "server_tool_use": {"web_search_requests": "?"}}},
        {"usage": {**USAGE, "server_tool_use": "?"}},
        {"usage": {**USAGE, "iterations": ["?"]}},
    ],
)
def test_what_stands_beside_the_content_does_not_cost_it(more: dict[str, Any], odd: str) -> None:
    for answer in answers([{"type": "text", "text": "a"}], odd, **more):
        assert answer.parts.content() == "a"
        assert answer.usage is not None


def test_half_a_character_does_not_cost_the_text_around_it() -> None:
    for answer in answers(
        [{"type": "text", "text": "?"}], '"Yes \\ud83d, \\\\ud83d \\ud83c\\udf3f"'
    ):
        assert answer.parts.content() == "Yes �, \\ud83d 🌿"
        [warning] = answer.warnings
        assert "U+FFFD" in warning.message


@pytest.mark.parametrize("odd", ODD)
def test_the_input_of_a_tool_in_pieces_goes_back_as_it_came(odd: str) -> None:
    text = f'{{"a":{odd}}}'
    for kind in ("tool_use", "server_tool_use"):
        start: dict[str, Any] = {"type": kind, "id": "t", "name": "f", "input": {}}
        pieces = [{"type": "input_json_delta", "partial_json": each} for each in text]
        folded = Folded(DIALECT.decoder(MAX_EVENT))
        folded.run(events(begin(USAGE), *block(0, start, *pieces), end("tool_use", {}), STOP))
        answer = folded.decoder.answer
        assert sent_back(answer) == [{**start, "input": {"a": mended(odd)}}]
        assert not answer.warnings


@pytest.mark.parametrize("arguments", ['{"text":"Once', "[1]", "5", "no", '{"a":tru}', "{} x"])
def test_a_call_that_was_cut_off_does_not_stop_the_conversation(arguments: str) -> None:
    cut = {"toolCall": {"id": "c", "name": "f", "arguments": arguments}}
    encoded = encode(parts(cut, role="ROLE_ASSISTANT"))
    [sent] = json.loads(encoded.body)["messages"][1]["content"]
    assert sent["input"] == {"INVALID_JSON": arguments}
    assert [each.field for each in encoded.warnings] == ["messages[1].parts[0].tool_call.arguments"]


@pytest.mark.parametrize("arguments", ["", "null", "{}"])
def test_no_arguments_are_an_empty_object(arguments: str) -> None:
    item = {"toolCall": {"id": "c", "name": "f", "arguments": arguments}}
    encoded = encode(parts(item, role="ROLE_ASSISTANT"))
    assert json.loads(encoded.body)["messages"][1]["content"][0]["input"] == {}
    assert not encoded.warnings


def test_a_provider_tools_input_that_was_cut_off_is_kept() -> None:
    start = {"type": "server_tool_use", "id": "t", "name": "web_search", "input": {}}
    piece = {"type": "input_json_delta", "partial_json": '{"query":"ha'}
    folded = Folded(DIALECT.decoder(MAX_EVENT))
    folded.run(events(begin(USAGE), *block(0, start, piece), end("max_tokens", {}), STOP))
    answer = folded.decoder.answer
    assert sent_back(answer) == [{**start, "input": {"INVALID_JSON": '{"query":"ha'}}]
    assert [each.field for each in answer.warnings] == ["message"]


def test_a_refusal_goes_back_as_text() -> None:
    theirs = {"signature": {"provider": "openai", "id": "msg_1"}}
    encoded = encode(
        parts({"refusal": "No."}, {"refusal": "Never.", **theirs}, role="ROLE_ASSISTANT")
    )
    sent = json.loads(encoded.body)["messages"][1]["content"]
    assert sent == [{"type": "text", "text": "No."}, {"type": "text", "text": "Never."}]
    assert [each.field for each in encoded.warnings] == [
        "messages[1].parts[0].refusal",
        "messages[1].parts[1].signature",
        "messages[1].parts[1].refusal",
    ]


def test_a_whole_answer_that_was_cut_off_can_be_answered() -> None:
    cut = {"type": "tool_use", "id": "t", "name": "f", "input": None}
    answer = DIALECT.decode(message([cut], "max_tokens", USAGE))
    assert sent_back(answer) == [{**cut, "input": {}}]
