"""What a request would send, counted: by the provider, by a tokenizer here, or by length."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from llmrpc import v1 as pb
from llmrpc.call import Call
from llmrpc.estimate import TOKENS_PER_MEDIUM, Size, estimate_prompt
from llmrpc_server.providers.asking import answered
from llmrpc_server.providers.dialects import counter
from llmrpc_server.providers.exchange import Exchange
from llmrpc_server.providers.provider import Provider
from llmrpc_server.providers.tokenizer import count

if TYPE_CHECKING:
    from tiktoken import Encoding

Method: TypeAlias = pb.CountTokensResponse
MOST = 8_000_000
"""Characters: a longer prompt fits no model, and is estimated alone."""
AROUND_MESSAGE, ROLE, BEFORE_ANSWER = 3, 1, 3
"""Tokens that OpenAI adds (its cookbook, "How to count tokens with tiktoken")."""


async def count_tokens(
    provider: Provider, request: pb.GenerateRequest, call: Call
) -> pb.CountTokensResponse:
    """The count of a request that `generate` would take; it raises as that does.

    A provider that counts but fails to is an error, and never an estimate in its
    place: who asks may have to rely on the number.
    """
    exchange = Exchange(provider, request, call, stream=False, count=True)
    if counting := counter(exchange.dialect):
        tokens = await answered(exchange, counting.decode_count)
        method = Method.METHOD_PROVIDER
    else:
        tokens, method = await _count_here(provider, request, exchange.model)
    exchange.attempt.succeed()
    return pb.CountTokensResponse(
        prompt_tokens=tokens, method=method, provider=provider.name, model=exchange.model
    )


async def _count_here(
    provider: Provider, request: pb.GenerateRequest, model: str
) -> tuple[int, Method.Method.ValueType]:
    """The count, and how it was made; the tokenizer runs beside the event loop."""
    size = Size(request)
    if provider.tokenizers is None or size.characters > MOST:
        return estimate_prompt(request), Method.METHOD_ESTIMATE
    encoding = await asyncio.to_thread(provider.tokenizers.find, model)
    if encoding is None:
        return estimate_prompt(request), Method.METHOD_ESTIMATE
    tokens = await asyncio.to_thread(_tokens, encoding, size)
    tokens += len(request.messages) * (AROUND_MESSAGE + ROLE) + BEFORE_ANSWER
    # how tools, schemas and media become tokens, OpenAI does not say
    exact = size.plain and not request.tools and not request.HasField("response_format")
    return tokens, Method.METHOD_TOKENIZER if exact else Method.METHOD_ESTIMATE


def _tokens(encoding: Encoding, size: Size) -> int:
    return sum(count(encoding, text) for text in size.texts) + size.media * TOKENS_PER_MEDIUM
