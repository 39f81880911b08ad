"""`llmrpc generate`: one prompt, one answer."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from llmrpc import GatewayClient
from llmrpc import v1 as pb
from llmrpc.cli import report
from llmrpc.cli.asking import Asking, user_message
from llmrpc.cli.output import NOT_TEXT, OK, Answer, Misuse, exit_code
from llmrpc.types import LLMMessage


def run(
    asking: Asking, words: Sequence[str], *, stream: bool | None, as_json: bool, reasoning: bool
) -> int:
    """Answers the prompt; the exit code."""

    def work() -> int:
        request = question(asking, words)
        whole = stream is False or (stream is None and as_json)
        show = partial(_whole if whole else _stream, request, asking.quiet, as_json, reasoning)
        response = asyncio.run(_answer(asking.connect(), show))
        if not as_json:
            report.print_calls(response.message)
        if not asking.quiet:
            report.print_summary(response)
        return OK

    return exit_code("generate", work, asking.address)


def question(asking: Asking, words: Sequence[str]) -> pb.GenerateRequest:
    """The request for a prompt in words, in a pipe and in files."""
    parts = asking.parts()
    prompt = _prompt(words, needed=not parts)
    system = [LLMMessage("system", asking.system)] if asking.system else []
    return asking.request([*system, user_message(prompt, parts)])


async def _answer(
    client: GatewayClient, show: Callable[[GatewayClient], Awaitable[pb.LLMResponse]]
) -> pb.LLMResponse:
    async with client:
        return await show(client)


async def _whole(
    request: pb.GenerateRequest, quiet: bool, as_json: bool, reasoning: bool, client: GatewayClient
) -> pb.LLMResponse:
    answer = Answer(reasoning=reasoning, quiet=quiet)
    try:
        response = await client.generate(request)
        if as_json:
            answer.json(response)
            return response
        for part in response.message.parts:
            answer.add(pb.Delta(reasoning=part.reasoning))
        answer.write(response.content)
    finally:
        answer.end()
    return response


async def _stream(
    request: pb.GenerateRequest, quiet: bool, as_json: bool, reasoning: bool, client: GatewayClient
) -> pb.LLMResponse:
    answer = Answer(reasoning=reasoning, quiet=quiet)
    try:
        async with await client.open_stream(request) as events:
            async for event in events:
                if as_json:
                    answer.json(event)
                else:
                    for delta in event.deltas:
                        answer.add(delta)
    finally:
        answer.end()
    return event.completed


def _prompt(words: Sequence[str], *, needed: bool) -> str:
    """The words, and then what is piped in."""
    typed = list(words) == ["-"]
    parts = [] if typed else [" ".join(words)]
    if typed or _piped():
        try:
            parts.append(sys.stdin.buffer.read().decode().rstrip("\n"))
        except UnicodeDecodeError:
            raise Misuse(NOT_TEXT) from None
    prompt = "\n\n".join(part for part in parts if part)
    if needed and not prompt.strip():
        raise Misuse("no prompt: give it as an argument or pipe it in")
    return prompt


def _piped() -> bool:
    """Whether standard input is a pipe or a file.

    Anything else, such as the socket that a service manager may leave there, might
    never end.
    """
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)
