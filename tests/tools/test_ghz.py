"""ghz, which loads a service through reflection v1alpha: few calls, and all must be good."""

from __future__ import annotations

import json

import pytest

from tests.conftest import StartGateway
from tests.tools.programs import run

HELLO = json.dumps({"messages": [{"role": "ROLE_USER", "content": "Hello there"}]})


@pytest.mark.parametrize("method", ["Generate", "StreamText"])
async def test_every_call_of_a_load_is_answered(gateway: StartGateway, method: str) -> None:
    running = await gateway()
    load = ("--insecure", "-n", "200", "-c", "10", "-t", "10s", "-O", "json")
    call = ("--call", f"llmrpc.v1.LLMService.{method}", "-d", HELLO)
    done = await run("ghz", *load, *call, running.address)
    (report,) = done.json
    assert report["statusCodeDistribution"] == {"OK": 200}, done.complaints
    assert (report["count"], report["errorDistribution"]) == (200, {})
