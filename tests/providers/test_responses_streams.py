"""Laws of the Responses decoder: it says what the whole answer says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError, ProviderNotAvailableError, StreamInterruptedError
from llmrpc_server.providers.dialect import Defaults
from tests.providers.golden import Folded, response
from tests.providers.responses import dialect, end, event, fold, item, stream, unnamed, whole

DIALECT = dialect()

text = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=12)
ids = st.uuids().map(str)
citations = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["url_citation", "file_citation", "future_citation"])},
        optional={
            "url": text, "title": text, "file_id": text, "filename": text | st.integers(),
            "index": st.integers(0, 9), "start_index": st.integers(-1, 9),
            "end_index": st.integers(-1, 9) | st.none() | text,
        },
    ),
    max_size=2,
)  # fmt: skip


def cited(message: dict[str, Any], found: list[list[dict[str, Any]]]) -> dict[str, Any]:
    for piece, citations in zip(message["content"], found, strict=False):
        piece["annotations"] = citations
    return message


part = st.one_of(
    st.builds(lambda t, p, i, c: cited(item("message", *t, phase=p, id=i), c),
              st.lists(text | st.just(""), max_size=3),
              st.sampled_from([None, "commentary", "final_answer"]), ids,
              st.lists(citations, max_size=3)),
    st.builds(lambda t, i: item("refusal", *t, id=i), st.lists(text, max_size=2), ids),
    st.builds(lambda t, e, i: item("summary", *t, encrypted_content=e, id=i),
              st.lists(text, max_size=3), st.none() | text, ids),
    st.builds(lambda t, i: item("thoughts", *t, id=i), st.lists(text, max_size=3), ids),
    # arguments that are blank become an object
    st.builds(
        lambda a, i: item("call", a, call_id=i, name="f", id=f"fc_{i}"), text.filter(str.strip), ids
    ),
    st.builds(lambda i: item("web_search_call", id=i, action={"type": "search"}), ids),
    st.builds(lambda i, r: item("image_generation_call", id=i, result=r, size="1x1"), ids,
              st.sampled_from(["iVBORw0KGgo=", "no base64", "", None])),
    st.builds(lambda i, x: item("future_item", id=i, x=x), ids | st.integers(), text),
)  # fmt: skip
usage = st.fixed_dictionaries(
    {"input_tokens": st.integers(0, 99), "output_tokens": st.integers(0, 99)},
    optional={
        "input_tokens_details": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "cached_tokens": st.integers(0, 120),
                "cache_write_tokens": st.integers(0, 120),
                "cache_write_tokens_details": st.just({"ttl_12h_tokens": 7}),
            },
        ),
        "output_tokens_details": st.none()
        | st.fixed_dictionaries({"reasoning_tokens": st.integers(0, 120)}),
    },
)


@given(st.lists(part, max_size=5), usage, st.integers(1, 64))
@example(
    [cited(item("message", "a", "", "", id="m"), [[], [], [{"type": "url_citation"}]])],
    {"input_tokens": 0, "output_tokens": 0},
    1,
)
def test_a_stream_says_what_the_whole_answer_says(
    items: list[dict[str, Any]], used: dict[str, Any], step: int
) -> None:
    data = stream(items, usage=used)
    folded = Folded(DIALECT.decoder(1 << 20))
    folded.run(*(data[i : i + step] for i in range(0, len(data), step)))
    answer = DIALECT.decode(json.dumps(whole(items, usage=used)).encode())
    assert folded.response().message == response(answer).message
    assert folded.response() == response(answer)
    totals = answer.usage
    assert totals is not None
    assert used["output_tokens"] == totals.output_tokens + totals.reasoning_tokens
    assert used["input_tokens"] == (
        totals.input_tokens
        + totals.cache_read_tokens
        + totals.cache_write_tokens
        + totals.cache_write_1h_tokens
    )


@given(st.lists(part, min_size=1, max_size=5))
def test_what_the_model_said_goes_back_as_it_came(items: list[dict[str, Any]]) -> None:
    """But for what the provider would have to remember, and reasoning that nothing follows."""
    message = DIALECT.decode(json.dumps(whole(items)).encode()).parts.message()
    request = pb.GenerateRequest(messages=[message])
    encoded = DIALECT.encode(request, "gpt-6-luna", Defaults(), stream=False)
    wanted = [unnamed(_usual(each)) for each in items if _is_whole(each)]
    while wanted and wanted[-1]["type"] == "reasoning":
        wanted.pop()
    sent = [each for each in json.loads(encoded.body)["input"] if "type" in each]
    assert sent == wanted


def _is_whole(one: dict[str, Any]) -> bool:
    if one["type"] == "reasoning":
        return bool(one.get("encrypted_content") or one.get("content"))
    return one["type"] != "image_generation_call" or bool(one["result"])


def _usual(one: dict[str, Any]) -> dict[str, Any]:
    """An item with the fields that every real one has."""
    if one["type"] in ("message", "function_call", "image_generation_call"):
        one = {"status": "completed", **one}
    if one["type"] == "image_generation_call" and one["result"] == "no base64":
        one.pop("status")
    if one["type"] == "message" and one["content"]:
        pieces = [
            {"logprobs": [], **each} if each["type"] == "output_text" else each
            for each in one["content"]
        ]
        one = {**one, "content": pieces}
    elif one["type"] == "message":
        one.pop("status")
    return one


def test_the_last_event_ends_a_stream_whose_socket_stays_open() -> None:
    decoder = DIALECT.decoder(4096)
    decoder.feed(end(items=[item("message", "a")]) + event("response.output_text.delta", delta="b"))
    assert decoder.done
    assert decoder.answer.parts.content() == "a"


@pytest.mark.parametrize("last", [b"", b": keep-alive\n\n", b"data: {}\n\n"])
def test_a_stream_without_its_last_event_is_an_interruption(last: bytes) -> None:
    with pytest.raises(StreamInterruptedError):
        fold(event("response.output_text.delta", delta="a"), event("keepalive"), last)


@pytest.mark.parametrize(
    "data",
    [
        b"data: {\n\n",
        b"data: []\n\n",
        b'data: {"type": 3}\n\n',
        b'data: {"type":"response.output_item.done","item":{"type":"message","content":7}}\n\n',
        b'data: {"type":"response.output_item.done","item":7}\n\n',
        b"data: <html>\n\n",
        b"<html></html>",
        b'{"object": "response", "status": "in_progress"}',
        b"{" * 70000,
        b'data: {"x":' + b"[" * 5000 + b"]" * 5000 + b"}\n\n",
    ],
)
def test_what_cannot_be_read_is_never_skipped(data: bytes) -> None:
    with pytest.raises(ProviderNotAvailableError) as caught:
        fold(event("response.in_progress") if data.startswith(b"data") else b"", data)
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (event("error", error={"code": "server_is_overloaded"}), "PROVIDER_OVERLOADED"),
        (event("error", code="server_error", message="Oops."), "PROVIDER_UNAVAILABLE"),
        (event("error", error={"code": None, "message": "?"}), "PROVIDER_UNAVAILABLE"),
        (b"event: error\ndata: upstream reset\n\n", "PROVIDER_UNAVAILABLE"),
        (b'data: {"error": {"code": "context_length_exceeded"}}\n\n', "CONTEXT_WINDOW_EXCEEDED"),
        (end("failed", error={"code": "rate_limit_exceeded"}), "PROVIDER_RATE_LIMITED"),
        (end("failed", error={"code": "cyber_policy"}), "PROVIDER_REJECTED_REQUEST"),
        (end("failed"), "PROVIDER_UNAVAILABLE"),
        (b'{"error": {"message": "No.", "code": "insufficient_quota"}}',
         "PROVIDER_QUOTA_EXHAUSTED"),
    ],
)  # fmt: skip
def test_an_error_in_place_of_an_event_is_raised(data: bytes, reason: str) -> None:
    with pytest.raises(LLMClientError) as caught:
        fold(data)
    assert caught.value.reason_name == reason


def test_the_usage_of_a_failed_answer_is_kept() -> None:
    folded = Folded(DIALECT.decoder(4096))
    with pytest.raises(ProviderNotAvailableError):
        folded.run(
            event("response.output_text.delta", delta="a"),
            end("failed", error={"code": "server_error"}, usage={"input_tokens": 3}),
        )
    assert folded.decoder.answer.usage == pb.Usage(input_tokens=3, estimated=True)


def test_content_that_was_not_announced_goes_on_with_the_first() -> None:
    """Some servers count every delta: https://github.com/vllm-project/vllm/pull/35184."""
    pieces = [
        event("response.reasoning_text.delta", delta=word, content_index=n)
        for n, word in enumerate(("Let ", "me ", "think."))
    ]
    done = event("response.output_item.done", item=item("thoughts", "Let me think.", id="rs"))
    [part] = fold(*pieces, done, end()).response().message.parts
    assert part.reasoning == "Let me think."
    assert (part.signature.id, part.signature.data) == ("rs", "reasoning_text")


def test_the_service_tier_is_the_one_that_served() -> None:
    decoder = DIALECT.decoder(4096)
    decoder.feed(event("response.created", response={"service_tier": "auto"}))
    decoder.feed(end(service_tier="flex"))
    assert decoder.answer.service_tier == "flex"


@pytest.mark.parametrize("status", ["in_progress", "queued", None])
def test_a_whole_answer_has_ended(status: str | None) -> None:
    with pytest.raises(ProviderNotAvailableError, match="has not ended"):
        DIALECT.decode(json.dumps({**whole([]), "status": status}).encode())


def test_a_cancelled_answer_is_a_failure() -> None:
    with pytest.raises(ProviderNotAvailableError):
        DIALECT.decode(json.dumps(whole([], "cancelled")).encode())


def test_an_answer_that_ended_early_for_another_reason_says_which() -> None:
    answer = DIALECT.decode(
        json.dumps(whole([], "incomplete", incomplete_details={"reason": "odd"})).encode()
    )
    assert answer.finish_reason == pb.FINISH_REASON_OTHER
    assert answer.provider_finish_reason == "odd"
