"""Gateways that run: one in the test's own event loop, one as a process of its own."""

from __future__ import annotations

import asyncio
import codecs
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import yaml

from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from llmrpc_server.app import App
from llmrpc_server.config import Config, load_config

if TYPE_CHECKING:
    from llmrpc.v1.llm_service_pb2_grpc import LLMServiceAsyncStub

ROOT = Path(__file__).parents[1]
LIMIT = 30.0
"""Seconds that any wait in a test may take; what is waited for comes far sooner."""


def write_config(folder: Path, settings: Mapping[str, Any]) -> Path:
    """A YAML file of settings; the port is a free one on loopback unless given.

    A stop does not pause, unless a test says so.

    No provider is asked for its models unless a test says so.
    """
    listen = {"address": "127.0.0.1:0", "drain_pause": 0.0} | dict(settings.get("listen", {}))
    models = {"discovery": False} | dict(settings.get("models", {}))
    path = folder / "llmrpc.yaml"
    path.write_text(yaml.safe_dump(dict(settings) | {"listen": listen, "models": models}))
    return path


@dataclass
class RunningGateway:
    """A gateway in this event loop, and its address."""

    app: App
    port: int
    _channels: list[grpc.aio.Channel] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def config(self) -> Config:
        return self.app.config

    def channel(
        self, credentials: grpc.ChannelCredentials | None = None, **options: Any
    ) -> grpc.aio.Channel:
        """A channel that is closed with the gateway; options without `grpc.`."""
        arguments = [(f"grpc.{name}", value) for name, value in options.items()]
        if credentials is None:
            channel = grpc.aio.insecure_channel(self.address, options=arguments)
        else:
            target = f"localhost:{self.port}"
            channel = grpc.aio.secure_channel(target, credentials, options=arguments)
        self._channels.append(channel)
        return channel

    @property
    def stub(self) -> LLMServiceAsyncStub:
        """A stock stub on a channel of its own."""
        return as_async(LLMServiceStub(self.channel()))

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()
        await self.app.server.stop(None)
        await self.app.close()


def as_async(stub: Any) -> LLMServiceAsyncStub:
    """A stub on a grpc.aio channel, as the type that it then is."""
    result: LLMServiceAsyncStub = stub
    return result


async def start(config: Config) -> RunningGateway:
    app = App(config)
    return RunningGateway(app, await app.start())


def configured(folder: Path, settings: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """The configuration that the command would run with."""
    return load_config(write_config(folder, settings), environment)


class GatewayProcess:
    """`llmrpc-server` as a process; its output is read as it comes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.stdout = ""
        self.stderr = ""
        self._readers = [
            asyncio.create_task(self._read(process.stdout, "stdout")),
            asyncio.create_task(self._read(process.stderr, "stderr")),
        ]

    @classmethod
    async def start(
        cls, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> GatewayProcess:
        """Starts the command with no environment but this, and does not wait."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "llmrpc_server", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"} | dict(environment or {}),
        )
        return cls(process)

    async def address(self) -> str:
        """Where it listens, once its banner has said so."""
        found: list[str] = []

        def announced() -> bool:
            found.extend(re.findall(r"gRPC\s+(\S+)", self.stdout))
            assert self.process.returncode is None, self.stderr
            return "Try it" in self.stdout

        await until(announced)
        return found[0]

    async def terminate(self) -> int:
        """SIGTERM; gives the exit status."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """The exit status, once it has ended and all its output is here."""
        async with asyncio.timeout(LIMIT):
            status = await self.process.wait()
            await asyncio.gather(*self._readers)
        return status

    async def close(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.ended()

    async def _read(self, stream: asyncio.StreamReader | None, name: str) -> None:
        assert stream is not None
        decoder = codecs.getincrementaldecoder("utf-8")()  # a read may end inside a character
        while chunk := await stream.read(65536):
            setattr(self, name, getattr(self, name) + decoder.decode(chunk))


async def until(condition: Callable[[], object]) -> None:
    """Waits for a condition that no event tells of."""
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)
