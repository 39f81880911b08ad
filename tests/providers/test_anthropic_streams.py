"""Laws of Anthropic's streams: they say what the whole answer says, and end as they must."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrpc import v1 as pb
from llmrpc.errors import ProviderNotAvailableError, StreamInterruptedError
from tests.providers.golden import Folded, numbered, response
from tests.providers.messages_api import (
    DIALECT,
    PING,
    STOP,
    begin,
    block,
    compact,
    end,
    events,
    message,
)

text = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
word = st.text("abcæ", min_size=1, max_size=6)
arguments = st.dictionaries(word, text | st.integers(), max_size=3)
content = st.lists(
    st.one_of(
        st.fixed_dictionaries({"type": st.just("text"), "text": text}),
        st.fixed_dictionaries({"type": st.just("thinking"), "thinking": text, "signature": word}),
        st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": word}),
        st.fixed_dictionaries(
            {"type": st.just("tool_use"), "id": word, "name": word, "input": arguments}
        ),
        st.fixed_dictionaries({"type": st.just("server_tool_use"), "id": word, "input": arguments}),
        st.fixed_dictionaries({"type": st.just("web_fetch_tool_result"), "content": arguments}),
    ),
    max_size=5,
)
count = st.integers(0, 999)
used = st.fixed_dictionaries(
    {"input_tokens": count, "output_tokens": count},
    optional={
        "cache_read_input_tokens": count,
        "cache_creation_input_tokens": count,
        "cache_creation": st.fixed_dictionaries(
            {"ephemeral_5m_input_tokens": count, "ephemeral_1h_input_tokens": count}
        ),
        "output_tokens_details": st.fixed_dictionaries({"thinking_tokens": count}),
    },
)


def pieces(whole: str, size: int) -> list[str]:
    return [whole[at : at + size] for at in range(0, len(whole), size)]


def streamed(index: int, said: dict[str, Any], size: int) -> list[dict[str, Any]]:
    match said["type"]:
        case "text":
            deltas = [{"type": "text_delta", "text": each} for each in pieces(said["text"], size)]
            return block(index, {**said, "text": ""}, *deltas)
        case "thinking":
            deltas = [
                {"type": "thinking_delta", "thinking": each}
                for each in pieces(said["thinking"], size)
            ]
            deltas.append({"type": "signature_delta", "signature": said["signature"]})
            return block(index, {"type": "thinking", "thinking": "", "signature": ""}, *deltas)
        case "tool_use" | "server_tool_use":
            written = pieces(compact(said["input"]).decode(), size) if said["input"] else [""]
            deltas = [{"type": "input_json_delta", "partial_json": each} for each in written]
            return block(index, {**said, "input": {}}, *deltas)
        case _:
            return block(index, said)


@given(content, used, st.integers(1, 40), st.integers(1, 64))
def test_a_stream_says_what_the_whole_answer_says(
    said: list[dict[str, Any]], usage: dict[str, Any], size: int, step: int
) -> None:
    blocks = [each for at, one in enumerate(said) for each in streamed(at, one, size)]
    data = events(begin({**usage, "output_tokens": 1}), PING, *blocks, end("end_turn", usage), STOP)
    folded = Folded(DIALECT.decoder(1 << 20))
    folded.run(*(data[at : at + step] for at in range(0, len(data), step)))
    whole = response(DIALECT.decode(message(said, "end_turn", usage)))
    assert numbered(folded.response()) == numbered(whole)


@given(used)
def test_the_buckets_are_disjoint_and_add_up(usage: dict[str, Any]) -> None:
    counted = DIALECT.decode(message([], "end_turn", usage)).usage
    assert counted is not None
    written = usage.get("cache_creation_input_tokens")
    if written is None:
        written = sum(usage.get("cache_creation", {}).values())
    assert counted.cache_write_tokens + counted.cache_write_1h_tokens == written
    assert counted.input_tokens == usage["input_tokens"]
    assert counted.cache_read_tokens == usage.get("cache_read_input_tokens", 0)
    assert counted.output_tokens + counted.reasoning_tokens == usage["output_tokens"]
    assert not counted.estimated


HALF = [
    begin({"input_tokens": 9, "output_tokens": 1}),
    *block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "x" * 40}),
]


def test_an_answer_that_breaks_off_is_estimated_by_what_came() -> None:
    folded = Folded(DIALECT.decoder(1 << 20))
    with pytest.raises(StreamInterruptedError):
        folded.run(events(*HALF))
    assert folded.decoder.answer.usage == pb.Usage(input_tokens=9, output_tokens=10, estimated=True)


def test_a_stop_reason_is_enough() -> None:
    folded = Folded(DIALECT.decoder(1 << 20))
    folded.run(events(*HALF, end("end_turn", {"output_tokens": 12})))
    assert folded.response().finish_reason == pb.FINISH_REASON_STOP
    assert folded.response().usage == pb.Usage(input_tokens=9, output_tokens=12)


@pytest.mark.parametrize("usage", [{}, {"input_tokens": 9}])
def test_what_the_end_does_not_count_stays_estimated(usage: dict[str, int]) -> None:
    folded = Folded(DIALECT.decoder(1 << 20))
    folded.run(events(*HALF, end("end_turn", usage)))
    assert folded.response().usage == pb.Usage(input_tokens=9, output_tokens=10, estimated=True)


def test_a_stop_without_a_reason_ends_what_came() -> None:
    folded = Folded(DIALECT.decoder(1 << 20))
    folded.run(events(*HALF, end(None, {"output_tokens": 12}), STOP))
    answer = folded.response()
    assert answer.finish_reason == pb.FINISH_REASON_OTHER
    assert [each.field for each in answer.warnings] == ["finish_reason"]


def test_nothing_is_read_behind_the_stop() -> None:
    folded = Folded(DIALECT.decoder(1 << 20))
    folded.feed(events(*HALF, end("end_turn", {}), STOP) + b"data: [DONE]\n\n")
    assert folded.decoder.done


@pytest.mark.parametrize("name", ["event: ping\n", ""])
def test_a_ping_says_nothing(name: str) -> None:
    folded = Folded(DIALECT.decoder(1 << 20))
    folded.feed(events(HALF[0]) + f'{name}data: {{"type": "ping"}}\n\n'.encode())
    assert folded.deltas == []
    assert not folded.decoder.done


@pytest.mark.parametrize(
    "sent",
    [
        b"data: {\n\n",
        b"data: [1]\n\n",
        b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":3}}\n\n',
        b'data: {"type":"content_block_start","content_block":{"type":"text","text":[1]}}\n\n',
        b"<html>No.</html>",
    ],
)
def test_what_cannot_be_read_is_an_error(sent: bytes) -> None:
    folded = Folded(DIALECT.decoder(1 << 20))
    with pytest.raises(ProviderNotAvailableError) as caught:
        folded.run(sent)
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


@pytest.mark.parametrize("sent", [b"{}", b"[]", b'{"type":"message","content":[3]}', b"\xff"])
def test_a_body_that_is_no_message_is_an_error(sent: bytes) -> None:
    with pytest.raises(ProviderNotAvailableError) as caught:
        DIALECT.decode(sent)
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


def test_an_answer_without_a_stop_reason_has_an_unknown_one() -> None:
    answer = DIALECT.decode(message([{"type": "text", "text": "Hi."}], None, {}))
    assert answer.finish_reason == pb.FINISH_REASON_OTHER
    assert answer.usage is None


def test_the_tier_goes_to_the_prices() -> None:
    tier = {"output_tokens": 1, "service_tier": "priority"}
    assert DIALECT.decode(message([], "end_turn", tier)).service_tier == "priority"
    folded = Folded(DIALECT.decoder(1 << 20))
    folded.run(events(begin(tier), end("end_turn", {"output_tokens": 2})))
    assert folded.decoder.answer.service_tier == "priority"
    usual = {"output_tokens": 1, "service_tier": "standard"}
    assert DIALECT.decode(message([], "end_turn", usual)).service_tier == ""
