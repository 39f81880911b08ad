"""A gateway that answers as a test says: real grpc.aio, on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2_grpc

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder
from llmrpc.v1.llm_service_pb2_grpc import LLMServiceServicer, add_LLMServiceServicer_to_server
from tests.conftest import Certificates
from tests.running import LIMIT

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
Step: TypeAlias = "pb.StreamEvent | pb.LLMResponse | Failure | Hang"


@dataclass(frozen=True)
class Failure:
    """A status to end with; without details it is as gRPC itself would send it."""

    code: grpc.StatusCode
    message: str = "scripted"
    details: Sequence[Message] = ()
    trailing: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Hang:
    """Say nothing until the caller goes away, or `over` is set."""

    over: asyncio.Event = field(default_factory=asyncio.Event, compare=False)


async def answer_each(
    items: AsyncIterator[pb.BatchItem], context: Context
) -> AsyncIterator[pb.BatchResult]:
    """Every item at once, with its own prompt."""
    async for item in items:
        yield answered(item)


def answered(item: pb.BatchItem) -> pb.BatchResult:
    """The item's result: its own prompt comes back."""
    return pb.BatchResult(id=item.id, response=response(item.generate.messages[-1].content))


@dataclass
class Gateway(LLMServiceServicer):
    """Plays one script a call, the last one for ever, and records what it saw."""

    scripts: list[list[Step]] = field(default_factory=list)
    requests: list[pb.GenerateRequest] = field(default_factory=list)
    metadata: list[dict[str, str | bytes]] = field(default_factory=list)
    deadlines: list[float | None] = field(default_factory=list)
    batch: Callable[[AsyncIterator[pb.BatchItem], Context], AsyncIterator[pb.BatchResult]] = (
        answer_each
    )
    items: list[pb.BatchItem] = field(default_factory=list)
    count: pb.CountTokensResponse | Failure = field(default_factory=pb.CountTokensResponse)
    pages: dict[str, pb.ListModelsResponse | Failure] = field(default_factory=dict)
    """By their token."""
    page_requests: list[pb.ListModelsRequest] = field(default_factory=list)
    health: dict[str, int] = field(default_factory=dict)
    """`HealthCheckResponse.ServingStatus` by service."""
    cancelled: int = 0
    failed: int = 0
    target: str = ""

    def play(self, *scripts: Sequence[Step]) -> None:
        self.scripts = [list(script) for script in scripts]

    def _script(self, request: pb.GenerateRequest, context: Context) -> list[Step]:
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata() or ()))
        self.deadlines.append(context.time_remaining())
        return self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]

    async def Generate(self, request: pb.GenerateRequest, context: Context) -> pb.LLMResponse:
        with self._noting():
            for step in self._script(request, context):
                if isinstance(step, pb.LLMResponse):
                    return step
                await self._act(step, context)
        raise AssertionError("the script has no response")

    async def StreamText(
        self, request: pb.GenerateRequest, context: Context
    ) -> AsyncIterator[pb.StreamEvent]:
        with self._noting():
            for step in self._script(request, context):
                if isinstance(step, pb.StreamEvent):
                    yield step
                else:
                    await self._act(step, context)

    async def BatchGenerate(
        self, request_iterator: AsyncIterator[pb.BatchItem], context: Context
    ) -> AsyncIterator[pb.BatchResult]:
        self.metadata.append(dict(context.invocation_metadata() or ()))

        async def seen() -> AsyncIterator[pb.BatchItem]:
            async for item in request_iterator:
                self.items.append(item)
                yield item

        with self._noting():
            async for result in self.batch(seen(), context):
                yield result

    async def CountTokens(
        self, request: pb.CountTokensRequest, context: Context
    ) -> pb.CountTokensResponse:
        self.requests.append(request.request)
        if isinstance(self.count, pb.CountTokensResponse):
            return self.count
        await fail(context, self.count)
        raise AssertionError("a failure ends the call")

    async def ListModels(
        self, request: pb.ListModelsRequest, context: Context
    ) -> pb.ListModelsResponse:
        self.metadata.append(dict(context.invocation_metadata() or ()))
        self.page_requests.append(request)
        page = self.pages[request.page_token]
        if isinstance(page, pb.ListModelsResponse):
            return page
        await self._act(page, context)
        raise AssertionError("a failure ends the call")

    async def _act(self, step: Step, context: Context) -> None:
        if isinstance(step, Failure):
            self.failed += 1
            await fail(context, step)
        if isinstance(step, Hang):
            await step.over.wait()

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Counts a call that its caller has left.

        While a message is on its way gRPC cancels the sending; the handler is closed then.
        """
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            raise


async def fail(context: Context, failure: Failure) -> None:
    """Ends the call with this status."""
    trailing: list[tuple[str, str | bytes]] = list(failure.trailing)
    if failure.details:
        status = status_pb2.Status(code=failure.code.value[0], message=failure.message)
        for detail in failure.details:
            status.details.add().Pack(detail)
        trailing.append(("grpc-status-details-bin", status.SerializeToString()))
    await context.abort(failure.code, failure.message, tuple(trailing))


def info(reason: str, **metadata: str) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=reason, domain="llmrpc", metadata=metadata)


def response(text: str, **fields: Any) -> pb.LLMResponse:
    """A whole answer of one text part."""
    answer = pb.LLMResponse(
        content=text,
        provider="scripted",
        model="scripted-1",
        prompt_tokens=3,
        completion_tokens=2,
        tokens_used=5,
        cost_estimate=0.0012,
        response_time=0.25,
        finish_reason=pb.FINISH_REASON_STOP,
        request_id="r-1",
        **fields,
    )
    answer.message.role = pb.ROLE_ASSISTANT
    if text:
        answer.message.parts.add(text=text)
    answer.cost.total_nano_usd = 1_200_000
    return answer


def stream(*chunks: str, whole: bool = True, **fields: Any) -> list[Step]:
    """The events of an answer in these chunks; not whole: without its end."""
    answer = AnswerBuilder()
    events: list[Step] = []
    for sequence, chunk in enumerate(chunks, 1):
        answer.text("text", chunk)
        event = pb.StreamEvent(sequence=sequence, deltas=answer.take())
        if sequence == 1:
            event.started.CopyFrom(pb.Started(provider="scripted", model="scripted-1"))
        events.append(event)
    if whole:
        completed = response("".join(chunks), **fields)
        events.append(pb.StreamEvent(sequence=len(chunks) + 1, completed=completed))
    return events


def secured(files: Certificates, *, mutual: bool = False) -> grpc.ServerCredentials:
    """For `serve`; `mutual` asks the caller for a certificate too."""
    pair = (files.server_key.read_bytes(), files.server_cert.read_bytes())
    ca = files.ca.read_bytes() if mutual else None
    return grpc.ssl_server_credentials([pair], ca, require_client_auth=mutual)


@asynccontextmanager
async def serve(
    gateway: Gateway, credentials: grpc.ServerCredentials | None = None, port: int = 0
) -> AsyncIterator[Gateway]:
    """The gateway on loopback, on a free port unless told; `gateway.target` says where."""
    server = grpc.aio.server()
    checks = health.aio.HealthServicer()
    for service, status in gateway.health.items():
        await checks.set(service, status)
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    add_LLMServiceServicer_to_server(gateway, server)
    if credentials is None:
        port = server.add_insecure_port(f"127.0.0.1:{port}")
    else:
        port = server.add_secure_port(f"localhost:{port}", credentials)
    gateway.target = f"{'localhost' if credentials else '127.0.0.1'}:{port}"
    await server.start()
    try:
        yield gateway
    finally:
        await server.stop(None)


async def until(
    condition: Callable[[], object], process: asyncio.subprocess.Process | None = None
) -> None:
    """Waits for a condition; one that a process brings about is lost when that ends."""
    async with asyncio.timeout(LIMIT):
        while not condition():
            assert process is None or process.returncode is None, f"ended: {process.returncode}"
            await asyncio.sleep(0.005)
