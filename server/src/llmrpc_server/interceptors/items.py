"""What every item of a batch passes through: as a call would, but that its error is told."""

from __future__ import annotations

import asyncio

from google.rpc import status_pb2
from opentelemetry.trace import Tracer

from llmrpc import v1 as pb
from llmrpc_server.frames import drop_frames
from llmrpc_server.interceptors.chain import Proceed
from llmrpc_server.interceptors.errors import Errors
from llmrpc_server.interceptors.observe import Observe
from llmrpc_server.interceptors.rpc import Rpc
from llmrpc_server.redaction import Redactor
from llmrpc_server.rpc.status import to_rpc_status


class Items:
    """A span, a log line, and a status for what goes wrong.

    Who calls and how many was looked at for the batch as a whole.
    """

    def __init__(self, tracer: Tracer | None, redactor: Redactor) -> None:
        self._observe = Observe(tracer)
        self._errors = Errors(redactor)

    async def __call__(self, rpc: Rpc, work: Proceed) -> pb.LLMResponse | status_pb2.Status:
        """The answer of `work`, or the status that a call of its own would end with."""
        outcome: pb.LLMResponse | status_pb2.Status
        outcome = await self._observe(rpc, lambda: self._outcome(rpc, work))
        return outcome

    async def _outcome(self, rpc: Rpc, work: Proceed) -> pb.LLMResponse | status_pb2.Status:
        try:
            rpc.response = await work()
            return rpc.response
        except (Exception, asyncio.CancelledError) as error:
            failure = self._errors.settle(rpc, error)
            if failure is None:
                raise
            status = to_rpc_status(failure)
            drop_frames(error)
            drop_frames(failure)
            del failure
            return status
