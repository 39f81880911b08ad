"""`llmrpc batch` goes on where it stopped, whatever stopped it."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from tests.client.batch_files import (
    Files,
    Items,
    Results,
    backwards,
    odd_ones_fail,
    two_and_no_more,
)
from tests.client.command import run
from tests.client.gateway import Context, Failure, Gateway, answered, fail, info, until
from tests.client.terminal import start, terminal


async def test_it_goes_on_where_it_stopped(gateway: Gateway, files: Files) -> None:
    gateway.batch = odd_ones_fail
    files.ask("0", "1", "2", "3")
    await files.run(gateway)
    gateway.items.clear()
    with files.given.open("a") as more:
        more.write('"4"\n"5"\n')
    done = await files.run(gateway)
    assert [item.id for item in gateway.items] == ["line-5", "line-6"]
    assert "1 answered · 1 failed · 2 answered before · 2 failed before" in done.err
    assert set(files.said()) == {f"line-{number}" for number in range(1, 7)}
    assert done.code == 1


async def test_nothing_new_needs_no_gateway(
    gateway: Gateway, files: Files, closed_port: int
) -> None:
    files.ask("0")
    await files.run(gateway)
    done = await run("batch", str(files.given), str(files.out), "-a", f"127.0.0.1:{closed_port}")
    assert done.code == 0


async def test_failures_are_asked_again_on_request_alone(gateway: Gateway, files: Files) -> None:
    gateway.batch = odd_ones_fail
    files.ask("0", "1", "2")
    files.out.write_text('{"id": "other", "status": {"message": "not of this input"}}\n')
    await files.run(gateway)
    gateway.items.clear()
    gateway.batch = backwards
    done = await files.run(gateway, "--retry-failed")
    assert done.code == 0
    assert {item.id for item in gateway.items} == {"line-1", "line-3"}
    assert files.said() == {"other": "not of this input"} | {
        f"line-{n + 1}": f"{n}" for n in range(3)
    }


@pytest.mark.parametrize(
    ("torn", "kept"),
    [
        ('{"id": "line-2", "resp', False),
        ('{"i', False),
        ('{"id": "line-2", "response": {"content": "kept"}}', True),
    ],
)
async def test_half_a_line_of_a_kill_is_mended(
    gateway: Gateway, files: Files, torn: str, kept: bool
) -> None:
    files.ask("0", "1")
    files.out.write_text('{"id": "line-1", "response": {"content": "kept"}}\n' + torn)
    await files.run(gateway)
    assert files.said() == {"line-1": "kept", "line-2": "kept" if kept else "1"}


@pytest.mark.parametrize("held", ["a diary", "a diary\n", '{"id": "x"}\n', '{"a": 1}\n[]\n'])
async def test_another_file_is_left_alone(gateway: Gateway, files: Files, held: str) -> None:
    files.ask("0")
    files.out.write_text(held)
    done = await files.run(gateway)
    assert done.code == 2
    assert "is no result of a batch; name another file" in done.err
    assert files.out.read_text() == held
    assert not gateway.items


async def test_kill_9_loses_and_doubles_nothing(gateway: Gateway, files: Files) -> None:
    files.ask(*map(str, range(6)))
    gateway.batch = two_and_no_more
    process = await start("batch", str(files.given), str(files.out), "-a", gateway.target)
    await until(lambda: files.out.exists() and files.out.read_bytes().count(b"\n") == 2, process)
    second = await files.run(gateway)
    assert "another batch is writing it" in second.err
    process.kill()
    await process.wait()
    assert set(files.said()) == {"line-1", "line-2"}
    gateway.batch = odd_ones_fail
    gateway.items.clear()
    await files.run(gateway)
    assert [item.id for item in gateway.items] == [f"line-{n}" for n in range(3, 7)]
    assert set(files.said()) == {f"line-{n}" for n in range(1, 7)}


async def test_ctrl_c_leaves_a_valid_file_and_says_how_to_go_on(
    gateway: Gateway, files: Files
) -> None:
    files.ask(*map(str, range(6)))
    gateway.batch = two_and_no_more
    arguments = ["batch", str(files.given), str(files.out), "-a", gateway.target]
    async with terminal(arguments) as screen:
        await screen.expect("2 of 6")
        screen.type("\x03")
        await until(lambda: gateway.cancelled)
        await screen.expect("2 answered · 0 failed · 4 not asked or unanswered")
        await screen.expect(f"the same command goes on from what is in {files.out}")
        await screen.expect("interrupted")
        assert await screen.wait() == 130
        assert "Traceback" not in screen.screen
    assert set(files.said()) == {"line-1", "line-2"}


async def test_a_gateway_that_goes_keeps_what_came(gateway: Gateway, files: Files) -> None:
    async def goes(items: Items, context: Context) -> Results:
        yield answered(await anext(items))
        details = [info("GATEWAY_OVERLOADED")]
        await fail(context, Failure(grpc.StatusCode.UNAVAILABLE, "stopping", details))

    gateway.batch = goes
    files.ask("0", "1")
    done = await files.run(gateway)
    assert done.code == 1
    assert "1 answered · 0 failed · 1 not asked or unanswered" in done.err
    assert "error  stopping" in done.err
    assert files.said() == {"line-1": "0"}


async def test_the_timeout_is_for_all_of_it(gateway: Gateway, files: Files) -> None:
    async def steadily(items: Items, context: Context) -> Results:
        async for item in items:
            await asyncio.sleep(0.01)
            yield answered(item)

    gateway.batch = steadily
    files.ask(*map(str, range(1000)))
    done = await files.run(gateway, "--timeout", "0.3")
    assert (done.code, "GenerationTimeoutError" in done.err) == (1, True)
    assert f"{len(files.results())} answered · 0 failed" in done.err
