"""What the tools of a provider leave in an answer of Responses: blocks, uses, citations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.errors import ProviderNotAvailableError
from tests.providers.golden import Folded
from tests.providers.responses import dialect, end, event, fold, item, stream, whole

DIALECT = dialect()


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
