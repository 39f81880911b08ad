"""Streams of Anthropic that are out of order or come twice: nothing is lost, nothing is doubled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc_server.providers import kept_json
from llmrpc_server.providers.dialect import Answer, Defaults
from llmrpc_server.providers.options import plain
from tests.providers.golden import MAX_EVENT, Folded
from tests.providers.messages_api import DIALECT, STOP, begin, block, end, events, message

USAGE = {"input_tokens": 1, "output_tokens": 1}
BEGUN = begin(USAGE)
ENDED = end("end_turn", USAGE)
TEXT: dict[str, Any] = {"type": "text", "text": ""}


def said(text: str) -> dict[str, Any]:
    return {"type": "text_delta", "text": text}


def written(text: str) -> dict[str, Any]:
    return {"type": "input_json_delta", "partial_json": text}


def call(name: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{name}", "name": name, "input": {}}


def streamed(*more: dict[str, Any]) -> Answer:
    folded = Folded(DIALECT.decoder(MAX_EVENT))
    folded.run(events(BEGUN, *more))
    folded.response()
    return folded.decoder.answer


def calls(answer: Answer) -> list[tuple[str, str, str]]:
    found = [part.tool_call for part in answer.parts.parts() if part.HasField("tool_call")]
    return [(each.id, each.name, each.arguments) for each in found]


@pytest.mark.parametrize("stopped", [True, False])
def test_two_blocks_of_one_index_are_two_parts(stopped: bool) -> None:
    first = block(0, call("f"), written('{"a":1}'))
    second = block(0, call("g"), written('{"b":2}'))
    answer = streamed(*(first if stopped else first[:-1]), *second, ENDED, STOP)
    assert calls(answer) == [("toolu_f", "f", '{"a":1}'), ("toolu_g", "g", '{"b":2}')]
    assert answer.finish_reason == pb.FINISH_REASON_TOOL_CALLS


def test_blocks_of_all_kinds_may_share_an_index() -> None:
    red = {"type": "redacted_thinking", "data": "r"}
    found = {"type": "web_search_tool_result", "content": []}
    whole: list[dict[str, Any]] = [
        red,
        found,
        red,
        found,
        {**TEXT, "text": "a"},
        {**TEXT, "text": "b"},
    ]
    answer = streamed(*(each for one in whole for each in block(0, one)), ENDED, STOP)
    again = DIALECT.decode(message(whole, "end_turn", USAGE))
    assert answer.parts.parts() == again.parts.parts()
    assert len(again.parts.parts()) == 6


def test_a_start_that_comes_twice_is_one_block() -> None:
    start, piece, stop = block(0, call("f"), written('{"a":1}'))
    assert calls(streamed(start, start, piece, stop, stop, ENDED)) == [("toolu_f", "f", '{"a":1}')]
    start, piece, stop = block(0, TEXT, said("a"))
    answer = streamed(start, piece, start, piece, stop, ENDED)
    assert [part.text for part in answer.parts.parts()] == ["aa"]


@pytest.mark.parametrize("kind", ["text", "thinking"])
def test_pieces_of_a_block_that_was_not_started_are_kept(kind: str) -> None:
    pieces = [{"type": f"{kind}_delta", kind: each} for each in ("a", "b")]
    wrapped = [{"type": "content_block_delta", "index": 3, "delta": each} for each in pieces]
    answer = streamed(*wrapped, ENDED, STOP)
    assert [part.text or part.reasoning for part in answer.parts.parts()] == ["ab"]
    assert not answer.warnings


def test_pieces_may_come_after_the_stop_reason() -> None:
    start, one, two, stop = block(0, call("f"), written('{"a":'), written("1}"))
    found = {"type": "content_block_start", "index": 1, "content_block": {"type": "found", "n": 1}}
    answer = streamed(start, one, found, end("tool_use", USAGE), two, stop, STOP)
    assert calls(answer) == [("toolu_f", "f", '{"a":1}')]
    assert answer.parts.parts()[1].provider_block.data == '{"type":"found","n":1}'
    assert answer.finish_reason == pb.FINISH_REASON_TOOL_CALLS


def test_an_explanation_that_comes_twice_is_told_once() -> None:
    reason = {"stop_reason": "refusal", "stop_details": {"type": "refusal", "explanation": "No."}}
    other = {**reason, "stop_details": {"type": "refusal", "explanation": "Never."}}
    deltas = [{"type": "message_delta", "delta": each} for each in (reason, reason, other)]
    answer = streamed(*deltas, STOP)
    assert [part.refusal for part in answer.parts.parts()] == ["No."]
    assert plain(answer.metadata["anthropic.stop_details"])["explanation"] == "Never."


@pytest.mark.parametrize("text", ["Hm.", ""])
def test_what_stands_beside_unsigned_thinking_is_kept(text: str) -> None:
    thought = {"type": "thinking", "thinking": text, "depth": 3}
    deltas = [{"type": "thinking_delta", "thinking": text}] if text else []
    for answer in (
        DIALECT.decode(message([thought], "end_turn", USAGE)),
        streamed(*block(0, {**thought, "thinking": ""}, *deltas), ENDED),
    ):
        [part] = answer.parts.parts()
        assert part.reasoning == text
        assert part.signature == pb.Signature(provider="anthropic", extra='{"depth":3}')


def test_a_call_without_a_name_is_a_block() -> None:
    nameless = {"type": "tool_use", "id": "toolu_1", "input": {"a": 1}}
    whole = DIALECT.decode(message([nameless], "tool_use", USAGE))
    start = block(0, {**nameless, "input": {}}, written('{"a":'), written("1}"))
    for answer in (whole, streamed(*start, end("tool_use", USAGE))):
        [part] = answer.parts.parts()
        assert json.loads(part.provider_block.data) == nameless
        assert part.provider_block.id == "toolu_1"


LONG = "x" * 50_000


@pytest.mark.parametrize(
    "events_of",
    [
        [{"type": "content_block_start", "content_block": {**TEXT, "mood": LONG}}],
        [{"type": "content_block_start", "content_block": {"type": "thinking", "depth": LONG}}],
        [{"type": "content_block_start", "content_block": {**TEXT, "citations": [{"a": LONG}]}}],
        [{"type": "content_block_start", "content_block": {"type": "found", "content": LONG}}],
        block(0, TEXT, said("a"), {"type": "citations_delta", "citation": {"a": LONG}})[:-1],
        block(0, {"type": "found"}, written(LONG))[:-1],
        block(0, {"type": "compaction"}, {"type": "compaction_delta", "content": LONG})[:-1],
        [{"type": "message_start", "message": {"container": {"id": LONG}}}],
        [{"type": "message_delta", "delta": {"stop_details": {"why": LONG}}}],
        [{"type": "message_delta", "usage": {"iterations": [LONG]}}],
        [{"type": "message_delta", "surplus": LONG}],
        block(0, {**TEXT, "text": "a", "mood": LONG}),
    ],
)  # fmt: skip
def test_what_is_held_is_counted(events_of: list[dict[str, Any]]) -> None:
    """The gateway bounds a call by this size, long before an answer ends."""
    folded = Folded(DIALECT.decoder(MAX_EVENT))
    folded.feed(events(BEGUN, *events_of))
    assert folded.decoder.answer.parts.size() >= len(LONG)


def test_what_a_part_holds_is_counted_once() -> None:
    for kind in ("found", "compaction"):
        pieces = [{"type": "compaction_delta", "content": LONG}] * (kind == "compaction")
        start = {"type": kind} if pieces else {"type": kind, "content": LONG}
        answer = streamed(*block(0, start, *pieces), ENDED)
        assert len(LONG) <= answer.parts.size() < len(LONG) + 1000


def test_many_pieces_of_a_block_are_read_in_time_that_grows_as_they_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = 0

    def counted(text: Any, decode: Any = kept_json.read_fields) -> Any:
        nonlocal read
        read += len(bytes(text))
        return decode(text)

    monkeypatch.setattr("llmrpc_server.providers.anthropic.open_block.read_fields", counted)

    def cost(pieces: int) -> int:
        nonlocal read
        read = 0
        delta = {"type": "compaction_delta", "content": "x" * 100}
        start = {"type": "compaction", "surplus": "y" * 100 * pieces}
        streamed(*block(0, start, *[delta] * pieces), ENDED)
        return read

    assert 0 < cost(400) < 2.2 * cost(200)


@pytest.mark.parametrize("text", ["", None])
def test_what_stands_beside_an_empty_text_is_kept(text: str | None) -> None:
    empty = {"type": "text", "text": text, "mood": "calm"}
    for answer in (
        DIALECT.decode(message([empty], "end_turn", USAGE)),
        streamed(*block(0, empty), ENDED),
    ):
        [part] = answer.parts.parts()
        assert part.text == ""
        assert part.signature == pb.Signature(provider="anthropic", extra='{"mood":"calm"}')


@pytest.mark.parametrize(
    ("event", "names"),
    [
        ({"delta": {**said("a"), "mood": 1, "air": 2}}, "air, mood"),
        ({"delta": said("a"), "mood": 1}, "mood"),
    ],
)
def test_a_field_of_a_piece_that_is_not_known_is_named(event: dict[str, Any], names: str) -> None:
    start, stop = block(0, TEXT)
    piece = {"type": "content_block_delta", "index": 0, **event}
    answer = streamed(start, piece, piece, stop, ENDED)
    assert answer.parts.content() == "aa"
    [warning] = answer.warnings
    assert warning.message.endswith(f": {names}; dropped")


def test_fields_of_the_last_event_and_inside_the_usage_are_metadata() -> None:
    usage = {**USAGE, "cache_creation": {"ephemeral_1w_input_tokens": 3}}
    answer = streamed(end("end_turn", usage), {**STOP, "metrics": {"firstByteLatency": 1}})
    found = {name: plain(value) for name, value in answer.metadata.items()}
    assert found["anthropic.cache_creation"] == {"ephemeral_1w_input_tokens": 3}
    assert found["anthropic.metrics"] == {"firstByteLatency": 1}


def test_a_block_without_a_type_does_not_stop_the_conversation() -> None:
    answer = DIALECT.decode(message([{"id": "x"}, {**TEXT, "text": "a"}], "end_turn", USAGE))
    assert answer.parts.parts()[0].provider_block.data == '{"id":"x"}'
    user = pb.LLMMessage(role=pb.ROLE_USER, content="Hi")
    request = pb.GenerateRequest(messages=[user, answer.parts.message(), user])
    encoded = DIALECT.encode(request, "claude-opus-5", Defaults(), stream=False)
    assert json.loads(encoded.body)["messages"][1]["content"] == "a"
    assert [each.field for each in encoded.warnings] == ["messages[1].parts[0].provider_block"]


@pytest.mark.parametrize("kind", ["tool_use", "server_tool_use"])
def test_of_two_inputs_the_one_in_pieces_counts(kind: str) -> None:
    start = {**call("f"), "type": kind, "input": {"a": 1}}
    answer = streamed(*block(0, start, written('{"b":'), written("2}")), ENDED)
    [part] = answer.parts.parts()
    found = part.tool_call.arguments or json.loads(part.provider_block.data)["input"]
    assert found in ('{"b":2}', {"b": 2})
    [warning] = answer.warnings
    assert warning.message == (
        f"anthropic sent an input of a {kind} before the one in pieces; dropped"
    )
