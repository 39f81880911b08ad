"""LLMService over a client: short methods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

import grpc

from llmrpc import v1 as pb
from llmrpc.base import BaseLLMClient
from llmrpc.errors import StreamInterruptedError
from llmrpc.v1 import llm_service_pb2_grpc
from llmrpc_server.interceptors.rpc import CURRENT
from llmrpc_server.rpc.batch import Batches
from llmrpc_server.rpc.listing import page_of
from llmrpc_server.rpc.validation import Validator

Models = Callable[[], Awaitable[Sequence[pb.Model]]]
"""Gives all models, ordered by name."""
Context = grpc.aio.ServicerContext[Any, Any]


class LLMServicer(llm_service_pb2_grpc.LLMServiceServicer):
    """Answers calls with what the client generates."""

    def __init__(
        self, client: BaseLLMClient, validator: Validator, batches: Batches, models: Models
    ) -> None:
        self._client = client
        self._validator = validator
        self._batches = batches
        self._models = models

    async def Generate(self, request: pb.GenerateRequest, context: Context) -> pb.LLMResponse:
        rpc = CURRENT.get()
        self._validator.check(request)
        rpc.requested_model = request.model
        rpc.response = await self._client.generate(request, rpc.call())
        return rpc.response

    async def StreamText(
        self, request: pb.GenerateRequest, context: Context
    ) -> AsyncIterator[pb.StreamEvent]:
        rpc = CURRENT.get()
        self._validator.check(request)
        rpc.requested_model = request.model
        async with aclosing(await self._client.open_stream(request, rpc.call())) as events:
            async for event in events:
                if event.HasField("completed"):
                    rpc.response = event.completed
                yield event
        if rpc.response is None:
            raise StreamInterruptedError("the provider's stream ended without its answer")

    def BatchGenerate(
        self, request_iterator: AsyncIterator[pb.BatchItem], context: Context
    ) -> AsyncIterator[pb.BatchResult]:
        return self._batches.run(CURRENT.get(), request_iterator)

    async def CountTokens(
        self, request: pb.CountTokensRequest, context: Context
    ) -> pb.CountTokensResponse:
        rpc = CURRENT.get()
        self._validator.check(request.request)
        rpc.requested_model = request.request.model
        return await self._client.count_tokens(request.request, rpc.call())

    async def ListModels(
        self, request: pb.ListModelsRequest, context: Context
    ) -> pb.ListModelsResponse:
        models = await self._models()
        return await asyncio.to_thread(page_of, models, request)
