"""What of a conversation goes back to Gemini: turns, signatures, results."""

from __future__ import annotations

import copy
import json
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.google.model_turn import SKIP_SIGNATURE
from tests.providers.generate_content import (
    GOOGLE,
    HELLO,
    NEW,
    OLD,
    called,
    encode,
    parts,
    result,
)
from tests.providers.golden import Case, cases


def asked(case: Case) -> bool:
    """Whether the case has the request of its answer."""
    return (case.folder / "request.json").exists()


def name(case: Case) -> str:
    return case.folder.name


ANSWERS = [
    case
    for case in cases("response.json", "expected_response.json")
    if case.info["provider"] == "google" and case.expected().message.parts
]


@pytest.mark.parametrize("case", ANSWERS, ids=name)
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_goes_back_as_google_sent_it(case: Case, stream: bool) -> None:
    turn = second_turn(case, stream=stream)["contents"][1]
    assert turn["role"] == "model"
    assert whole(turn["parts"]) == whole(received(case, stream=stream))


@pytest.mark.parametrize("case", [case for case in ANSWERS if asked(case)], ids=name)
@pytest.mark.parametrize("stream", [False, True])
def test_a_second_turn_starts_with_the_bytes_of_the_first(case: Case, stream: bool) -> None:
    """What a provider has cached stays of use, whatever the answer holds."""
    first = case.request()
    second = pb.GenerateRequest()
    second.CopyFrom(first)
    second.messages.append(case.expected(stream=stream).message)
    second.messages.add(role=pb.ROLE_USER, content="Go on.")
    third = pb.GenerateRequest()
    third.CopyFrom(second)
    third.messages.add(role=pb.ROLE_ASSISTANT, content="Yes.")
    third.messages.add(role=pb.ROLE_USER, content="And on.")
    sent = [raw_fields(each, case.info["model"]) for each in (first, second, third)]
    for before, after in pairwise(sent):
        begun = before.pop("contents").removesuffix(b"]")
        assert after["contents"].startswith(begun + b",")
        assert before == {name: value for name, value in after.items() if name != "contents"}


def second_turn(case: Case, *, stream: bool) -> Any:
    answer = case.expected(stream=stream).message
    request = pb.GenerateRequest(
        messages=[pb.LLMMessage(role=pb.ROLE_USER, content="Hello"), answer]
    )
    return json.loads(GOOGLE.encode(request, case.info["model"], Defaults(), stream=False).body)


def received(case: Case, *, stream: bool) -> list[dict[str, Any]]:
    """The parts of the first candidate, as they stand in the recording."""
    bodies = [case.json("response.json")]
    if stream and (case.folder / "stream.txt").exists():
        lines = case.stream().splitlines()
        bodies = [json.loads(line[5:]) for line in lines if line.startswith(b"data:")]
    return [
        part
        for body in bodies
        for candidate in body.get("candidates", [])
        if not candidate.get("index")
        for part in candidate.get("content", {}).get("parts", [])
    ]


