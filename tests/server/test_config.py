"""The configuration: where a setting comes from, and every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from llmrpc.secret import Secret
from llmrpc_server.config import Config, ConfigError, load_config, plan_providers
from llmrpc_server.config.environment import NAMES
from tests.conftest import Certificates

CANARY = "sk-canary-provider-key"


def load(
    folder: Path, text: str, environment: Mapping[str, str] | None = None, **flags: Any
) -> Config:
    path = folder / "llmrpc.yaml"
    path.write_text(text)
    dotted = {name.replace("__", "."): value for name, value in flags.items()}
    return load_config(path, environment or {}, dotted)


def problems(folder: Path, text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text, environment)
    return caught.value.problems


def test_nothing_need_be_configured() -> None:
    config = load_config(None, {})
    assert config.listen.address == "127.0.0.1:50051"
    assert (config.temperature, config.timeout, config.max_tokens) == (0.7, 30.0, None)
    assert [each.name for each in plan_providers(config) if not each.off] == ["echo"]


def test_the_file_then_the_environment_then_flags(tmp_path: Path) -> None:
    text = "listen: {address: '127.0.0.1:1'}\ntimeout: 5"
    assert load(tmp_path, text).listen.address == "127.0.0.1:1"
    environment = {"LLMRPC_ADDRESS": "127.0.0.1:2", "LLM_TIMEOUT": "7.5"}
    config = load(tmp_path, text, environment)
    assert (config.listen.address, config.timeout) == ("127.0.0.1:2", 7.5)
    flagged = load(tmp_path, text, environment, listen__address="127.0.0.1:3")
    assert flagged.listen.address == "127.0.0.1:3"


def test_every_name_of_the_environment_sets_its_setting(certificates: Certificates) -> None:
    values = {
        "LLMRPC_ADDRESS": "127.0.0.1:7",
        "LLMRPC_ALLOW_ANONYMOUS": "true",
        "LLMRPC_TLS_CERTIFICATE": str(certificates.server_cert),
        "LLMRPC_TLS_KEY": str(certificates.server_key),
        "LLMRPC_TLS_CLIENT_CA": str(certificates.ca),
        "LLMRPC_HTTP_PROXY": "http://127.0.0.1:3128",
        "LLMRPC_CA_BUNDLE": str(certificates.ca),
        "LLMRPC_LOG_FORMAT": "text",
        "LLMRPC_LOG_LEVEL": "debug",
        "LLMRPC_TRACING": "console",
        "LLMRPC_DISCOVERY": "false",
        "TIKTOKEN_CACHE_DIR": str(certificates.ca.parent),
        "LLM_DEFAULT_MODEL": "echo/echo",
        "LLM_DEFAULT_TEMPERATURE": "0.25",
        "LLM_MAX_TOKENS": "99",
        "LLM_TIMEOUT": "12",
    }
    assert set(values) == set(NAMES)
    plain, config = load_config(None, {}), load_config(None, values)
    for dotted in NAMES.values():
        before: Any = plain
        after: Any = config
        for name in dotted.split("."):
            before, after = getattr(before, name, None), getattr(after, name)
        assert after != before, dotted
    assert (config.temperature, config.max_tokens, config.timeout) == (0.25, 99, 12.0)
    assert config.listen.allow_anonymous is True


def test_an_empty_section_is_as_good_as_none(tmp_path: Path) -> None:
    sections = ("listen", "auth", "providers", "aliases", "prices", "http", "retry", "limits")
    text = "".join(f"{name}:\n" for name in (*sections, "log", "tracing"))
    environment = {
        "LLMRPC_ADDRESS": "127.0.0.1:2",
        "LLMRPC_API_KEYS": "tutor:llmrpc_abcdef",
        "OPENAI_API_KEY": CANARY,
    }
    config = load(tmp_path, text, environment)
    assert config.listen.address == "127.0.0.1:2"
    assert [key.name for key in config.auth] == ["tutor"]
    assert "openai" in config.providers
    assert load(tmp_path, text) == load_config(None, {})
    assert load(tmp_path, "") == load_config(None, {})


@pytest.mark.parametrize("section", ["listen", "auth", "providers", "http", "log"])
def test_a_section_of_the_wrong_shape_is_named(tmp_path: Path, section: str) -> None:
    environment = {"OPENAI_API_KEY": CANARY, "LLMRPC_API_KEYS": "a:llmrpc_b"}
    environment |= dict.fromkeys(("LLMRPC_ADDRESS", "LLMRPC_HTTP_PROXY"), "127.0.0.1:2")
    (problem,) = problems(tmp_path, f"{section}: 7", environment | {"LLMRPC_LOG_LEVEL": "info"})
    assert problem.startswith(f"{section}: is no ")


def test_variables_of_the_environment(tmp_path: Path) -> None:
    text = "aliases: {fast: 'openai/${MODEL}'}\nauth: [{name: a, key: '${KEY}'}]"
    config = load(tmp_path, text, {"MODEL": "gpt-4o", "KEY": CANARY})
    assert config.aliases == {"fast": "openai/gpt-4o"}
    assert config.auth[0].key == Secret(CANARY)
    found = problems(tmp_path, text, {})
    assert found == [
        "aliases.fast: the environment has no MODEL, or it is empty",
        "auth[0].key: the environment has no KEY, or it is empty",
    ]
    assert problems(tmp_path, text, {"MODEL": "m", "KEY": " \n"}) == found[1:]


def test_a_key_from_a_mounted_file_ends_with_a_line(tmp_path: Path) -> None:
    config = load(tmp_path, "", {"OPENAI_API_KEY": f"{CANARY}\n"})
    assert [key.reveal() for key in config.providers["openai"].api_keys] == [CANARY]
    assert "openai" not in load(tmp_path, "", {"OPENAI_API_KEY": " "}).providers
    (problem,) = problems(tmp_path, f"http: {{proxy: [{CANARY}]}}")
    assert CANARY not in problem
    (problem,) = problems(tmp_path, "", {"OPENAI_API_KEY": "sk-two\nlines"})
    assert problem.startswith("providers.openai.api_keys[0]: has white space")
    assert "lines" not in problem


def test_a_repeated_key_is_a_fault(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "timeout: 3\ntimeout: 4\n")
    assert "the key 'timeout' is there twice" in problem
    assert "line 2" in problem


def test_an_unknown_setting_far_from_all_lists_the_known(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "tracing: {qqqq: 1}")
    assert problem == "tracing.qqqq: is unknown; known are exporter"


@pytest.mark.parametrize(
    "text",
    [
        "timeout: .nan",
        "timeout: -1",
        "temperature: .nan",
        "temperature: 2.5",
        "max_tokens: 0",
        "listen: {grace: -1}",
        "listen: {grace: .nan}",
        "listen: {drain_pause: -1}",
        "listen: {max_message_bytes: 0}",
        "listen: {min_ping_interval: -1}",
        "listen: {keepalive_interval: 0}",
        "listen: {max_connection_age: -1}",
        "listen: {max_connection_age_grace: -1}",
        "retry: {attempts: 0}",
        "retry: {base_delay: -1}",
        "retry: {max_delay: .nan}",
        "retry: {max_retry_after: -1}",
        "retry: {min_remaining: -1}",
        "http: {connect_timeout: 0}",
        "http: {connections: -1}",
        "http: {keepalive: -1}",
        "http: {max_body_bytes: 0}",
        "http: {max_event_bytes: 0}",
        "limits: {max_messages: 0}",
        "limits: {max_parts: 0}",
        "limits: {max_tools: -1}",
        "limits: {max_tokens: 0}",
        "listen: {address: localhost}",
        "listen: {address: '127.0.0.1:'}",
        "listen: {address: '127.0.0.1:http'}",
        "listen: {address: '127.0.0.1:99999'}",
        "listen: {address: ''}",
    ],
)
def test_a_number_or_address_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    name = text.split(":", 1)[0]
    assert problem.startswith(name)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_config(tmp_path / "nowhere.yaml", {})


def test_a_fault_of_yaml_is_told_by_its_place_without_the_text(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, f"timeout: 5\nproviders: {{openai: [{CANARY}")
    assert "llmrpc.yaml: is no valid YAML: line 2" in problem
    assert CANARY not in problem


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("aliases: {[a, b]: c}", "is no valid YAML: line 1: found unhashable key"),
        ("providers: &a {b: [*a]}", "is nested too deeply, or contains itself"),
        (f"aliases: {'[' * 3000}{']' * 3000}", "is nested too deeply, or contains itself"),
    ],
    ids=["key", "itself", "deep"],
)
def test_yaml_that_is_no_configuration(tmp_path: Path, text: str, why: str) -> None:
    problem, *_ = problems(tmp_path, text)
    assert f"llmrpc.yaml: {why}" in problem


@pytest.mark.parametrize("text", ["just words", "- a\n- b", "7"])
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert "is no mapping" in problem


def test_tls_files_must_be_there_and_belong_together(
    tmp_path: Path, certificates: Certificates, foreign_certificates: Certificates
) -> None:
    cert, key = certificates.server_cert, foreign_certificates.server_key
    (problem,) = problems(tmp_path, f"listen: {{tls: {{certificate: {cert}, key: {key}}}}}")
    assert problem.startswith("listen.tls.key: ")
    found = problems(tmp_path, "listen: {tls: {certificate: /no, key: /no, client_ca: /no}}")
    assert [each.partition(":")[0] for each in found] == [
        "listen.tls.certificate",
        "listen.tls.key",
        "listen.tls.client_ca",
    ]
    (problem,) = problems(tmp_path, "", {"LLMRPC_CA_BUNDLE": str(key)})
    assert problem == f"http.ca_bundle: {key} has no certificate in PEM form"
    (problem,) = problems(tmp_path, "", {"LLMRPC_TLS_KEY": str(key)})
    assert problem == "listen.tls.certificate: is missing"


def test_callers_keys(tmp_path: Path) -> None:
    config = load(tmp_path, "", {"LLMRPC_API_KEYS": "tutor:llmrpc_abc:d, pupil:llmrpc_e"})
    assert [(k.name, k.key.reveal()) for k in config.auth] == [
        ("tutor", "llmrpc_abc:d"),
        ("pupil", "llmrpc_e"),
    ]
    (problem,) = problems(tmp_path, "", {"LLMRPC_API_KEYS": "tutor:llmrpc_a, llmrpc_other"})
    assert problem == "LLMRPC_API_KEYS: entry 2 is not written name:key"
    (problem,) = problems(tmp_path, "auth: [{name: a, key: bcdefg}, {name: a, key: cdefgh}]")
    assert problem == "auth: the name a is there twice"
    (problem,) = problems(tmp_path, "auth: [{name: a, sha256: 'ABC'}]")
    assert "64 lower-case hexadecimal digits" in problem
    (problem,) = problems(tmp_path, "auth: [{name: '', key: cdefgh}]")
    assert problem.startswith("auth[0].name: ")


def test_secrets_are_masked_wherever_the_configuration_is_printed(tmp_path: Path) -> None:
    text = f"auth: [{{name: a, key: {CANARY}-2}}]"
    config = load(tmp_path, text, {"OPENAI_API_KEY": CANARY})
    assert CANARY not in repr(config) + str(config)
    assert {secret.reveal() for secret in config.secrets()} == {CANARY, f"{CANARY}-2"}


def test_the_configuration_is_frozen() -> None:
    config = load_config(None, {})
    name = "timeout"
    with pytest.raises(FrozenInstanceError):
        setattr(config, name, 1.0)


def test_flags_stay_as_they_were_given() -> None:
    retry = {"base_delay": 0.1}
    config = load_config(None, {}, {"retry": retry, "retry.attempts": 3})
    assert (config.retry.base_delay, config.retry.attempts) == (0.1, 3)
    assert retry == {"base_delay": 0.1}
