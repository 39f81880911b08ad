"""Streams of generateContent: what is one part, and when an answer is whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError, StreamInterruptedError
from llmrpc_server.providers.dialect import Defaults
from tests.providers.gemini_answers import body, fold
from tests.providers.generate_content import GOOGLE
from tests.providers.golden import MADE, MAX_EVENT, Folded, numbered, response


def texts(folded: Folded) -> list[tuple[str, str, str]]:
    return [
        (part.WhichOneof("kind") or "", part.text or part.reasoning, part.signature.data)
        for part in folded.response().message.parts
    ]


def test_a_signed_part_is_joined_with_no_other() -> None:
    chunks = [
        body({"text": "a"}),
        body({"text": "b"}),
        body({"text": "c", "thoughtSignature": "1"}),
        body({"text": "d"}),
        body({"text": "", "thoughtSignature": "2"}),
        body({"text": "e"}, finish="STOP"),
    ]
    assert texts(fold(*chunks)) == [
        ("text", "ab", ""), ("text", "c", "1"), ("text", "d", ""), ("text", "", "2"),
        ("text", "e", ""),
    ]  # fmt: skip


def test_texts_and_thoughts_stay_in_order() -> None:
    chunks = [
        body({"text": "t1", "thought": True}, {"text": "t2", "thought": True}),
        body({"text": "t3", "thought": True}, {"text": "a"}),
        body({"text": ""}),
        body({"text": "b"}, {"text": "t4", "thought": True}, finish="STOP"),
    ]
    assert texts(fold(*chunks)) == [
        ("reasoning", "t1", ""), ("reasoning", "t2t3", ""), ("text", "ab", ""),
        ("reasoning", "t4", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", "STOP"),
        ("MAX_TOKENS", "LENGTH"),
        ("CONTINUATION", "LENGTH"),
        ("SAFETY", "CONTENT_FILTER"),
        ("RECITATION", "CONTENT_FILTER"),
        ("BLOCKLIST", "CONTENT_FILTER"),
        ("PROHIBITED_CONTENT", "CONTENT_FILTER"),
        ("SPII", "CONTENT_FILTER"),
        ("IMAGE_SAFETY", "CONTENT_FILTER"),
        ("ESCALATION", "CONTENT_FILTER"),
        ("MALFORMED_FUNCTION_CALL", "MALFORMED_TOOL_CALL"),
        ("UNEXPECTED_TOOL_CALL", "MALFORMED_TOOL_CALL"),
        ("LANGUAGE", "OTHER"),
        ("OTHER", "OTHER"),
        ("TOO_MANY_TOOL_CALLS", "OTHER"),
        ("A_WORD_OF_TOMORROW", "OTHER"),
    ],
)
def test_every_finish_reason_has_its_kind(word: str, reason: str) -> None:
    answer = fold(body({"text": "a"}, finish=word)).response()
    assert answer.finish_reason == pb.FinishReason.Value(f"FINISH_REASON_{reason}")
    assert answer.provider_finish_reason == word


def test_a_stop_with_calls_asks_for_tools_and_a_cut_does_not() -> None:
    call = {"functionCall": {"name": "f", "args": None}}
    answer = fold(body(call), body(finish="STOP")).response()
    assert answer.finish_reason == pb.FINISH_REASON_TOOL_CALLS
    assert answer.message.parts[0].tool_call.arguments == "{}"
    answer = fold(body(call), body(finish="MAX_TOKENS")).response()
    assert answer.finish_reason == pb.FINISH_REASON_LENGTH


@pytest.mark.parametrize("finish", [None, "", "FINISH_REASON_UNSPECIFIED"])
def test_an_end_without_a_finish_reason_is_an_interruption(finish: str | None) -> None:
    with pytest.raises(StreamInterruptedError):
        fold(body({"text": "a"}, finish=finish))
    with pytest.raises(StreamInterruptedError):
        fold()
    whole = GOOGLE.decode(json.dumps(body({"text": "a"}, finish=finish)).encode())
    assert whole.finish_reason == pb.FINISH_REASON_OTHER


@pytest.mark.parametrize("said", [{}, {"candidates": []}, {"promptFeedback": {}}])
def test_an_answer_without_a_candidate_is_none(said: dict[str, Any]) -> None:
    with pytest.raises(LLMClientError) as caught:
        GOOGLE.decode(json.dumps(said).encode())
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"
    with pytest.raises(StreamInterruptedError):
        fold(said)


def test_a_list_of_chunks_in_place_of_events_is_read() -> None:
    """As Google sends it where nobody asked for events."""
    folded = Folded(GOOGLE.decoder(MAX_EVENT))
    folded.run(json.dumps([body({"text": "a"}), body({"text": "b"}, finish="STOP")]).encode())
    answer = folded.decoder.answer
    assert (answer.parts.content(), answer.finish_reason) == ("ab", pb.FINISH_REASON_STOP)


def test_the_last_usage_counts_and_what_claims_too_much_is_cut() -> None:
    first = {"promptTokenCount": 10, "candidatesTokenCount": 1}
    last = {
        "promptTokenCount": 10,
        "cachedContentTokenCount": 400,
        "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 500}],
        "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 99}, {}],
        "candidatesTokenCount": 5,
        "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 9}],
        "thoughtsTokenCount": 2,
    }
    chunks = [
        body({"text": "a"}, usageMetadata=first),
        body(finish="STOP", usageMetadata=last),
        {"usageMetadata": {"totalTokenCount": 17}},
        {"usageMetadata": None},
    ]
    assert fold(*chunks).response().usage == pb.Usage(
        cache_read_audio_tokens=10, output_audio_tokens=5, reasoning_tokens=2
    )


def test_an_answer_that_breaks_off_uncounted_is_estimated_by_what_came() -> None:
    used = {"promptTokenCount": 9, "thoughtsTokenCount": 3, "totalTokenCount": 12}
    chunks = [
        body({"text": "y" * 12, "thought": True}, usageMetadata=used),
        body({"text": "x" * 40}),
        body({"functionCall": {"name": "f", "args": {"a": "xyz"}}}),
    ]
    folded = Folded(GOOGLE.decoder(MAX_EVENT))
    with pytest.raises(StreamInterruptedError):
        folded.run(*(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks))
    assert folded.decoder.answer.usage == pb.Usage(
        input_tokens=9, output_tokens=13, reasoning_tokens=3, estimated=True
    )
    last = {**used, "candidatesTokenCount": 11}
    assert fold(*chunks, body(finish="STOP", usageMetadata=last)).response().usage == pb.Usage(
        input_tokens=9, output_tokens=11, reasoning_tokens=3
    )


def test_the_tier_that_served_is_told_for_the_price() -> None:
    used = {"promptTokenCount": 1, "serviceTier": "FLEX"}
    folded = fold(body({"text": "a"}, finish="STOP", usageMetadata=used))
    assert folded.decoder.answer.service_tier == "flex"


SIGNATURES = st.one_of(st.none(), st.sampled_from(["c2ln", "b3RoZXI="]))
TEXTS = st.builds(
    lambda text, thought, signature: {
        "text": text, "thought": thought, "thoughtSignature": signature,
    },
    st.text(max_size=5), st.booleans(), SIGNATURES,
)  # fmt: skip
CALLS = st.builds(
    lambda name, args, signature: {
        "functionCall": {"name": name, "args": args}, "thoughtSignature": signature,
    },
    st.from_regex("[a-z_][a-zA-Z0-9_.:-]{0,4}", fullmatch=True),
    st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=2),
    SIGNATURES,
)  # fmt: skip


@given(st.lists(TEXTS | CALLS, max_size=6))
def test_one_chunk_gives_what_the_body_gives(parts: list[dict[str, Any]]) -> None:
    said = body(*parts, finish="STOP")
    whole = response(GOOGLE.decode(json.dumps(said).encode()))
    assert numbered(fold(said).response()) == numbered(whole)


@given(st.lists(TEXTS | CALLS, min_size=1, max_size=6))
def test_no_chunking_changes_the_text_the_calls_or_the_signatures(
    parts: list[dict[str, Any]],
) -> None:
    whole = numbered(fold(body(*parts, finish="STOP")).response())
    cut = numbered(fold(*(body(part) for part in parts), body(finish="STOP")).response())
    assert cut.content == whole.content
    for kept in ("tool_call", "signature"):
        assert [getattr(part, kept) for part in cut.message.parts if part.HasField(kept)] == [
            getattr(part, kept) for part in whole.message.parts if part.HasField(kept)
        ]


@given(st.lists(TEXTS | CALLS, max_size=6))
def test_what_google_said_goes_back_as_it_said_it(parts: list[dict[str, Any]]) -> None:
    answer = fold(body(*parts, finish="STOP")).response().message
    request = pb.GenerateRequest(messages=[answer, pb.LLMMessage(role=pb.ROLE_USER, content="Hi")])
    encoded = GOOGLE.encode(request, "gemini-2.5-flash", Defaults(), stream=False)
    sent = json.loads(encoded.body)["contents"][0]
    said = [
        {name: value for name, value in part.items() if value or name == "text"}
        for part in parts
        if part.get("text") or part.get("functionCall") or part["thoughtSignature"]
    ]
    for part in sent["parts"]:
        if "functionCall" in part:
            assert MADE.fullmatch(part["functionCall"].pop("id"))
    assert sent["parts"] == (said or [{"text": "Hi"}])
