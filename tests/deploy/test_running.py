"""A gateway as the manifests start it: it starts, its probes are answered, it is safe."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import grpc
import pytest

from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from llmrpc_server.interceptors.auth import hash_key
from llmrpc_server.rpc.probe import probe
from tests.deploy.manifests import SECRETS, Tree
from tests.docs.pages import blocks, page, section
from tests.running import GatewayProcess, as_async
from tests.server.wire import ask, failure
from tests.toolchains import needs

KEY = "llmrpc_a-key-of-the-test"
ENVIRONMENT = SECRETS | {
    "LLMRPC_CALLER_APP_SHA256": hash_key(KEY),
    "LLMRPC_DISCOVERY": "false",  # nothing leaves this machine
    "OPENAI_BASE_URL": "http://127.0.0.1:9",
}


async def started(
    tree: Tree, folder: Path, environment: Mapping[str, str], *flags: str
) -> GatewayProcess:
    """A process on what the pod gets, but for the address and the paths."""
    path = folder / "llmrpc.yaml"
    path.write_text(tree.configuration)
    given = dict(tree.environment()) | {"LLMRPC_CONFIG": str(path)} | dict(environment)
    return await GatewayProcess.start(*flags, environment=given)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    process = await started(Tree("base"), tmp_path, ENVIRONMENT, "--address", "127.0.0.1:0")
    yield process
    await process.close()


async def test_the_gateway_answers_every_probe(running: GatewayProcess) -> None:
    address = await running.address()
    for name, each in Tree("base").probes.items():
        service = each["grpc"].get("service", "")
        assert await probe(address, service, 10, (None, None, None)) == 0, name


async def test_only_who_has_the_key_gets_past_the_door(running: GatewayProcess) -> None:
    async with grpc.aio.insecure_channel(await running.address()) as channel:
        stub = as_async(LLMServiceStub(channel))
        error = await failure(stub.Generate(ask("openai/gpt-4o")))
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED
        metadata = (("authorization", f"Bearer {KEY}"),)
        error = await failure(stub.Generate(ask("echo/echo"), metadata=metadata))
        assert error.code() is grpc.StatusCode.NOT_FOUND, "echo is off"


async def test_on_the_images_own_address_the_configuration_is_right(tmp_path: Path) -> None:
    process = await started(Tree("base"), tmp_path, ENVIRONMENT, "check-config")
    assert await process.ended() == 0, process.stderr


@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ("LLMRPC_CALLER_APP_SHA256", "LLMRPC_CALLER_APP_SHA256"),
        ("OPENAI_API_KEY", "providers: all are off"),
    ],
)
async def test_without_a_secret_it_refuses_to_start(tmp_path: Path, lacks: str, said: str) -> None:
    environment = {name: value for name, value in ENVIRONMENT.items() if name != lacks}
    process = await started(Tree("base"), tmp_path, environment)
    assert await process.ended() == 2
    assert said in process.stderr


@pytest.fixture
def certificate(tmp_path: Path) -> list[Path]:
    """What the commands of docs/deploying.md put into the Secret."""
    needs("openssl", "the TLS of docs/deploying.md")
    commands = blocks(section(page("docs/deploying.md"), "TLS"), "sh")[0].split("kubectl")[0]
    subprocess.run(["sh", "-ec", commands], cwd=tmp_path, capture_output=True, check=True)
    return [tmp_path / name for name in ("tls.crt", "tls.key", "ca.crt")]


async def test_the_probes_of_the_tls_tree_are_answered(
    tmp_path: Path, certificate: list[Path]
) -> None:
    tree = Tree("tls")
    files = {f"/etc/llmrpc-tls/{path.name}": path for path in certificate}
    mounted = {name: str(files.get(value, value)) for name, value in tree.environment()}
    environment = mounted | ENVIRONMENT | {"LLMRPC_CONFIG": str(tmp_path / "llmrpc.yaml")}
    process = await started(tree, tmp_path, environment, "--address", "127.0.0.1:0")
    try:
        port = (await process.address()).rpartition(":")[2]
        for name, each in tree.probes.items():
            _, *words = each["exec"]["command"]
            for path, file in files.items():
                words = [word.replace(path, str(file)) for word in words]
            words = [word.replace(":50051", f":{port}") for word in words]
            asking = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "llmrpc_server", *words),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            output, _ = await asking.communicate()
            assert asking.returncode == 0, f"{name}: {output.decode()}"
    finally:
        await process.close()
