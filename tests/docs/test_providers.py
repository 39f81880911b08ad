"""docs/providers.md: a compatible provider by configuration alone."""

from __future__ import annotations

import yaml

from llmrpc import GatewayClient, LLMMessage
from llmrpc_server.catalogue.prices import FREE
from llmrpc_server.config import PlannedProvider, load_config, plan_providers
from llmrpc_server.providers.dialects import Dialects
from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.openai_responses import OpenAIResponsesDialect
from llmrpc_server.providers.registry import DIALECTS, ROWS
from tests.conftest import StartGateway
from tests.docs.pages import blocks, codes, page, section
from tests.upstream import Exchange, chat_answer, running_upstream

PAGE = page("docs/providers.md")


async def answer(exchange: Exchange) -> None:
    await exchange.answer(200, chat_answer("Hello", prompt_tokens=5))


async def test_a_compatible_provider_needs_no_code(gateway: StartGateway) -> None:
    part = section(PAGE, "A compatible provider, without code")
    settings = yaml.safe_load(blocks(part, "yaml")[0])
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
        lines = [line for line in PAGE.splitlines() if line.startswith(f"| [`{row.name}`]")]
        assert lines, f"docs/providers.md has no line for {row.name}: make docs"
        switch = codes(lines[0].split("|")[2])[0]
        own = {} if row.base_url else {row.base_url_env: "https://mine.openai.azure.com"}
        assert on({switch: value, **own}) == [row.name, "echo"]


def test_who_is_free_and_which_dialects_there_are() -> None:
    assert set(codes(section(PAGE, "What they cost").split("cost nothing")[0])) >= FREE
    unnamed = set(DIALECTS) - set(codes(PAGE.split("<!--")[0]))
    assert not unnamed, "docs/providers.md names every dialect in its first paragraph"


def test_the_page_shows_how_to_choose_another_protocol() -> None:
    part = section(PAGE, "Which of OpenAI's protocols is used when")
    settings = yaml.safe_load(blocks(part, "yaml")[0])
    settings["providers"]["openai"]["api_keys"] = ["a-key-0000"]
    config = load_config(None, {}, {"providers": settings["providers"]})
    [row] = [each.row for each in plan_providers(config) if each.name == "openai"]
    assert row is not None
    dialects = Dialects(row, DIALECTS)
    assert isinstance(dialects.of("gpt-5.4-mini"), OpenAIDialect)
    assert isinstance(dialects.of("gpt-6-luna"), OpenAIResponsesDialect)
