"""A provider's own list of its models, page by page, and whether it takes a key."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from llmrpc import v1 as pb
from llmrpc.call import ApiKey
from llmrpc.errors import (
    AuthenticationError,
    LLMClientError,
    ProviderNotAvailableError,
    stalled,
)
from llmrpc_server.providers.asking import good
from llmrpc_server.providers.connection_failures import (
    reaching,
)
from llmrpc_server.providers.dialect import Dialect, Listed, ListsModels, headers_of
from llmrpc_server.providers.http import (
    URL,
    Upstream,
)
from llmrpc_server.providers.masking import redactor_for
from llmrpc_server.redaction import Redactor

MOST_PAGES = 50
MOST_MODELS = 10_000
LONGEST_ID = 256
"""Characters of a model's name, as for one in a request."""


def is_name(id: str) -> bool:
    """Whether a request could name a model so."""
    return 0 < len(id) <= LONGEST_ID and id.isprintable()


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to ask: a provider by its dialect, and the key to ask with."""

    dialect: Dialect
    upstream: Upstream
    base_url: str
    key: ApiKey | None

    @property
    def name(self) -> str:
        return self.dialect.row.name

    @property
    def redactor(self) -> Redactor:
        """Takes out the secrets that go with the request."""
        return redactor_for(self.dialect.row, self.key, self.upstream)


async def listed(provider: Asked, seconds: float) -> list[Listed] | None:
    """The models that the provider lists, each once; None where it has no list of them.

    Names that no request could carry, or that hold a secret, are left out. Raises
    `LLMClientError`, also when the pages do not end or take longer than `seconds` together.
    """
    dialect = provider.dialect
    if not isinstance(dialect, ListsModels) or not dialect.row.lists:
        return None
    models: dict[str, Listed] = {}
    page, redactor = "", provider.redactor
    try:
        async with asyncio.timeout(seconds):
            for _ in range(MOST_PAGES):
                body = await _read(provider, dialect.list_path(page))
                found, page = dialect.decode_list(body)
                for model in found:
                    if is_name(model.id) and redactor.clean(model.id) == model.id:
                        models.setdefault(model.id, model)
                if not page or len(models) > MOST_MODELS:
                    break
    except TimeoutError as error:
        raise stalled(provider.name, seconds) from error
    except LLMClientError as error:
        raise _explained(error, provider) from error.__cause__
    if page:
        raise ProviderNotAvailableError(
            f"{provider.name} lists more than {MOST_PAGES} pages or {MOST_MODELS} models",
            reason=pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID,
            metadata={"provider": provider.name},
        )
    return list(models.values())


async def takes_key(provider: Asked, seconds: float) -> bool:
    """Whether the provider takes a key, by its cheapest call: the first page of its list.

    True where it lists nothing. A key that is good but may not list (403) is neither,
    and raises like any other failure.
    """
    dialect = provider.dialect
    path = dialect.row.key_path
    if not path:
        if not isinstance(dialect, ListsModels):
            return True
        path = dialect.list_path("")
    try:
        async with asyncio.timeout(seconds):
            await _read(provider, path)
    except TimeoutError as error:
        raise stalled(provider.name, seconds) from error
    except AuthenticationError as error:
        if error.http_status == 403:
            raise _explained(error, provider) from error.__cause__
        return False
    except LLMClientError as error:
        raise _explained(error, provider) from error.__cause__
    return True


async def _read(provider: Asked, path: str) -> bytes:
    url = URL(provider.base_url + path)
    key = provider.key
    headers = headers_of(provider.dialect, key.secret.reveal() if key else None)
    with reaching(provider.name, url):
        response = await provider.upstream.get(url, headers)
        response = await good(provider.dialect, provider.upstream, response)
        try:
            return await provider.upstream.read(response, provider.name)
        finally:
            response.release()


def _explained(error: LLMClientError, provider: Asked) -> LLMClientError:
    """The error with its provider, and no secret in it."""
    provider.redactor.clean_error(error)
    error.metadata.setdefault("provider", provider.name)
    return error
