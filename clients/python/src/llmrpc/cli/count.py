"""`llmrpc count`: how many tokens a prompt has, and who counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from llmrpc import GatewayClient
from llmrpc import v1 as pb
from llmrpc.cli import report
from llmrpc.cli.asking import Asking
from llmrpc.cli.generate import question
from llmrpc.cli.output import OK, exit_code, print_json

_HOW = {
    pb.CountTokensResponse.METHOD_PROVIDER: "counted by the provider",
    pb.CountTokensResponse.METHOD_TOKENIZER: "counted here with the model's tokenizer",
    pb.CountTokensResponse.METHOD_ESTIMATE: "an estimate from the length of the text",
}


def run(asking: Asking, words: Sequence[str], *, as_json: bool) -> int:
    """Prints the number, and on standard error how it was found; the exit code."""

    def work() -> int:
        request = question(asking, words)
        counted = asyncio.run(_count(asking.connect(), request))
        if as_json:
            print_json(counted)
            return OK
        print(counted.prompt_tokens)
        if not asking.quiet:
            how = _HOW.get(counted.method, "the gateway does not say how it was counted")
            whose = report.label(counted.provider, counted.model)
            report.say(f"{whose} · {how}" if whose else how)
        return OK

    return exit_code("count", work, asking.address)


async def _count(client: GatewayClient, request: pb.GenerateRequest) -> pb.CountTokensResponse:
    async with client:
        return await client.count_tokens(request)
