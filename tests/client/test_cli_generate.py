"""`llmrpc generate` in pipes and on a terminal."""

from __future__ import annotations

import asyncio
import json
import signal
import sys

import grpc
import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from tests.client.command import run, screen
from tests.client.gateway import Failure, Gateway, Hang, info, response, stream, until
from tests.client.terminal import run_process, start, terminal
from tests.running import LIMIT


async def test_it_streams_the_answer(gateway: Gateway) -> None:
    gateway.play(stream("One", " two"))
    done = await run("generate", "Say", "something", "-a", gateway.target)
    assert (done.code, done.out) == (0, "One two\n")
    assert done.err == "scripted/scripted-1 · 3 in + 2 out = 5 tokens · $0.001200 · 0.25 s\n"
    assert gateway.requests[0].messages[0].content == "Say something"


async def test_the_options(gateway: Gateway) -> None:
    gateway.play([response("Hi\n")])
    options = [
        "--no-stream",
        "-q",
        "-m",
        "m",
        "-s",
        "Sys",
        "--temperature",
        "0",
        "--max-tokens",
        "9",
        "--timeout",
        "500",
    ]
    env = {"LLMRPC_ADDRESS": gateway.target, "LLMRPC_TOKEN": "canary"}
    done = await run("generate", "Hello", *options, env=env)
    assert (done.code, done.out, done.err) == (0, "Hi\n", "")
    sent = gateway.requests[0]
    assert (sent.model, sent.temperature, sent.max_tokens) == ("m", 0, 9)
    assert sent.HasField("temperature")
    assert [(m.role, m.content) for m in sent.messages] == [
        (pb.ROLE_SYSTEM, "Sys"),
        (pb.ROLE_USER, "Hello"),
    ]
    assert gateway.metadata[0]["authorization"] == "Bearer canary"
    # gRPC may round what it sends up by a hundredth (timeout_encoding.cc)
    assert 400 < (gateway.deadlines[0] or 0) <= 500 * 1.01


@pytest.mark.parametrize(
    ("words", "given", "prompt"),
    [
        ([], "from the pipe\n", "from the pipe"),
        (["Sum", "up:"], "a text\nof lines\n", "Sum up:\n\na text\nof lines"),
        (["-"], "from the pipe\n", "from the pipe"),
        (["Hello"], "", "Hello"),
    ],
)
async def test_the_prompt(gateway: Gateway, words: list[str], given: str, prompt: str) -> None:
    gateway.play(stream("Hi"))
    done = await run("generate", "-a", gateway.target, *words, given=given)
    assert done.code == 0
    assert gateway.requests[0].messages[0].content == prompt


async def test_json_is_one_response(gateway: Gateway) -> None:
    answer = response("Grüße")
    gateway.play([answer])
    done = await run("generate", "Hello", "--json", "-a", gateway.target)
    assert json.loads(done.out)["tokensUsed"] == 5
    assert json_format.Parse(done.out, pb.LLMResponse()) == answer
    assert len(done.out.splitlines()) == 1
    assert "Grüße" in done.out


async def test_json_of_a_stream_is_one_event_a_line(gateway: Gateway) -> None:
    steps = stream("One", " two")
    gateway.play(steps)
    done = await run("generate", "Hello", "--json", "--stream", "-q", "-a", gateway.target)
    events = [json_format.Parse(line, pb.StreamEvent()) for line in done.out.splitlines()]
    assert events == steps
    assert done.err == ""


async def test_an_error_is_one_block(gateway: Gateway) -> None:
    attempt = pb.Attempt(provider="openai", model="gpt-4o", outcome=pb.Attempt.OUTCOME_FAILED)
    attempt.http_status, attempt.message = 404, "no such model"
    gateway.play(
        [
            Failure(
                grpc.StatusCode.NOT_FOUND,
                "no \x1b]0;gpt-9\x07 here [bold]",
                [info("MODEL_NOT_FOUND", model="gpt-9"), pb.ErrorDetails(attempts=[attempt])],
                [("x-request-id", "r-8")],
            )
        ]
    )
    done = await run("generate", "Hello", "-a", gateway.target)
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "error  no ]0;gpt-9 here [bold]",
        "type   ModelNotFoundError (MODEL_NOT_FOUND)",
        f"where  gateway {gateway.target}, model gpt-9",
        "tried  openai/gpt-4o failed, HTTP 404: no such model",
        "next   name another model with --model",
        "id     r-8",
    ]


