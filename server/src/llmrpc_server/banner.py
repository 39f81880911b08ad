"""What the server says when it is up: where it listens, who is on, what to try."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from llmrpc_server.config import Config, PlannedProvider
from llmrpc_server.rpc.address import on_loopback

DEFAULT_ADDRESS = "127.0.0.1:50051"
"""What the client takes without being told."""


def banner(
    config: Config,
    planned: Sequence[PlannedProvider],
    doubts: Sequence[str],
    port: int,
    version: str,
) -> Iterator[str]:
    """The lines of the banner; no secret is in them."""
    listen = config.listen
    address = listen.address
    if not address.startswith("unix"):
        address = f"{address.rpartition(':')[0]}:{port}"
    transport = "plaintext"
    if listen.tls is not None:
        transport = "mTLS" if listen.tls.client_ca else "TLS"
    certified = listen.tls is not None and listen.tls.client_ca is not None
    callers = "callers with a client certificate" if certified else "anonymous callers"
    if config.auth:
        callers = _count(len(config.auth), "bearer key")
    yield f"llmrpc {version}"
    yield f"  gRPC       {address} ({transport}, {callers})"
    switches = {"health": listen.health, "reflection": listen.reflection}
    yield "  services   LLMService" + "".join(f", {name}" for name, on in switches.items() if on)
    yield from provider_lines(planned)
    for doubt in doubts:
        yield f"  warning    {doubt}"
    if config.auth and listen.tls is None and not listen.is_loopback():
        yield "  warning    callers' keys cross the network in clear: set listen.tls"
    if not (config.auth or certified or listen.is_loopback()):
        yield "  warning    everybody who reaches this address may spend your money"
    reachable = on_loopback(address)
    yield ""
    yield "Try it, in another terminal:"
    yield f'  {_command()} generate{_options(config, reachable)} "Hello"'


def provider_lines(planned: Sequence[PlannedProvider]) -> Iterator[str]:
    """A line for each provider: where it is, or what turns it on."""
    for each in planned:
        if not each.off:
            where = each.settings.base_url or (each.row.base_url if each.row else "built in")
            where = each.settings.client or where
            keys = len(each.settings.api_keys)
            counted = f" ({_count(keys, 'key')})" if keys else ""
            yield f"  on         {each.name:<11}{where}{counted}"
    for each in planned:
        if each.off:
            yield f"  off        {each.name:<11}{each.off}"


def _options(config: Config, address: str) -> str:
    """What the client must be told beside the prompt; capitals stand for the caller's own."""
    options = "" if address == DEFAULT_ADDRESS else f" --address {address}"
    if config.listen.tls is not None:
        options += " --ca CA.pem"
        options += " --cert CERT.pem --key KEY.pem" if config.listen.tls.client_ca else ""
    return options + (" --token KEY" if config.auth else "")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _command() -> str:
    """The client beside this interpreter, as one would type it here."""
    beside = Path(sys.executable).with_name("llmrpc")
    return os.path.relpath(beside) if beside.exists() else "llmrpc"
