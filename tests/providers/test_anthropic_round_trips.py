"""What Anthropic says goes back to Anthropic as it said it, and nothing of it is lost."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from llmrpc import v1 as pb
from llmrpc.errors import ProviderNotAvailableError
from llmrpc_server.providers.dialect import Answer, Defaults
from tests.providers.golden import MAX_EVENT, Case, Folded, cases
from tests.providers.messages_api import (
    DIALECT,
    MODEL,
    begin,
    block,
    end,
    events,
    message,
)

ANSWERED = [
    case
    for case in cases("response.json", "expected_response.json")
    if case.folder.parent.name == "anthropic"
]
STREAMED = [
    case
    for case in ANSWERED
    if (case.folder / "stream.txt").exists() and not (case.folder / "expected_stream.json").exists()
]
USAGE = {"input_tokens": 1, "output_tokens": 1}
TEXT = {"type": "text", "text": ""}
SAID = {"type": "text_delta", "text": "Yes"}


def answer_of(data: bytes, *, streamed: bool) -> Answer:
    if not streamed:
        return DIALECT.decode(data)
    folded = Folded(DIALECT.decoder(MAX_EVENT))
    folded.run(data)
    folded.response()
    return folded.decoder.answer


def asked(*messages: pb.LLMMessage) -> bytes:
    """The messages of a request as they are sent, up to the end of the last one."""
    user = pb.LLMMessage(role=pb.ROLE_USER, content="Hi — 🌿")
    request = pb.GenerateRequest(messages=[user, *messages])
    body = DIALECT.encode(request, MODEL, Defaults(), stream=False).body
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return bytes(fields["messages"]).removesuffix(b"]")


def comparable(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Blocks without what a request cannot have: empty texts, and the files of citations."""
    kept = []
    for each in blocks:
        if each["type"] == "text" and not each["text"]:
            continue
        kept.append({**each})
        if each.get("citations"):
            kept[-1]["citations"] = [
                {name: value for name, value in one.items() if name != "file_id"}
                for one in each["citations"]
            ]
    return kept


@pytest.mark.parametrize(
    ("case", "streamed"),
    [(case, False) for case in ANSWERED] + [(case, True) for case in STREAMED],
    ids=lambda value: value.folder.name if isinstance(value, Case) else str(value),
)
def test_an_answer_goes_back_equal_to_what_came(case: Case, streamed: bool) -> None:
    whole = (case.folder / "response.json").read_bytes()
    answer = answer_of(case.stream() if streamed else whole, streamed=streamed)
    wanted = comparable(json.loads(whole)["content"])
    user = pb.LLMMessage(role=pb.ROLE_USER, content="Hi")
    request = pb.GenerateRequest(messages=[user, answer.parts.message(), user])
    body = json.loads(DIALECT.encode(request, MODEL, Defaults(), stream=False).body)
    sent = body["messages"][1]["content"] if wanted else []
    if isinstance(sent, str):
        sent = [{"type": "text", "text": sent}]
    assert sent == wanted


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case.folder.name)
def test_the_second_turn_begins_with_the_bytes_of_the_first(case: Case) -> None:
    answer = DIALECT.decode((case.folder / "response.json").read_bytes()).parts.message()
    more = pb.LLMMessage(role=pb.ROLE_USER, content="Go on")
    first, second = asked(), asked(answer, more)
    if asked(answer) != first:  # an empty answer is not sent
        assert second.startswith(first)
        assert asked(answer, more, answer, more).startswith(second)


@pytest.mark.parametrize("streamed", [False, True])
def test_unknown_fields_of_known_blocks_go_back(streamed: bool) -> None:
    content: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": "Hm.", "signature": "sig", "depth": {"b": 1.0, "a": 2}},
        {"type": "redacted_thinking", "data": "red", "depth": 3},
        {"type": "text", "text": "Yes", "mood": "calm", "nothing": None},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}, "toolset_name": "t"},
    ]
    whole = message(content, "end_turn", USAGE)
    said = {"type": "thinking_delta", "thinking": "Hm."}
    signed = {"type": "signature_delta", "signature": "sig"}
    stream = events(
        begin(USAGE),
        *block(0, {**content[0], "thinking": "", "signature": ""}, said, signed),
        *block(1, content[1]),
        *block(2, {**content[2], "text": ""}, SAID),
        *block(3, content[3]),
        end("end_turn", USAGE),
    )
    answer = answer_of(stream if streamed else whole, streamed=streamed)
    del content[2]["nothing"]
    [_, sent] = json.loads(asked(answer.parts.message()) + b"]")
    assert sent["content"] == content
    assert answer.parts.parts()[0].signature.extra == '{"depth":{"b":1.0,"a":2}}'


