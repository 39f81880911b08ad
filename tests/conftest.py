"""Fixtures for everybody: running gateways, certificates, a closed port."""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import hypothesis
import pytest
import trustme

from tests import toolchains
from tests.running import GatewayProcess, RunningGateway, configured, start, write_config

# An example may be slow on a machine that does other work.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


LONGEST = ("tests/languages/test_suites.py", "tests/conformance/", "tests/benchmarks/")
"""What runs first, so that no worker waits for it at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest tests first; all others keep their order."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says at the end which clients and tools this machine could not try."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [each.longrepr[2] for each in skipped if isinstance(each.longrepr, tuple)]
    for line in toolchains.left_out(reasons):
        terminalreporter.write_line(line, yellow=True)


@pytest.fixture(scope="session", autouse=True)
def _children_can_be_interrupted() -> Iterator[None]:
    """A run in a shell's background ignores SIGINT, and so would all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class StartGateway(Protocol):
    """`await gateway(retry={"attempts": 1}, environment={"OPENAI_API_KEY": "…"})`."""

    async def __call__(
        self, *, environment: Mapping[str, str] | None = None, **settings: Any
    ) -> RunningGateway: ...


class StartProcess(Protocol):
    """The same in a process of its own, by a configuration file and flags."""

    async def __call__(
        self, *flags: str, environment: Mapping[str, str] | None = None, **settings: Any
    ) -> GatewayProcess: ...


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[StartGateway]:
    """Starts gateways in this event loop; settings are those of the YAML file.

    They listen on a free port of loopback, see no environment but what is given,
    and stop with the test.
    """
    running: list[RunningGateway] = []

    async def start_one(
        *, environment: Mapping[str, str] | None = None, **settings: Any
    ) -> RunningGateway:
        running.append(await start(configured(tmp_path, settings, environment or {})))
        return running[-1]

    yield start_one
    for one in running:
        await one.close()


@pytest.fixture
async def gateway_process(tmp_path: Path) -> AsyncIterator[StartProcess]:
    """Starts `llmrpc-server` processes, which end with the test."""
    running: list[GatewayProcess] = []

    async def start_one(
        *flags: str, environment: Mapping[str, str] | None = None, **settings: Any
    ) -> GatewayProcess:
        config = str(write_config(tmp_path, settings))
        process = await GatewayProcess.start("--config", config, *flags, environment=environment)
        running.append(process)
        return process

    yield start_one
    for one in running:
        await one.close()


@contextmanager
def holding_port() -> Iterator[int]:
    """A port of loopback on which nobody can begin to listen: a socket that does not has it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


@contextmanager
def kept_port() -> Iterator[int]:
    """A port of loopback that stays ours while gateways on it come and go.

    The socket that keeps it does not listen; gRPC's servers share a port with it.
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        keeper.bind(("127.0.0.1", 0))
        yield int(keeper.getsockname()[1])


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of loopback on which nobody listens."""
    with holding_port() as port:
        yield port


@pytest.fixture(scope="module")
def grpc_addr() -> Iterator[str]:
    """Where pytest-grpc's server listens: on a port that is kept for it, and closed at last."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{holder.getsockname()[1]}"


@dataclass(frozen=True)
class Certificates:
    """PEM files: an authority, a server for `localhost`, and a client named `tutor`."""

    ca: Path
    server_cert: Path
    server_key: Path
    client_cert: Path
    client_key: Path


def issue(folder: Path) -> Certificates:
    """A new authority, and what it signed."""
    authority = trustme.CA()
    server = authority.issue_cert("localhost", "127.0.0.1")
    client = authority.issue_cert("tutor@example.com", common_name="tutor")
    names = ("ca.pem", "server.pem", "server.key", "tutor.pem", "tutor.key")
    files = Certificates(*(folder / name for name in names))
    authority.cert_pem.write_to_path(str(files.ca))
    server.cert_chain_pems[0].write_to_path(str(files.server_cert))
    server.private_key_pem.write_to_path(str(files.server_key))
    client.cert_chain_pems[0].write_to_path(str(files.client_cert))
    client.private_key_pem.write_to_path(str(files.client_key))
    return files


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The authority that the gateway and its callers trust."""
    return issue(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def foreign_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The same names, of an authority that nobody here trusts."""
    return issue(tmp_path_factory.mktemp("foreign"))
