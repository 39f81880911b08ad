"""`llmrpc chat` on a terminal of its own, and in a pipe."""

from __future__ import annotations

import grpc

from llmrpc import v1 as pb
from tests.client.command import run
from tests.client.gateway import Failure, Gateway, Hang, stream, until
from tests.client.terminal import terminal


def said(request: pb.GenerateRequest) -> list[tuple[str, str]]:
    """The conversation of a request, as role and text."""
    return [
        (
            pb.Role.Name(message.role).removeprefix("ROLE_").lower(),
            message.content or "".join(part.text for part in message.parts),
        )
        for message in request.messages
    ]


async def test_a_conversation(gateway: Gateway) -> None:
    gateway.play(stream("Hi ", "Ann"), stream("Ann"))
    async with terminal(["chat", "-a", gateway.target, "-s", "Be brief."]) as screen:
        await screen.expect("llmrpc> ")
        screen.type("I am Ann\n")
        await screen.expect("Hi Ann")
        await screen.expect("$0.001200")
        await screen.expect("scripted/scripted-1> ")
        screen.type("Who am I?\n")
        await screen.expect("Ann")
        await screen.expect("scripted/scripted-1> ")
        screen.type("\x04")
        assert await screen.wait() == 0
    assert said(gateway.requests[1]) == [
        ("system", "Be brief."),
        ("user", "I am Ann"),
        ("assistant", "Hi Ann"),
        ("user", "Who am I?"),
    ]
    # The answer goes back as it came, in parts.
    assert gateway.requests[1].messages[2].parts


async def test_ctrl_c_ends_the_answer_and_not_the_chat(gateway: Gateway) -> None:
    gateway.play([*stream("Once upon", whole=False), Hang()], [Hang()], stream("Sure"))
    async with terminal(["chat", "-q", "-a", gateway.target, "-m", "m"]) as screen:
        await screen.expect("m> ")
        screen.type("A tale\n")
        await screen.expect("Once upon")
        screen.type("\x03")
        await until(lambda: gateway.cancelled == 1)
        await screen.expect("m> ")
        screen.type("Lost\n")
        await until(lambda: len(gateway.requests) == 2)
        screen.type("\x03")
        await until(lambda: gateway.cancelled == 2)
        await screen.expect("m> ")
        screen.type("Go on\n")
        await screen.expect("Sure")
        await screen.expect("> ")
        screen.type("half a line")
        await screen.expect("half a line")
        # A signal in the moment before readline sleeps would wait for the next key.
        await until(screen.asleep)
        screen.type("\x03")
        await screen.expect("> ")
        screen.type("/exit\n")
        assert await screen.wait() == 0
        assert "Traceback" not in screen.screen
    # What came of the first answer is kept; the question without any is not.
    assert said(gateway.requests[2]) == [
        ("user", "A tale"),
        ("assistant", "Once upon"),
        ("user", "Go on"),
    ]


async def test_an_error_ends_the_answer_and_not_the_chat(gateway: Gateway) -> None:
    gateway.play([Failure(grpc.StatusCode.NOT_FOUND, "gone")], stream("Hi"))
    async with terminal(["chat", "-q", "-a", gateway.target]) as screen:
        await screen.expect("> ")
        screen.type("One\n")
        await screen.expect("gone")
        await screen.expect("> ")
        screen.type("Two\n")
        await screen.expect("Hi")
        await screen.expect("> ")
        screen.type("\x04")
        assert await screen.wait() == 0
    assert said(gateway.requests[1]) == [("user", "Two")]


async def test_the_commands(gateway: Gateway) -> None:
    gateway.play(stream("Hi"))
    lines = [
        "One",
        "/system Be kind.",
        "/model m2",
        "",
        "/reset",
        "/help",
        "/nonsense",
        "//path",
        "/exit",
        "never sent",
    ]
    done = await run("chat", "-q", "-a", gateway.target, given="\n".join(lines))
    assert (done.code, done.out) == (0, "Hi\nHi\n")
    assert "system: Be kind.\nmodel: m2\nthe conversation is forgotten\n" in done.err
    assert "/exit         leave" in done.err
    assert "there is no /nonsense" in done.err
    assert len(gateway.requests) == 2
    assert said(gateway.requests[1]) == [("system", "Be kind."), ("user", "/path")]
    assert [request.model for request in gateway.requests] == ["", "m2"]


async def test_instructions_that_are_no_text() -> None:
    done = await run("chat", "-s", "\udcff", given="One\n")
    assert (done.code, done.err.splitlines()[-1]) == (2, "next   llmrpc chat --help")


async def test_a_script_learns_that_an_answer_failed(gateway: Gateway) -> None:
    gateway.play([Failure(grpc.StatusCode.NOT_FOUND, "gone")], stream("Hi"))
    done = await run("chat", "-q", "-a", gateway.target, given="One\nTwo\n")
    assert (done.code, done.out) == (1, "Hi\n")
    assert "error  gone" in done.err