BROKEN = {"type": "input_json_delta", "partial_json": '{"a'}


@pytest.mark.parametrize(
    ("kind", "deltas", "what"),
    [
        ("text", [{"type": "glow_delta"}], "a glow_delta for a block of the type text"),
        ("hologram", [{"type": "glow_delta"}], "a glow_delta for a block of the type hologram"),
        ("text", [{"type": "citations_delta", "citation": {"type": "x"}}],
         "cited sources for an empty text"),
        ("text", [SAID, {"type": "citations_delta", "citation": {"title": 3}}],
         "a citation that cannot be read"),
        ("server_tool_use", [BROKEN], "the input of a server_tool_use"),
    ],
)  # fmt: skip
def test_a_piece_that_cannot_be_read_is_named_once(
    kind: str, deltas: list[dict[str, Any]], what: str
) -> None:
    pieces = [each for at in (7, 8) for each in block(at, {"type": kind}, *deltas)]
    named(pieces, what)


@pytest.mark.parametrize(
    ("event", "what"),
    [
        ({"type": "weather_report", "rain": 1}, "an event of the unknown type weather_report"),
        ({"type": "weather_report", "index": "x"}, "an event of the unknown type weather_report"),
        ({"type": "content_block_delta", "index": 9, "delta": {"type": "glow_delta"}},
         "a glow_delta for a block that was not open"),
        ({"type": "content_block_start", "index": 9, "content_block": {**TEXT, "citations": "a"}},
         "citations that cannot be read"),
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_read_is_named_once(event: dict[str, Any], what: str) -> None:
    named([event, event], what)


def named(more: list[dict[str, Any]], what: str) -> None:
    stream = events(begin(USAGE), *block(0, TEXT, SAID), *more, end("end_turn", USAGE))
    answer = answer_of(stream, streamed=True)
    assert answer.parts.content().startswith("Yes")
    [warning] = answer.warnings
    assert warning.field == "message"
    assert what in warning.message


def test_a_count_that_is_none_does_not_cost_the_answer() -> None:
    usage = {**USAGE, "server_tool_use": {"web_search_requests": 2, "lies": "many", "none": 0}}
    answer = DIALECT.decode(message([{"type": "text", "text": "Yes"}], "end_turn", usage))
    assert answer.usage is not None
    assert dict(answer.usage.tool_uses) == {"web_search_requests": 2}
    assert [each.field for each in answer.warnings] == ["usage.tool_uses"]
    broken = DIALECT.decode(message([], "end_turn", {**USAGE, "server_tool_use": 3}))
    assert [each.field for each in broken.warnings] == ["usage.tool_uses"]


def test_warnings_are_bounded() -> None:
    strange = [{"type": f"event_{at}" + "x" * 1000} for at in range(100)]
    answer = answer_of(events(begin(USAGE), *strange, end("end_turn", USAGE)), streamed=True)
    assert len(answer.warnings) == 32
    assert all(len(each.message) < 300 for each in answer.warnings)


@pytest.mark.parametrize("kind", ["server_tool_use", "text"])
def test_what_is_held_until_a_block_ends_is_bounded(kind: str) -> None:
    cited = {"type": "citations_delta", "citation": {"cited_text": "x" * 500}}
    written = {"type": "input_json_delta", "partial_json": "x" * 500}
    delta = cited if kind == "text" else written
    folded = Folded(DIALECT.decoder(10_000))
    for index in range(9):
        folded.feed(events(*block(index, {"type": kind}, *[delta] * 5)))
    with pytest.raises(ProviderNotAvailableError, match="more than 10000 bytes"):
        folded.feed(events(*block(9, {"type": kind}, *[delta] * 25)))


def test_a_block_that_waits_for_the_caller_is_an_action_required() -> None:
    waits = {"type": "approval_request", "id": "apr_1"}
    assert DIALECT.decode(message([waits], "tool_use", USAGE)).finish_reason == (
        pb.FINISH_REASON_ACTION_REQUIRED
    )
    call = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
    assert DIALECT.decode(message([waits, call], "tool_use", USAGE)).finish_reason == (
        pb.FINISH_REASON_TOOL_CALLS
    )
