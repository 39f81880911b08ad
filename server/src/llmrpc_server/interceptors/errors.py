"""Turns every exception into a status: typed ones by the table, others INTERNAL."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import grpc

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc_server.frames import drop_frames
from llmrpc_server.interceptors.chain import Proceed, no_method
from llmrpc_server.interceptors.rpc import Rpc
from llmrpc_server.redaction import Redactor
from llmrpc_server.rpc.status import CODES, to_status

logger = logging.getLogger(__name__)


class Errors:
    """Nothing but a status leaves.

    The text of an unforeseen exception is logged, never sent, and known secrets
    are taken out of the rest.

    A cancellation that is not the caller's would leave the caller waiting for its
    deadline; it ends as INTERNAL too. What a servicer aborted keeps its status.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    async def __call__(self, rpc: Rpc, proceed: Proceed) -> Any:
        try:
            return await proceed()
        except grpc.aio.AbortError:
            raise
        except (Exception, asyncio.CancelledError) as error:
            failure = self.settle(rpc, error)
            if failure is None:
                raise
            status = to_status(failure, rpc.trailers)
            drop_frames(error)
            drop_frames(failure)
            del failure
        return await rpc.context.abort_with_status(status)

    def settle(self, rpc: Rpc, error: BaseException) -> LLMClientError | None:
        """What may be told of the exception that is being handled; `rpc` is told too.

        None for a cancellation that is meant: it goes on.
        """
        failure = _typed(rpc, error)
        if failure is None:
            _record_spending(rpc, None)
            return None
        if not failure.request_id:
            failure.request_id = rpc.request_id
        if not failure.attempts:
            failure.attempts = tuple(rpc.trail)
        _record_spending(rpc, failure)
        self._redactor.clean_error(failure)
        rpc.code, rpc.reason = CODES[failure.reason], failure.reason_name
        rpc.ending = failure
        return failure


def _typed(rpc: Rpc, error: BaseException) -> LLMClientError | None:
    """The error itself where it is typed, else INTERNAL; None for a meant cancellation."""
    if isinstance(error, NotImplementedError) and rpc.code is grpc.StatusCode.UNIMPLEMENTED:
        # a generated servicer says so of a method that nobody wrote
        return no_method(rpc.method)
    if isinstance(error, LLMClientError):
        if error.reason in CODES:
            return error
        logger.error("request %s: an error without a status", rpc.request_id, exc_info=error)
    elif isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        if task is None:
            return None
        if rpc.ending is not None and task.cancelling() and not task.uncancel():
            return rpc.ending
        if task.cancelling():
            return None
        logger.error("request %s: a cancellation strayed", rpc.request_id, exc_info=error)
    else:
        logger.error("request %s: unforeseen", rpc.request_id, exc_info=error)
    return _internal()


def _record_spending(rpc: Rpc, failure: LLMClientError | None) -> None:
    """What a call without an answer used all the same: for its log line and status."""
    if failure is not None and failure.usage is not None:
        rpc.usage, rpc.cost = failure.usage, failure.cost
    elif used := [attempt for attempt in rpc.trail if attempt.HasField("usage")]:
        rpc.usage, rpc.cost = used[-1].usage, used[-1].cost
        if failure is not None:
            failure.usage, failure.cost = rpc.usage, rpc.cost


def _internal() -> LLMClientError:
    return LLMClientError(
        "internal gateway error; see the gateway log for this request id",
        reason=pb.ERROR_REASON_INTERNAL,
    )
