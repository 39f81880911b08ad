"""gRPC's own interop client against the gateway's options and interceptors."""

from __future__ import annotations

from typing import Any

import pytest

from llmrpc_server.interceptors.auth import hash_key
from tests.conftest import Certificates
from tests.interop.conftest import StartTestBuild
from tests.server.test_tls import tls
from tests.tools.programs import Done, run

CASES = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "cancel_after_begin",
    "cancel_after_first_response",
    "timeout_on_sleeping_server",
    "status_code_and_message",
    "special_status_message",
    "custom_metadata",
    "unimplemented_method",
    "unimplemented_service",
]
AT_A_DEAD_SERVER = [case for case in CASES if case != "timeout_on_sleeping_server"]
"""Its deadline of one millisecond passes there too."""
WITHOUT_THE_SERVICE = [
    case
    for case in AT_A_DEAD_SERVER
    if not case.startswith(("unimplemented", "cancel_after_begin"))
]
"""The last is cancelled by the client before anything is answered."""
KEY = "llmrpc_a-key-for-interop"


async def interop(case: str, port: int, *how: str) -> Done:
    return await run(
        *("interop_client", "-test_case", case, "-server_port", str(port)),
        *("-server_host", "localhost", *how),
    )


@pytest.mark.parametrize("door", ["plaintext", "tls", "key"])
@pytest.mark.parametrize("case", CASES)
async def test_case(
    test_build: StartTestBuild, certificates: Certificates, case: str, door: str
) -> None:
    settings: dict[str, Any] = {}
    how: tuple[str, ...] = ()
    if door == "tls":
        settings = {"listen": {"tls": tls(certificates)}}
        how = ("-use_tls", "-use_test_ca", "-ca_file", str(certificates.ca))
    elif door == "key":
        settings = {"auth": [{"name": "interop", "sha256": hash_key(KEY)}]}
        how = ("-additional_metadata", f"authorization:Bearer {KEY}")
    running = await test_build(**settings)
    done = await interop(case, running.port, *how)
    assert done.status == 0, done.complaints


@pytest.mark.parametrize("case", AT_A_DEAD_SERVER)
async def test_a_dead_server_fails_the_case(closed_port: int, case: str) -> None:
    done = await interop(case, closed_port)
    assert done.status != 0
    assert "FATAL" in done.complaints


@pytest.mark.parametrize("case", WITHOUT_THE_SERVICE)
async def test_a_gateway_without_the_service_fails_the_case(
    test_build: StartTestBuild, case: str
) -> None:
    running = await test_build(service=False)
    done = await interop(case, running.port)
    assert done.status != 0
    assert "FATAL" in done.complaints


async def test_a_wrong_key_fails_a_case(test_build: StartTestBuild) -> None:
    running = await test_build(auth=[{"name": "interop", "sha256": hash_key(KEY)}])
    wrong = ("-additional_metadata", "authorization:Bearer no")
    done = await interop("empty_unary", running.port, *wrong)
    assert done.status != 0
    assert "Unauthenticated" in done.complaints
