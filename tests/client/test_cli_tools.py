"""What a model says beside its text: the tools it asks for, and its reasoning."""

from __future__ import annotations

from llmrpc import v1 as pb
from tests.client.command import run, screen
from tests.client.gateway import Gateway, Step, response, stream
from tests.client.terminal import terminal


def call(id: str, name: str, arguments: str) -> pb.Part:
    return pb.Part(tool_call=pb.ToolCall(id=id, name=name, arguments=arguments))


def asking(*parts: pb.Part) -> list[Step]:
    """A stream whose answer is these parts."""
    completed = response("")
    completed.message.parts.extend(parts)
    completed.finish_reason = pb.FINISH_REASON_TOOL_CALLS
    events: list[Step] = []
    for index, part in enumerate(parts):
        delta = pb.Delta(part_index=index, text=part.text)
        if part.reasoning:
            delta = pb.Delta(part_index=index, reasoning=part.reasoning)
        if part.HasField("tool_call"):
            delta = pb.Delta(part_index=index, tool_call=part.tool_call)
        events.append(pb.StreamEvent(sequence=index + 1, deltas=[delta]))
    return [*events, pb.StreamEvent(sequence=len(events) + 1, completed=completed)]


async def test_the_tools_that_are_asked_for(gateway: Gateway) -> None:
    long = '{"where": "' + "far away " * 9 + '", "days": [1, 2]}'
    gateway.play(asking(call("1", "now", "{}"), call("2", "weather", long), call("3", "x", "{")))
    done = await run("generate", "Hello", "-q", "-a", gateway.target)
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines() == [
        "tool   now {}",
        "tool   weather {",
        f'         "where": "{"far away " * 9}",',
        '         "days": [',
        "           1,",
        "           2",
        "         ]",
        "       }",
        "tool   x {",
    ]


async def test_json_has_them_already(gateway: Gateway) -> None:
    answer = response("")
    answer.message.parts.append(call("1", "now", "{}"))
    gateway.play([answer])
    done = await run("generate", "Hello", "-q", "--json", "-a", gateway.target)
    assert '"toolCall"' in done.out
    assert done.err == ""


async def test_reasoning_is_shown_on_request_alone(gateway: Gateway) -> None:
    parts = [pb.Part(reasoning="Hm.\x1b[2J"), pb.Part(text="Four")]
    whole = response("Four")
    del whole.message.parts[:]
    whole.message.parts.extend(parts)
    gateway.play(asking(*parts), asking(*parts), [whole])
    common = ("generate", "2+2", "-q", "-a", gateway.target)
    assert (await run(*common)).err == ""
    for option in ("--stream", "--no-stream"):
        done = await run(*common, option, "--show-reasoning")
        assert (done.out, done.err) == ("Four\n", "Hm.[2J\n\n")
    gateway.play(asking(*parts))
    async with screen([*common, "--show-reasoning"]) as shown:
        await shown.expect("\x1b[2mHm.[2J\x1b[0m\r\n\r\nFour\r\n")


async def test_in_a_chat_a_person_gives_the_results(gateway: Gateway) -> None:
    wanted = asking(call("1", "now", "{}"), call("2", "weather", "{}"))
    gateway.play(wanted, stream("It is noon, and it rains."), stream("Bye"))
    async with terminal(["chat", "-q", "-a", gateway.target]) as screen:
        await screen.expect("> ")
        screen.type("How is it?\n")
        await screen.expect("now result> ")
        screen.type("noon\n")
        await screen.expect("weather result> ")
        assert len(gateway.requests) == 1
        screen.type("rain\n")
        await screen.expect("it rains.")
        await screen.expect("scripted/scripted-1> ")
        screen.type("Thanks\n")
        await screen.expect("Bye")
    question, asked, results = gateway.requests[1].messages
    assert question.content == "How is it?"
    assert len(asked.parts) == 2
    assert results.role == pb.ROLE_TOOL
    given = [part.tool_result for part in results.parts]
    assert [(one.tool_call_id, one.name, one.content) for one in given] == [
        ("1", "now", "noon"),
        ("2", "weather", "rain"),
    ]
    assert len(gateway.requests[2].messages) == 5


async def test_a_chat_that_forgets_wants_no_result(gateway: Gateway) -> None:
    gateway.play(asking(call("1", "now", "{}")), stream("Hi"))
    done = await run("chat", "-q", "-a", gateway.target, given="One\n/reset\nTwo\n")
    assert (done.code, done.out) == (0, "Hi\n")
    assert [one.content for one in gateway.requests[1].messages] == ["Two"]
