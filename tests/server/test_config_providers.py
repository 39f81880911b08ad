"""Which providers are on, with which keys, and which addresses are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmrpc_server.config import load_config, plan_providers
from tests.server.test_config import load, problems


def on(folder: Path, text: str = "", **environment: str) -> list[str]:
    planned = plan_providers(load(folder, text, environment))
    return [each.name for each in planned if not each.off]


def test_a_key_switches_its_provider_on(tmp_path: Path) -> None:
    assert on(tmp_path) == ["echo"]
    assert on(tmp_path, OPENAI_API_KEY="sk-1") == ["openai", "echo"]
    assert on(tmp_path, OPENAI_API_KEY_1="sk-1", GROQ_API_KEY="g") == ["openai", "groq", "echo"]
    assert on(tmp_path, OLLAMA_BASE_URL="http://localhost:11434/v1") == ["ollama", "echo"]
    assert on(tmp_path, OPENAI_BASE_URL="https://proxy.example") == ["echo"]
    assert on(tmp_path, OPENAI_API_KEY="") == ["echo"]


def test_why_a_provider_is_off(tmp_path: Path) -> None:
    text = "providers: {openai: {enabled: false}, echo: {enabled: false}}"
    planned = plan_providers(load(tmp_path, text, {"OPENAI_API_KEY": "sk-1"}))
    off = {each.name: each.off for each in planned}
    assert (off["openai"], off["echo"]) == ("enabled: false", "enabled: false")
    assert (off["mistral"], off["ollama"]) == ("set MISTRAL_API_KEY", "set OLLAMA_BASE_URL")


def test_numbered_keys_come_in_order_and_once(tmp_path: Path) -> None:
    names = {"": "k0", "_10": "k10", "_2": "k2", "_1": "k1", "_3": "k1", "_4": "", "_x": "no"}
    environment = {f"OPENAI_API_KEY{suffix}": key for suffix, key in names.items()}
    keys = load(tmp_path, "", environment).providers["openai"].api_keys
    assert [key.reveal() for key in keys] == ["k0", "k1", "k2", "k10"]


def test_the_files_keys_stand_where_it_names_them(tmp_path: Path) -> None:
    text = "providers: {openai: {api_keys: ['${MINE}']}, groq: }"
    environment = {"MINE": "sk-file", "OPENAI_API_KEY": "sk-env", "GROQ_API_KEY": "g"}
    providers = load(tmp_path, text, environment).providers
    assert [key.reveal() for key in providers["openai"].api_keys] == ["sk-file"]
    assert [key.reveal() for key in providers["groq"].api_keys] == ["g"]


def test_an_address_from_the_environment(tmp_path: Path) -> None:
    environment = {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "https://proxy.example/v1"}
    assert load_config(None, environment).providers["openai"].base_url == (
        "https://proxy.example/v1"
    )
    config = load(tmp_path, "", environment | {"OPENAI_BASE_URL": ""})
    assert config.providers["openai"].base_url == ""


@pytest.mark.parametrize(
    "address",
    ["https://api.example/v1", "http://localhost:8000/v1", "http://127.0.0.1:8", "http://[::1]:8"],
)
def test_addresses_that_keep_a_key_safe(tmp_path: Path, address: str) -> None:
    config = load(tmp_path, f"providers: {{mine: {{dialect: openai, base_url: '{address}'}}}}")
    assert config.providers["mine"].base_url == address


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://api.example/v1", "in clear"),
        ("http://10.0.0.7:8000/v1", "in clear"),
        ("https://169.254.169.254/v1", "link-local"),
        ("https://[fe80::1]/v1", "link-local"),
        ("https://[::ffff:169.254.169.254]/v1", "link-local"),
        ("ftp://api.example", "no http or https address"),
        ("api.example/v1", "no http or https address"),
        ("https://", "no http or https address"),
        ("https://user:word@api.example/v1", "user name or password"),
        ("https://api.example:port/v1", "no http or https address"),
        ("https://[::1/v1", "no http or https address"),
        ("https://user:word@[::1/v1", "no http or https address"),
        ("ftp://api.example/v1?key=word", "query"),
        ("https://api.example/v1?key=1", "query"),
    ],
)
def test_addresses_that_do_not(tmp_path: Path, address: str, why: str) -> None:
    text = f"providers: {{mine: {{dialect: openai, base_url: '{address}'}}}}"
    (problem,) = problems(tmp_path, text)
    assert problem.startswith("providers.mine.base_url: ")
    assert why in problem
    assert "word" not in problem.replace("password", "")


def test_clear_text_on_purpose(tmp_path: Path) -> None:
    address = "base_url: 'http://10.0.0.7:8000/v1', allow_http: true"
    config = load(tmp_path, f"providers: {{mine: {{dialect: openai, {address}}}}}")
    assert config.providers["mine"].allow_http
    link_local = address.replace("10.0.0.7", "169.254.169.254")
    (problem,) = problems(tmp_path, f"providers: {{mine: {{dialect: openai, {link_local}}}}}")
    assert "link-local" in problem


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ("mine: {}", "providers.mine: is not in the registry"),
        ("mine: {dialect: openai}", "providers.mine.base_url: is missing"),
        (
            "mine: {dialect: qq, base_url: 'https://a'}",
            "providers.mine.dialect: 'qq' is no dialect",
        ),
        ("mine: {client: nocolon}", "providers.mine.client: is written package.module:Class"),
        ("openai: {dialect: openai}", "providers.openai.dialect: openai has its own"),
        ("openai: {client: 'a:B'}", "providers.openai.client: "),
        ("'a/b': {client: 'a:B'}", "providers.a/b: "),
    ],
)
def test_a_provider_that_cannot_be(tmp_path: Path, settings: str, why: str) -> None:
    (problem,) = problems(tmp_path, f"providers: {{{settings}}}")
    assert problem.startswith(why)


@pytest.mark.parametrize(
    ("headers", "wrong"),
    [
        ({"X-A": "1", "x-a": "2", "X-B": "3"}, ["x-a"]),
        ({"X-A": "1", "x-a": "1", "X-a": "2"}, ["x-a", "X-a"]),
    ],
)
def test_a_header_is_named_once_whatever_its_case(
    tmp_path: Path, headers: dict[str, str], wrong: list[str]
) -> None:
    text = f"providers: {{openai: {{headers: {headers!r}}}}}"
    why = "duplicate of 'X-A', since case does not matter; keep one of them"
    found = [f"providers.openai.headers[{name!r}]: {why}" for name in wrong]
    assert problems(tmp_path, text) == found