async def test_an_answer_that_breaks_shows_what_came(gateway: Gateway) -> None:
    gateway.play([*stream("One", whole=False), Failure(grpc.StatusCode.UNAVAILABLE)])
    done = await run("generate", "Hello", "-a", gateway.target)
    assert (done.code, done.out) == (1, "One\n")
    assert "StreamInterruptedError" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no prompt"),
        ([], "next   llmrpc generate --help\n"),
        (["Hello", "--temperature", "3"], "temperature"),
        (["Hello", "--max-tokens", "99999999999"], "2147483647"),
        (["Hello", "-m", "\udcff"], "model: "),
        (["\udcff"], "messages[0]: "),
        (["Hello", "-s", "\udcff"], "messages[0]: "),
        (
            ["Hello", "-a", "http://localhost:50051"],
            "give host:port alone, such as localhost:50051",
        ),
        (["Hello", "--token", "t", "-a", "gateway.example"], "unencrypted"),
        (["Hello", "--ca", "/nowhere.pem"], "/nowhere.pem"),
        (["Hello", "--key", __file__], "together"),
        (["Hello", "--bogus"], "bogus"),
    ],
)
async def test_misuse(arguments: list[str], message: str) -> None:
    done = await run("generate", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err


async def test_a_pipe_gets_every_character_and_a_terminal_no_control(gateway: Gateway) -> None:
    gateway.play(stream("a\x1b[31mb\x9b1mc"))
    assert (await run("generate", "Hello", "-q", "-a", gateway.target)).out == "a\x1b[31mb\x9b1mc\n"
    async with screen(["generate", "Hello", "-q", "-a", gateway.target]) as shown:
        await shown.expect("a[31mb1mc")
        assert await shown.wait() == 0


async def test_ctrl_c_cancels_the_call_upstream(gateway: Gateway) -> None:
    gateway.play([*stream("One", whole=False), Hang()])
    async with terminal(["generate", "Hello", "-a", gateway.target]) as screen:
        await screen.expect("One")
        screen.type("\x03")
        await until(lambda: gateway.cancelled)
        await screen.expect("interrupted")
        assert await screen.wait() == 130
        assert "Traceback" not in screen.screen


async def test_a_signal_before_the_first_event(gateway: Gateway) -> None:
    gateway.play([Hang()])
    process = await start("generate", "Hello", "-a", gateway.target)
    await until(lambda: gateway.requests, process)
    process.send_signal(signal.SIGINT)
    await until(lambda: gateway.cancelled)
    async with asyncio.timeout(LIMIT):
        _, err = await process.communicate()
    assert (process.returncode, err) == (130, b"interrupted\n")


async def test_a_reader_that_leaves_ends_it(gateway: Gateway) -> None:
    gateway.play([*stream(*["x" * 100_000] * 20, whole=False), Hang()])
    process = await start("generate", "Hello", "-a", gateway.target)
    assert process.stdout is not None
    await process.stdout.read(10)
    process.stdout._transport.close()  # type: ignore[attr-defined]
    async with asyncio.timeout(LIMIT):
        assert await process.wait() == 141
    assert process.stderr is not None
    assert await process.stderr.read() == b""


async def test_help_and_version() -> None:
    done = await run_process("--help")
    assert done.code == 0
    assert "generate" in done.out
    assert "130 interrupted" in done.out
    assert (await run_process("--version")).out.startswith("llmrpc ")


async def python(program: str) -> tuple[int | None, str]:
    """Runs a program; its exit code and standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        "--help",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(LIMIT):
        _, err = await process.communicate()
    return process.returncode, err.decode()


async def test_help_does_not_wait_for_what_it_does_not_need() -> None:
    slow = "{'grpc', 'rich', 'readline'} & set(sys.modules)"
    ended = f"import atexit, sys; atexit.register(lambda: print({slow}, file=sys.stderr))"
    assert await python(f"{ended}; from llmrpc.cli import main; main()") == (0, "set()\n")


async def test_without_the_extra_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['typer'] = None; from llmrpc.cli import main; main()"
    code, err = await python(program)
    assert code == 1
    assert "pip install 'llmrpc[cli]'" in err
