"""Chat Completions whose pieces are odd: nothing of them is lost, and nothing is told twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError, StreamInterruptedError
from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.registry import ROWS
from tests.providers.chat import HEAD, chunk, fold
from tests.providers.golden import numbered, texts

DONE = b"data: [DONE]\n\n"
CALL = {"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"a":1}'}}
HIGH, LOW = "\ud83d", "\ude00"


def choice(**fields: Any) -> bytes:
    """A chunk with one choice."""
    return b"data: " + json.dumps({**HEAD, "choices": [fields]}).encode() + b"\n\n"


def whole(provider: str = "openai", **fields: Any) -> pb.LLMResponse:
    body = json.dumps({**HEAD, "choices": [{"finish_reason": "stop", **fields}]}).encode()
    answer = OpenAIDialect(ROWS[provider]).decode(body)
    return pb.LLMResponse(message=answer.parts.message(), finish_reason=answer.finish_reason)


def told(*chunks: bytes, provider: str = "openai") -> list[tuple[str, str]]:
    """The parts of the answer to a stream: the kind of each, and its text."""
    folded = fold(*chunks, chunk({}, "stop"), DONE, provider=provider)
    return texts(numbered(folded.response()))


def test_a_lone_choice_is_the_answer_whatever_its_index() -> None:
    for index in (3, None, "x", 1.5, [0], True):
        one = choice(index=index, delta={"content": "a"})
        assert told(one, choice(index=index, delta={"content": "b"})) == [("text", "ab")]


def test_a_choice_that_was_not_asked_for_is_left_out_with_a_warning() -> None:
    other = choice(index=1, delta={"content": "no"})
    folded = fold(chunk({"content": "yes"}), other, chunk({}, "stop"))
    assert folded.response().content == "yes"
    assert [each.field for each in folded.decoder.answer.warnings] == ["message"]


def test_messages_alone_are_pieces_or_the_message_so_far() -> None:
    pieces = [choice(message={"content": each}) for each in ("ha", "ho")]
    assert told(*pieces) == [("text", "haho")]
    so_far = [choice(message={"content": each}) for each in ("ha", "haha", "haha!")]
    assert told(*so_far) == [("text", "haha!")]


def test_a_repeated_message_has_what_the_pieces_lacked() -> None:
    message = {
        "reasoning_content": "Hm. So.", "content": "All good.", "refusal": "No.",
        "tool_calls": [
            {"id": "c", "function": {"name": "f", "arguments": '{"a":1}'}},
            {"id": "d", "function": {"name": "g", "arguments": ""}},
        ],
    }  # fmt: skip
    start = {"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"a"'}}
    pieces = [chunk({"reasoning_content": "Hm."}), chunk({"content": "All"})]
    last = choice(index=0, message=message, finish_reason="stop")
    assert told(*pieces, chunk({"tool_calls": [start]}), last) == [
        ("reasoning", "Hm. So."), ("text", "All good."), ("tool_call", 'c f {"a":1}'),
        ("refusal", "No."), ("tool_call", "d g {}"),
    ]  # fmt: skip


def test_a_repeated_message_that_differs_is_warned_of() -> None:
    last = choice(index=0, message={"content": "Other"}, finish_reason="stop")
    folded = fold(chunk({"content": "All"}), last)
    assert folded.response().content == "All"
    assert "streamed text is kept" in folded.decoder.answer.warnings[0].message


def test_a_delta_is_the_message_of_a_body_without_one() -> None:
    assert texts(whole(delta={"content": "a"})) == [("text", "a")]
    assert texts(whole(message={}, delta={"content": "a"})) == [("text", "a")]
    assert texts(whole(message={"content": "b"}, delta={"content": "a"})) == [("text", "b")]


def test_a_finish_reason_stays_in_mind_if_it_came_after_content() -> None:
    chunks = [chunk({"content": "a"}), chunk({}, "length"), chunk({"content": "b"})]
    with pytest.raises(StreamInterruptedError):
        fold(*chunks)
    got = fold(*chunks, DONE).response()
    assert (got.content, got.finish_reason) == ("ab", pb.FINISH_REASON_LENGTH)
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n'
    assert fold(*chunks, usage).response().finish_reason == pb.FINISH_REASON_LENGTH


def test_the_last_event_of_anthropic_ends_an_answer_without_a_finish_reason() -> None:
    end = b'event: message_stop\ndata: {"type": "message_stop"}\n\n'
    got = fold(chunk({"content": "a"}), end).response()
    assert (got.content, got.finish_reason) == ("a", pb.FINISH_REASON_OTHER)
    with pytest.raises(StreamInterruptedError):
        fold(chunk({"role": "assistant"}), end)


def test_a_call_that_is_told_again_is_one_call() -> None:
    assert told(*[chunk({"tool_calls": [CALL]})] * 2) == [("tool_call", 'c f {"a":1}')]


def test_calls_that_share_an_id_or_an_index_are_told_apart() -> None:
    other = {**CALL, "function": {"name": "f", "arguments": '{"a":2}'}}
    wanted = [("tool_call", 'c f {"a":1}'), ("tool_call", 'made-0 f {"a":2}')]
    assert told(chunk({"tool_calls": [CALL]}), chunk({"tool_calls": [other]})) == wanted
    same = {**other, "index": 1}
    assert told(chunk({"tool_calls": [CALL]}), chunk({"tool_calls": [same]})) == wanted
    assert texts(numbered(whole(message={"tool_calls": [CALL, other]}))) == wanted
    bare = [{"index": 0, "function": each["function"]} for each in (CALL, other)]
    assert told(*(chunk({"tool_calls": [each]}) for each in bare)) == [
        ("tool_call", 'made-0 f {"a":1}'), ("tool_call", 'made-1 f {"a":2}'),
    ]  # fmt: skip


@pytest.mark.parametrize("index", [None, "x", 7])
def test_a_piece_that_names_no_call_goes_on_with_the_last(index: Any) -> None:
    first = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
    start = {"index": 1, "id": "b", "function": {"name": "g", "arguments": '{"a"'}}
    rest = {"index": index, "function": {"arguments": ":1}"}}
    assert told(*(chunk({"tool_calls": [each]}) for each in (first, start, rest))) == [
        ("tool_call", "a f {}"), ("tool_call", 'b g {"a":1}'),
    ]  # fmt: skip


def test_empty_arguments_of_white_space_are_an_object() -> None:
    call = {"id": "c", "function": {"name": "f", "arguments": " "}}
    assert texts(whole(message={"tool_calls": [call]})) == [("tool_call", "c f {}")]


@pytest.mark.parametrize("odd", [{}, "", 0, False])
def test_empty_content_of_an_odd_type_is_no_fault(odd: Any) -> None:
    """Some proxies write `{}` for an empty list."""
    message = {"content": "a", "tool_calls": odd}
    assert texts(whole(message=message)) == [("text", "a")]
    assert told(chunk({"content": "a"}), chunk({"tool_calls": odd})) == [("text", "a")]


def test_empty_pieces_of_an_odd_type_are_no_fault() -> None:
    message = {"content": [False, {"type": "text", "text": "a"}], "tool_calls": [0, CALL]}
    wanted = [("text", "a"), ("tool_call", 'c f {"a":1}')]
    assert texts(whole(message=message)) == wanted
    assert told(chunk(message)) == wanted


@pytest.mark.parametrize(
    "odd",
    [{"tool_calls": "f"}, {"tool_calls": [{"function": {"name": 7}}]}, {"refusal": {"a": 1}}],
)
def test_content_of_an_odd_type_is_an_error(odd: dict[str, Any]) -> None:
    for read in (lambda: whole(message=odd), lambda: fold(chunk(odd))):
        with pytest.raises(LLMClientError) as caught:
            read()
        assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


@pytest.mark.parametrize(
    ("thought", "signature"),
    [
        ({"type": "reasoning", "summary": [{"text": "Hm.", "signature": "s"}]}, "s"),
        ({"type": "thinking", "thinking": "Hm.", "signature": "s"}, "s"),
        ({"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, ""),
        ({"type": "reasoning", "text": "Hm."}, ""),
        ({"type": "reasoning", "content": [{"text": "H"}, "m."]}, ""),
    ],
)
def test_reasoning_among_the_content_is_reasoning(thought: dict[str, Any], signature: str) -> None:
    content = [thought, {"type": "output_text", "text": "All "}, "good."]
    wanted = [("reasoning", "Hm."), ("text", "All good.")]
    streamed = fold(*(chunk({"content": [each]}) for each in content), chunk({}, "stop"))
    for got in (whole(message={"content": content}), streamed.response()):
        assert texts(got) == wanted
        assert got.message.parts[0].signature.data == signature


def test_halves_of_a_pair_are_joined_in_every_text() -> None:
    def split(text: str) -> list[str]:
        return [f"a{HIGH}", text]

    assert told(*(chunk({"content": each}) for each in split(LOW))) == [("text", "a\U0001f600")]
    assert told(*(chunk({"refusal": each}) for each in split(LOW))) == [("refusal", "a\U0001f600")]
    for kind in ("text", "summary"):
        details = [
            chunk({"reasoning_details": [{"type": f"reasoning.{kind}", kind: each, "index": 0}]})
            for each in split(LOW)
        ]
        assert told(*details, provider="openrouter") == [("reasoning", "a\U0001f600")]
    pieces = [chunk({"content": [{"type": "text", "text": each}]}) for each in split(LOW)]
    assert told(*pieces) == [("text", "a\U0001f600")]


def test_halves_in_arguments_that_wait_for_their_name_are_joined() -> None:
    start = {"index": 0, "id": "c", "function": {"arguments": f'"{HIGH}'}}
    named = {"index": 0, "function": {"name": "f", "arguments": f'{LOW}"'}}
    assert told(*(chunk({"tool_calls": [each]}) for each in (start, named))) == [
        ("tool_call", 'c f "\U0001f600"')
    ]


@pytest.mark.parametrize("pieces", [["a", LOW], [HIGH, HIGH], [HIGH, "b"], [f"{LOW}{HIGH}", "b"]])
def test_halves_that_stay_alone_are_replaced(pieces: list[str]) -> None:
    folded = fold(*(chunk({"content": each}) for each in pieces), chunk({}, "stop"), DONE)
    text = "".join(pieces).replace(HIGH, "\ufffd").replace(LOW, "\ufffd")
    assert folded.response().content == text
    assert [each.field for each in folded.decoder.answer.warnings] == ["message"]
