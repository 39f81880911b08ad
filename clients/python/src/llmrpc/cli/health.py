"""`llmrpc health`: whether the gateway, its service and its providers are serving."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from llmrpc import GatewayClient
from llmrpc.cli import report
from llmrpc.cli.output import FAILED, OK, Misuse, exit_code
from llmrpc.cli.settings import Reach
from llmrpc.errors import LLMClientError

SERVING = "SERVING"
_SERVICES = ("", "llmrpc.v1.LLMService")
_STYLES = {SERVING: "green", "NOT_SERVING": "bold red"}


def run(reach: Reach, service: str, *, all_services: bool, as_json: bool) -> int:
    """Prints each status; OK only where all of them are SERVING."""

    def work() -> int:
        if service and all_services:
            raise Misuse("give a service or --all, not both")
        statuses = asyncio.run(_ask(reach.connect(), service, all_services=all_services))
        if as_json:
            for name, status in statuses.items():
                print(json.dumps({"service": name, "status": status}))
        elif all_services:
            _print_table(statuses)
        else:
            _console().print(Text(statuses[service], _STYLES.get(statuses[service], "yellow")))
        return OK if set(statuses.values()) == {SERVING} else FAILED

    return exit_code("health", work, reach.address)


async def _ask(client: GatewayClient, service: str, *, all_services: bool) -> dict[str, str]:
    async with client:
        statuses = {
            name: await client.health(name) for name in (_SERVICES if all_services else [service])
        }
        for name in await _providers(client) if all_services else ():
            statuses[name] = await client.health(name)
        return statuses


async def _providers(client: GatewayClient) -> list[str]:
    """The providers' services, as far as the list of models knows of them."""
    try:
        models = await client.list_models()
    except LLMClientError as error:
        report.say(f"the providers are not known: {error}")
        return []
    return [f"provider/{name}" for name in sorted({model.provider for model in models})]


def _print_table(statuses: Mapping[str, str]) -> None:
    names = {name: name or "the gateway" for name in statuses}
    width = max(map(len, names.values()))
    for name, status in statuses.items():
        line = Text(f"{report.printable(names[name]):<{width}}  ")
        _console().print(line.append(status, _STYLES.get(status, "yellow")))


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False, markup=False, soft_wrap=True)
