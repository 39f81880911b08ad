"""What the HTTP library raises at a request, as failures that a person can act on."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from contextlib import contextmanager

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from llmrpc.errors import LLMClientError, ProviderNotAvailableError
from llmrpc_server.providers.failures import unreadable

UNKNOWN_ENCODING = "answered in an encoding that this gateway cannot read"


class ConnectionFailedError(Exception):
    """The HTTP library failed at a request; its own exception is the cause.

    Whatever it raises becomes one: it has errors of its own for most breaks, but not for all.
    """


@contextmanager
def reaching(provider: str, url: URL) -> Generator[None, None, None]:
    """Raises failures of the connection as `ProviderNotAvailableError`."""
    try:
        yield
    except ConnectionFailedError as error:
        raise unreachable(provider, url, error) from error.__cause__


def unreachable(provider: str, url: URL, failure: ConnectionFailedError) -> LLMClientError:
    """What a person can act on: where, and what kind of failure; no key, no body."""
    error = failure.__cause__
    if _is_of_encoding(error):
        return unreadable(provider, UNKNOWN_ENCODING)
    match error:
        case aiohttp.ClientSSLError() | ssl.SSLError():
            what = "the TLS handshake failed; check the certificate or the configured CA bundle"
        case aiohttp.ClientConnectorDNSError():
            what = "its name cannot be resolved"
        case aiohttp.ClientConnectorError():
            what = "it cannot be connected to"
        case aiohttp.ServerTimeoutError() | TimeoutError():
            what = "the connection timed out"
        case _:
            what = "the connection broke"
    return ProviderNotAvailableError(
        f"{provider} at {url.host}: {what}", metadata={"provider": provider}
    )


def _is_of_encoding(error: BaseException | None) -> bool:
    """Whether a body could not be decompressed; what was compressed oddly came whole."""
    while error is not None and not isinstance(error, ContentEncodingError):
        error = error.__cause__
    return error is not None
