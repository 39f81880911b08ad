"""Responses whose events are odd: nothing of them is lost, and nothing is told twice."""

from __future__ import annotations

from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from tests.providers.golden import numbered, texts
from tests.providers.responses import end, event, fold, item

MESSAGE = item("message", "All good.", id="msg_1")
CALL = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": '{"a":1}'}


def begin(one: dict[str, Any], **at: Any) -> bytes:
    return event("response.output_item.added", item=one, **at)


def delta(text: Any, word: str = "output_text", **at: Any) -> bytes:
    return event(f"response.{word}.delta", delta=text, **at)


def done(one: dict[str, Any], **at: Any) -> bytes:
    return event("response.output_item.done", item=one, **at)


def told(*events: bytes, items: list[dict[str, Any]] | None = None) -> list[tuple[str, str]]:
    """The parts of the answer to a stream: the kind of each, and its text."""
    return texts(numbered(fold(*events, end(items=items or [])).response()))


ALL = [("text", "All good.")]


@pytest.mark.parametrize("lost", [{"output_index": "x"}, {"output_index": -1}, {}])
def test_an_item_is_found_by_its_id_alone_once_its_index_is_lost(lost: dict[str, Any]) -> None:
    at: dict[str, Any] = {"output_index": 1, "item_id": "msg_1"}
    bare = {**MESSAGE, "content": []}
    nameless = {name: MESSAGE[name] for name in MESSAGE if name != "id"}
    pieces = [delta("All", **{**at, **lost}), delta(" good.", **at)]
    assert told(begin(bare, **lost), *pieces, done(nameless, output_index=1)) == ALL
    assert told(begin(bare, output_index=0), *pieces, done(MESSAGE, output_index=0)) == ALL


def test_ids_that_change_with_every_event_are_the_same_item() -> None:
    ids = iter(range(9))

    def named(one: dict[str, Any]) -> dict[str, Any]:
        return {**one, "id": f"msg_{next(ids)}"}

    pieces = [delta(each, output_index=0, item_id=f"x{next(ids)}") for each in ("All", " good.")]
    last = [named(MESSAGE)]
    started = begin(named({**MESSAGE, "content": []}), output_index=0)
    assert told(started, *pieces, done(named(MESSAGE), output_index=0), items=last) == ALL


def test_messages_that_only_their_ids_tell_apart_are_two() -> None:
    pieces = [delta("a", item_id="m1"), delta("b", item_id="m2"), delta("c", item_id="m1")]
    assert told(*pieces) == [("text", "ac"), ("text", "b")]


def test_a_last_output_has_only_what_did_not_come() -> None:
    more = item("message", "More.", id="msg_2")
    streamed = [begin(CALL, output_index=4), done(CALL, output_index=4)]
    other = {**CALL, "id": "fc_2", "call_id": "d"}
    assert told(*streamed, items=[MESSAGE, {**CALL, "id": "fc_9"}, other, more]) == [
        ("tool_call", 'c f {"a":1}'), *ALL, ("tool_call", 'd f {"a":1}'), ("text", "More."),
    ]  # fmt: skip


def test_an_item_that_was_announced_whole_and_never_ended_is_told() -> None:
    assert told(begin(MESSAGE, output_index=0)) == ALL
    assert told(begin(CALL, output_index=0)) == [("tool_call", 'c f {"a":1}')]
    piece = delta("All good.", output_index=0, item_id="msg_1")
    assert told(begin(MESSAGE, output_index=0), piece) == ALL


def test_an_item_that_ends_twice_without_an_id_is_one() -> None:
    nameless = {name: MESSAGE[name] for name in MESSAGE if name != "id"}
    other = item("message", "Other.")
    events = [done(each, output_index=0) for each in (nameless, nameless, other)]
    assert told(*events) == [*ALL, ("text", "Other.")]


def test_whole_texts_without_deltas_are_told_once() -> None:
    at = {"output_index": 0, "item_id": "msg_1"}
    part = {"type": "refusal", "refusal": "No."}
    events = [
        event("response.output_text.done", text="All good.", content_index=0, **at),
        event("response.content_part.done", part=part, content_index=1, **at),
        event("response.refusal.done", refusal="No.", content_index=1, **at),
    ]
    announced = [
        event("response.content_part.added", part={"type": kind}, content_index=number, **at)
        for number, kind in enumerate(("output_text", "refusal"))
    ]
    assert told(*announced, *events) == [*ALL, ("refusal", "No.")]
    thought = {"output_index": 0, "item_id": "rs_1", "summary_index": 0}
    summary = [
        event("response.reasoning_summary_text.done", text="Hm.", **thought),
        event("response.reasoning_summary_part.done",
              part={"type": "summary_text", "text": "Hm."}, **thought),
    ]  # fmt: skip
    assert told(*summary) == [("reasoning", "Hm.")]


@pytest.mark.parametrize("number", ["x", 1e30, None])
def test_a_piece_without_a_number_goes_on_with_the_last(number: Any) -> None:
    word = "reasoning_summary_text"
    pieces = [
        delta("a", word, output_index=0, summary_index=0),
        delta("b", word, output_index=0, summary_index=1),
        delta("c", word, output_index=0, summary_index=number),
    ]
    assert told(*pieces) == [("reasoning", "a"), ("reasoning", "bc")]


def test_content_as_one_text_is_read() -> None:
    for one in ({**MESSAGE, "content": "All good."}, MESSAGE):
        assert told(items=[one]) == ALL
    thought = {"type": "reasoning", "id": "r", "summary": [], "content": "Hm."}
    assert told(items=[thought]) == [("reasoning", "Hm.")]


def test_a_last_event_without_its_answer_ends_it_all_the_same() -> None:
    for response in (None, 7):
        last = event("response.completed", response=response)
        got = fold(delta("a", output_index=0), last).response()
        assert (got.content, got.finish_reason) == ("a", pb.FINISH_REASON_STOP)


@pytest.mark.parametrize(
    "odd",
    [
        event("response.output_text.done", output_index=0, text=7),
        event("response.content_part.done", part={"type": "output_text", "text": [1]}),
        done({**CALL, "name": 7}, output_index=0),
        done({"type": "reasoning", "summary": [{"type": "summary_text", "text": 7}]}),
        delta("{}", "function_call_arguments", output_index=0) + b"data: [DONE]\n\n",
    ],
)
def test_content_of_an_odd_type_is_an_error(odd: bytes) -> None:
    with pytest.raises(LLMClientError) as caught:
        fold(odd, end())
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


def test_what_only_describes_an_item_is_left_out_by_name() -> None:
    folded = fold(done({**CALL, "id": 7, "status": 1}, output_index=0), end())
    assert folded.response().message.parts[0].tool_call.id == "c"
    assert [each.field for each in folded.decoder.answer.warnings] == ["message"]
