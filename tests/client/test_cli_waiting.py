"""On a terminal `llmrpc` tells how long it has waited for an answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO

import pytest

from llmrpc.cli import waiting
from llmrpc.cli.waiting import Waiting
from tests.client.command import screen
from tests.client.gateway import Gateway, Hang, response, stream, until

STREAMED = ("", "--json --stream")


@dataclass
class Timer:
    at: float
    callback: Callable[[], None]
    over: bool = False

    def cancel(self) -> None:
        self.over = True


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        self.timers.append(Timer(self.now + delay, callback))
        return self.timers[-1]

    def go_on(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [each for each in self.timers if not each.over and each.at <= end]:
            first = min(due, key=lambda each: each.at)
            first.over, self.now = True, first.at
            first.callback()
        self.now = end


class Shown(StringIO):
    """Standard error, of a terminal or a log."""

    def __init__(self, *, terminal: bool = True) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def take(self) -> str:
        """What came since the last time, in `<>` what is dim."""
        new = self.getvalue()
        self.seek(0)
        self.truncate()
        return new.replace("\r\x1b[2m", "<").replace("\x1b[0m", ">")


def test_silence_is_told_after_two_seconds_and_by_the_second() -> None:
    clock = Clock()
    with redirect_stderr(Shown()) as shown:
        wait = Waiting(clock=clock)
        clock.go_on(1.99)
        assert shown.take() == ""
        clock.go_on(0.02)
        assert shown.take() == "<no answer yet, 2 s>"
        clock.go_on(2)
        assert shown.take() == "<no answer yet, 3 s><no answer yet, 4 s>"
        wait.end()
        assert shown.take() == "\r\x1b[K"
        wait.end()
        clock.go_on(60)
        assert shown.take() == ""


def test_an_answer_that_comes_soon_wipes_nothing() -> None:
    clock = Clock()
    with redirect_stderr(Shown()) as shown:
        wait = Waiting(clock=clock)
        clock.go_on(1)
        wait.end()
        clock.go_on(60)
    assert shown.take() == ""


@pytest.mark.parametrize(("terminal", "silent"), [(True, True), (False, False)])
def test_a_log_and_who_wants_no_remarks_are_told_nothing(terminal: bool, silent: bool) -> None:
    clock = Clock()
    with redirect_stderr(Shown(terminal=terminal)) as shown:
        Waiting(silent=silent, clock=clock)
        clock.go_on(60)
    assert shown.take() == ""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("options", ["", "--no-stream", "--json", "--json --stream"])
async def test_a_terminal_tells_that_an_answer_is_waited_for(
    gateway: Gateway, options: str
) -> None:
    silence = Hang()
    gateway.play([silence, *(stream("Hi") if options in STREAMED else [response("Hi")])])
    async with screen(["generate", "Hello", "-a", gateway.target, *options.split()]) as shown:
        await shown.expect("no answer yet")
        silence.over.set()
        await shown.expect("\r\x1b[K")
        await shown.expect("Hi")
        assert await shown.wait() == 0
    assert shown.screen.count("\x1b[K") == 1


@pytest.mark.usefixtures("impatient")
async def test_a_quiet_terminal_is_told_nothing(gateway: Gateway) -> None:
    silence = Hang()
    gateway.play([silence, *stream("Hi")])
    async with screen(["generate", "Hello", "-q", "-a", gateway.target]) as shown:
        await until(lambda: gateway.requests)
        silence.over.set()
        assert await shown.wait() == 0
    assert shown.screen == "Hi\r\n"
