"""grpcurl at a gateway that asks who calls: keys, TLS and certificates."""

from __future__ import annotations

import json

import pytest

from llmrpc_server.interceptors.auth import hash_key
from tests.conftest import Certificates, StartGateway
from tests.running import RunningGateway
from tests.server.test_tls import tls
from tests.tools.programs import Done, run

KEY = "llmrpc_a-key-for-grpcurl"
KEYS = [{"name": "tutor", "sha256": hash_key(KEY)}]
SERVICE = "llmrpc.v1.LLMService"
HELLO = json.dumps({"messages": [{"role": "ROLE_USER", "content": "Hello there"}]})
BEARER = ("-H", f"authorization: Bearer {KEY}")
REFLECTED = ("-reflect-header", f"authorization: Bearer {KEY}")
"""The key for reflection alone, none for the call."""


async def generate(running: RunningGateway, *how: str) -> Done:
    address = f"localhost:{running.port}"
    words = ("-max-time", "20", "-connect-timeout", "5", "-d", HELLO)
    return await run("grpcurl", *how, *words, address, f"{SERVICE}/Generate")


async def test_the_right_key_opens(gateway: StartGateway) -> None:
    running = await gateway(auth=KEYS)
    done = await generate(running, "-plaintext", *BEARER)
    assert done.json[0]["content"] == "Hello there"
    listed = await run("grpcurl", "-plaintext", *BEARER, running.address, "list")
    assert SERVICE in listed.out.split()


@pytest.mark.parametrize("how", [(), ("-H", "authorization: Bearer llmrpc_another")])
async def test_no_key_and_a_wrong_one_do_not(gateway: StartGateway, how: tuple[str, ...]) -> None:
    running = await gateway(auth=KEYS)
    text = "the key that was sent is not known here" if how else "no key was sent"
    done = await generate(running, "-plaintext", *how)
    assert done.status != 0
    assert "Unauthenticated" in done.complaints
    assert text in done.complaints
    listed = await run("grpcurl", "-plaintext", *how, running.address, "list")
    assert (listed.status, listed.out) == (1, "")
    assert text in listed.complaints


async def test_a_refusal_for_want_of_a_key_has_its_details(gateway: StartGateway) -> None:
    running = await gateway(auth=KEYS)
    done = await generate(running, "-plaintext", *REFLECTED)
    assert done.status == 64 + 16
    assert '"reason": "UNAUTHENTICATED"' in done.complaints


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_asks_for_a_key_by_each_of_its_names(
    gateway: StartGateway, version: str
) -> None:
    running = await gateway(auth=KEYS)
    method = f"grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    asked = ("-plaintext", "-d", '{"list_services": ""}')
    done = await run("grpcurl", *asked, *REFLECTED, running.address, method)
    assert (done.status, done.out) == (64 + 16, "")
    assert SERVICE in (await run("grpcurl", *asked, *BEARER, running.address, method)).out


async def test_health_is_open_to_all_but_its_list(gateway: StartGateway) -> None:
    running = await gateway(auth=KEYS)

    async def health(method: str, *how: str) -> Done:
        name = f"grpc.health.v1.Health/{method}"
        return await run("grpcurl", "-plaintext", *how, running.address, name)

    assert (await health("Check", *REFLECTED)).json == [{"status": "SERVING"}]
    assert (await health("List", *REFLECTED)).status == 64 + 16
    (listed,) = (await health("List", *BEARER)).json
    assert set(listed["statuses"]) == {"", SERVICE, "provider/echo"}


async def test_tls(
    gateway: StartGateway, certificates: Certificates, foreign_certificates: Certificates
) -> None:
    running = await gateway(listen={"tls": tls(certificates)}, auth=KEYS)
    done = await generate(running, "-cacert", str(certificates.ca), *BEARER)
    assert done.json[0]["content"] == "Hello there"
    foreign = await generate(running, "-cacert", str(foreign_certificates.ca), *BEARER)
    assert foreign.status != 0
    assert "certificate signed by unknown authority" in foreign.complaints
    plain = await generate(running, "-plaintext", *BEARER)
    assert plain.status != 0


async def test_mutual_tls(
    gateway: StartGateway, certificates: Certificates, foreign_certificates: Certificates
) -> None:
    running = await gateway(listen={"tls": tls(certificates, mutual=True)})

    async def show(files: Certificates | None) -> Done:
        own = ("-cert", str(files.client_cert), "-key", str(files.client_key)) if files else ()
        return await generate(running, "-cacert", str(certificates.ca), *own)

    assert (await show(certificates)).json[0]["content"] == "Hello there"
    for refused in (await show(None), await show(foreign_certificates)):
        assert (refused.status, refused.out) == (1, "")
