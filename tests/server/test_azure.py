"""Azure OpenAI: its addresses and versions, its key header, and what its filter says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest

from llmrpc import v1 as pb
from llmrpc_server.config import plan_providers
from llmrpc_server.providers.clients import RowClient
from llmrpc_server.providers.registry import ROWS
from tests.conftest import StartGateway
from tests.gateway.conftest import KEY, ask
from tests.gateway.failures import failure_of
from tests.gateway.test_dialects import chat, whole
from tests.server.test_config import load, problems
from tests.upstream import Exchange, running_upstream

V1 = "/openai/v1/chat/completions"
DATED = "/openai/deployments/my%20gpt-41/chat/completions?api-version=2024-10-21"


async def called(
    gateway: StartGateway, tail: str = "", model: str = "my gpt-41", **environment: str
) -> Exchange:
    """The request that the provider gets; its address ends with `tail`."""
    async with running_upstream() as upstream:
        root = upstream.url.removesuffix("/v1")
        upstream.script(whole if model.startswith("gpt-5") else chat)
        names = {"AZURE_OPENAI_API_KEY": KEY, "AZURE_OPENAI_ENDPOINT": root + tail, **environment}
        running = await gateway(environment=names)
        response = await running.stub.Generate(ask(model=f"azure/{model}"))
        assert response.cost.total_nano_usd > 0, "by the name that the answer gives the model"
        return upstream.exchanges[0]


@pytest.mark.parametrize("tail", ["", "/", "/openai/v1", "/openai/v1/"])
async def test_people_write_the_address_in_several_ways(gateway: StartGateway, tail: str) -> None:
    exchange = await called(gateway, tail)
    assert exchange.path == V1
    assert exchange.headers["api-key"] == KEY
    assert "authorization" not in exchange.headers
    assert exchange.json["model"] == "my gpt-41"


@pytest.mark.parametrize(
    ("version", "model", "path"),
    [
        ("v1", "my gpt-41", V1),
        ("preview", "my gpt-41", f"{V1}?api-version=preview"),
        ("2024-10-21", "my gpt-41", DATED),
        ("2025-04-01-preview", "gpt-5.4", "/openai/responses?api-version=2025-04-01-preview"),
        ("", "gpt-5.4", "/openai/v1/responses"),
    ],
)
@pytest.mark.parametrize("name", ["AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"])
async def test_a_version_with_a_date_has_paths_of_its_own(
    gateway: StartGateway, version: str, model: str, path: str, name: str
) -> None:
    assert (await called(gateway, model=model, **{name: version})).path == path


def test_it_is_on_with_its_key_and_its_address(tmp_path: Path) -> None:
    def off(**environment: str) -> str:
        planned = plan_providers(load(tmp_path, "", environment))
        return next(each.off for each in planned if each.name == "azure")

    assert off() == "set AZURE_OPENAI_API_KEY and AZURE_OPENAI_ENDPOINT"
    assert off(AZURE_OPENAI_API_KEY=KEY) == "set AZURE_OPENAI_ENDPOINT"
    for name in ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"):
        assert off(AZURE_OPENAI_API_KEY=KEY, **{name: "https://x.openai.azure.com"}) == ""


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ("openai: {api_version: '2024-10-21'}", "providers.openai.api_version: openai has no"),
        ("openai: {dialects: {gpt-6: chat}}",
         "providers.openai.dialects['gpt-6']: 'chat' is no dialect; there is "),
        ("echo: {dialects: {'': openai}}", "providers.echo.dialects: is for a provider with"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_versions_and_dialects_is_named(
    tmp_path: Path, settings: str, complaint: str
) -> None:
    assert any(
        each.startswith(complaint) for each in problems(tmp_path, f"providers: {{{settings}}}")
    )


FILTERED: dict[str, Any] = {
    "error": {
        "message": "The response was filtered due to the prompt.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"jailbreak": {"filtered": True, "detected": True}},
        },
    }
}


@pytest.mark.parametrize(
    ("status", "body", "code", "reason"),
    [
        (404, {"error": {"code": "DeploymentNotFound", "message": "No such deployment."}},
         grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND"),
        (401, {"error": {"code": "401", "message": "Access denied due to invalid key."}},
         grpc.StatusCode.FAILED_PRECONDITION, "PROVIDER_AUTHENTICATION"),
    ],
)  # fmt: skip
async def test_its_errors(
    gateway: StartGateway, status: int, body: dict[str, Any], code: grpc.StatusCode, reason: str
) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.answer(status, body)

    async with running_upstream() as upstream:
        upstream.script(answer)
        settings = {"azure": {"api_keys": [KEY], "base_url": upstream.url.removesuffix("/v1")}}
        running = await gateway(providers=settings)
        failure = await failure_of(running.stub.Generate(ask(model="azure/my-gpt-41")))
    assert (failure.code, failure.reason) == (code, reason)
    assert failure.metadata.get("provider_code", "401") == body["error"]["code"]
    assert len(upstream.exchanges) == 1


async def test_its_list_is_no_list_of_deployments() -> None:
    async def listed(exchange: Exchange) -> None:
        await exchange.answer(200, {"data": [{"id": "gpt-4.1", "object": "model"}]})

    async with running_upstream() as upstream:
        upstream.script(listed)
        root = upstream.url.removesuffix("/v1")
        async with RowClient(ROWS["azure"], api_key=KEY, base_url=root) as client:
            assert await client.list_models() == []
            assert await client.validate_model("my-gpt-41")
            assert await client.validate_api_key()
        assert [each.path for each in upstream.exchanges] == ["/openai/v1/models"]
        assert upstream.exchanges[0].headers["api-key"] == KEY


@pytest.mark.parametrize("model", ["azure/my-gpt-41", "azure/gpt-5.4"])
async def test_a_prompt_that_its_filter_refuses_is_an_empty_answer(
    gateway: StartGateway, model: str
) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.answer(400, FILTERED)

    async with running_upstream() as upstream:
        upstream.script(answer)
        settings = {"azure": {"api_keys": [KEY], "base_url": upstream.url.removesuffix("/v1")}}
        running = await gateway(providers=settings)
        unary = await running.stub.Generate(ask(model=model))
        (event,) = [event async for event in running.stub.StreamText(ask(model=model))]
    assert event.sequence == 1
    assert event.started.provider == "azure"
    for response in (unary, event.completed):
        assert response.finish_reason == pb.FINISH_REASON_CONTENT_FILTER
        assert response.provider_finish_reason == "content_filter"
        (part,) = response.message.parts
        assert (response.content, part.refusal) == ("", FILTERED["error"]["message"])
        assert response.usage.estimated
        assert response.usage.input_tokens
        assert [attempt.outcome for attempt in response.attempts] == [pb.Attempt.OUTCOME_SUCCEEDED]
