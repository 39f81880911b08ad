"""Names of spans and attributes stand in one file, and cost nothing when unused."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.running import ROOT

SOURCES = [*(ROOT / "server/src").rglob("*.py"), *(ROOT / "clients/python/src").rglob("*.py")]


def test_attribute_names_are_written_in_telemetry_alone() -> None:
    name = re.compile(r"""["'](?:gen_ai|rpc|error|llmrpc)\.[a-z_.]+["']""")
    others = {'"llmrpc.v1"', '"llmrpc.access"', '"llmrpc.models"'}
    others |= {f'"llmrpc.{module.stem}"' for module in (ROOT / "clients/python/src").glob("*/*.py")}
    found = {
        (path.name, match)
        for path in SOURCES
        if path.name != "telemetry.py" and "_pb2" not in path.name
        for match in name.findall(path.read_text())
        if match not in others
    }
    assert not found


def test_without_an_exporter_the_sdk_is_not_imported() -> None:
    program = """
import asyncio, sys
from llmrpc_server.app import App
from llmrpc_server.config import load_config

async def main():
    app = App(load_config(None, {"LLMRPC_ADDRESS": "127.0.0.1:0"}))
    await app.start()
    await app.server.stop(None)
    await app.close()

asyncio.run(main())
print(sorted(name for name in sys.modules if name.startswith("opentelemetry.sdk")
             or name.startswith("opentelemetry.exporter")))
"""
    environment = {"PATH": "/usr/bin", "OTEL_EXPORTER_OTLP_ENDPOINT": ""}
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert result.stdout.strip() == "[]"
