"""What `accumulate` makes of a stream, also of one from a newer gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from llmrpc import StreamInterruptedError, accumulate
from llmrpc import v1 as pb
from tests.client.future import unknown_delta, unknown_part, with_unknown_field

CALL = pb.ToolCall(id="c", name="f", arguments="{}")
TEXT = pb.Part(text="Hello")
BLOCK = pb.ProviderBlock(provider="p", type="t", data="{}")
CITED = pb.Annotation(provider="p", url="https://example.com/")


def text(index: int, value: str) -> pb.Delta:
    return pb.Delta(part_index=index, text=value)


async def add_up(
    deltas: Sequence[pb.Delta], parts: Sequence[pb.Part], *, before: Sequence[pb.StreamEvent] = ()
) -> pb.LLMResponse:
    """Plays a stream of these deltas, one an event, that is completed with these parts."""

    async def events() -> AsyncIterator[pb.StreamEvent]:
        number = 0
        for event in before:
            number += 1
            yield pb.StreamEvent(
                sequence=number,
                deltas=event.deltas,
                restarted=event.restarted if event.HasField("restarted") else None,
                waiting=event.waiting if event.HasField("waiting") else None,
            )
        for delta in deltas:
            number += 1
            yield pb.StreamEvent(sequence=number, deltas=[delta])
        message = pb.LLMMessage(role=pb.ROLE_ASSISTANT, parts=parts)
        yield pb.StreamEvent(sequence=number + 1, completed=pb.LLMResponse(message=message))

    return await accumulate(events())


ADD_UP = {
    "every kind": (
        [
            text(0, "Hel"),
            text(0, "lo"),
            pb.Delta(part_index=1, provider_block=BLOCK),
            pb.Delta(part_index=2, image=pb.Image(data=b"x", media_type="image/png")),
            pb.Delta(part_index=3, redacted_reasoning="r"),
            pb.Delta(part_index=4, tool_call=pb.ToolCall(id="c", name="f")),
            pb.Delta(part_index=4, tool_call=pb.ToolCall(arguments="{}")),
            pb.Delta(part_index=0, annotation=CITED),
            pb.Delta(part_index=4, signature=pb.Signature(provider="p", data="s")),
        ],
        [
            pb.Part(text="Hello", annotations=[CITED]),
            pb.Part(provider_block=BLOCK),
            pb.Part(image=pb.Image(data=b"x", media_type="image/png")),
            pb.Part(redacted_reasoning="r"),
            pb.Part(tool_call=CALL, signature=pb.Signature(provider="p", data="s")),
        ],
    ),
    "an unknown part between known ones": (
        [text(0, "Hello"), unknown_delta(1), unknown_delta(1, b"more"), text(2, "!")],
        [TEXT, unknown_part(), pb.Part(text="!")],
    ),
    "an unknown part that is known when it is complete": (
        [unknown_delta(0), text(1, "Hello")],
        [pb.Part(refusal="no"), TEXT],
    ),
    "an unknown delta of a known part": ([text(0, "Hel"), unknown_delta(0), text(0, "lo")], [TEXT]),
    "known deltas of an unknown part": (
        [
            unknown_delta(0),
            pb.Delta(part_index=0, signature=pb.Signature(provider="p", data="s")),
            pb.Delta(part_index=0, annotation=CITED),
            text(0, "x"),
            text(1, "Hello"),
        ],
        [unknown_part(), TEXT],
    ),
    "an unknown field of a completed part": (
        [text(0, "Hello"), pb.Delta(part_index=1, tool_call=CALL)],
        [with_unknown_field(TEXT), with_unknown_field(pb.Part(tool_call=CALL))],
    ),
    "an unknown part that no delta announced": ([text(0, "Hello")], [TEXT, unknown_part()]),
}
BROKEN = {
    "an unknown part skipped": ([unknown_delta(1)], [unknown_part()], "part 1 arrived"),
    "an annotation of nothing": (
        [pb.Delta(annotation=CITED)],
        [pb.Part(text="", annotations=[CITED])],
        "part 0 arrived",
    ),
    "a second provider block": (
        [pb.Delta(provider_block=BLOCK), pb.Delta(provider_block=BLOCK)],
        [pb.Part(provider_block=BLOCK)],
        "a second provider_block",
    ),
    "a second image": (
        [pb.Delta(image=pb.Image(data=b"x")), pb.Delta(image=pb.Image(data=b"x"))],
        [pb.Part(image=pb.Image(data=b"x"))],
        "a second image",
    ),
    "a second redacted reasoning": (
        [pb.Delta(redacted_reasoning="a"), pb.Delta(redacted_reasoning="b")],
        [pb.Part(redacted_reasoning="ab")],
        "a second redacted_reasoning",
    ),
    "a lost part": ([text(0, "Hello"), unknown_delta(1)], [TEXT], "made 2 parts"),
    "a known part that no delta announced": ([text(0, "Hello")], [TEXT, TEXT], "made 1 parts"),
    "another text": ([text(0, "Hallo")], [with_unknown_field(TEXT)], "part 0 of the completed"),
    "a lost annotation": (
        [text(0, "Hello")],
        [pb.Part(text="Hello", annotations=[CITED])],
        "part 0 of the completed",
    ),
}


@pytest.mark.parametrize("name", ADD_UP)
async def test_the_completed_response_is_given_as_it_came(name: str) -> None:
    deltas, parts = ADD_UP[name]
    response = await add_up(deltas, parts)
    sent = pb.LLMMessage(role=pb.ROLE_ASSISTANT, parts=parts)
    assert response.message.SerializeToString() == sent.SerializeToString()


@pytest.mark.parametrize("name", BROKEN)
async def test_what_does_not_add_up_is_an_error(name: str) -> None:
    deltas, parts, message = BROKEN[name]
    with pytest.raises(StreamInterruptedError, match=message):
        await add_up(deltas, parts)


async def test_a_restart_forgets_all_parts() -> None:
    before = [
        pb.StreamEvent(waiting=pb.Waiting(reason=pb.Waiting.REASON_QUEUED)),
        pb.StreamEvent(deltas=[text(0, "Lost"), unknown_delta(1)]),
        pb.StreamEvent(restarted=pb.Restarted(), deltas=[text(0, "Hel")]),
    ]
    assert (await add_up([text(0, "lo")], [TEXT], before=before)).message.parts[0] == TEXT


async def test_a_second_turn_sends_back_what_it_did_not_understand() -> None:
    parts = [unknown_part(), with_unknown_field(TEXT)]
    response = await add_up([unknown_delta(0), text(1, "Hello")], parts)
    request = pb.GenerateRequest(messages=[response.message])
    again = pb.GenerateRequest.FromString(request.SerializeToString())
    assert [part.SerializeToString() for part in again.messages[0].parts] == [
        part.SerializeToString() for part in parts
    ]
