"""What is no trace context goes nowhere, and no call fails of it."""

from __future__ import annotations

import pytest

from tests.gateway.conftest import ask
from tests.gateway.handlers import good
from tests.hostile.conftest import Attack
from tests.hostile.http2 import GENERATE, Caller, framed
from tests.running import until
from tests.server.collector import collecting
from tests.upstream import Upstream

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
NONE = {
    "nonsense": "nonsense",
    "empty": "",
    "a line more": f"{PARENT}\r\nx-evil: 1",
    "a line end": f"{PARENT}\n",
    "a zero byte": f"00-{TRACE[:-1]}\0-{SPAN}-01",
    "capitals": PARENT.upper(),
    "zero trace": f"00-{'0' * 32}-{SPAN}-01",
    "zero span": f"00-{TRACE}-{'0' * 16}-01",
    "no version": f"ff-{TRACE}-{SPAN}-01",
    "more in version 00": f"{PARENT}-more",
    "digits of others": f"00-{TRACE[:-1]}٣-{SPAN}-01",
    "long": f"01-{TRACE}-{SPAN}-01-{'x' * 5000}",
}
STATES = {
    "": None,
    "vendor=1": "vendor=1",
    "a=1, b@c=2 ,d/e= f": "a=1, b@c=2 ,d/e= f",
    "nonsense": None,
    "a=1\r\nx-evil: 1": None,
    "A=1": None,
    "a=1=2": None,
    f"a={'x' * 600}": None,
}


async def sent_on(
    victim: Attack, upstream: Upstream, *cases: dict[str, str], traced: bool = False
) -> list[dict[str, str]]:
    """The trace headers that a provider gets for calls with these, all of which are answered."""
    upstream.script(good)
    async with collecting() as collector:
        running = await victim(environment=collector.environment if traced else {})
        async with await Caller.connect(running.address, window=10**6) as caller:
            for number, metadata in enumerate(cases, 1):
                stream = caller.begin(GENERATE, metadata)
                request = ask(model="openai/gpt-4o-mini").SerializeToString()
                await caller.send(stream, framed(request), end=True)
                await until(lambda number=number: len(running.lines()) == number)  # type: ignore[misc]
        assert [line["status"] for line in running.lines()] == ["OK"] * len(cases)
        await running.process.close()
    heads = [each.headers for each in upstream.exchanges]
    assert len(heads) == len(cases)
    assert not any("x-evil" in head for head in heads)
    names = ("traceparent", "tracestate")
    return [{name: head[name] for name in names if name in head} for head in heads]


async def test_what_is_no_trace_is_dropped(victim: Attack, upstream: Upstream) -> None:
    cases = [{"traceparent": value, "tracestate": "vendor=1"} for value in NONE.values()]
    assert await sent_on(victim, upstream, *cases) == [{}] * len(cases)


async def test_a_trace_is_passed_on(victim: Attack, upstream: Upstream) -> None:
    later = f"01-{TRACE}-{SPAN}-01-more"
    sent = await sent_on(
        victim, upstream, {"traceparent": PARENT}, {"traceparent": later}, {"tracestate": "a=1"}
    )
    assert sent == [{"traceparent": PARENT}, {"traceparent": later}, {}]


async def test_a_state_that_is_none_is_dropped_alone(victim: Attack, upstream: Upstream) -> None:
    cases = [{"traceparent": PARENT, "tracestate": state} for state in STATES]
    sent = await sent_on(victim, upstream, *cases)
    assert [each["traceparent"] for each in sent] == [PARENT] * len(cases)
    assert [each.get("tracestate") for each in sent] == list(STATES.values())


@pytest.mark.parametrize("value", ["nonsense", f"{PARENT}\n"])
async def test_a_traced_gateway_begins_anew(victim: Attack, upstream: Upstream, value: str) -> None:
    (sent,) = await sent_on(victim, upstream, {"traceparent": value}, traced=True)
    assert sent["traceparent"].startswith("00-")
    assert TRACE not in sent["traceparent"]
