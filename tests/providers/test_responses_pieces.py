"""Pieces of Responses' items: each is told once, with all that it has, however it comes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer, Defaults
from llmrpc_server.rpc.limits import Limits
from llmrpc_server.rpc.validation import Validator
from tests.providers.responses import dialect, end, event, fold, item, stream, unnamed, whole

ASK = pb.LLMMessage(role=pb.ROLE_USER, content="Go on.")


def decode(*items: dict[str, Any], **more: Any) -> Answer:
    return dialect().decode(json.dumps(whole(list(items), **more)).encode())


def both(*items: dict[str, Any]) -> list[Answer]:
    """The answer whole, and as a stream whose deltas add up to it."""
    folded = fold(stream(list(items)))
    folded.response()
    return [decode(*items), folded.decoder.answer]


def back(answer: Answer) -> list[dict[str, Any]]:
    """The items as they are sent in a second turn, in which the model says more."""
    more = pb.LLMMessage(role=pb.ROLE_ASSISTANT, content="More.")
    request = pb.GenerateRequest(messages=[ASK, answer.parts.message(), more, ASK])
    encoded = dialect().encode(request, "gpt-6-luna", Defaults(), stream=False)
    assert not encoded.warnings
    items: list[dict[str, Any]] = json.loads(encoded.body)["input"][1:-2]
    return items


def delta(word: str, text: str, **at: Any) -> bytes:
    return event(f"response.{word}.delta", output_index=0, delta=text, **at)


def done(one: dict[str, Any]) -> bytes:
    return event("response.output_item.done", output_index=0, item=one)


@pytest.mark.parametrize("last", ["item", "response"])
@pytest.mark.parametrize(
    ("kind", "word", "number"),
    [
        ("summary", "reasoning_summary_text", "summary_index"),
        ("thoughts", "reasoning_text", "content_index"),
        ("message", "output_text", "content_index"),
    ],
)
@pytest.mark.parametrize(
    "told", [{0: "one"}, {1: "two"}, {0: "one", 1: "tw"}, {0: "o", 2: "three"}, {}]
)
def test_what_only_the_whole_item_has_is_not_lost(
    last: str, kind: str, word: str, number: str, told: dict[int, str]
) -> None:
    one = item(kind, "one", "two", "three", id="x", encrypted_content="e")
    events = []
    for at, text in told.items():
        part = {"type": "output_text" if kind == "message" else "reasoning_text"}
        if kind != "summary":
            events.append(
                event("response.content_part.added", output_index=0, content_index=at, part=part)
            )
        events.append(delta(word, text, **{number: at}))
    events += [done(one), end()] if last == "item" else [end(items=[one])]
    folded = fold(*events)
    parts = folded.response().message.parts
    assert sorted(part.text or part.reasoning for part in parts) == sorted(
        ["one", "two", "three", *([""] if kind == "thoughts" else [])]
    )
    assert not folded.decoder.answer.warnings


@pytest.mark.parametrize("text", ["onetwo", "one\n\ntwo", " one two"])
@pytest.mark.parametrize("kind", ["summary", "thoughts", "message"])
def test_texts_that_a_server_tells_under_one_number_are_told_once(kind: str, text: str) -> None:
    words = {"summary": "reasoning_summary_text", "thoughts": "reasoning_text"}
    folded = fold(
        delta(words.get(kind, "output_text"), text), done(item(kind, "one", "two")), end()
    )
    parts = folded.response().message.parts
    assert "".join(part.text or part.reasoning for part in parts) == text
    assert not folded.decoder.answer.warnings


def test_a_text_that_ends_otherwise_than_it_was_streamed_is_warned_of() -> None:
    folded = fold(delta("output_text", "one"), done(item("message", "other", "new")), end())
    assert folded.response().content == "onenew"
    [warning] = folded.decoder.answer.warnings
    assert "another text" in warning.message


def test_pieces_that_come_after_the_whole_item_are_not_told_again() -> None:
    call = item("call", "{}", call_id="c", name="f")
    for one, word in ((item("message", "a"), "output_text"), (call, "function_call_arguments")):
        folded = fold(
            event("response.output_item.added", output_index=0, item={**one, "arguments": ""}),
            done(one), delta(word, "a" if word == "output_text" else "{}"), end(),
        )  # fmt: skip
        (part,) = folded.response().message.parts
        assert (part.text, part.tool_call.arguments) in (("a", ""), ("", "{}"))


def test_arguments_that_only_the_whole_call_has_are_not_lost() -> None:
    call = item("call", '{"a":1}', call_id="c", name="f")
    begun = event("response.output_item.added", output_index=0, item={**call, "arguments": ""})
    folded = fold(begun, delta("function_call_arguments", '{"a"'), done(call), end())
    assert folded.response().message.parts[0].tool_call.arguments == '{"a":1}'


def test_arguments_may_be_an_object() -> None:
    call = {**item("call", call_id="c", name="f"), "arguments": {"a": 1.0}}
    assert decode(call).parts.parts()[0].tool_call.arguments == '{"a": 1.0}'


def test_a_call_without_a_name_is_a_block_that_goes_back() -> None:
    call = {"type": "function_call", "id": "x", "call_id": "c", "arguments": '{"a"', "status": "i"}
    for answer in both(call):
        (part,) = answer.parts.parts()
        assert part.provider_block.type == "function_call"
        assert back(answer) == [call]


def test_unknown_fields_of_a_text_go_back() -> None:
    said = item("message", "a", "b", id="m", status="completed")
    for piece in said["content"]:
        piece["logprobs"] = []
    said["content"][0]["zz"] = {"a": 1.0}
    said["content"].append({"type": "refusal", "refusal": "no", "yy": 2})
    for answer in both(said):
        assert back(answer) == [unnamed(said)]


def test_unknown_pieces_of_reasoning_go_back() -> None:
    thought = item("summary", "a", id="r", encrypted_content="e")
    thought["summary"] += [{"type": "zz", "zz": "kept"}, {"type": "summary_text", "text": "b"}]
    thought["summary"][0]["yy"] = [1]
    other = item("thoughts", "c", id="s")
    other["content"].insert(0, {"type": "q", "q": "kept"})
    for answer in both(thought, other):
        assert back(answer) == [thought, other]
    alone = {"type": "reasoning", "id": "t", "summary": [{"type": "zz", "zz": "kept"}]}
    (part,) = decode(alone).parts.parts()
    assert "kept" in part.signature.extra


def test_thoughts_behind_a_summary_are_not_late() -> None:
    both_kinds = item("thoughts", "c", "d", id="r", encrypted_content="e")
    both_kinds["summary"] = item("summary", "a", "b")["summary"]
    for answer in both(both_kinds):
        assert back(answer) == [both_kinds]
        assert not any("$" in part.signature.extra for part in answer.parts.parts())


def test_pieces_that_came_late_go_back_in_their_place() -> None:
    thought = item("summary", "a", "b", "c", id="r", encrypted_content="e")
    told = [delta("reasoning_summary_text", "b", summary_index=1)]
    said = item("message", "a", "b", id="m", status="completed")
    said["content"].insert(1, {"type": "audio", "data": "x"})
    for piece in said["content"][::2]:
        piece["logprobs"] = []
    folded = fold(*told, done(thought), end())
    assert back(folded.decoder.answer) == [thought]
    del thought["id"]
    assert back(fold(*told, done(thought), end()).decoder.answer) == [thought]
    assert back(fold(stream([said])).decoder.answer) == [unnamed(said)]
    assert back(fold(stream([said, thought])).decoder.answer) == [unnamed(said), thought]


def test_log_probabilities_that_came_are_metadata() -> None:
    said = item("message", "a", "b")
    said["content"][0]["logprobs"] = [{"token": "a", "logprob": -0.5}]
    said["content"][1]["logprobs"] = [{"token": "b", "logprob": -1}]
    for answer in both(said):
        found: Any = json_format.MessageToDict(answer.metadata["openai.logprobs"])
        assert [each["token"] for each in found] == ["a", "b"]


@pytest.mark.parametrize("odd", [3, "x", {"type": "url_citation"}])
def test_citations_that_are_no_list_are_warned_of(odd: Any) -> None:
    said = item("message", "a")
    said["content"][0]["annotations"] = odd
    answer = decode(said)
    assert answer.parts.content() == "a"
    assert [each.field for each in answer.warnings] == ["message.parts.annotations"]


@pytest.mark.parametrize("kind", ["web_search_call", "message", "reasoning", "function_call"])
def test_an_item_that_was_begun_and_never_ended_is_named(kind: str) -> None:
    folded = fold(event("response.output_item.added", output_index=1, item={"type": kind}), end())
    [warning] = folded.decoder.answer.warnings
    assert kind in warning.message


@pytest.mark.parametrize("ends", [[], [done(item("message", "a", id="m"))]])
@pytest.mark.parametrize("number", [-1, 0, 10**12])
def test_a_text_that_was_announced_and_never_came_can_go_back(
    ends: list[bytes], number: int
) -> None:
    events = [
        event(
            "response.content_part.added", output_index=0, content_index=each,
            part={"type": "output_text"},
        )
        for each in (number, number + 1)
    ]  # fmt: skip
    said = delta("output_text", "a", content_index=number + 1)
    folded = fold(*events, said, *ends, end())
    request = pb.GenerateRequest(messages=[ASK, folded.decoder.answer.parts.message(), ASK])
    Validator(Limits()).check(request)
    assert folded.response().content == "a"


def cited(*citations: dict[str, Any], text: str = "🌲abc") -> dict[str, Any]:
    said = item("message", text)
    said["content"][0]["annotations"] = list(citations)
    return said


@pytest.mark.parametrize(
    ("span", "held"),
    [
        ({"start_index": 0, "end_index": 4}, (0, 4)),
        ({"start_index": 0, "end_index": 5}, None),
        ({"start_index": 4, "end_index": 2_000_000}, None),
        ({"start_index": -1, "end_index": 2}, None),
        ({"start_index": 3, "end_index": 2}, None),
        ({"start_index": "1", "end_index": 2}, None),
        ({"start_index": 1}, None),
        ({"type": "file_citation", "index": 4}, (4, 4)),
        ({"type": "file_citation", "index": 5}, None),
        ({"type": "file_citation", "index": "x"}, None),
    ],
)
def test_a_span_is_inside_of_its_text_or_left_out_with_a_warning(
    span: dict[str, Any], held: tuple[int, int] | None
) -> None:
    citation = {"type": "url_citation", "url": "u", **span}
    for answer in both(cited(citation)):
        (part,) = answer.parts.parts()
        (found,) = part.annotations
        spanned = (found.start_index, found.end_index) if found.HasField("start_index") else None
        assert spanned == held
        assert json.loads(found.data) == citation
        warned = [each.field for each in answer.warnings]
        assert warned == ([] if held else ["message.parts.annotations"])


def test_no_span_is_no_fault() -> None:
    for answer in both(cited({"type": "url_citation", "start_index": 0, "end_index": 0})):
        assert not answer.warnings


def test_a_citation_of_a_text_that_never_came_whole_is_told() -> None:
    added = event(
        "response.output_text.annotation.added", output_index=0, content_index=0,
        annotation={"type": "url_citation", "url": "u", "start_index": 0, "end_index": 9},
    )  # fmt: skip
    folded = fold(added, delta("output_text", "ab"), end())
    (part,) = folded.response().message.parts
    assert (part.text, part.annotations[0].url) == ("ab", "u")
    assert not part.annotations[0].HasField("end_index")


def test_an_unknown_event_cannot_break_a_stream() -> None:
    odd = b'data: {"type":"response.future","output_index":"x","delta":1e999}\n\n'
    folded = fold(odd, delta("output_text", "a"), end())
    assert folded.response().content == "a"
    assert "response.future" in folded.decoder.answer.warnings[0].message
