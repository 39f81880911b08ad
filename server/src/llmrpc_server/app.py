"""The composition root: from a configuration to a running server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from opentelemetry.trace import Tracer

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import ApiKey
from llmrpc.errors import ModelNotFoundError
from llmrpc_server import __version__
from llmrpc_server.catalogue import published
from llmrpc_server.catalogue.models import find_model
from llmrpc_server.catalogue.prices import PriceBook
from llmrpc_server.config import Config, ConfigError, PlannedProvider, plan_providers
from llmrpc_server.interceptors import build_chain
from llmrpc_server.interceptors.items import Items
from llmrpc_server.own_client import make_own_client
from llmrpc_server.policies.discovery import Discovery, Lister, with_keys
from llmrpc_server.policies.keys import KeyRing
from llmrpc_server.policies.model_list import ModelList, Offer
from llmrpc_server.policies.pace import Pace
from llmrpc_server.policies.router import Knowledge, Names, Route, Router
from llmrpc_server.policies.stack import Parts, provider_stack
from llmrpc_server.providers.adapter import ProviderClient
from llmrpc_server.providers.clients import RowClient
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.echo import EchoClient
from llmrpc_server.providers.http import Upstream
from llmrpc_server.providers.tokenizer import Tokenizers
from llmrpc_server.redaction import Redactor
from llmrpc_server.rpc.batch import Batches
from llmrpc_server.rpc.drain import Drain
from llmrpc_server.rpc.health import Health
from llmrpc_server.rpc.lifecycle import Lifecycle
from llmrpc_server.rpc.server import add_services, bind, make_calls, make_server
from llmrpc_server.rpc.service import LLMServicer
from llmrpc_server.rpc.validation import Validator
from llmrpc_server.telemetry import Exporter, start_tracing

OTLP_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class App:
    """A gateway. Made inside the event loop; `start`, then `stop` or a lifecycle."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.planned = tuple(plan_providers(config))
        self._on = [each for each in self.planned if not each.off]
        self._tracing = start_tracing(_exporter(config), __version__)
        self._tracer: Tracer | None = None
        if self._tracing is not None:
            self._tracer = self._tracing.get_tracer("llmrpc_server", __version__)
        self._prices = PriceBook(config.prices)
        self._tokenizers = Tokenizers(config.vocabularies)
        self._upstream = Upstream(config.http, config.timeout)
        self.health = Health([each.name for each in self._on])
        batch = config.batch
        self._paces = {
            each.name: Pace(batch.total_concurrency, batch.patience) for each in self._on
        }
        self._listers: dict[str, Lister] = {}
        routes = self._routes()
        self._discovery = Discovery(self._listers, config.models, self._learned)
        self._models = ModelList(
            {each.name: _offer(each) for each in self._on},
            self._aliases,
            self._prices,
            self._discovery.found,
        )
        self.client = self._router(routes)
        redactor, drain, validator = Redactor(config.secrets()), Drain(), Validator(config.limits)
        calls = make_calls(config.listen)
        self.chain = build_chain(
            tracer=self._tracer,
            redactor=redactor,
            keys={key.name: key.digest() for key in config.auth},
            calls=calls,
            max_calls=config.listen.max_calls,
            timeout=config.timeout,
            write_timeout=config.listen.write_timeout,
        )
        self.server = make_server(config.listen, self.chain)
        self.lifecycle = Lifecycle(self.server, self.health, drain, calls, config.listen)
        batches = Batches(
            self.client,
            validator=validator,
            items=Items(self._tracer, redactor),
            pace=self._pace,
            drain=drain,
            settings=batch,
            timeout=config.timeout,
        )
        self._servicer = LLMServicer(self.client, validator, batches, self.models)

    def doubts(self) -> list[str]:
        """Configured names of models that no provider answers to, and times that allow nothing."""
        names = {"default_model": ""} if self.config.default_model else {}
        names |= {f"aliases.{alias}": alias for alias in self.config.aliases}
        problems = []
        for path, name in names.items():
            try:
                self.client.resolve(name)
            except ModelNotFoundError as error:
                problems.append(f"{path}: {error.message}")
        least = self.config.retry.min_remaining
        if self.config.timeout < least:
            problems.append(
                f"timeout: {self.config.timeout:g} s is less than retry.min_remaining, "
                f"{least:g} s: no whole answer would ever be asked for; lower the latter"
            )
        return problems

    async def models(self) -> Sequence[pb.Model]:
        """All models that can be called, by name; after a wait for the first lists."""
        await self._discovery.first()
        return await self._models.models()

    async def start(self) -> int:
        """Opens the port and serves; gives the port's number."""
        add_services(self.server, self.config.listen, self._servicer, self.health)
        port = bind(self.server, self.config.listen)
        if any(each.row is not None for each in self._on):
            self._upstream.open()
            await asyncio.to_thread(self._prices.load)
        await self.health.start()
        await self.server.start()
        self._discovery.start()
        return port

    async def close(self) -> None:
        """Lets go of connections and sends the last spans; the server has stopped."""
        async with AsyncExitStack() as stack:  # from the last to the first, whatever one raises
            if self._tracing is not None:
                stack.push_async_callback(asyncio.to_thread, self._tracing.shutdown)
            stack.push_async_callback(self._upstream.close)
            stack.push_async_callback(self.client.close)
            stack.push_async_callback(self._discovery.close)

    def _routes(self) -> dict[str, Route]:
        if not self._on:
            raise ConfigError(["providers: all are off"])
        routes = {}
        for each in self._on:
            row = each.row
            routes[each.name] = Route(
                client=self._stack(each),
                default_model=each.settings.default_model
                or (each.name if row is None else row.default_model),
                models=frozenset(each.settings.models),
            )
        return routes

    def _router(self, routes: Mapping[str, Route]) -> Router:
        names = Names(
            default_model=self.config.default_model,
            aliases=self.config.aliases,
            unconfigured={each.name: each.off for each in self.planned if each.off},
        )
        knowledge = Knowledge(
            self._has, _names, self._models.nearest, self._models.ready, self._discovery.first
        )
        return Router(routes, names, knowledge)

    def _has(self, provider: str, model: str) -> bool:
        """Whether a provider lists a model, or the catalogue knows it as its own."""
        return (
            model in (self._discovery.found(provider) or ())
            or find_model(provider, model) is not None
            or self._prices.knows(provider, model)
        )

    def _aliases(self) -> dict[str, tuple[str, str]]:
        """The provider and model behind each alias that means one."""
        targets = {alias: self.client.find(alias) for alias in self.config.aliases}
        return {
            alias: (target.provider, target.model)
            for alias, target in targets.items()
            if target is not None and target.model
        }

    async def _pace(self, model: str) -> Pace:
        """The pace of the provider that a batch's item goes to."""
        return self._paces[(await self.client.aim(model)).provider]

    def _learned(self) -> None:
        self._models.changed()
        self.client.forget()

    def _stack(self, planned: PlannedProvider) -> BaseLLMClient:
        keys = [
            ApiKey(f"{planned.name}-{number}", secret)
            for number, secret in enumerate(planned.settings.api_keys, 1)
        ]
        ring = KeyRing(planned.name, keys)
        adapter = self._adapter(planned)
        if isinstance(adapter, ProviderClient):
            self._listers[planned.name] = with_keys(adapter, ring, self.config.models)
        elif planned.settings.client:
            self._listers[planned.name] = adapter.list_models
        parts = Parts(
            keys=ring,
            retry=self.config.retry,
            pace=self._paces[planned.name],
            on_health_change=self.health.provider_changed,
            tracer=self._tracer,
        )
        return provider_stack(adapter, parts)

    def _adapter(self, planned: PlannedProvider) -> BaseLLMClient:
        if planned.row is not None:
            return RowClient(
                planned.row,
                base_url=planned.settings.base_url or None,
                defaults=_defaults(planned, self.config),
                upstream=self._upstream,
                prices=self._prices,
                tokenizers=self._tokenizers,
            )
        if planned.settings.client:
            return make_own_client(planned, self.config)
        return EchoClient(max_tokens=self.config.max_tokens)


def _names(provider: str, model: str) -> bool:
    """Whether the catalogue has a model of a provider by exactly this name, or a snapshot of it."""
    return find_model(provider, model) is not None or model in published.names(provider)


def _defaults(planned: PlannedProvider, config: Config) -> Defaults:
    """A temperature that the operator gives a provider is for all of its models."""
    own = planned.settings.temperature
    if own is None:
        return Defaults(config.temperature, config.max_tokens)
    return Defaults(own, config.max_tokens, any_model=True)


def _offer(planned: PlannedProvider) -> Offer:
    """What the configuration says that a provider has, and what its row does."""
    settings, row = planned.settings, planned.row
    configured = {*settings.models, settings.default_model}
    if row is None:
        configured.add(settings.default_model or planned.name)
    return Offer(
        frozenset(configured - {""}),
        frozenset({row.default_model} - {""}) if row is not None else frozenset(),
    )


def _exporter(config: Config) -> Exporter:
    if config.tracing.exporter != "auto":
        return config.tracing.exporter
    return "otlp" if any(os.environ.get(name) for name in OTLP_ENDPOINTS) else "none"
