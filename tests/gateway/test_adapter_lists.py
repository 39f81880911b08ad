"""What an adapter alone lists, and what it says of its key and of a model."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from llmrpc.errors import LLMClientError, ProviderNotAvailableError
from llmrpc_server.providers.clients import RowClient
from llmrpc_server.providers.registry import DIALECTS, ROWS
from tests.gateway.conftest import KEY
from tests.gateway.model_lists import Paged, fails, lists
from tests.upstream import Handler, Upstream


@pytest.fixture(autouse=True)
def _dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast(dict[str, Any], DIALECTS), "openai", Paged)


def client(upstream: Upstream, name: str = "openai") -> RowClient:
    return RowClient(ROWS[name], api_key=KEY, base_url=upstream.url)


async def test_an_adapter_lists_its_models(upstream: Upstream) -> None:
    upstream.script(lists("gpt-5.4", "a"))
    async with client(upstream) as adapter:
        models = await adapter.list_models()
    assert [model.name for model in models] == ["openai/a", "openai/gpt-5.4"]
    assert models[1].capabilities.tools
    assert models[1].HasField("pricing")


async def test_what_a_list_says_counts_as_far_as_it_can_be(upstream: Upstream) -> None:
    sizes = {"gpt-4o": 12345, "huge": 2**31, "none": 0, "a\nb": 1, "": 1, "x" * 257: 1}
    upstream.script(lists("gpt-5.4", sizes=sizes))
    async with client(upstream) as adapter:
        models = await adapter.list_models()
    known = {model.id: model.context_tokens for model in models}
    assert known == {"gpt-4o": 12345, "gpt-5.4": 1_050_000, "huge": 0, "none": 0}


async def test_a_refusal_holds_no_key(upstream: Upstream) -> None:
    upstream.script(fails(400, json.dumps({"error": {"message": f"odd key {KEY}"}})))
    async with client(upstream) as adapter:
        with pytest.raises(LLMClientError, match="odd key") as caught:
            await adapter.list_models()
    assert KEY not in caught.value.message


@pytest.mark.parametrize(("handler", "good"), [(lists(), True), (fails(401), False)])
async def test_an_adapter_says_whether_its_key_is_good(
    upstream: Upstream, handler: Handler, good: bool
) -> None:
    upstream.script(handler)
    async with client(upstream) as adapter:
        assert await adapter.validate_api_key() is good


@pytest.mark.parametrize("status", [403, 429, 500])
async def test_what_says_nothing_of_a_key_raises(upstream: Upstream, status: int) -> None:
    upstream.script(fails(status))
    async with client(upstream) as adapter:
        with pytest.raises(LLMClientError):
            await adapter.validate_api_key()


async def test_where_the_list_is_open_another_page_tells_of_the_key(upstream: Upstream) -> None:
    upstream.script(lists())
    async with client(upstream, "openrouter") as adapter:
        assert await adapter.validate_api_key()
    assert upstream.exchanges[0].path == "/v1/key"


@pytest.mark.parametrize(
    ("name", "known"),
    [("gpt-9", True), ("openai/gpt-9", True), ("gpt-9-2026-11-01", True), ("gpt-8", False)],
)
async def test_an_adapter_says_whether_a_model_is_there(
    upstream: Upstream, name: str, known: bool
) -> None:
    upstream.script(lists("gpt-9-2026-11-01", "other"))
    async with client(upstream) as adapter:
        assert await adapter.validate_model(name) is known


async def test_a_list_without_an_end_is_left(upstream: Upstream) -> None:
    upstream.script(lists("a", next_page="again"))
    async with client(upstream) as adapter:
        with pytest.raises(ProviderNotAvailableError, match="more than 50 pages"):
            await adapter.list_models()
