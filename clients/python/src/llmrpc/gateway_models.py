"""All models of a gateway, page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError

PAGE_SIZE = 1000
"""The most models that the contract has on a page."""
_MOST_PAGES = 1000

AskPage = Callable[[pb.ListModelsRequest], Awaitable[pb.ListModelsResponse]]


async def all_models(ask: AskPage, filter: str) -> list[pb.Model]:
    """Every page's models, in their order.

    Raises `LLMClientError` where the pages have no end: a token that was there
    before, or more pages than any gateway could fill.
    """
    models: list[pb.Model] = []
    tokens = {""}
    token = ""
    while len(tokens) <= _MOST_PAGES:
        page = await ask(pb.ListModelsRequest(page_size=PAGE_SIZE, page_token=token, filter=filter))
        models += page.models
        token = page.next_page_token
        if not token:
            return models
        if token in tokens:
            raise LLMClientError("the gateway's list of models comes back to a page it had before")
        tokens.add(token)
    raise LLMClientError(f"the gateway's list of models has more than {_MOST_PAGES} pages")
