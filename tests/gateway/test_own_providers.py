"""What an operator says of a provider of their own, and the default that nobody asked for."""

from __future__ import annotations

from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc_server.config import ConfigError, load_config
from tests.gateway.conftest import Start, ask
from tests.gateway.failures import failure_of
from tests.gateway.handlers import error, good
from tests.upstream import Handler, Upstream

SECRET = "canary-of-a-header"


def own(upstream: Upstream, **more: Any) -> dict[str, Any]:
    return {"providers__mine": {"dialect": "openai", "base_url": upstream.url, **more}}


@pytest.mark.parametrize("method", ["Generate", "StreamText"])
@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({}, {"max_completion_tokens": 5, "temperature": None}),
        ({"max_tokens": "max_tokens"}, {"max_tokens": 5, "max_completion_tokens": None}),
        ({"temperature": 0.3}, {"temperature": 0.3}),
        ({"body": {"safe": {"mode": [1]}, "top_p": 9}}, {"safe": {"mode": [1]}, "top_p": 0.5}),
    ],
)
async def test_what_is_sent(
    start: Start, upstream: Upstream, method: str, settings: dict[str, Any], sent: dict[str, Any]
) -> None:
    gateway = await start(**own(upstream, **settings))
    upstream.script(good)
    call = getattr(gateway.stub, method)(ask(model="mine/m", max_tokens=5, top_p=0.5))
    if method == "Generate":
        assert not (await call).warnings
    else:
        _ = [event async for event in call]
    body = upstream.exchanges[0].json
    assert {name: body.get(name) for name in sent} == sent


@pytest.mark.parametrize(("option", "sent"), [(None, True), (True, True), (False, False)])
async def test_usage_of_streams_is_asked_for_unless_it_is_switched_off(
    start: Start, upstream: Upstream, option: bool | None, sent: bool
) -> None:
    gateway = await start(**own(upstream, stream_options=option))
    upstream.script(good)
    _ = [event async for event in gateway.stub.StreamText(ask(model="mine/m"))]
    assert ("stream_options" in upstream.exchanges[0].json) == sent


async def test_a_header_goes_with_every_request_and_nowhere_else(
    start: Start, upstream: Upstream
) -> None:
    headers = {"X-Team": "zinc", "X-Pass": SECRET, "authorization": "Basic mine"}
    gateway = await start(**own(upstream, headers=headers, api_keys=["sk-own-key"]))
    upstream.script(error(400, message=f"I saw {SECRET}"))
    failure = await failure_of(gateway.stub.Generate(ask(model="mine/m")))
    seen = upstream.exchanges[0].headers
    assert (seen["x-team"], seen["x-pass"]) == ("zinc", SECRET)
    assert seen["authorization"] == "Bearer sk-own-key"
    assert SECRET not in failure.message
    assert "[redacted]" in failure.message


