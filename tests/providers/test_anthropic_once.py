"""Blocks that come in odd ways: nothing of them twice, and nothing lost."""

from __future__ import annotations

from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc.errors import ProviderNotAvailableError
from llmrpc_server.providers.dialect import Answer
from tests.providers.golden import MADE, MAX_EVENT, Folded
from tests.providers.messages_api import DIALECT, STOP, begin, block, compact, end, events

USAGE = {"input_tokens": 9, "output_tokens": 3}
TEXT: dict[str, Any] = {"type": "text", "text": ""}
THOUGHT: dict[str, Any] = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
GOOD: dict[str, Any] = {"type": "text", "text": "All good."}
CALL: dict[str, Any] = {"type": "tool_use", "id": "t", "name": "now", "input": {"a": 1}}
FOUND: dict[str, Any] = {"type": "found", "n": 1}
ENDED = end("end_turn", USAGE)


def streamed(*said: dict[str, Any] | list[dict[str, Any]]) -> Answer:
    folded = Folded(DIALECT.decoder(MAX_EVENT))
    flat = [each for one in said for each in (one if isinstance(one, list) else [one])]
    folded.run(events(*flat))
    folded.response()
    return folded.decoder.answer


def started(*content: dict[str, Any], **more: Any) -> dict[str, Any]:
    said = begin(USAGE)
    return {**said, "message": {**said["message"], "content": list(content), **more}}


def pieces(*texts: str, index: int = 0) -> list[dict[str, Any]]:
    deltas = [{"type": "text_delta", "text": text} for text in texts]
    return [{"type": "content_block_delta", "index": index, "delta": each} for each in deltas]


def kinds(answer: Answer) -> list[str | None]:
    return [part.WhichOneof("kind") for part in answer.parts.parts()]


@pytest.mark.parametrize(
    "said",
    [
        [started(GOOD), *block(0, TEXT, *({"type": "text_delta", "text": "All"},
                                          {"type": "text_delta", "text": " good."}))],
        [started(GOOD), *block(0, GOOD)],
        [started(GOOD), *block(0, TEXT)],
        [started({**GOOD, "text": "All"}), *block(0, TEXT, {"type": "text_delta",
                                                             "text": "All good."})],
        [started({**GOOD, "text": "All"}), *pieces(" good.")],
        [started(GOOD), started(GOOD)],
        [started({**GOOD, "text": "All"}), started(GOOD)],
        [begin(USAGE), *block(0, TEXT, {"type": "text_delta", "text": "All good."}),
         started(GOOD, stop_reason="end_turn")],
        [begin(USAGE), {**block(0, GOOD)[-1], "content_block": GOOD}],
        [begin(USAGE), {**ENDED, "message": started(GOOD)["message"]}],
    ],
)  # fmt: skip
def test_a_text_is_told_once(said: list[dict[str, Any]]) -> None:
    answer = streamed(said, ENDED, STOP)
    assert answer.parts.content() == "All good."
    assert answer.finish_reason == pb.FINISH_REASON_STOP


def test_a_text_that_goes_on_in_another_way_is_lost_in_no_piece() -> None:
    start, stop = block(0, TEXT)
    answer = streamed(started(GOOD), start, pieces("All", " well"), stop, ENDED, STOP)
    assert answer.parts.content() == "All good.All well"


@pytest.mark.parametrize("again", [{**CALL, "input": {}}, CALL])
def test_a_call_is_made_once(again: dict[str, Any]) -> None:
    written = {"type": "input_json_delta", "partial_json": '{"a":1}'}
    answer = streamed(started(CALL), block(0, again, written), end("tool_use", USAGE), STOP)
    [call] = [part.tool_call for part in answer.parts.parts()]
    assert (call.id, call.name, call.arguments) == ("t", "now", '{"a":1}')
    assert answer.warnings == []


def test_every_kind_of_block_may_come_at_the_start_and_again() -> None:
    content = [THOUGHT, FOUND, GOOD, CALL]
    again = [each for index, one in enumerate(content) for each in block(index, one)]
    for said in ([], again):
        answer = streamed(started(*content), said, end("tool_use", USAGE), STOP)
        assert kinds(answer) == ["reasoning", "provider_block", "text", "tool_call"]
        assert answer.parts.parts() == DIALECT.decode(
            compact({**started(*content)["message"], "stop_reason": "tool_use"})
        ).parts.parts()  # fmt: skip


def test_pieces_of_another_kind_open_a_part_beside_the_open_one() -> None:
    start, stop = block(0, {**CALL, "input": {}})
    thought = {"type": "content_block_delta", "index": 0,
               "delta": {"type": "thinking_delta", "thinking": "Hm."}}  # fmt: skip
    signed = {"type": "content_block_delta", "index": 0,
              "delta": {"type": "signature_delta", "signature": "s"}}  # fmt: skip
    cut = [
        {"type": "content_block_delta", "index": 0,
         "delta": {"type": "input_json_delta", "partial_json": text}}
        for text in ('{"a"', ":1}")
    ]  # fmt: skip
    said: list[Any] = [
        start,
        cut[0],
        pieces("All"),
        thought,
        cut[1],
        pieces(" good."),
        signed,
        stop,
    ]
    answer = streamed(begin(USAGE), *said, end("tool_use", USAGE), STOP)
    assert kinds(answer) == ["tool_call", "text", "reasoning"]
    call, text, reasoning = answer.parts.parts()
    assert call.tool_call.arguments == '{"a":1}'
    assert text.text == "All good."
    assert (reasoning.reasoning, reasoning.signature.data) == ("Hm.", "s")


