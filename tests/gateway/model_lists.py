"""A dialect whose lists are simple, and providers that answer by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from llmrpc.errors import ProviderNotAvailableError
from llmrpc_server.providers.dialect import Listed, ListsModels
from llmrpc_server.providers.openai import OpenAIDialect
from tests.upstream import Exchange, Handler


class Paged(OpenAIDialect, ListsModels):
    """Lists by `{"data": [{"id", "context"?}], "next"?}`."""

    def list_path(self, page: str) -> str:
        return f"/models?page={page}"

    def decode_list(self, body: bytes) -> tuple[list[Listed], str]:
        try:
            read = json.loads(body)
        except ValueError as error:
            raise ProviderNotAvailableError("it lists no JSON") from error
        models = [Listed(each["id"], each.get("context")) for each in read["data"]]
        return models, read.get("next", "")


def lists(*ids: str, next_page: str = "", sizes: Mapping[str, int] | None = None) -> Handler:
    entries: list[dict[str, Any]] = [{"id": each} for each in ids]
    entries += [{"id": each, "context": size} for each, size in (sizes or {}).items()]

    async def handler(exchange: Exchange) -> None:
        await exchange.answer(200, {"data": entries, "next": next_page})

    return handler


def fails(status: int, body: str = "{}") -> Handler:
    async def handler(exchange: Exchange) -> None:
        await exchange.answer(status, body)

    return handler
