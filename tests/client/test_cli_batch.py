"""`llmrpc batch`: lines in, results out."""

from __future__ import annotations

import asyncio
import json
import signal

from tests.client.batch_files import (
    Files,
    backwards,
    odd_ones_fail,
    two_and_no_more,
)
from tests.client.command import run
from tests.client.gateway import Gateway
from tests.client.terminal import run_process, start, terminal
from tests.running import LIMIT


async def test_the_forms_of_a_line(gateway: Gateway, files: Files) -> None:
    request = {"messages": [{"role": "ROLE_USER", "content": "Two"}], "model": "m2", "maxTokens": 7}
    files.given.write_text(
        f'"One"\n\n{json.dumps(request)}\n'
        f'{json.dumps({"id": "c", "generate": request})}\n{{"id": "d", "generate": "Four"}}'
    )
    done = await files.run(gateway, "-m", "m1", "-s", "Sys", "--max-tokens", "9")
    assert (done.code, done.out) == (0, "")
    assert files.said() == {"line-1": "One", "line-3": "Two", "c": "Two", "d": "Four"}
    asked = {item.id: item.generate for item in gateway.items}
    assert [(one.model, one.max_tokens) for one in asked.values()] == [
        ("m1", 9),
        ("m2", 7),
        ("m2", 7),
        ("m1", 9),
    ]
    assert {one.messages[0].content for one in asked.values()} == {"Sys"}


async def test_the_summary(gateway: Gateway, files: Files) -> None:
    gateway.batch = odd_ones_fail
    files.ask("0", "1", "2")  # line-1 and line-3 fail
    done = await files.run(gateway)
    assert done.code == 1
    lines = done.err.splitlines()
    assert lines[:2] == [
        "1 answered · 2 failed",
        "2 \N{MULTIPLICATION SIGN} MODEL_NOT_FOUND: gone",
    ]
    assert lines[2].startswith("3 in + 2 out = 5 tokens · $0.001200 · ")
    assert len(lines) == 3
    assert (await files.run(gateway, "-q")).err == ""


async def test_the_summary_as_json(gateway: Gateway, files: Files) -> None:
    gateway.batch = odd_ones_fail
    files.ask("0", "1")
    done = await files.run(gateway, "--json")
    summary = json.loads(done.out)
    assert summary.pop("seconds") >= 0
    assert summary == {
        "answered": 1,
        "failed": 1,
        "answeredBefore": 0,
        "failedBefore": 0,
        "unanswered": 0,
        "reasons": {"MODEL_NOT_FOUND": 1},
        "promptTokens": 3,
        "completionTokens": 2,
        "costUsd": 0.0012,
        "unpriced": 0,
    }
    assert done.err == ""


async def test_order_on_request(gateway: Gateway, files: Files) -> None:
    gateway.batch = backwards
    files.ask(*map(str, range(12)))
    await files.run(gateway)
    assert [one.response.content for one in files.results()] == [str(n) for n in range(11, -1, -1)]
    await files.run(gateway, "--keep-order")
    assert [one.response.content for one in files.results()] == [str(n) for n in range(12)]


async def test_order_in_a_pipe(gateway: Gateway) -> None:
    gateway.batch = backwards
    given = '"a"\n"b"\n"c"\n'
    plain = await run_process("batch", "-", "-", "-q", "-a", gateway.target, given=given)
    assert [json.loads(line)["id"] for line in plain.out.splitlines()] == [
        "line-3",
        "line-2",
        "line-1",
    ]
    done = await run_process(
        *("batch", "-", "-", "--keep-order", "--json", "-a", gateway.target), given=given
    )
    assert [json.loads(line)["id"][-1] for line in done.out.splitlines()] == ["1", "2", "3"]
    assert json.loads(done.err)["answered"] == 3


