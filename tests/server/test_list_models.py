"""ListModels over a real server: what is in the list, its pages, its filter."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.catalogue.models import known_models
from llmrpc_server.rpc.listing import LARGEST_PAGE, PAGE, page_of
from tests.conftest import StartGateway
from tests.running import RunningGateway
from tests.server.test_own_provider import Shouting
from tests.server.wire import detail, failure

SETTINGS: dict[str, Any] = {
    "providers": {
        "mistral": {"api_keys": ["a-key-for-mistral"], "models": ["ours-1"]},
        "openai": {"api_keys": ["a-key-for-openai"]},
        "mine": {"client": f"{__name__}:Shouting", "models": ["loud"], "default_model": "quiet"},
    },
    "aliases": {
        "fast": "openai/gpt-5.4-mini",
        "cheap": "gpt-5.4-mini",
        "tuned": "openai/ft:gpt-4o:us",
        "off": "groq/llama",
        "nothing": "no-such-model",
    },
    "prices": [{"provider": "mine", "model": "loud", "input": 1.5, "output": 2, "cache_read": 0.5}],
}
OWN: dict[str, Any] = {"mine": {"client": f"{__name__}:Listing"}}


class Listing(Shouting):
    async def list_models(self) -> list[pb.Model]:
        pricing = pb.Pricing(output_nano_usd_per_million=7)
        return [
            pb.Model(id="one", context_tokens=1000, aliases=["not-here"], pricing=pricing),
            pb.Model(id="a\nb"),
            pb.Model(),
        ]


async def ask(running: RunningGateway, **fields: Any) -> pb.ListModelsResponse:
    return await running.stub.ListModels(pb.ListModelsRequest(**fields))


async def names(running: RunningGateway, **fields: Any) -> list[str]:
    return [model.name for model in (await ask(running, **fields)).models]


async def one(running: RunningGateway, name: str) -> pb.Model:
    (model,) = (await ask(running, filter=f'name = "{name}"')).models
    return model


async def test_the_list_is_the_catalogue_and_the_configuration(gateway: StartGateway) -> None:
    running = await gateway(**SETTINGS)
    listed = await names(running, page_size=LARGEST_PAGE)
    wanted = {f"{name}/{each}" for name in ("openai", "mistral") for each in known_models(name)}
    wanted |= {"mistral/ours-1", "openai/ft:gpt-4o:us", "mine/loud", "mine/quiet", "echo/echo"}
    assert listed == sorted(wanted)


async def test_what_is_said_of_a_model(gateway: StartGateway) -> None:
    running = await gateway(**SETTINGS)
    mini = await one(running, "openai/gpt-5.4-mini")
    assert (mini.provider, mini.id) == ("openai", "gpt-5.4-mini")
    assert list(mini.aliases) == ["cheap", "fast"]
    assert not mini.fallback_models
    assert (mini.context_tokens, mini.max_output_tokens) == (400_000, 128_000)
    assert mini.capabilities.tools
    assert mini.capabilities.reasoning
    assert list(mini.input_modalities) == [
        pb.MODALITY_TEXT,
        pb.MODALITY_IMAGE,
        pb.MODALITY_DOCUMENT,
    ]
    assert mini.pricing.input_nano_usd_per_million == 750_000_000
    assert mini.pricing.cache_read_nano_usd_per_million == 75_000_000
    assert mini.pricing.output_nano_usd_per_million == 4_500_000_000
    assert mini.pricing.price_source == "genai-prices"
    assert mini.pricing.tiered
    loud = await one(running, "mine/loud")
    price = pb.Pricing(
        input_nano_usd_per_million=1_500_000_000,
        cache_read_nano_usd_per_million=500_000_000,
        output_nano_usd_per_million=2_000_000_000,
        price_source="config",
    )
    assert loud == pb.Model(name="mine/loud", provider="mine", id="loud", pricing=price)
    assert (await one(running, "mine/quiet")) == pb.Model(
        name="mine/quiet", provider="mine", id="quiet"
    )
    assert (await one(running, "echo/echo")).pricing.price_source == "free"


async def test_pages_make_the_whole_list(gateway: StartGateway) -> None:
    running = await gateway(**SETTINGS)
    whole = await names(running, page_size=LARGEST_PAGE)
    paged: list[str] = []
    token, sizes = "", []
    while True:
        page = await ask(running, page_size=7, page_token=token)
        paged += [model.name for model in page.models]
        sizes.append(len(page.models))
        token = page.next_page_token
        if not token:
            break
    assert paged == whole
    assert set(sizes[:-1]) == {7}


@pytest.mark.parametrize(
    ("fields", "field", "why"),
    [
        ({"page_size": -1}, "page_size", "must be at least 0, got -1"),
        ({"page_token": "?"}, "page_token", "is no next_page_token of this filter"),
        ({"page_token": "AAAA"}, "page_token", "is no next_page_token"),
        ({"page_token": "A" * 9000}, "page_token", "is no next_page_token"),
        ({"filter": "provider = "}, "filter", "at character 12: behind '=' one value must follow"),
        ({"filter": "price = 1"}, "filter", "no field 'price'; did you mean pricing?"),
    ],
)
async def test_what_is_refused_names_its_field(
    gateway: StartGateway, fields: dict[str, Any], field: str, why: str
) -> None:
    error = await failure(ask(await gateway(), **fields))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert detail(error, error_details_pb2.ErrorInfo).reason == "INVALID_REQUEST"
    (violation,) = detail(error, error_details_pb2.BadRequest).field_violations
    assert violation.field == field
    assert why in violation.description


async def test_a_filter(gateway: StartGateway) -> None:
    running = await gateway(**SETTINGS)
    assert await names(running, filter="provider = mine OR aliases:fast") == [
        "mine/loud",
        "mine/quiet",
        "openai/gpt-5.4-mini",
    ]
    audio = await names(running, filter='provider = "openai" AND input_modalities:AUDIO')
    assert audio == ["openai/gpt-audio", "openai/gpt-audio-1.5", "openai/gpt-audio-mini"]
    free = await names(running, filter="pricing.input_nano_usd_per_million = 0")
    assert free == ["echo/echo"]
    page = await ask(running, filter="provider = mine", page_size=1)
    more = await ask(running, filter="provider = mine", page_token=page.next_page_token)
    assert [model.name for model in more.models] == ["mine/quiet"]
    error = await failure(ask(running, page_token=page.next_page_token))
    assert "of this filter" in str(error.details())


async def test_an_own_client_lists_its_models(gateway: StartGateway) -> None:
    running = await gateway(providers=OWN, models={"discovery": True})
    assert await names(running, filter="provider = mine") == ["mine/mine", "mine/one"]
    model = await one(running, "mine/one")
    assert model.context_tokens == 1000
    assert model.pricing.output_nano_usd_per_million == 7
    assert not model.aliases


def page(models: list[str], **fields: Any) -> tuple[list[str], str]:
    each = [pb.Model(name=name) for name in models]
    response = page_of(each, pb.ListModelsRequest(**fields))
    return [model.name for model in response.models], response.next_page_token


def test_sizes_of_a_page() -> None:
    many = [f"m/{number:05}" for number in range(2000)]
    assert page(many)[0] == many[:PAGE]
    assert page(many, page_size=5000)[0] == many[:LARGEST_PAGE]
    assert page(many[:100])[1] == ""
    assert page([]) == ([], "")


def test_a_token_stays_good_when_models_come_and_go() -> None:
    _, token = page(["b", "d", "f", "h"], page_size=2)
    for now, rest in (
        (["b", "d", "f", "h"], ["f", "h"]),
        (["b", "f", "h"], ["f", "h"]),
        (["a", "c", "d", "e", "h"], ["e", "h"]),
        (["a"], []),
    ):
        assert page(now, page_token=token) == (rest, "")
    with pytest.raises(InvalidRequestError, match="page_token"):
        page(["b"], page_token=token, filter="id = a")
