"""What the command says when it starts, and when it cannot."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import grpc
import pytest

from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from llmrpc_server.config import ConfigError
from tests.conftest import Certificates, StartProcess
from tests.running import GatewayProcess, as_async, configured
from tests.server.scripted import SCRIPTED
from tests.server.wire import ask

KEYS = [{"name": "tutor", "key": "llmrpc_a-callers-key"}]


async def test_the_banner_says_what_is_on_and_why_the_rest_is_off(
    gateway_process: StartProcess,
) -> None:
    process = await gateway_process(
        providers=SCRIPTED, environment={"OPENAI_API_KEY": "sk-canary-1", "GROQ_API_KEY_2": "gsk-2"}
    )
    address = await process.address()
    assert re.fullmatch(r"127\.0\.0\.1:\d+", address)
    assert re.search(r"on +scripted +tests\.server\.scripted:Scripted", process.stdout)
    assert re.search(r"on +openai +https://\S+ \(1 key\)", process.stdout)
    assert re.search(r"on +groq ", process.stdout)
    assert re.search(r"off +mistral +set MISTRAL_API_KEY", process.stdout)
    assert "plaintext, anonymous callers" in process.stdout
    assert "LLMService, health, reflection" in process.stdout
    assert f'generate --address {address} "Hello"' in process.stdout
    assert "sk-canary-1" not in process.stdout + process.stderr
    assert await process.terminate() == 0


async def test_a_port_in_use_is_said_plainly(gateway_process: StartProcess) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        process = await gateway_process("--address", address)
        assert await process.ended() == 1
    assert f"cannot listen on {address}" in process.stderr
    assert "--address" in process.stderr
    assert "Traceback" not in process.stderr
    assert "Try it" not in process.stdout


async def test_two_gateways_do_not_share_a_port(gateway_process: StartProcess) -> None:
    first = await gateway_process()
    second = await gateway_process("--address", await first.address())
    assert await second.ended() == 1


async def test_other_machines_find_no_open_door(gateway_process: StartProcess) -> None:
    process = await gateway_process(listen={"address": "0.0.0.0:0"})
    assert await process.ended() == 2
    assert "listen.address: 0.0.0.0:0 can be reached by other machines" in process.stderr
    assert "--allow-anonymous" in process.stderr
    assert "Traceback" not in process.stderr


def refusal(folder: Path, **listen: Any) -> str:
    """What the command would refuse to start with, as in the test above."""
    with pytest.raises(ConfigError) as caught:
        configured(folder, {"listen": listen}, {})
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize("address", ["[::]:0", "example.com:50051"])
def test_nor_at_another_address(tmp_path: Path, address: str) -> None:
    said = f"listen.address: {address} can be reached by other machines"
    assert said in refusal(tmp_path, address=address)


async def test_unless_that_is_meant(gateway_process: StartProcess) -> None:
    process = await gateway_process("--allow-anonymous", listen={"address": "0.0.0.0:0"})
    address = await process.address()
    assert "may spend your money" in process.stdout
    target = address.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - nothing is bound here
    async with grpc.aio.insecure_channel(target) as channel:
        assert (await as_async(LLMServiceStub(channel)).Generate(ask())).content
    assert await process.terminate() == 0


async def test_or_callers_are_asked_who_they_are(gateway_process: StartProcess) -> None:
    process = await gateway_process(listen={"address": "0.0.0.0:0"}, auth=KEYS)
    await process.address()
    assert "callers' keys cross the network in clear" in process.stdout
    assert await process.terminate() == 0


async def test_tls_does_not_keep_anybody_out(
    gateway_process: StartProcess, certificates: Certificates
) -> None:
    files = {"certificate": str(certificates.server_cert), "key": str(certificates.server_key)}
    listen = {"address": "0.0.0.0:0", "tls": files}
    process = await gateway_process("--allow-anonymous", listen=listen)
    await process.address()
    assert "may spend your money" in process.stdout
    assert await process.terminate() == 0


def test_tls_alone_asks_nobody_who_he_is(tmp_path: Path, certificates: Certificates) -> None:
    files = {"certificate": str(certificates.server_cert), "key": str(certificates.server_key)}
    assert "can be reached" in refusal(tmp_path, address="0.0.0.0:0", tls=files)


async def test_a_unix_socket_is_on_this_machine(gateway_process: StartProcess) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        process = await gateway_process(listen={"address": f"unix:{folder}/llmrpc.sock"})
        address = await process.address()
        async with grpc.aio.insecure_channel(address) as channel:
            assert (await as_async(LLMServiceStub(channel)).Generate(ask())).content
        assert await process.terminate() == 0


@pytest.mark.parametrize("broken", ["certificate", "key"])
def test_a_file_that_is_no_certificate_is_named(
    tmp_path: Path, certificates: Certificates, broken: str
) -> None:
    files = {"certificate": str(certificates.server_cert), "key": str(certificates.server_key)}
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    assert f"listen.tls.{broken}" in refusal(tmp_path, tls=files | {broken: str(nonsense)})


async def test_the_health_command_asks_a_running_server(gateway_process: StartProcess) -> None:
    address = await (await gateway_process(providers=SCRIPTED)).address()
    for service, status, said in (
        ("", 0, "SERVING"),
        ("provider/scripted", 0, "SERVING"),
        ("provider/nobody", 1, "has no service 'provider/nobody'"),
    ):
        asked = await GatewayProcess.start("health", "--address", address, "--service", service)
        assert await asked.ended() == status
        assert said in asked.stdout + asked.stderr


async def test_the_health_command_without_a_server(closed_port: int) -> None:
    asked = await GatewayProcess.start("health", "--address", f"127.0.0.1:{closed_port}")
    assert await asked.ended() == 2
    assert "UNAVAILABLE" in asked.stderr


async def test_a_new_key_opens_the_door_its_hash_is_configured_for(
    gateway_process: StartProcess,
) -> None:
    import yaml

    made = await GatewayProcess.start("new-key", "tutor")
    assert await made.ended() == 0
    key = re.search(r"llmrpc_\S+", made.stdout)
    assert key
    auth = yaml.safe_load(made.stdout[made.stdout.index("auth:") :])["auth"]
    process = await gateway_process(auth=auth)
    async with grpc.aio.insecure_channel(await process.address()) as channel:
        stub = as_async(LLMServiceStub(channel))
        metadata = (("authorization", f"Bearer {key.group()}"),)
        assert (await stub.Generate(ask(), metadata=metadata)).content
    assert key.group() not in process.stdout + process.stderr
