"""docs/configuration.md: its example is accepted, its recipes run."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from llmrpc import GatewayClient, LLMMessage
from llmrpc_server.config import Config, ConfigError, load_config
from llmrpc_server.interceptors.auth import hash_key
from tests.conftest import StartProcess
from tests.docs.pages import blocks, page, section
from tests.running import GatewayProcess
from tests.toolchains import needs

PAGE = page("docs/configuration.md")
EXAMPLE = blocks(section(PAGE, "An example"), "yaml")[0]
(READMES,) = blocks(page("README.md"), "yaml")


@pytest.mark.parametrize("example", [EXAMPLE, READMES], ids=["page", "readme"])
async def test_check_config_accepts_the_example(tmp_path: Path, example: str) -> None:
    path = tmp_path / "llmrpc.yaml"
    path.write_text(example)
    names = re.findall(r"\$\{(\w+)\}", example)
    environment = {n: hash_key(n) if n.endswith("SHA256") else f"a-key-for-{n}" for n in names}
    arguments = ("check-config", "--config", str(path))
    process = await GatewayProcess.start(*arguments, environment=environment)
    assert await process.ended() == 0, process.stderr
    assert "is right" in process.stdout
    process = await GatewayProcess.start(*arguments)
    assert await process.ended() == 2
    assert all(name in process.stderr for name in environment)


def test_the_example_shows_every_section() -> None:
    assert set(yaml.safe_load(EXAMPLE)) == {field.name for field in fields(Config)}


def test_what_the_page_says_of_a_misspelt_setting(tmp_path: Path) -> None:
    path = tmp_path / "llmrpc.yaml"
    path.write_text("retry: {attemps: 3}")
    with pytest.raises(ConfigError) as caught:
        load_config(path, {})
    assert f"  {caught.value}\n" in section(PAGE, "check-config")


def test_what_the_page_says_of_a_port_for_others() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, {"LLMRPC_ADDRESS": "0.0.0.0:50051"})
    assert f"  {caught.value}\n" in section(PAGE, "A port for other machines")


def test_which_value_counts(tmp_path: Path) -> None:
    path = tmp_path / "llmrpc.yaml"
    path.write_text("timeout: 1\nmax_tokens: 1\ntemperature: 1\nauth: [{name: a, key: abcdef}]\n")
    environment = {"LLM_TIMEOUT": "2", "LLM_MAX_TOKENS": "", "LLM_DEFAULT_TEMPERATURE": "null"}
    environment |= {"LLMRPC_API_KEYS": "b:bcdefg", "LLMRPC_LOG_LEVEL": "debug"}
    config = load_config(path, environment, {"log.level": "error"})
    assert (config.timeout, config.max_tokens, config.temperature) == (2, 1, None)
    assert config.log.level == "error"
    assert [key.name for key in config.auth] == ["a", "b"]


def test_keys_in_the_file_win(tmp_path: Path) -> None:
    path = tmp_path / "llmrpc.yaml"
    path.write_text("providers: {openai: {api_keys: [from-the-file]}}")
    config = load_config(path, {"OPENAI_API_KEY": "from-outside", "GROQ_API_KEY": "another"})
    keys = {name: each.api_keys[0].reveal() for name, each in config.providers.items()}
    assert keys == {"openai": "from-the-file", "groq": "another"}


async def test_the_provider_of_your_own_answers(
    tmp_path: Path, gateway_process: StartProcess
) -> None:
    recipe = section(PAGE, "A provider of your own")
    (tmp_path / "parrot.py").write_text(blocks(recipe, "python")[0])
    settings = yaml.safe_load(blocks(recipe, "yaml")[0])
    process = await gateway_process(environment={"PYTHONPATH": str(tmp_path)}, **settings)
    async with GatewayClient(await process.address()) as client:
        messages = [LLMMessage(role="user", content="Hello there")]
        response = await client.generate_text(messages)
        assert (response.content, response.model) == ("HELLO THERE", "grey")
        assert "".join([chunk async for chunk in client.stream_text(messages)]) == "HELLO THERE "


@pytest.fixture
def certified(tmp_path: Path) -> Path:
    """A folder with the certificates that the page makes."""
    needs("openssl", "the certificates of docs/configuration.md")
    scripts = [blocks(section(PAGE, title), "sh")[0] for title in ("TLS", "mTLS")]
    making = "".join(script.partition("llmrpc generate")[0] for script in scripts)
    subprocess.run(["sh", "-ec", making], cwd=tmp_path, capture_output=True, check=True)
    return tmp_path


async def test_its_certificates_open_the_door(
    certified: Path, gateway_process: StartProcess
) -> None:
    recipe = section(PAGE, "mTLS")
    files = yaml.safe_load(blocks(recipe, "yaml")[0])["listen"]["tls"]
    paths = {name: str(certified / file) for name, file in files.items()}
    port = (await (await gateway_process(listen={"tls": paths})).address()).rpartition(":")[2]
    _, *calls = blocks(recipe, "sh")[0].partition("llmrpc generate")
    asking = await asyncio.create_subprocess_shell(
        "set -e; " + "".join(calls).replace(":50051", f":{port}"),
        cwd=certified,
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await asking.communicate()
    assert said.decode().split() == ["Hello", "SERVING"], complaints.decode()
