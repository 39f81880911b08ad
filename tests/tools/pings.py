"""Runs `keepalive` against a gateway, both in the background."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from tests.running import LIMIT, ROOT, write_config
from tests.server.wire import ask
from tests.tools.programs import tool

SECONDS = 45
"""Four pings: gRPC's own defaults send a client away at the third that comes too soon."""


class Pings:
    """Started when it is entered; both programs are gone when it is left."""

    def __init__(self, folder: Path, listen: Mapping[str, Any]) -> None:
        self._program = tool("keepalive")
        self._banner = folder / "banner"
        self._report = folder / "report"
        config = write_config(folder, {"listen": listen})
        self._command = (sys.executable, "-m", "llmrpc_server", "--config", str(config))
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start(stack, self._banner, *self._command)
            request = base64.b64encode(ask().SerializeToString()).decode()
            words = (self._address(), f"{SECONDS}s", request)
            self._client = self._start(stack, self._report, self._program, *words)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def running(self) -> bool:
        return self._client.poll() is None

    def report(self) -> dict[str, Any]:
        """What happened on each connection, once the clients are done."""
        status = self._client.wait(SECONDS + LIMIT)
        assert status == 0, self._report.read_text()
        result: dict[str, Any] = json.loads(self._report.read_text())
        return result

    def _start(self, stack: ExitStack, output: Path, *command: str) -> subprocess.Popen[bytes]:
        with output.open("wb") as file:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"},
            )
        stack.callback(process.wait, LIMIT)
        stack.callback(process.kill)
        return process

    def _address(self) -> str:
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            found = re.search(r"gRPC\s+(\S+).*Try it", self._banner.read_text(), re.DOTALL)
            if found:
                return found[1]
            time.sleep(0.02)
        raise TimeoutError("the gateway did not start")