async def test_a_key_after_a_scheme_is_masked_without_it_too(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(**own(upstream, headers={"Authorization": "Bearer sk-canary-9"}))
    upstream.script(error(400, message="sk-canary-9 has no credit"))
    failure = await failure_of(gateway.stub.Generate(ask(model="mine/m")))
    assert upstream.exchanges[0].headers["authorization"] == "Bearer sk-canary-9"
    assert "[redacted] has no credit" in failure.message
    assert "sk-canary-9" not in str(failure.details)


@pytest.mark.parametrize("status", [400, 422])
async def test_a_default_that_is_refused_is_sent_no_more(
    start: Start, upstream: Upstream, status: int
) -> None:
    gateway = await start(temperature=0.7)
    upstream.script(error(status, message="Unsupported value: 'temperature'"), good, good)
    first = await gateway.stub.Generate(ask())
    await gateway.stub.Generate(ask())
    sent = [exchange.json.get("temperature") for exchange in upstream.exchanges]
    assert sent == [0.7, None, None]
    assert not first.warnings
    assert len(first.attempts) == 1


async def test_a_temperature_that_was_asked_for_is_the_callers(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start()
    upstream.script(error(400, message="Unsupported value: 'temperature'"))
    failure = await failure_of(gateway.stub.Generate(ask(temperature=0.7)))
    assert failure.reason == "PROVIDER_REJECTED_REQUEST"
    assert len(upstream.exchanges) == 1


@pytest.mark.parametrize("model", ["openai/gpt-4o-mini", "openai/a-model-of-ones-own"])
async def test_the_default_goes_to_models_that_are_known(
    start: Start, upstream: Upstream, model: str
) -> None:
    gateway = await start(temperature=0.7)
    upstream.script(good)
    await gateway.stub.Generate(ask(model=model))
    sent = upstream.exchanges[0].json.get("temperature")
    assert sent == (0.7 if model.endswith("mini") else None)


@pytest.mark.parametrize(
    ("name", "settings", "complaint"),
    [
        ("mine", {"headers": {"a b": "x"}}, "providers.mine.headers['a b']: is no name"),
        ("mine", {"headers": {"Host": "x"}}, "providers.mine.headers['Host']: is written by"),
        ("mine", {"headers": {"Expect": "x"}}, "providers.mine.headers['Expect']: is written by"),
        ("mine", {"body": {"a": {"b": {True: 1}}}}, "providers.mine.body.a: cannot be written as"),
        ("mine", {"body": {"a": [{None: 1}]}}, "providers.mine.body.a: cannot be written as"),
        ("mine", {"body": {"a": ["\ud83d"]}}, "providers.mine.body.a: cannot be written as"),
        ("mine", {"body": {"a": [float("nan")]}}, "providers.mine.body.a: cannot be written as"),
        ("mine", {"body": {True: 1}}, "providers.mine.body: the name True is no text"),
        ("mine", {"max_tokens": 5}, "providers.mine.max_tokens: must be max_tokens or max_"),
        ("mine", {"headers": {"x": "a\nb"}}, "providers.mine.headers.x: has white space"),
        ("mine", {"body": {"messages": []}}, "providers.mine.body.messages: is what is asked"),
        ("mine", {"max_tokens": "tokens"}, "providers.mine.max_tokens: must be max_tokens or"),
        ("mine", {"temperature": 3}, "providers.mine.temperature: must be between 0 and 2, got 3"),
        ("anthropic", {"stream_options": False}, "providers.anthropic.stream_options: is for"),
        ("echo", {"headers": {"x": "y"}}, "providers.echo.headers: is for a provider with"),
    ],
)
def test_what_is_wrong_is_told_at_the_start(
    name: str, settings: dict[str, Any], complaint: str
) -> None:
    given = {"dialect": "openai", "base_url": "http://127.0.0.1:1"} if name == "mine" else {}
    with pytest.raises(ConfigError) as caught:
        load_config(None, {}, {"providers": {name: given | settings}})
    assert any(problem.startswith(complaint) for problem in caught.value.problems)
    assert "a\nb" not in str(caught.value)


def _filtered(message: str) -> Handler:
    return error(400, code="content_filter", message=message)


async def test_a_header_is_not_in_the_attempts_of_an_answer(
    start: Start, upstream: Upstream
) -> None:
    gateway = await start(**own(upstream, headers={"X-Pass": SECRET}))
    upstream.script(error(503, message=f"I saw {SECRET}"), good)
    answer = await gateway.stub.Generate(ask(model="mine/m"))
    assert [attempt.message.count("[redacted]") for attempt in answer.attempts] == [1, 0]
    assert SECRET not in str(answer)


@pytest.mark.parametrize("method", ["Generate", "StreamText"])
async def test_a_header_is_not_in_what_a_filter_says(
    start: Start, upstream: Upstream, method: str
) -> None:
    gateway = await start(**own(upstream, headers={"X-Pass": f"Basic {SECRET}"}))
    upstream.script(_filtered(f"temperature is refused, and {SECRET}"))
    call = getattr(gateway.stub, method)(ask(model="mine/m"))
    answer = await call if method == "Generate" else [e async for e in call][-1].completed
    assert answer.message.parts[0].refusal == "temperature is refused, and [redacted]"
    (attempt,) = answer.attempts
    assert attempt.outcome == pb.Attempt.OUTCOME_SUCCEEDED
    assert (attempt.message, attempt.reason, attempt.HasField("http_status")) == ("", 0, False)


async def test_a_filter_is_asked_once_whatever_it_says(start: Start, upstream: Upstream) -> None:
    gateway = await start(temperature=0.7)
    upstream.script(_filtered("temperature"))
    await gateway.stub.Generate(ask())
    assert len(upstream.exchanges) == 1
