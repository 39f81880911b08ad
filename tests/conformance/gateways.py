"""The gateway of the suite: the production App, and what its listeners need."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.call import Call
from llmrpc.stream import EventStream
from llmrpc.wrapper import WrapperClient
from llmrpc_server.app import App
from llmrpc_server.config import PlannedProvider
from tests.conformance import future_gateway
from tests.conformance.http_provider import perform
from tests.conformance.play import STAGE, Play
from tests.conftest import Certificates, holding_port, issue
from tests.running import configured
from tests.upstream import running_upstream

TOKEN = "conformance-key-0123456789"
OWN = "tests.conformance.own_provider:Scripted"
KEYS_APART = ("limited", "poor", "refused")
"""Providers whose keys a scenario spoils: of nobody else's use."""
SMALL = 64 * 1024
"""Bytes of a message that the gateway `small` takes."""
MODELS = [f"model-{number:04}" for number in range(1, 2101)]


def settings(upstream: str, nobody: str, models: Sequence[str]) -> dict[str, Any]:
    """The configuration, but for where it listens; `models` are those of the provider `many`."""
    key = {"api_keys": ["sk-conformance-key"]}
    chat = {"base_url": f"{upstream}/v1"} | key
    return {
        "providers": {
            "openai": chat,
            "anthropic": {"base_url": upstream} | key,
            "google": {"base_url": f"{upstream}/v1beta"} | key,
            **{name: chat | {"dialect": "openai"} for name in KEYS_APART},
            "gone": chat | {"dialect": "openai", "base_url": f"http://{nobody}"},
            "scripted": {"client": OWN},
            "ill": {"client": OWN},
            "many": {"client": OWN, "models": [*models]},
        },
        "aliases": {"alias-of-many": "many/model-0001"},
        "temperature": None,
        "prices": [
            {"provider": "openai", "model": name, "input": 0.25, "output": 1, "cache_read": 0}
            for name in ("priced", "gpt-4o")
        ],
        "timeout": 20,
        "retry": {
            "attempts": 3,
            "base_delay": 0.01,
            "max_delay": 0.02,
            "max_retry_after": 0.5,
            "min_remaining": 0.01,
        },
        "log": {"level": "error"},
    }


@dataclass(frozen=True)
class Gateways:
    """What a runner may call: the target of each listener, and texts that stand for places."""

    targets: Mapping[str, dict[str, str]]
    upstream: str


@asynccontextmanager
async def running_gateways(folder: Path) -> AsyncIterator[Gateways]:
    """The gateway on each of its listeners, with the scripted providers behind it."""
    certificates = issue(folder)
    tls = {"certificate": str(certificates.server_cert), "key": str(certificates.server_key)}
    bearer = {"auth": [{"name": "tutor", "key": TOKEN}]}
    _as_pkcs8(certificates.client_key)
    ca = {"ca": str(certificates.ca)}
    mine = {"cert": str(certificates.client_cert), "key": str(certificates.client_key)}
    listeners: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
        "plain": ({}, {}),
        "small": ({"listen": {"max_message_bytes": SMALL}}, {}),
        "bearer": (bearer, {}),
        "tls": ({"listen": {"tls": tls}}, ca),
        "mtls": ({"listen": {"tls": tls | {"client_ca": ca["ca"]}}}, ca | mine),
    }
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(running_upstream())
        upstream.script(perform)
        url = upstream.url.removesuffix("/v1")
        nobody = f"127.0.0.1:{stack.enter_context(holding_port())}"
        targets = {"nobody": {"address": nobody}}
        for name, (own, files) in listeners.items():
            # all of them take as long to read as all else, and are listed by one listener
            models = MODELS if name == "plain" else MODELS[:1]
            app = ObservedApp(configured(folder, settings(url, nobody, models) | own, {}))
            port = await app.start()
            stack.push_async_callback(app.close)
            stack.push_async_callback(app.server.stop, None)
            host = "localhost" if files else "127.0.0.1"
            targets[name] = {"address": f"{host}:{port}", **files}
        future, port = await future_gateway.started(STAGE)
        stack.push_async_callback(future.stop, None)
        targets["future"] = {"address": f"127.0.0.1:{port}"}
        tls_only = {"address": targets["tls"]["address"]}
        targets |= {
            "tls-plain": tls_only,
            "tls-stranger": tls_only | {"ca": str(_stranger(folder).ca)},
            "mtls-bare": {"address": targets["mtls"]["address"]} | ca,
        }
        yield Gateways(targets, url)


def _stranger(folder: Path) -> Certificates:
    """An authority that signed none of the gateways."""
    own = folder / "stranger"
    own.mkdir()
    return issue(own)


def _as_pkcs8(path: Path) -> None:
    """The key in the one form that every language reads: Java knows no other."""
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


class ObservedApp(App):
    """The production App, told when its servicer has written an event."""

    def _stack(self, planned: PlannedProvider) -> BaseLLMClient:
        return _Observed(super()._stack(planned))


class _Observed(WrapperClient):
    async def open_stream(
        self, request: pb.GenerateRequest, call: Call | None = None
    ) -> EventStream:
        play = STAGE.get(call.target.model if call and call.target else request.model)
        if play is None:
            return await self.inner.open_stream(request, call)
        play.opened()
        return _Passing(await self.inner.open_stream(request, call), play)


class _Passing(EventStream):
    """The servicer asks for an event once it has written the one before."""

    def __init__(self, inner: EventStream, play: Play) -> None:
        self._inner, self._play = inner, play
        self._asked = False

    async def __anext__(self) -> pb.StreamEvent:
        if self._asked:
            self._play.pass_on()
        self._asked = True
        return await self._inner.__anext__()

    async def aclose(self) -> None:
        await self._inner.aclose()