def whole(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parts with texts joined that came in pieces, and without ids of calls.

    Some models give calls no ids, and the gateway makes them.
    """
    joined: list[dict[str, Any]] = []
    for part in copy.deepcopy(parts):
        if part == {"text": ""}:
            continue
        part.get("functionCall", {}).pop("id", None)
        if "functionCall" in part:
            part["functionCall"].setdefault("args", {})
        last = joined[-1] if joined else {}
        plain = {"text", "thought"}
        if part.keys() == last.keys() and part.keys() <= plain:
            last["text"] += part["text"]
        else:
            joined.append(part)
    return joined


def raw_fields(request: pb.GenerateRequest, model: str) -> dict[str, bytes]:
    body = GOOGLE.encode(request, model, Defaults(), stream=False).body
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return {name: bytes(value) for name, value in fields.items()}


def test_the_first_unsigned_call_of_a_turn_gets_what_stands_for_a_signature() -> None:
    turn = parts({"text": "I call."}, called("a"), called("b"), role="ROLE_ASSISTANT")
    encoded = encode(turn)
    sent = json.loads(encoded.body)["contents"][0]["parts"]
    assert [part.get("thoughtSignature") for part in sent] == [None, SKIP_SIGNATURE, None]
    assert [each.field for each in encoded.warnings] == ["messages[0].parts[1].signature"]
    assert SKIP_SIGNATURE.encode() not in encode(turn, OLD).body
    assert not encode(turn, OLD).warnings


def test_a_signature_goes_to_its_own_provider_alone() -> None:
    own, foreign = called("a", "mine"), called("b", "theirs", maker="openai")
    encoded = encode(parts(own, foreign, role="ROLE_ASSISTANT"))
    assert b'"thoughtSignature":"mine"' in encoded.body
    assert b"theirs" not in encoded.body
    assert [each.field for each in encoded.warnings] == ["messages[0].parts[1].signature"]


@pytest.mark.parametrize(("role", "told"), [("ROLE_ASSISTANT", "model"), ("ROLE_USER", "user")])
def test_what_only_held_anothers_signature_is_nothing_to_send(role: str, told: str) -> None:
    theirs = {"provider": "openai", "data": "theirs"}
    turn = parts({"text": "", "signature": theirs}, {"text": "a"}, role=role)
    encoded = encode(turn)
    assert json.loads(encoded.body)["contents"] == [{"role": told, "parts": [{"text": "a"}]}]
    assert [each.field for each in encoded.warnings] == ["messages[0].parts[0].signature"]


def test_no_hint_is_dropped_without_a_warning_wherever_it_stands() -> None:
    hints = {"cacheBreakpoint": {}, "signature": {"provider": "google", "data": "s"}}
    user = {"role": "ROLE_USER", "parts": [{"text": "a", **hints}]}
    tool = result("a", {"text": "b", **hints}, name="f")
    tool["parts"][0].update(hints)
    encoded = encode({"messages": [user, tool]})
    assert sorted(each.field for each in encoded.warnings) == [
        "messages[0].parts[0].cache_breakpoint",
        "messages[0].parts[0].signature",
        "messages[1].parts[0].cache_breakpoint",
        "messages[1].parts[0].signature",
        "messages[1].parts[0].tool_result.parts[0].cache_breakpoint",
        "messages[1].parts[0].tool_result.parts[0].signature",
    ]


def test_calls_and_schemas_go_as_they_were_written() -> None:
    text = '{"big": 12345678901234567890, "float": 1.0, "nested": [{"a": null}]}'
    turn = parts(called("a", "s", arguments=text), role="ROLE_ASSISTANT")
    fields = {
        "tools": [{"function": {"name": "f", "parameters": text}}],
        "responseFormat": {"jsonSchema": {"schema": text}},
    }
    assert encode({**turn, **fields}).body.count(text.encode()) == 3


@pytest.mark.parametrize("role", [0, 99])
def test_a_role_that_is_none_is_invalid(role: pb.Role.ValueType) -> None:
    asked = pb.GenerateRequest(messages=[pb.LLMMessage(role=role, content="Hello")])
    with pytest.raises(InvalidRequestError) as caught:
        GOOGLE.encode(asked, NEW, Defaults(), stream=False)
    assert caught.value.violations[0].field == "messages[0].role"
    assert caught.value.reason_name == "INVALID_REQUEST"


def test_a_data_url_has_its_own_type_before_the_one_beside_it() -> None:
    for url, told in (("data:image/webp;base64,AA==", "image/webp"), ("data:;base64,AA==", "a/b")):
        turn = parts({"image": {"uri": url, "mediaType": "a/b"}})
        [sent] = json.loads(encode(turn).body)["contents"][0]["parts"]
        assert sent == {"inlineData": {"mimeType": told, "data": "AA=="}}


def test_no_part_of_the_users_is_dropped_whatever_it_is() -> None:
    strange = {"messages": [{"role": "ROLE_USER", "parts": [{"text": "a"}, {"reasoning": "b"}]}]}
    with pytest.raises(InvalidRequestError) as caught:
        encode(strange)
    assert [each.field for each in caught.value.violations] == ["messages[0].parts[1].reasoning"]


def test_what_is_left_out_whole_is_no_conversation() -> None:
    theirs = {"provider": "openai", "data": "theirs"}
    foreign = parts({"reasoning": "Hm.", "signature": theirs}, role="ROLE_ASSISTANT")
    with pytest.raises(InvalidRequestError) as caught:
        encode(foreign)
    assert [each.field for each in caught.value.violations] == ["messages"]


def test_a_result_has_the_name_of_the_last_call_before_it() -> None:
    asked = [parts(called("c", name=name), role="ROLE_ASSISTANT") for name in "fg"]
    told = [{"messages": [result("c")]}] * 2
    both = [each["messages"][0] for pair in zip(asked, told, strict=True) for each in pair]
    sent = json.loads(encode({"messages": both}).body)["contents"]
    answered = [each["parts"][0]["functionResponse"]["name"] for each in sent[1::2]]
    assert answered == ["f", "g"]


def test_an_empty_answer_is_left_out_with_a_warning() -> None:
    encoded = encode({"messages": [HELLO, {"role": "ROLE_ASSISTANT"}, HELLO]})
    assert [each.field for each in encoded.warnings] == ["messages[1]"]
    [turn] = json.loads(encoded.body)["contents"]
    assert turn == {"role": "user", "parts": [{"text": "Hello"}, {"text": "Hello"}]}
