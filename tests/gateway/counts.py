"""Counts as a caller asks for them."""

from __future__ import annotations

from typing import Any

from llmrpc import v1 as pb
from tests.gateway.conftest import Gateway
from tests.gateway.failures import Failure, failure_of

ESTIMATE = pb.CountTokensResponse.METHOD_ESTIMATE
TOKENIZER = pb.CountTokensResponse.METHOD_TOKENIZER
IMAGE = pb.Part(image=pb.Image(uri="https://example.com/a.png"))


async def count(gateway: Gateway, request: pb.GenerateRequest, **options: Any) -> Any:
    return await gateway.stub.CountTokens(pb.CountTokensRequest(request=request), **options)


async def refusal(gateway: Gateway, request: pb.GenerateRequest, **options: Any) -> Failure:
    return await failure_of(
        gateway.stub.CountTokens(pb.CountTokensRequest(request=request), **options)
    )
