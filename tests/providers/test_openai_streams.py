"""Laws of the stream decoder: it says what the whole answer says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrpc.errors import (
    InvalidRequestError,
    LLMClientError,
    ProviderNotAvailableError,
    RateLimitError,
    StreamInterruptedError,
)
from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.registry import ROWS
from tests.providers.chat import body, chunk, fold, stream
from tests.providers.golden import Folded, numbered, response

DIALECT = OpenAIDialect(ROWS["openai"])

text = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
call = st.fixed_dictionaries(
    {"name": st.sampled_from(["f", "g"]), "arguments": text}, optional={"id": st.uuids().map(str)}
)
answer = st.fixed_dictionaries(
    {
        "reasoning_content": st.lists(text),
        "content": st.lists(text),
        "refusal": st.lists(text),
        "tool_calls": st.lists(call, max_size=3),
    }
)
usage = st.fixed_dictionaries(
    {"prompt_tokens": st.integers(0, 99), "completion_tokens": st.integers(0, 99)},
    optional={
        "prompt_tokens_details": st.fixed_dictionaries(
            {}, optional={"cached_tokens": st.integers(0, 120), "audio_tokens": st.integers(0, 9)}
        ),
        "completion_tokens_details": st.none()
        | st.fixed_dictionaries({"reasoning_tokens": st.integers(0, 120)}),
    },
)


@given(answer, st.sampled_from(["stop", "length", "tool_calls", "odd"]), usage, st.integers(1, 64))
def test_a_stream_says_what_the_whole_answer_says(
    said: dict[str, Any], finish: str, used: dict[str, Any], step: int
) -> None:
    data = stream(said, finish, used)
    folded = Folded(DIALECT.decoder(1 << 20))
    folded.run(*(data[i : i + step] for i in range(0, len(data), step)))
    whole = DIALECT.decode(body(said, finish, used))
    assert numbered(folded.response()) == numbered(response(whole))
    assert whole.usage is not None
    totals = whole.usage
    assert used["prompt_tokens"] == (
        totals.input_tokens + totals.cache_read_tokens + totals.input_audio_tokens
    )
    assert used["completion_tokens"] == totals.output_tokens + totals.reasoning_tokens


def test_done_ends_a_stream_whose_socket_stays_open() -> None:
    decoder = DIALECT.decoder(4096)
    decoder.feed(chunk({"content": "a"}, "stop") + b"data: [DONE]\n\n" + chunk({"content": "b"}))
    assert decoder.done
    assert decoder.answer.parts.content() == "a"


def test_done_without_anything_is_an_interruption() -> None:
    with pytest.raises(StreamInterruptedError):
        DIALECT.decoder(4096).feed(chunk({"role": "assistant"}) + b"data: [DONE]\n\n")


@pytest.mark.parametrize("data", [b"", b": keep-alive\n\n", chunk({"content": "a"})])
def test_a_stream_that_just_ends_is_an_interruption(data: bytes) -> None:
    with pytest.raises(StreamInterruptedError):
        fold(data)


@pytest.mark.parametrize(
    "data",
    [
        b"data: {\n\n",
        b"data: []\n\n",
        b'data: {"choices": "x"}\n\n',
        b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n',
        b"data: <html>\n\n",
        b"<html></html>",
        b'{"object": "chat.completion"}',
        b"{" * 5000,
    ],
)
def test_what_cannot_be_read_is_never_skipped(data: bytes) -> None:
    with pytest.raises(ProviderNotAvailableError) as caught:
        fold(chunk({"content": "a"}) if data.startswith(b"data") else b"", data)
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


def test_an_error_that_is_no_event_stream_keeps_its_meaning() -> None:
    with pytest.raises(LLMClientError) as caught:
        fold(b'{"error": {"message": "No.", "code": "insufficient_quota"}}')
    assert caught.value.reason_name == "PROVIDER_QUOTA_EXHAUSTED"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"message": "Busy.", "type": "overloaded_error"}', "PROVIDER_OVERLOADED"),
        (b'{"error": {"code": 502, "message": "Bad."}}', "PROVIDER_UNAVAILABLE"),
        (b"upstream reset", "PROVIDER_UNAVAILABLE"),
    ],
)
def test_an_error_event_is_an_error_whatever_it_holds(data: bytes, reason: str) -> None:
    with pytest.raises(ProviderNotAvailableError) as caught:
        fold(chunk({"content": "a"}), b"event: error\ndata: " + data + b"\n\n")
    assert caught.value.reason_name == reason


def test_a_body_that_is_no_event_stream_is_bounded() -> None:
    decoder = DIALECT.decoder(4096)
    decoder.feed(b"{" * 4096)
    with pytest.raises(ProviderNotAvailableError):
        decoder.feed(b"{")


def test_the_usage_beside_an_error_is_kept() -> None:
    folded = Folded(DIALECT.decoder(4096))
    used = {"prompt_tokens": 3, "completion_tokens": 1}
    with pytest.raises(ProviderNotAvailableError):
        folded.run(chunk({"content": "x"}, error={"type": "server_error"}, usage=used))
    assert folded.decoder.answer.usage is not None
    assert folded.decoder.answer.usage.input_tokens == 3
    assert not folded.folded.parts()


def test_a_lone_function_call_is_a_tool_call() -> None:
    folded = fold(
        chunk({"function_call": {"name": "f", "arguments": ""}}),
        chunk({"function_call": {"arguments": "{}"}}),
        chunk({}, "function_call"),
    )
    [part] = numbered(folded.response()).message.parts
    assert (part.tool_call.id, part.tool_call.name) == ("made-0", "f")
    assert part.tool_call.arguments == "{}"


def test_a_call_waits_for_its_name_and_is_a_block_without_one() -> None:
    def piece(index: int, **function: str) -> dict[str, Any]:
        return {"tool_calls": [{"index": index, "id": f"c{index}", "function": function}]}

    folded = fold(
        chunk(piece(0, arguments="{")), chunk(piece(1, arguments="1")),
        chunk(piece(0, name="f", arguments="}")), chunk({}, "tool_calls"),
    )  # fmt: skip
    call, block = folded.response().message.parts
    assert (call.tool_call.id, call.tool_call.name, call.tool_call.arguments) == ("c0", "f", "{}")
    assert json.loads(block.provider_block.data) == {
        "id": "c1", "type": "function", "function": {"arguments": "1"},
    }  # fmt: skip


def test_pieces_without_an_index_are_told_apart_by_their_ids() -> None:
    def piece(id: str, **function: str) -> bytes:
        return chunk({"tool_calls": [{"id": id, "function": function}]})

    folded = fold(
        piece("a", name="f", arguments="["), piece("b", name="f", arguments="{"),
        piece("a", arguments="1]"), piece("b", arguments="}"), chunk({}, "tool_calls"),
    )  # fmt: skip
    calls = [part.tool_call for part in folded.response().message.parts]
    assert [(call.id, call.arguments) for call in calls] == [("a", "[1]"), ("b", "{}")]


def test_reasoning_that_is_signed_and_silent_is_kept_for_its_provider() -> None:
    item = {"type": "reasoning.text", "text": "", "signature": "s", "index": 0}
    folded = fold(
        chunk({"reasoning_details": [item]}), chunk({"content": "a"}, "stop"), provider="openrouter"
    )
    kinds = [part.WhichOneof("kind") for part in folded.response().message.parts]
    assert kinds == ["redacted_reasoning", "text"]


def test_a_whole_answer_needs_a_message() -> None:
    with pytest.raises(ProviderNotAvailableError, match="without a message"):
        DIALECT.decode(b'{"id": "x", "choices": []}')


DEEP = b"[" * 5000 + b"]" * 5000


@pytest.mark.parametrize(
    "sent",
    [
        b'{"error":' + DEEP + b"}",
        b'{"choices":[{"index":0,"error":' + DEEP + b"}]}",
        b'{"unknown":' + DEEP + b"}",
        b'{"choices":[{"index":0,"message":{"reasoning_details":[{"x":' + DEEP + b"}]}}]}",
    ],
)
def test_what_is_nested_too_deeply_is_an_invalid_response(sent: bytes) -> None:
    for provider in ("openai", "openrouter"):
        with pytest.raises(ProviderNotAvailableError) as caught:
            OpenAIDialect(ROWS[provider]).decode(sent)
        assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"
    folded = Folded(DIALECT.decoder(1 << 20))
    with pytest.raises(ProviderNotAvailableError) as caught:
        folded.run(b"data: " + sent + b"\n\n")
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


def test_a_detail_with_an_index_that_is_none_has_its_place() -> None:
    items: list[dict[str, Any]] = [
        {"type": "reasoning.text", "text": text, "index": []} for text in ("a", "b")
    ]
    folded = fold(
        chunk({"reasoning_details": items}), chunk({"content": "c"}, "stop"), provider="openrouter"
    )
    assert [part.reasoning for part in folded.response().message.parts] == ["a", "b", ""]


@pytest.mark.parametrize(
    "error",
    [
        {"code": 403, "message": "No.", "metadata": {"reasons": ["hate"], "flagged_input": "x"}},
        {"message": "No.", "metadata": {"reasons": ["hate"]}},
        {"code": "content_policy_violation", "message": "No."},
    ],
)
def test_moderation_inside_a_stream_is_the_requests_fault(error: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        fold(chunk({"content": ""}, error=error), provider="openrouter")
    assert caught.value.reason_name == "PROVIDER_REJECTED_REQUEST"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_an_error_as_a_bare_line_behind_the_events_is_that_error(end: str) -> None:
    line = '{"error": {"message": "model runner has stopped", "type": "rate_limit_exceeded"}}' + end
    data = chunk({"content": "Hel"}) + line.encode()
    for pieces in ([data], [data[i : i + 1] for i in range(len(data))]):
        with pytest.raises(RateLimitError):
            fold(*pieces, provider="ollama")


@pytest.mark.parametrize("rest", [b'{"error": {"mess', b"{}", b"data: {}", b": {"])
def test_what_is_no_error_behind_the_events_is_no_good_end(rest: bytes) -> None:
    with pytest.raises((StreamInterruptedError, ProviderNotAvailableError)):
        fold(chunk({"content": "Hel"}), rest, provider="ollama")
