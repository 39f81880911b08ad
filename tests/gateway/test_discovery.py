"""The providers' own lists: read in the background, kept, and what they change."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

import grpc
import pytest

from llmrpc import v1 as pb
from llmrpc_server.policies import discovery
from llmrpc_server.providers.registry import DIALECTS
from tests.gateway.batches import contents, item, run
from tests.gateway.conftest import KEY, Gateway, Start, ask
from tests.gateway.model_lists import Paged, fails, lists
from tests.running import until
from tests.upstream import Exchange, Upstream, chat_answer

ON = {"models__discovery": True}
SECOND_KEY = "sk-second-0123456789"


@pytest.fixture(autouse=True)
def _dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast(dict[str, Any], DIALECTS), "openai", Paged)


async def hangs(exchange: Exchange) -> None:
    await exchange.closed.wait()


async def found(gateway: Any, provider: str = "openai") -> dict[str, pb.Model]:
    request = pb.ListModelsRequest(filter=f"provider = {provider}", page_size=1000)
    response = await gateway.stub.ListModels(request)
    return {model.id: model for model in response.models}


async def test_the_providers_own_list_decides_and_the_catalogue_adds(
    start: Start, upstream: Upstream
) -> None:
    upstream.script(
        lists("gpt-5.4-2026-03-05", "gpt-4o", next_page="2"),
        lists("new-1", "gpt-4o", sizes={"big": 12345}),
    )
    gateway = await start(**ON, aliases={"fast": "openai/gpt-5-mini"})
    models = await found(gateway)
    listed = {"gpt-5.4-2026-03-05", "gpt-4o", "new-1", "big"}
    assert set(models) == listed | {"gpt-5-mini"}
    assert models["gpt-5.4-2026-03-05"].context_tokens == 1_050_000
    assert models["big"].context_tokens == 12345
    assert not models["new-1"].HasField("context_tokens")
    assert [exchange.path for exchange in upstream.exchanges] == [
        "/v1/models?page=",
        "/v1/models?page=2",
    ]
    assert {each.headers["authorization"] for each in upstream.exchanges} == {f"Bearer {KEY}"}
    assert not upstream.exchanges[0].body


async def alone(gateway: Gateway) -> str:
    response: pb.LLMResponse = await gateway.stub.Generate(ask(model="new-1"))
    return response.content


async def in_a_batch(gateway: Gateway) -> str:
    return contents(await run(gateway.stub, [item("a", model="new-1")]))["a"]


@pytest.mark.parametrize("way", [alone, in_a_batch])
async def test_a_bare_name_that_only_the_provider_knows_is_waited_for(
    start: Start,
    upstream: Upstream,
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[[Gateway], Awaitable[str]],
) -> None:
    async def answers(exchange: Exchange) -> None:
        await exchange.answer(200, chat_answer("from the new one"))

    asked = asyncio.Event()

    first = discovery.Discovery.first

    async def waiting(self: discovery.Discovery) -> bool:
        asked.set()
        return await first(self)

    async def late(exchange: Exchange) -> None:
        await asked.wait()
        await lists("new-1")(exchange)

    monkeypatch.setattr(discovery.Discovery, "first", waiting)
    upstream.script(late, answers)
    gateway = await start(**ON)
    assert await way(gateway) == "from the new one"
    assert upstream.exchanges[1].json["model"] == "new-1"


async def test_the_next_key_is_tried(start: Start, upstream: Upstream) -> None:
    upstream.script(fails(401), lists("new-1"))
    gateway = await start(**ON, providers__openai__api_keys=[KEY, SECOND_KEY])
    assert "new-1" in await found(gateway)
    keys = [exchange.headers["authorization"] for exchange in upstream.exchanges]
    assert keys == [f"Bearer {KEY}", f"Bearer {SECOND_KEY}"]


async def test_a_provider_that_hangs_holds_up_neither_start_nor_calls(
    start: Start, upstream: Upstream
) -> None:
    upstream.script(hangs)
    async with asyncio.timeout(10):
        gateway = await start(**ON, models__wait=0.05)
        assert "gpt-5.4" in await found(gateway)
        await gateway.app.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("list ")]


async def test_a_list_that_takes_too_long_is_left(
    start: Start, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.script(hangs)
    await start(**ON, models__timeout=0.5)
    await until(lambda: "takes longer than 0.5 s" in caplog.text)
    await asyncio.wait_for(upstream.exchanges[0].closed.wait(), 10)


async def test_a_failing_provider_keeps_its_last_list_and_is_logged_once(
    start: Start, upstream: Upstream, caplog: pytest.LogCaptureFixture, monkeypatch: Any
) -> None:
    monkeypatch.setattr(discovery, "FIRST_RETRY", 0.01)
    caplog.set_level(logging.INFO, "llmrpc.models")
    upstream.script(
        lists("new-1"),
        fails(500),
        fails(200, "<html>"),
        fails(401, json.dumps({"error": {"message": f"bad key {KEY}"}})),
        lists("new-2"),
        hangs,
    )
    gateway = await start(**ON, models__refresh=0.01)
    assert await found(gateway)
    await until(lambda: "lists its models again" in caplog.text)
    assert "new-2" in await found(gateway)
    lines = [each.getMessage() for each in caplog.records if each.name == "llmrpc.models"]
    assert len(lines) == 2
    assert lines[0].startswith("openai does not list its models: ")
    assert KEY not in caplog.text


async def test_the_last_list_stays_while_the_provider_fails(
    start: Start, upstream: Upstream
) -> None:
    upstream.script(lists("new-1"), fails(500), lists())
    gateway = await start(**ON, models__refresh=0.01)
    assert set(await found(gateway)) == {"new-1"}
    await until(lambda: len(upstream.exchanges) > 3)
    assert set(await found(gateway)) == {"new-1"}


async def test_discovery_can_be_left_out(start: Start, upstream: Upstream) -> None:
    upstream.script(hangs)
    gateway = await start()
    assert "gpt-5.4" in await found(gateway)
    assert not upstream.exchanges


async def test_an_unknown_name_gets_the_nearest(start: Start, upstream: Upstream) -> None:
    upstream.script(lists("sparkling-large-2", "sparkling-small-2"), fails(404))
    gateway = await start(**ON)
    with pytest.raises(Exception, match="did you mean openai/sparkling-large-2 or openai/sp"):
        await gateway.stub.Generate(ask(model="sparkling-lrage-2"))
    with pytest.raises(Exception, match="did you mean openai/sparkling-large-2 or openai/sp"):
        await gateway.stub.Generate(ask(model="openai/sparkling-large"))
    with pytest.raises(Exception, match="did you mean openai/sparkling-large-2 or openai/sp"):
        await anext(aiter(gateway.stub.StreamText(ask(model="openai/sparkling-large"))))


async def test_a_name_is_found_anew_when_more_is_known(start: Start, upstream: Upstream) -> None:
    other = {"dialect": "openai", "base_url": upstream.url, "models": ["new-1"]}
    known = asyncio.Event()

    async def answer(exchange: Exchange) -> None:
        if exchange.path.startswith("/v1/models"):
            await known.wait()
            await lists("new-1")(exchange)
        else:
            await exchange.answer(200, chat_answer("Hello"))

    upstream.script(answer)
    gateway = await start(**ON, providers__other=other)
    assert (await gateway.stub.Generate(ask(model="new-1"))).provider == "other"
    known.set()
    await until(lambda: gateway.app.client.resolve("new-1").provider == "openai")
    assert (await gateway.stub.Generate(ask(model="new-1"))).provider == "openai"


async def test_a_name_of_a_provider_that_is_off_says_what_turns_it_on(start: Start) -> None:
    gateway = await start()
    wanted = "model 'claude-sonnet-5-5': anthropic has it and is off: set ANTHROPIC_API_KEY"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await gateway.stub.Generate(ask(model="claude-sonnet-5-5"))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert refused.value.details() == wanted
