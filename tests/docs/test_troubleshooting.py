"""docs/troubleshooting.md: every command is run, and says what the page shows."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from llmrpc_server.interceptors.auth import hash_key
from tests.conftest import Certificates, StartGateway
from tests.docs.pages import ROOT, blocks, page
from tests.running import LIMIT
from tests.server.test_tls import tls
from tests.tools.programs import TOOLS, tool

KEY = "llmrpc_the-key-of-team-a"


def commands() -> list[tuple[str, str]]:
    """Each command, and what the page shows below it."""
    text = "".join(blocks(page("docs/troubleshooting.md"), "console"))
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def as_pattern(shown: str) -> str:
    """A line of `…` alone stands for any lines, another `…` for a part of its line."""
    text = re.escape(shown).replace("…\\\n", "(?s:.*?)").replace("…", ".*")
    return text.rstrip("\\\n") + r"\s*"


@pytest.fixture
async def addresses(
    gateway: StartGateway, certificates: Certificates, closed_port: int
) -> dict[str, str]:
    """The page's addresses, and where each is here."""
    plain = await gateway(
        providers={"openai": {"api_keys": ["k"], "base_url": f"http://127.0.0.1:{closed_port}"}},
        retry={"attempts": 2, "base_delay": 0.001},
    )
    mute = await gateway(listen={"reflection": False})
    closed = await gateway(
        listen={"tls": tls(certificates, mutual=True)},
        auth=[{"name": "team-a", "sha256": hash_key(KEY)}],
    )
    return {
        "localhost:50050": f"localhost:{closed_port}",
        "localhost:50051": f"localhost:{plain.port}",
        "localhost:50052": f"localhost:{mute.port}",
        "gateway.example.com:443": f"localhost:{closed.port}",
    }


@pytest.fixture
def folder(tmp_path: Path, certificates: Certificates) -> Path:
    """Where the commands are typed: the page's files are there."""
    (tmp_path / "protos").symlink_to(ROOT / "protos")
    for name, file in (
        ("ca.pem", certificates.ca),
        ("team-a.pem", certificates.client_cert),
        ("team-a.key", certificates.client_key),
    ):
        (tmp_path / name).symlink_to(file)
    return tmp_path


@pytest.mark.parametrize(("command", "shown"), commands())
async def test_a_command_says_what_the_page_shows(
    addresses: dict[str, str], folder: Path, command: str, shown: str
) -> None:
    tool(command.split(maxsplit=1)[0])
    for name, address in addresses.items():
        command, shown = command.replace(name, address), shown.replace(name, address)
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", command),
        cwd=folder,
        env={
            "PATH": f"{TOOLS}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LLMRPC_KEY": KEY,
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(LIMIT):
        output, _ = await process.communicate()
    assert re.fullmatch(as_pattern(shown), output.decode()), output.decode()


def test_the_probes_exit_codes_are_told() -> None:
    table = re.findall(r"^\| (\d) \|", page("docs/troubleshooting.md"), re.MULTILINE)
    assert table == ["0", "2", "3", "4"]
