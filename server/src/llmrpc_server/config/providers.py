"""Which providers are on, with what, and why the others are off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from yarl import URL

from llmrpc_server.config.knobs import chat_quirks, own_problems, with_chat_quirks
from llmrpc_server.config.schema import Config, ProviderConfig
from llmrpc_server.providers.addresses import is_loopback, is_refused, literal
from llmrpc_server.providers.echo import NAME as ECHO
from llmrpc_server.providers.registry import DIALECTS, ROWS
from llmrpc_server.providers.row import Row, Ways

_CLIENT = re.compile(r"[\w.]+:\w+")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class PlannedProvider:
    """A provider as it will be, or the reason why it will not."""

    name: str
    settings: ProviderConfig
    row: Row | None
    """None for echo and for an own client."""
    off: str = ""
    """Why it is off, and what turns it on; empty when it is on."""


def plan_providers(config: Config) -> Iterator[PlannedProvider]:
    """The configured providers in the file's order, then the registry's, then echo."""
    for name, settings in config.providers.items():
        if name != ECHO:
            row = ROWS.get(name) or _own_row(name, settings)
            if row is not None:
                row = replace(
                    row,
                    dialects=_overlaid(row.dialects, settings.dialects),
                    provider_tools=row.provider_tools | {*settings.provider_tools},
                    other_ways=_with_tools(row, settings.provider_tools),
                    api_version=settings.api_version or row.api_version,
                    headers=settings.headers,
                    body=settings.body,
                )
                row = with_chat_quirks(row, chat_quirks(settings))
            yield PlannedProvider(name, settings, row, _off(settings, row))
    for name, row in ROWS.items():
        if name not in config.providers:
            yield PlannedProvider(name, ProviderConfig(), row, f"set {_switch(row)}")
    echo = config.providers.get(ECHO, ProviderConfig())
    yield PlannedProvider(ECHO, echo, None, "" if echo.enabled else "enabled: false")


def provider_problems(config: Config) -> Iterator[str]:
    """What is wrong with the configured providers, each with its path."""
    for name, settings in config.providers.items():
        path = f"providers.{name}"
        known = name in ROWS or name == ECHO
        if not _NAME.fullmatch(name):
            yield f"{path}: is no name; take lower-case letters, digits, '.', '_' and '-'"
        if known and settings.client:
            yield f"{path}.client: {name} has its own; give yours another name"
        if settings.base_url and (name == ECHO or settings.client):
            yield f"{path}.base_url: is for a provider with a dialect; leave it out"
        if known and settings.dialect:
            yield f"{path}.dialect: {name} has its own; leave it out"
        if not known and bool(settings.dialect) == bool(settings.client):
            yield f"{path}: is not in the registry; give its dialect, or an own client"
        yield from _protocol_problems(path, name, settings)
        yield from own_problems(path, settings, ROWS.get(name) or _own_row(name, settings))
        if settings.dialect and not (settings.base_url or known):
            yield f"{path}.base_url: is missing"
        if settings.client and not _CLIENT.fullmatch(settings.client):
            yield f"{path}.client: is written package.module:Class"
        if settings.base_url:
            yield from _address_problems(f"{path}.base_url", settings)


def _protocol_problems(path: str, name: str, settings: ProviderConfig) -> Iterator[str]:
    """What is wrong with the dialects of a provider, and with its version."""
    named = {f"{path}.dialect": settings.dialect} if settings.dialect else {}
    named |= {f"{path}.dialects[{start!r}]": each for start, each in settings.dialects.items()}
    for place, dialect in named.items():
        if dialect not in DIALECTS:
            yield f"{place}: {dialect!r} is no dialect; there is {', '.join(DIALECTS)}"
    for field, value in (
        ("dialects", settings.dialects),
        ("provider_tools", settings.provider_tools),
    ):
        if value and (name == ECHO or settings.client):
            yield f"{path}.{field}: is for a provider with a dialect; leave it out"
    if settings.api_version and not (name in ROWS and ROWS[name].api_version_env):
        yield f"{path}.api_version: {name} has no versions to choose from; leave it out"


def _overlaid(known: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The dialects by start; an own one counts for all longer ones that were known."""
    kept = {start: each for start, each in known.items() if not start.startswith(tuple(own))}
    return {**kept, **own}


def _with_tools(row: Row, tools: Iterable[str]) -> dict[str, Ways]:
    """What the row does in its other dialects, with the configured tools in each."""
    return {
        dialect: replace(ways, provider_tools=ways.provider_tools | {*tools})
        for dialect, ways in row.other_ways.items()
    }


def _own_row(name: str, settings: ProviderConfig) -> Row | None:
    if not settings.dialect:
        return None
    return Row(
        name=name,
        dialect=settings.dialect,
        base_url=settings.base_url,
        default_model=settings.default_model,
        needs_key=False,
    )


def _off(settings: ProviderConfig, row: Row | None) -> str:
    if not settings.enabled:
        return "enabled: false"
    if row is None:
        return ""
    if row.needs_key and not settings.api_keys:
        return f"set {_switch(row)}"
    if not (row.base_url or settings.base_url):
        return f"set {row.base_url_env}"
    return ""


def _switch(row: Row) -> str:
    if not row.base_url:
        return f"{row.key_env[0]} and {row.base_url_env}"
    return row.key_env[0] if row.needs_key else row.base_url_env


def _address_problems(path: str, settings: ProviderConfig) -> Iterator[str]:
    """What is wrong with an address: https is a must unless loopback or allowed.

    Addresses of metadata services are refused: there clouds keep their machines' credentials.
    """
    try:
        address = urlsplit(settings.base_url)
        host, _ = address.hostname or "", address.port
        called = URL(settings.base_url).raw_host or ""  # as it will be connected to
    except ValueError:
        yield f"{path}: is no http or https address"  # a password may stand in it
        return
    if address.username is not None:
        yield f"{path}: has a user name or password; keys go into api_keys"
        return
    if address.query or address.fragment:
        yield f"{path}: has a query or a fragment; paths are written behind it"
        return
    loopback = host == "localhost"
    if (found := literal(called)) is not None:
        loopback = is_loopback(found)
        if is_refused(found):
            yield (
                f"{path}: {host} is an address of a cloud's metadata service, "
                "link-local or known; give the provider's own"
            )
    if address.scheme not in ("http", "https") or not host:
        yield f"{path}: {settings.base_url!r} is no http or https address"
    elif address.scheme == "http" and not (loopback or settings.allow_http):
        yield f"{path}: keys and prompts go to {host} in clear; use https, or allow_http: true"
