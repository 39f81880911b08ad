"""The servers that are measured side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class System:
    """A server to start, and the model to call it with.

    In `command` (what `python -m` runs) and in `environment`, `{upstream}` is the port
    of the scripted provider. It listens on a free port of loopback and writes which.
    """

    name: str
    title: str
    command: str
    model: str = "gpt-4"
    environment: Mapping[str, str] = field(default_factory=dict)
    asks_upstream: bool = True

    def arguments(self, upstream: int) -> list[str]:
        return ["-m", *self.command.format(upstream=upstream).split()]

    def variables(self, upstream: int) -> dict[str, str]:
        return {name: value.format(upstream=upstream) for name, value in self.environment.items()}


_ADDRESS = {"LLMRPC_ADDRESS": "127.0.0.1:0", "LLMRPC_DISCOVERY": "false"}
_OPENAI = {"OPENAI_API_KEY": "x", "OPENAI_BASE_URL": "http://127.0.0.1:{upstream}/v1"}

FLOOR = System(
    "floor",
    "bare grpc.aio + aiohttp, a message per read: **the floor**",
    "benchmarks.floor merged {upstream}",
)
SYSTEMS = (
    System(
        "bare-echo",
        "bare grpc.aio, echo without upstream, a message per token",
        "benchmarks.floor echo {upstream}",
        asks_upstream=False,
    ),
    System(
        "naive",
        "bare grpc.aio + aiohttp, a message per token",
        "benchmarks.floor naive {upstream}",
    ),
    FLOOR,
    System(
        "gateway-echo",
        "llmrpc, its own `echo`, a message per token",
        "llmrpc_server",
        model="echo",
        environment=_ADDRESS,
        asks_upstream=False,
    ),
    System(
        "gateway",
        "llmrpc",
        "llmrpc_server",
        model="openai/gpt-4",
        environment=_ADDRESS | _OPENAI,
    ),
)