async def test_a_bad_file_is_told_before_anything_is_sent(gateway: Gateway, files: Files) -> None:
    lines = [
        '"good"',
        "{",
        "7",
        '{"id": "", "generate": "x"}',
        '{"id": "a", "generate": "x", "extra": 1}',
        '{"id": "a", "generate": "x"}',
        '{"id": "a", "generate": "y"}',
        '{"messages": [{"rolle": "x"}]}',
        "{}",
        '{"id": "line-1", "generate": "z"}',
        '{"id": "\\ud800", "generate": "z"}',
        '"\\ud800"',
    ]
    files.given.write_text("\n".join(lines))
    done = await files.run(gateway)
    assert done.code == 2
    assert not gateway.items
    assert not files.out.exists()
    said = done.err.splitlines()
    assert said[0] == f"error  {files.given}: nothing was sent"
    assert [line.split(":")[0].strip() for line in said[1:-1]] == [
        f"line {number}" for number in (2, 3, 4, 5, 7, 8, 9, 10, 11, 12)
    ]
    assert "line 7: id 'a' is that of line 6" in done.err
    assert said[-1] == "next   llmrpc batch --help"


async def test_many_bad_lines_are_counted(gateway: Gateway, files: Files) -> None:
    files.given.write_text("x\n" * 30)
    done = await files.run(gateway)
    assert len(done.err.splitlines()) == 23
    assert "and 10 more" in done.err


async def test_a_bad_line_of_a_pipe_spoils_itself_alone(gateway: Gateway, files: Files) -> None:
    given = (
        '"One"\nnonsense\n{"id": "c", "generate": 7}\n"Four"\n{"id": "line-1", "generate": "x"}\n'
    )
    done = await run_process("batch", "-", str(files.out), "-a", gateway.target, given=given)
    assert done.code == 1
    assert len(gateway.items) == 2
    said = files.said()
    assert (said["line-1"], said["line-4"]) == ("One", "Four")
    assert said["line-2"].startswith("line 2: is no JSON")
    assert said["c"].startswith("line 3: generate: is neither")
    assert "line 5: id 'line-1' is that of line 1: left out" in done.err
    assert "2 \N{MULTIPLICATION SIGN} INVALID_REQUEST: line 2" in done.err


async def test_an_answer_comes_while_the_pipe_is_open(gateway: Gateway) -> None:
    process = await start(
        "batch", "-", "-", "-q", "-a", gateway.target, stdin=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    async with asyncio.timeout(LIMIT):
        for prompt in ("One", "Two"):
            process.stdin.write(f'"{prompt}"\n'.encode())
            assert prompt in (await process.stdout.readline()).decode()
        process.send_signal(signal.SIGINT)  # while it waits for a line
        assert await process.wait() == 130
        process.stdin.close()
    assert process.stderr is not None
    assert await process.stderr.read() == b"interrupted\n"


async def test_the_input_is_not_written_over(gateway: Gateway, files: Files) -> None:
    files.ask("0")
    done = await run("batch", str(files.given), str(files.given), "-a", gateway.target)
    assert (done.code, "is the input" in done.err) == (2, True)
    assert files.given.read_text() == '"0"\n'


async def test_what_is_not_there_is_said(gateway: Gateway, files: Files) -> None:
    assert "in.jsonl: No such file" in (await files.run(gateway)).err
    files.ask("0")
    done = await run("batch", str(files.given), "/nowhere/out.jsonl", "-a", gateway.target)
    assert (done.code, "/nowhere/out.jsonl: No such file" in done.err) == (2, True)


async def test_progress_is_for_terminals(gateway: Gateway, files: Files) -> None:
    files.ask("0", "1")
    quiet = await files.run(gateway)
    assert "of 2" not in quiet.err
    files.out.unlink()
    gateway.batch = two_and_no_more
    async with terminal(
        ["batch", str(files.given), str(files.out), "-a", gateway.target]
    ) as screen:
        await screen.expect("2 of 2")
        await screen.expect("10 tokens · $0.002400")


async def test_a_full_disk_is_said(gateway: Gateway, files: Files) -> None:
    files.ask("0")
    done = await run("batch", str(files.given), "/dev/full", "-a", gateway.target)
    assert done.code == 1
    assert "error  No space left on device" in done.err
    assert "Traceback" not in done.err
