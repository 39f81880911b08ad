"""`llmrpc generate`: one prompt, one answer."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import Sequence

from google.protobuf import json_format
from google.protobuf.message import Message

from llmrpc import GatewayClient
from llmrpc import v1 as pb
from llmrpc.cli import report
from llmrpc.cli.output import NOT_TEXT, OK, Answer, Misuse, exit_code
from llmrpc.cli.settings import Settings
from llmrpc.types import build_conversation


def run(settings: Settings, words: Sequence[str], *, stream: bool | None, as_json: bool) -> int:
    """Answers the prompt; the exit code."""

    def work() -> int:
        conversation = build_conversation(settings.system, _prompt(words))
        request = settings.request(conversation)
        client = settings.connect()
        asyncio.run(_answer(client, request, settings, stream=stream, as_json=as_json))
        return OK

    return exit_code("generate", work, settings.address)


async def _answer(
    client: GatewayClient,
    request: pb.GenerateRequest,
    settings: Settings,
    *,
    stream: bool | None,
    as_json: bool,
) -> None:
    async with client:
        if stream is True or (stream is None and not as_json):
            response = await _stream(client, request, as_json=as_json)
        else:
            response = await client.generate(request)
            if as_json:
                _print_json(response)
            else:
                _print_text(response.content)
    if not settings.quiet:
        report.print_summary(response)


async def _stream(
    client: GatewayClient, request: pb.GenerateRequest, *, as_json: bool
) -> pb.LLMResponse:
    answer = Answer()
    try:
        async with await client.open_stream(request) as events:
            async for event in events:
                if as_json:
                    _print_json(event)
                else:
                    for delta in event.deltas:
                        answer.write(delta.text)
    finally:
        answer.end()
    return event.completed


def _print_text(text: str) -> None:
    answer = Answer()
    answer.write(text)
    answer.end()


def _print_json(message: Message) -> None:
    sys.stdout.write(json_format.MessageToJson(message, indent=None, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _prompt(words: Sequence[str]) -> str:
    """The words, and then what is piped in."""
    typed = list(words) == ["-"]
    parts = [] if typed else [" ".join(words)]
    if typed or _piped():
        try:
            parts.append(sys.stdin.buffer.read().decode().rstrip("\n"))
        except UnicodeDecodeError:
            raise Misuse(NOT_TEXT) from None
    prompt = "\n\n".join(part for part in parts if part)
    if not prompt.strip():
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
