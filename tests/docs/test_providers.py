"""docs/providers.md: a compatible provider by configuration alone."""

from __future__ import annotations

import yaml

from llmrpc import GatewayClient, LLMMessage
from llmrpc_server.catalogue.prices import FREE
from llmrpc_server.config import PlannedProvider, load_config, plan_providers
from llmrpc_server.providers.registry import DIALECTS, ROWS
from tests.conftest import StartGateway
from tests.docs.pages import blocks, codes, page, section
from tests.upstream import Exchange, chat_answer, running_upstream

PAGE = page("docs/providers.md")


async def answer(exchange: Exchange) -> None:
    await exchange.answer(200, chat_answer("Hello", prompt_tokens=5))


async def test_a_compatible_provider_needs_no_code(gateway: StartGateway) -> None:
    settings = yaml.safe_load(blocks(PAGE, "yaml")[0])
    async with running_upstream() as upstream:
        upstream.script(answer)
        settings["providers"]["intern"]["base_url"] = upstream.url
        running = await gateway(environment={"INTERN_API_KEY": "a-key"}, **settings)
        async with GatewayClient(running.address) as client:
            messages = [LLMMessage(role="user", content="Hi")]
            for model in ("intern/our-model-2", "our-model-2", None):
                response = await client.generate_text(messages, model=model)
                assert (response.content, response.provider) == ("Hello", "intern")
                assert response.cost_estimate == (5 * 0.25 + 2 * 1) / 10**6
        assert {each.json["model"] for each in upstream.exchanges} == {"our-model-2"}
        assert upstream.exchanges[0].headers["authorization"] == "Bearer a-key"


def on(environment: dict[str, str]) -> list[str]:
    plan: list[PlannedProvider] = list(plan_providers(load_config(None, environment)))
    return [each.name for each in plan if not each.off]


def test_each_is_switched_on_by_what_the_page_says() -> None:
    for row in ROWS.values():
        value = "a-key" if row.needs_key else row.base_url
        line = next(line for line in PAGE.splitlines() if line.startswith(f"| [`{row.name}`]"))
        switch = codes(line.split("|")[2])[0]
        assert on({switch: value}) == [row.name, "echo"]


def test_who_is_free_and_which_dialects_there_are() -> None:
    assert set(codes(section(PAGE, "What they cost").split("cost nothing")[0])) >= FREE
    assert set(codes(PAGE.partition("<!--")[0])) >= set(DIALECTS)
