"""What OpenAI's dialects hold until an answer ends counts as held, and costs in proportion."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder
from llmrpc_server.providers.closing import Closing
from llmrpc_server.providers.dialect import Defaults, StreamDecoder
from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.registry import ROWS
from tests.providers import responses
from tests.providers.chat import HEAD, chunk
from tests.providers.responses import dialect, event, item, whole
from tests.providers.steps import is_linear

LONG = "x" * 10_000
MANY = 20


def chat(provider: str = "openai") -> StreamDecoder:
    return OpenAIDialect(ROWS[provider]).decoder(1 << 24)


def call(number: int, **fields: Any) -> bytes:
    return chunk({"tool_calls": [{"index": number, "id": f"c{number}", **fields}]})


def choice(number: int, **fields: Any) -> bytes:
    one = {"index": 0, "delta": {}, **fields}
    return b"data: " + json.dumps({**HEAD, "choices": [one]}).encode() + b"\n\n"


def detail(number: int) -> bytes:
    item = {"type": "reasoning.text", "index": number, "format": LONG}
    return chunk({"reasoning_details": [item]})


CHAT = {
    "pieces of a custom call": lambda n: call(0, type="custom", custom={"input": LONG}),
    "custom calls": lambda n: call(n, type="custom", custom={"name": LONG, "input": ""}),
    "calls of an unknown type": lambda n: call(n, type="mcp", mcp={"input": LONG}),
    "arguments before a name": lambda n: call(0, function={"arguments": LONG}),
    "ids of calls": lambda n: call(n, id=LONG + str(n), function={}),
    "unknown fields of calls": lambda n: call(n, extra_content=LONG, function={"name": "f"}),
    "results of filters": lambda n: choice(n, content_filter_results={f"{n}": {"a": LONG}}),
    "log probabilities": lambda n: choice(n, logprobs={"content": [{"token": LONG}]}),
    "other log probabilities": lambda n: choice(n, logprobs={f"{n}": {"token": LONG}}),
    "steps": lambda n: chunk({"reasoning_steps": [{"type": f"{n}", "a": LONG}]}),
    "traces": lambda n: chunk({"executed_tools": [{"type": f"{n}", "a": LONG}]}),
    "citations": lambda n: chunk({"annotations": [{"type": f"{n}", "a": LONG}]}),
    "fields of reasoning": detail,
}


@pytest.mark.parametrize("held", CHAT)
def test_what_chat_completions_hold_counts(held: str) -> None:
    decoder = chat("openrouter")
    for number in range(MANY):
        decoder.feed(CHAT[held](number))
    assert decoder.answer.parts.size() > MANY * len(LONG)


@pytest.mark.parametrize("held", CHAT)
def test_what_was_held_counts_once_when_it_is_told(held: str) -> None:
    decoder = chat("openrouter")
    for number in range(MANY):
        decoder.feed(CHAT[held](number))
    decoder.feed(chunk({"content": "a"}, "stop") + b"data: [DONE]\n\n")
    twice = {"steps", "fields of reasoning", "unknown fields of calls", "ids of calls"}
    most = 2.2 if held in twice else 1.2
    assert MANY * len(LONG) < decoder.answer.parts.size() < most * MANY * len(LONG)


def test_metadata_that_every_chunk_replaces_counts_once() -> None:
    decoder = chat("perplexity")
    for number in range(MANY):
        found = {"related_questions": [f"{number}{LONG}"], "search_results": [{"url": LONG}]}
        decoder.feed(chunk({}, None, citations=[LONG], **found))
    assert 3 * len(LONG) < decoder.answer.parts.size() < 4 * len(LONG)


OPEN = event("response.output_item.added", output_index=0, item=item("web_search_call"))


def done(number: int, **fields: Any) -> bytes:
    return event("response.output_item.done", output_index=number, item=item(**fields))


def added(number: int, kind: str) -> bytes:
    part = {"type": kind}
    return event("response.content_part.added", output_index=0, content_index=number, part=part)


def cited(number: int, provider_field: str) -> bytes:
    return event(
        "response.output_text.annotation.added",
        output_index=number, content_index=0,
        annotation={"type": "url_citation", "url": provider_field},
    )  # fmt: skip


RESPONSES = {
    "items behind one that is open": lambda n: done(n + 1, kind="future_item", a=LONG),
    "announced types": lambda n: added(n, LONG),
    "citations": lambda n: cited(n, LONG),
    "types of items": lambda n: event(
        "response.output_item.added", output_index=n, item={"type": f"{n}{LONG}"}
    ),
}


@pytest.mark.parametrize("held", RESPONSES)
def test_what_responses_hold_counts(held: str) -> None:
    decoder = dialect().decoder(1 << 24)
    decoder.feed(OPEN)
    for number in range(MANY):
        decoder.feed(RESPONSES[held](number))
    assert decoder.answer.parts.size() > MANY * len(LONG)


def test_items_without_content_count() -> None:
    numbers = range(1000)
    empty, begun = item("message", ""), {"type": "x"}
    for events in (
        [event("response.output_item.done", output_index=n, item=empty) for n in numbers],
        [event("response.output_item.added", output_index=n, item=begun) for n in numbers],
        [added(n, "") for n in numbers],
    ):
        decoder = dialect().decoder(1 << 24)
        decoder.feed(b"".join(events))
        assert decoder.answer.parts.size() > 50_000


def test_items_that_were_held_count_once_when_they_are_told() -> None:
    decoder = dialect().decoder(1 << 24)
    decoder.feed(OPEN)
    for number in range(MANY):
        decoder.feed(done(number + 1, kind="future_item", a=LONG))
    decoder.feed(done(0, kind="web_search_call"))
    assert MANY * len(LONG) < decoder.answer.parts.size() < 1.2 * MANY * len(LONG)


def decode_responses(items: list[dict[str, Any]]) -> None:
    dialect().decode(json.dumps(whole(items)).encode())


def feed_responses(events: Iterator[bytes]) -> None:
    decoder = dialect().decoder(1 << 24)
    for each in events:
        decoder.feed(each)


def announced(n: int) -> Iterator[bytes]:
    for number in range(n):
        yield added(number, "output_text")
    for number in range(n):
        yield event("response.output_text.delta", output_index=0, content_index=number, delta="a")
    yield responses.end(items=[item("message", *"a" * n)])


def answered(n: int) -> list[dict[str, Any]]:
    waiting = [{"type": "shell_call", "call_id": f"{number}"} for number in range(n)]
    return waiting + [{"type": "shell_call_output", "call_id": "other"} for _ in range(n)]


def behind(n: int) -> Iterator[bytes]:
    yield OPEN
    for number in range(n):
        yield done(number + 1, kind="future_item")


def behind_many(n: int) -> Iterator[bytes]:
    for number in range(n):
        yield event("response.output_item.added", output_index=number, item=item("web_search_call"))
    yield from (done(n + number, kind="future_item") for number in range(n))


def several(n: int) -> list[dict[str, Any]]:
    return [item("message", *"a" * n, id="m", **{f"f{number}": 1 for number in range(n)})]


RESPONSES_WORK = {
    "answers to calls": lambda n: decode_responses(answered(n)),
    "announced pieces": lambda n: feed_responses(announced(n)),
    "items behind one that is open": lambda n: feed_responses(behind(n)),
    "items behind many that are open": lambda n: feed_responses(behind_many(n)),
}


@pytest.mark.parametrize("work", RESPONSES_WORK)
def test_responses_cost_in_proportion(work: str) -> None:
    assert is_linear(RESPONSES_WORK[work], 200)


def test_what_a_message_has_beside_its_pieces_is_kept_once() -> None:
    sizes = [
        dialect().decode(json.dumps(whole(several(n))).encode()).parts.size() for n in (100, 200)
    ]
    assert sizes[1] < 3 * sizes[0]


def finished(n: int) -> None:
    decoder = chat("perplexity")
    for number in range(n):
        decoder.feed(choice(number, logprobs={"content": [1] * 10}, delta={"content": "a"}))
        decoder.feed(chunk({"tool_calls": [{"index": number, "function": {"name": "f"}}]}))
    for _ in range(n):
        decoder.feed(chunk({}, "stop", citations=["a"]))


def results(n: int) -> None:
    call = pb.Part(tool_call=pb.ToolCall(id="c", name="f"))
    calls = [pb.Part(tool_call=pb.ToolCall(id=f"{number}", name="f")) for number in range(n)]
    told = [pb.Part(tool_result=pb.ToolResult(tool_call_id=f"{n}")) for n in range(n)]
    messages = [
        pb.LLMMessage(role=pb.ROLE_ASSISTANT, parts=[*calls, call]),
        pb.LLMMessage(role=pb.ROLE_TOOL, parts=told),
    ]
    request = pb.GenerateRequest(messages=messages)
    OpenAIDialect(ROWS["mistral"]).encode(request, "m", Defaults(), stream=False)


CHAT_WORK = {"chunks behind the finish reason": finished, "names of results": results}


@pytest.mark.parametrize("work", CHAT_WORK)
def test_chat_completions_cost_in_proportion(work: str) -> None:
    assert is_linear(CHAT_WORK[work])


def test_the_text_is_not_read_for_every_citation(monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    text_of = AnswerBuilder.text_of

    def counted(parts: AnswerBuilder, key: Any) -> str:
        nonlocal read
        text = text_of(parts, key)
        read += len(text)
        return text

    monkeypatch.setattr(AnswerBuilder, "text_of", counted)
    text, cited = "é" * 1000, [{"type": "url_citation", "start_index": 0, "end_index": 9}] * 50
    message = {"content": text, "annotations": cited}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    OpenAIDialect(ROWS["openai"]).decode(json.dumps(body).encode())
    assert 1000 <= read <= 5000
    read = 0
    said = item("message", text)
    said["content"][0]["annotations"] = cited
    dialect().decode(json.dumps(whole([said])).encode())
    assert 1000 <= read <= 5000


class Pieces(list[str]):
    """Pieces that count how many of them are read."""

    read = 0

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        self.read += len(found)
        return found


def test_arguments_are_not_read_again_for_every_piece() -> None:
    pieces, closing = Pieces(), Closing()
    for piece in ['{"a": "', *"}]\\" * 100, '"', "}"]:
        pieces.append(piece)
        assert closing.is_closed(pieces) == (piece == "}" and len(pieces) == 403)
    assert pieces.read == len(pieces)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("{}", True), ("[1]", True), (' {"a": [{"}": "\\"]"}]} ', True), ("1", True),
        ('"a"', True), ("null", True), ("", False), (" ", False), ('{"a": "}', False),
        ("[[]", False), ('{"\\', False), ('"a', False), ("nul", False),
    ],
)  # fmt: skip
def test_a_text_is_closed_however_it_is_cut(text: str, whole: bool) -> None:
    for step in (1, 2, 3, 99):
        closing, pieces = Closing(), []
        found = [False]
        for start in range(0, len(text), step):
            pieces.append(text[start : start + step])
            found.append(closing.is_closed(pieces))
        assert found[-1] is whole
