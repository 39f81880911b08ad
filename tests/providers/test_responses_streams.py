"""Laws of the Responses decoder: it says what the whole answer says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError, ProviderNotAvailableError, StreamInterruptedError
from llmrpc_server.providers.dialect import Defaults
from tests.providers.golden import Folded, response
from tests.providers.responses import dialect, end, event, fold, item, stream, whole

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
    st.builds(lambda a, i: item("call", a, call_id=i, name="f", id=f"fc_{i}"), text, ids),
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
    """But for reasoning and images that the provider would have to remember."""
    message = DIALECT.decode(json.dumps(whole(items)).encode()).parts.message()
    request = pb.GenerateRequest(messages=[message])
    encoded = DIALECT.encode(request, "gpt-6-luna", Defaults(), stream=False)
    wanted = [_usual(each) for each in items if _is_whole(each)]
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


@pytest.mark.parametrize("last", [b"", b": keep-alive\n\n", b"data: [DONE]\n\n"])
def test_a_stream_without_its_last_event_is_an_interruption(last: bytes) -> None:
    with pytest.raises(StreamInterruptedError):
        fold(event("response.output_text.delta", delta="a"), event("keepalive"), last)


@pytest.mark.parametrize(
    "data",
    [
        b"data: {\n\n",
        b"data: []\n\n",
        b'data: {"type": 3}\n\n',
        b'data: {"type":"response.output_item.done","item":{"type":"message","content":"x"}}\n\n',
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
    assert folded.decoder.answer.usage == pb.Usage(input_tokens=3)


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


def call(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "id": f"{kind}_1", "status": "completed", **fields}


def finish(*items: dict[str, Any]) -> pb.FinishReason.ValueType:
    return DIALECT.decode(json.dumps(whole(list(items))).encode()).finish_reason


CALLS = [
    call("mcp_approval_request"),
    call("computer_call", call_id="c"),
    call("shell_call", call_id="c"),
    call("local_shell_call", call_id="c"),
    call("apply_patch_call", call_id="c"),
    call("custom_tool_call", call_id="c"),
    call("tool_search_call", call_id="c", execution="client"),
]


@pytest.mark.parametrize("waiting", CALLS, ids=[each["type"] for each in CALLS])
def test_a_call_that_the_caller_answers_is_an_action(waiting: dict[str, Any]) -> None:
    function = item("call", "{}", call_id="f", name="f")
    assert finish(waiting) == pb.FINISH_REASON_ACTION_REQUIRED
    assert finish(item("message", "Well."), waiting) == pb.FINISH_REASON_ACTION_REQUIRED
    assert finish(waiting, function) == pb.FINISH_REASON_TOOL_CALLS
    commentary = item("message", "Then:", phase="commentary")
    assert finish(waiting, commentary) == pb.FINISH_REASON_ACTION_REQUIRED


@pytest.mark.parametrize(
    "items",
    [
        [call("shell_call", call_id="c"), call("shell_call_output", call_id="c")],
        [call("custom_tool_call", call_id="c"), item("message", "Found.")],
        [call("tool_search_call", call_id=None, execution="server")],
        [call("mcp_call"), call("web_search_call"), call("future_call")],
    ],
)
def test_what_the_provider_answered_itself_is_no_action(items: list[dict[str, Any]]) -> None:
    assert finish(*items) == pb.FINISH_REASON_STOP


USED = {"input_tokens": 1, "output_tokens": 1}


def billed(items: list[dict[str, Any]], usage: Any = None, **more: Any) -> dict[str, int]:
    body = whole(items, usage={**USED, **(usage or {})}, **more)
    answer = DIALECT.decode(json.dumps(body).encode())
    assert answer.usage is not None
    return dict(answer.usage.tool_uses)


def test_uses_are_counted_by_what_is_billed() -> None:
    search = [call("web_search_call", action={"type": kind}) for kind in ("search", "open_page")]
    items = [
        *search,
        call("file_search_call"),
        call("file_search_call"),
        call("code_interpreter_call", container_id="a"),
        call("code_interpreter_call", container_id="a"),
        call("shell_call", environment={"type": "container_reference", "container_id": "b"}),
        call("image_generation_call", result="iVBORw0KGgo="),
        call("image_generation_call", result=None),
        call("mcp_call"),
    ]
    counted = {
        "web_search_calls": 1, "file_search_calls": 2, "code_interpreter_sessions": 2,
        "image_generation_calls": 1,
    }  # fmt: skip
    assert billed(items) == counted
    assert billed(items, tool_usage={"web_search": {"num_requests": 3}}) == {
        **counted, "web_search_calls": 3,
    }  # fmt: skip
    assert billed(search, tool_usage={"web_search": {"num_requests": 0}}) == {}
    details = {"web_search_calls": 0, "x_search_calls": 2}
    used = {"server_side_tool_usage_details": details, "num_sources_used": 4}
    assert billed(items, used) == {"x_search_calls": 2, "num_sources_used": 4}


@pytest.mark.parametrize(
    ("used", "more"),
    [
        ({"server_side_tool_usage_details": 7}, {}),
        ({"server_side_tool_usage_details": {"mcp_calls": "x"}}, {}),
        ({"num_sources_used": -1}, {}),
        ({}, {"tool_usage": {"web_search": {"num_requests": 2**31}}}),
    ],
)
def test_counts_that_cannot_be_read_cost_no_answer(
    used: dict[str, Any], more: dict[str, Any]
) -> None:
    body = whole([item("message", "a")], usage={**USED, **used}, **more)
    answer = DIALECT.decode(json.dumps(body).encode())
    assert answer.parts.content() == "a"
    assert answer.usage is not None
    assert not answer.usage.tool_uses
    assert [each.field for each in answer.warnings] == ["usage.tool_uses"]


def test_the_uses_of_a_failed_answer_are_kept() -> None:
    folded = Folded(DIALECT.decoder(4096))
    with pytest.raises(ProviderNotAvailableError):
        folded.run(
            event("response.output_item.done", item=call("file_search_call"), output_index=0),
            end("failed", error={"code": "server_error"}, usage=USED),
        )
    assert folded.decoder.answer.usage == pb.Usage(
        input_tokens=1, output_tokens=1, tool_uses={"file_search_calls": 1}
    )


def test_what_is_said_of_the_whole_response_is_kept() -> None:
    moved = [{"type": "reasoning", "id": "rs_1", "action": "removed", "reason": "model_mismatch"}]
    images = {"image_gen": {"total_tokens": 216}}
    body = whole(
        [call("image_generation_call", result="iVBORw0KGgo=")],
        usage={**USED, "cost_in_usd_ticks": 292331500},
        service_tier="flex", input_transformations=moved, moderation=None, tool_usage=images,
        content_filters=[], metadata={"a": "b"},
    )  # fmt: skip
    found = DIALECT.decode(json.dumps(body).encode()).metadata
    assert {name: json_format.MessageToDict(value) for name, value in found.items()} == {
        "openai.service_tier": "flex",
        "openai.input_transformations": moved,
        "openai.tool_usage": images,
        "openai.cost_in_usd_ticks": 292331500,
    }


def test_an_unknown_event_is_named_once_and_progress_is_none() -> None:
    folded = fold(
        event("response.audio.delta", delta="AAA"),
        event("response.audio.delta", delta="AAA"),
        event("response.image_generation_call.partial_image", item_id="ig", partial_image_b64="A"),
        event("response.future_call.progress", output_index=0),
        event("keepalive"),
        event("response.queued", response={"status": "queued"}),
        end(items=[item("message", "a")]),
    )
    [warning] = folded.decoder.answer.warnings
    assert "response.audio.delta" in warning.message


@pytest.mark.parametrize("odd", [3, "x", {"url": "a"}, {"type": 4}, []])
def test_a_citation_that_cannot_be_read_costs_no_answer(odd: Any) -> None:
    said = item("message", "a")
    said["content"][0]["annotations"] = [odd, {"type": "url_citation", "url": "u"}]
    for answer in (
        DIALECT.decode(json.dumps(whole([said])).encode()),
        fold(stream([said])).decoder.answer,
    ):
        [part] = answer.parts.parts()
        assert [each.url for each in part.annotations] == ["u"]
        assert "citation" in answer.warnings[0].message
    said["content"][0]["annotations"] = odd
    assert DIALECT.decode(json.dumps(whole([said])).encode()).parts.content() == "a"


def test_spans_count_code_points_and_sources_of_the_whole_answer_have_none() -> None:
    said = item("message", "🌲 tree [1]")
    said["content"][0]["annotations"] = [
        {"type": "url_citation", "start_index": 7, "end_index": 10},
        {"type": "url_citation", "start_index": 0, "end_index": 0},
        {"type": "file_citation", "index": 6, "filename": "a.pdf", "file_id": "f"},
        {"type": "file_path", "index": 0, "file_id": "f"},
    ]
    [part] = DIALECT.decode(json.dumps(whole([said])).encode()).parts.parts()
    link, source, file, path = part.annotations
    assert part.text[link.start_index : link.end_index] == "[1]"
    assert not source.HasField("start_index")
    assert (file.start_index, file.end_index, file.title) == (6, 6, "a.pdf")
    assert not path.HasField("start_index")


def test_a_citation_may_come_before_its_text() -> None:
    added = "response.output_text.annotation.added"
    citation = {"type": "url_citation", "url": "u"}
    folded = fold(
        event(added, annotation=citation, output_index=0, content_index=0),
        event("response.output_text.delta", delta="a", output_index=0, content_index=0),
        end(),
    )
    [part] = folded.decoder.answer.parts.parts()
    assert (part.text, part.annotations[0].url) == ("a", "u")
