"""How a stream ends, in every dialect: by its own mark, by another's, or by the body's end.

Each case is one answer of each dialect, put together from the same few pieces.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError, StreamInterruptedError
from llmrpc_server.providers.dialect import Answer, Ending, StreamDecoder
from llmrpc_server.providers.registry import DIALECTS, ROWS

MAX_EVENT = 1 << 16
SAID = "All good."


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


class Words(NamedTuple):
    """What a dialect says, as events: each a dictionary."""

    text: list[dict[str, Any]]
    """The answer up to its end."""
    end: list[dict[str, Any]]
    """Why it ended, and the usage."""
    whole: Any
    """The same answer as one body."""
    row: str


def _chunk(**choice: Any) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"index": 0, **choice}]}


_CHAT_USAGE = {"prompt_tokens": 9, "completion_tokens": 3}
_USAGE = {"input_tokens": 9, "output_tokens": 3}
_GOOGLE_USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 3}
_ITEM = {
    "type": "message",
    "id": "msg_1",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": SAID, "annotations": []}],
}
_RESPONSE = {"id": "r", "model": "m", "status": "completed", "output": [_ITEM], "usage": _USAGE}

WORDS = {
    "openai": Words(
        [_chunk(delta={"role": "assistant", "content": ""}), _chunk(delta={"content": SAID})],
        [_chunk(delta={}, finish_reason="stop"), {"choices": [], "usage": _CHAT_USAGE}],
        _chunk(message={"role": "assistant", "content": SAID}, finish_reason="stop")
        | {"usage": _CHAT_USAGE},
        "openai",
    ),
    "anthropic": Words(
        [
            {"type": "message_start", "message": {"id": "m", "content": [], "usage": _USAGE}},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            },
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": SAID},
            },
            {"type": "content_block_stop", "index": 0},
        ],
        [
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": _USAGE},
            {"type": "message_stop"},
        ],
        {
            "type": "message",
            "content": [{"type": "text", "text": SAID}],
            "stop_reason": "end_turn",
            "usage": _USAGE,
        },
        "anthropic",
    ),
    "google": Words(
        [{"candidates": [{"content": {"parts": [{"text": SAID}]}}]}],
        [{"candidates": [{"finishReason": "STOP"}], "usageMetadata": _GOOGLE_USAGE}],
        {
            "candidates": [{"content": {"parts": [{"text": SAID}]}, "finishReason": "STOP"}],
            "usageMetadata": _GOOGLE_USAGE,
        },
        "google",
    ),
    "openai-responses": Words(
        [
            {"type": "response.created", "response": {"id": "r", "status": "in_progress"}},
            {
                "type": "response.output_text.delta",
                "output_index": 0,
                "content_index": 0,
                "delta": SAID,
            },
        ],
        [{"type": "response.completed", "response": _RESPONSE}],
        _RESPONSE,
        "openai",
    ),
}
DIALECT = pytest.mark.parametrize("dialect", WORDS)


def decoder_of(dialect: str) -> StreamDecoder:
    row = ROWS[WORDS[dialect].row].speaking(dialect)
    return DIALECTS[dialect](row).decoder(MAX_EVENT)


def text_of(dialect: str) -> bytes:
    return b"".join(map(_event, WORDS[dialect].text))


def end_of(dialect: str) -> bytes:
    return b"".join(map(_event, WORDS[dialect].end))


def played(dialect: str, data: bytes, *, broken: bool = False) -> Answer:
    """The answer to a stream, which must be the same byte by byte."""
    decoder, slow = decoder_of(dialect), decoder_of(dialect)
    decoder.feed(data)
    for at in range(len(data)):
        slow.feed(data[at : at + 1])
    for each in (decoder, slow):
        if not each.done:
            each.finish(broken=broken)
    assert slow.answer.parts.message() == decoder.answer.parts.message()
    assert slow.answer.finish_reason == decoder.answer.finish_reason
    return decoder.answer


def _is_whole(answer: Answer) -> bool:
    return (
        answer.parts.content() == SAID
        and answer.finish_reason == pb.FINISH_REASON_STOP
        and answer.usage is not None
        and (answer.usage.input_tokens, answer.usage.output_tokens) == (9, 3)
        and not answer.usage.estimated
    )


@DIALECT
@pytest.mark.parametrize("cut", [1, 2])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_the_last_event_needs_no_blank_line(dialect: str, cut: int, newline: bytes) -> None:
    data = (text_of(dialect) + end_of(dialect))[:-cut]
    assert _is_whole(played(dialect, data.replace(b"\n", newline)))


@DIALECT
def test_half_an_event_is_no_event(dialect: str) -> None:
    """What the provider did not end to say was cut off, and is nothing that cannot be read."""
    first, *rest = [_event(each) for each in [*WORDS[dialect].text, *WORDS[dialect].end]]
    data = b"".join([first, *rest[:-1]])
    with pytest.raises(StreamInterruptedError):
        played(dialect, text_of(dialect) + _event(WORDS[dialect].end[0])[:-10])
    if dialect == "openai":  # only the usage is missing
        assert played(dialect, data + rest[-1][:-10]).finish_reason == pb.FINISH_REASON_STOP


@DIALECT
def test_the_mark_of_the_end_of_another_dialect_ends_it(dialect: str) -> None:
    decoder = decoder_of(dialect)
    decoder.feed(text_of(dialect) + end_of(dialect) + b"data: [DONE]\n\n" + text_of(dialect))
    assert decoder.done
    assert _is_whole(decoder.answer)


@DIALECT
def test_the_mark_without_a_finish_reason_is_told_as_such(dialect: str) -> None:
    answer = played(dialect, text_of(dialect) + b"data: [DONE]\n\n")
    assert answer.parts.content() == SAID
    assert answer.finish_reason == pb.FINISH_REASON_OTHER
    assert [warning.field for warning in answer.warnings] == ["finish_reason"]


@DIALECT
def test_the_mark_without_an_answer_is_an_interruption(dialect: str) -> None:
    with pytest.raises(StreamInterruptedError):
        decoder_of(dialect).feed(_event(WORDS[dialect].text[0])[:0] + b"data: [DONE]\n\n")


@DIALECT
@pytest.mark.parametrize(
    "alive",
    [
        b": keep-alive",
        b"data:",
        b"data: ",
        b"data: : keepalive",
        b"data: {}",
        b"data: { }",
        b"data: null",
        b"data: ping",
        b"data: [PING]",
        b"event: ping\ndata: anything at all, of any length",
        b'event: ping\ndata: {"type": "ping", "cost": "0"}',
        b"event: keepalive\ndata: 17",
        b"event: heartbeat\ndata:",
        b"retry: 3000",
        b"id: 7",
    ],
)
def test_a_keep_alive_of_any_shape_is_no_event(dialect: str, alive: bytes) -> None:
    beats = alive + b"\n\n"
    words = [_event(each) for each in WORDS[dialect].text]
    data = beats + beats.join(words) + beats + end_of(dialect)
    assert _is_whole(played(dialect, data))


@DIALECT
@pytest.mark.parametrize("name", [b"ping", b"error"])
def test_an_error_is_one_under_any_name(dialect: str, name: bytes) -> None:
    said = b'data: {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}\n\n'
    with pytest.raises(LLMClientError):
        decoder_of(dialect).feed(text_of(dialect) + b"event: " + name + b"\n" + said)


@DIALECT
def test_a_whole_answer_in_place_of_a_stream_is_taken(dialect: str) -> None:
    assert _is_whole(played(dialect, json.dumps(WORDS[dialect].whole).encode()))


@DIALECT
def test_half_of_a_whole_answer_is_none(dialect: str) -> None:
    body = json.dumps(WORDS[dialect].whole).encode()[:-2]
    with pytest.raises(LLMClientError):
        played(dialect, body)
    with pytest.raises(StreamInterruptedError):
        played(dialect, body, broken=True)


@DIALECT
def test_a_break_after_the_end_takes_nothing_away(dialect: str) -> None:
    assert _is_whole(played(dialect, text_of(dialect) + end_of(dialect), broken=True))


@DIALECT
def test_a_break_before_the_end_is_an_interruption(dialect: str) -> None:
    with pytest.raises(StreamInterruptedError):
        played(dialect, text_of(dialect), broken=True)


@pytest.mark.parametrize("broken", [False, True])
def test_google_says_nothing_by_a_reason_on_every_chunk(broken: bool) -> None:
    chunk = {"candidates": [{"content": {"parts": [{"text": SAID}]}, "finishReason": "STOP"}]}
    decoder = decoder_of("google")
    decoder.feed(_event(chunk))
    assert decoder.ending == Ending.BODY
    if broken:
        with pytest.raises(StreamInterruptedError):
            decoder.finish(broken=True)
    else:
        decoder.finish()


def _seen(*events: bytes) -> list[tuple[Ending, bool]]:
    """How far a Chat answer has come after each event, and whether it is over."""
    decoder = decoder_of("openai")
    seen = []
    for event in events:
        decoder.feed(event)
        seen.append((decoder.ending, decoder.done))
    return seen


def test_what_a_stream_still_waits_for() -> None:
    """Chat waits longest for the usage that it asked for, and for nothing after that."""
    finish, usage = map(_event, WORDS["openai"].end)
    assert _seen(text_of("openai"), finish, usage) == [
        (Ending.OPEN, False),
        (Ending.USAGE, False),
        (Ending.WHOLE, True),
    ]
    both = _event(WORDS["openai"].end[0] | {"usage": _CHAT_USAGE})
    assert _seen(text_of("openai"), both)[-1] == (Ending.WHOLE, False)


def test_complete_calls_are_a_reason() -> None:
    call = {"index": 0, "id": "call_1", "function": {"name": "now", "arguments": '{"a":1}'}}
    said = _event(_chunk(delta={"tool_calls": [call]}))
    answer = played("openai", said + b"data: [DONE]\n\n")
    assert answer.finish_reason == pb.FINISH_REASON_TOOL_CALLS
    answer = played("openai", said.replace(b'1}"', b'"') + b"data: [DONE]\n\n")
    assert answer.finish_reason == pb.FINISH_REASON_OTHER