def test_pieces_and_events_may_lack_their_types() -> None:
    start, stop = block(0, TEXT)
    bare = {"type": "content_block_delta", "index": 0, "delta": {"text": "All"}}
    named = events(begin(USAGE), start, bare, *pieces(" good."), stop, ENDED, STOP)
    without = named.replace(b'"type":"content_block_delta",', b"")
    assert without != named
    for said in (named, without):
        folded = Folded(DIALECT.decoder(MAX_EVENT))
        folded.run(said)
        assert folded.response().content == "All good."


@pytest.mark.parametrize("where", ["never", "stopped", "text"])
def test_an_input_without_a_call_is_an_error(where: str) -> None:
    opened = {"never": [], "stopped": block(0, CALL), "text": block(0, TEXT)[:1]}[where]
    lost = {"type": "input_json_delta", "partial_json": "{"}
    with pytest.raises(ProviderNotAvailableError) as caught:
        streamed(begin(USAGE), opened,
                 {"type": "content_block_delta", "index": 0, "delta": lost})  # fmt: skip
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


def test_an_index_may_be_written_in_any_way() -> None:
    for first, then in ((0, "0"), (None, 0), ("1", 1), (1.0, 1), ("a", "a")):
        start, piece, stop = block(
            0, {**CALL, "input": {}}, {"type": "input_json_delta", "partial_json": '{"a":1}'}
        )
        said = [{**start, "index": first}, {**piece, "index": then}, {**stop, "index": first}]
        answer = streamed(begin(USAGE), said, end("tool_use", USAGE), STOP)
        assert [part.tool_call.arguments for part in answer.parts.parts()] == ['{"a":1}']


@pytest.mark.parametrize("odd", ['{"a":1}', {"a": 1}])
def test_an_object_may_come_as_text(odd: Any) -> None:
    answer = streamed(begin(USAGE), block(0, {**CALL, "input": odd}), end("tool_use", USAGE), STOP)
    assert answer.parts.parts()[0].tool_call.arguments == '{"a":1}'


def test_half_a_pair_in_a_citation_is_told_of() -> None:
    start, stop = block(0, GOOD)
    cited = rb'{"type":"citations_delta","citation":{"type":"c","cited_text":"a\ud83d"}}'
    data = b'data: {"type":"content_block_delta","index":0,"delta":' + cited + b"}\n\n"
    folded = Folded(DIALECT.decoder(MAX_EVENT))
    folded.run(events(begin(USAGE), start) + data + events(stop, ENDED, STOP))
    answer = folded.response()
    assert answer.message.parts[0].annotations[0].quote == "a\ufffd"
    assert [each.field for each in answer.warnings] == ["message"]


def test_calls_without_ids_get_new_ones() -> None:
    calls = [{**CALL, "id": odd} for odd in ("", None, 17, ["a"])]
    blocks = [each for index, one in enumerate(calls) for each in block(index, one)]
    answer = streamed(begin(USAGE), blocks, end("tool_use", USAGE), STOP)
    ids = [part.tool_call.id for part in answer.parts.parts()]
    assert len({*ids}) == 4
    assert all(MADE.fullmatch(each) for each in ids)


def test_output_that_is_not_counted_is_estimated_and_input_is_told_to_be() -> None:
    said = block(0, TEXT, {"type": "text_delta", "text": "a" * 80})
    none = end("end_turn", {})
    answer = streamed({**begin({})}, said, none, STOP)
    assert answer.usage is None
    answer = streamed(begin({"output_tokens": 1}), said, end("end_turn", {"output_tokens": 7}))
    assert answer.usage == pb.Usage(output_tokens=7, estimated=True)
    assert answer.input_uncounted
    answer = streamed(begin(USAGE), said, none, STOP)
    assert answer.usage == pb.Usage(input_tokens=9, output_tokens=20, estimated=True)
    assert not answer.input_uncounted


def test_a_pair_is_joined_in_the_input_of_a_providers_tool() -> None:
    start, stop = block(0, {"type": "server_tool_use", "id": "s", "name": "f", "input": {}})
    text = events(begin(USAGE), start) + b"".join(
        b'data: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"input_json_delta","partial_json":"%b"}}\n\n' % piece
        for piece in (rb'{\"a\":\"\ud83d', rb'\ude00\"}')
    ) + events(stop, ENDED, STOP)  # fmt: skip
    folded = Folded(DIALECT.decoder(MAX_EVENT))
    folded.run(text)
    assert "\U0001f600" in folded.response().message.parts[0].provider_block.data
    assert not folded.response().warnings
