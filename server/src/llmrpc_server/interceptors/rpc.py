"""One call, or one item of a batch, while it goes through the interceptors."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import grpc

from llmrpc import v1 as pb
from llmrpc.call import Call
from llmrpc.errors import LLMClientError

Context = grpc.aio.ServicerContext[Any, Any]
PROBES = ("grpc.health.", "grpc.reflection.")
"""How the methods of health and reflection begin, which ask for a name and cost nothing."""


@dataclass(slots=True, eq=False)
class Rpc:
    """What is known of a call; each interceptor fills in its own part."""

    method: str
    """`llmrpc.v1.LLMService/Generate`."""
    metadata: Mapping[str, str]
    """The caller's text metadata, the last value of each key."""
    streams: bool
    """Whether it answers with a stream."""
    context: Any = None
    """gRPC's own, once a handler has the call."""
    core: Any = None
    """The call in gRPC's core, until it is over."""
    room: Any = None
    """Where its request has a place, until it is there."""
    peer: str = ""
    """Where the caller is: `ipv4:127.0.0.1:50000`."""
    refusal: LLMClientError | None = None
    """Why it was refused at its headers."""
    ending: LLMClientError | None = None
    """Why it was ended before it was done."""
    too_large: bool = False
    """Whether the core refused a message of it that is over the bound."""
    started: float = field(default_factory=time.monotonic)
    request_id: str = ""
    caller: str = ""
    deadline: float | None = None
    trace_context: tuple[tuple[str, str], ...] = ()
    code: grpc.StatusCode = grpc.StatusCode.OK
    reason: str = ""
    """Why it failed, as in ErrorInfo."""
    requested_model: str = ""
    """As the caller named it, once it is known to be printable."""
    response: pb.LLMResponse | None = None
    """The answer, once it is whole."""
    usage: pb.Usage | None = None
    """What was used without a whole answer, as far as it is known."""
    cost: pb.Cost | None = None
    """What that costs."""
    trail: list[pb.Attempt] = field(default_factory=list)
    trailers: list[tuple[str, str | bytes]] = field(default_factory=list)
    """Trailing metadata that goes with any outcome."""
    place: int = 0
    """Of an item in its batch, from 1; 0 for a call of its own."""
    items: int = 0
    """Of a batch: how many were answered."""
    failed: int = 0
    """Of these: how many with an error."""

    def item(self, place: int) -> Rpc:
        """An item of this batch, as if it were a call of its own inside this one."""
        return Rpc(
            self.method,
            dict(self.trace_context),
            streams=False,
            context=self.context,
            peer=self.peer,
            request_id=f"{self.request_id}/{place}",
            caller=self.caller,
            deadline=self.deadline,
            place=place,
        )

    def call(self) -> Call:
        """The same for the clients that do the work."""
        return Call(
            request_id=self.request_id,
            deadline=self.deadline,
            caller=self.caller,
            trace_context=self.trace_context,
            started=self.started,
            trail=self.trail,
        )


CURRENT: ContextVar[Rpc] = ContextVar("llmrpc_rpc")
"""The call that this task serves. Each call has a task of its own."""
