"""`llmrpc models`: what the gateway can call, with sizes, prices and abilities."""

from __future__ import annotations

import asyncio

from llmrpc import GatewayClient
from llmrpc import v1 as pb
from llmrpc.cli import report
from llmrpc.cli.models_table import print_models
from llmrpc.cli.output import OK, exit_code, print_json
from llmrpc.cli.settings import Reach


def run(reach: Reach, filter: str, *, as_json: bool) -> int:
    """Prints the models; the exit code."""

    def work() -> int:
        models = asyncio.run(_list(reach.connect(), filter))
        if as_json:
            for model in models:
                print_json(model)
            return OK
        print_models(models)
        if not reach.quiet:
            which = " match the filter" if filter else ""
            report.say(f"{len(models) or 'no'} model{'s' * (len(models) != 1)}{which}")
        return OK

    return exit_code("models", work, reach.address)


async def _list(client: GatewayClient, filter: str) -> list[pb.Model]:
    async with client:
        return await client.list_models(filter)
