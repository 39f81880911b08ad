"""A gateway process that is attacked: what it answers, what it logs, what it keeps."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from tests.running import GatewayProcess

MB = 1024 * 1024
LARGE = [("grpc.max_receive_message_length", 64 * MB), ("grpc.max_send_message_length", 64 * MB)]


@dataclass
class Victim:
    """A running gateway process; its channels are closed with it."""

    process: GatewayProcess
    address: str
    """`host:port`."""
    _channels: list[grpc.aio.Channel] = field(default_factory=list)

    def channel(self, **options: Any) -> grpc.aio.Channel:
        """A channel of its own connection for large messages; options without `grpc.`."""
        given = [(f"grpc.{name}", value) for name, value in options.items()]
        own = ("grpc.use_local_subchannel_pool", 1)
        channel = grpc.aio.insecure_channel(self.address, options=[*LARGE, own, *given])
        self._channels.append(channel)
        return channel

    def stub(self, **options: Any) -> Any:
        """A stock stub of LLMService on such a channel."""
        return LLMServiceStub(self.channel(**options))

    @property
    def pid(self) -> int:
        return self.process.process.pid

    def resident(self) -> float:
        """Memory that the process has in RAM, in MB: proc_pid_statm(5)."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / MB

    def cpu_seconds(self) -> float:
        """User and system time so far of all its threads, as `benchmarks.processes` reads it."""
        return time.clock_gettime(~self.pid << 3 | 2)

    def lines(self, message: str = "call") -> list[dict[str, Any]]:
        """The JSON log lines of this message so far, oldest first."""
        whole = self.process.stderr.rpartition("\n")[0].split("\n")
        found = [json.loads(line) for line in whole if line.startswith("{")]
        return [line for line in found if line.get("message") == message]

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()
