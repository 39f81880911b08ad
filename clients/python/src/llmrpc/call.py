"""What is known of one call while it goes through the clients."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

from llmrpc import v1 as pb
from llmrpc.secret import Secret


def new_request_id() -> str:
    """A fresh identifier: 32 hexadecimal digits. It is no secret."""
    return f"{random.getrandbits(128):032x}"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A provider key and the name that stands for it in attempts and logs."""

    name: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class Target:
    """Where an attempt goes: a provider, its own name of the model, and a key."""

    provider: str
    model: str
    key: ApiKey | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call. A policy that changes something passes `replace(call, …)` on."""

    request_id: str = field(default_factory=new_request_id)
    deadline: float | None = None
    """When the call must be over, on the clock of `time.monotonic()`."""
    caller: str = ""
    target: Target | None = None
    trace_context: tuple[tuple[str, str], ...] = ()
    """W3C headers (`traceparent`, `tracestate`) to send upstream."""
    metadata: tuple[tuple[str, str], ...] = ()
    """More to tell a gateway, or a proxy before it. No provider sees it."""
    started: float = field(default_factory=time.monotonic)
    """When the call was received, on the clock of `time.monotonic()`."""
    trail: list[pb.Attempt] = field(default_factory=list)
    """The attempts so far, shared by every copy of this call."""

    def aimed(self, target: Target) -> Call:
        """The same call with another target."""
        return Call(
            self.request_id,
            self.deadline,
            self.caller,
            target,
            self.trace_context,
            self.metadata,
            self.started,
            self.trail,
        )

    def remaining(self) -> float | None:
        """Seconds to the deadline, at least zero; None without a deadline."""
        if self.deadline is None:
            return None
        return max(0.0, self.deadline - time.monotonic())

    def elapsed(self) -> float:
        """Seconds since the call was received."""
        return time.monotonic() - self.started
