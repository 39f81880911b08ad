"""`llmrpc-server check-config`: the verdict before the server is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmrpc_server.__main__ import main

CANARY = "sk-canary-provider-key"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "LLMRPC_CONFIG", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "llmrpc.yaml"


def test_a_right_one(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(f"providers: {{openai: {{api_keys: [{CANARY}]}}}}")
    assert main(["check-config", "--config", str(file)]) == 0
    output = capsys.readouterr()
    assert f"{file}: the configuration is right" in output.out
    assert "openai" in output.out
    assert CANARY not in output.out + output.err


def test_a_wrong_one(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("timeout: soon\nlistne: {}\nproviders: {openai: {api_keys: [7]}}")
    assert main(["check-config", "--config", str(file)]) == 2
    complaint = capsys.readouterr().err
    for path in ("timeout: ", "listne: ", "providers.openai.api_keys[0]: "):
        assert f"\n  {path}" in complaint


@pytest.mark.parametrize("first", [True, False])
def test_the_file_is_named_before_the_command_or_behind_it(file: Path, first: bool) -> None:
    file.write_text("timeout: soon")
    named = ["--config", str(file)]
    assert main([*named, "check-config"] if first else ["check-config", *named]) == 2


def test_flags_before_the_command_count_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--address", "0.0.0.0:1", "check-config"]) == 2
    assert "0.0.0.0:1 can be reached" in capsys.readouterr().err
    assert main(["--address", "0.0.0.0:1", "--allow-anonymous", "check-config"]) == 0
    assert main(["check-config", "--address", "0.0.0.0:1", "--allow-anonymous"]) == 0


def test_the_environment_names_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("timeout: soon")
    monkeypatch.setenv("LLMRPC_CONFIG", str(file))
    assert main(["check-config"]) == 2
    assert "timeout" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("client", "why"),
    [
        ("tests.server.nowhere:Client", "No module named"),
        ("tests.server.scripted:Nobody", "no attribute"),
        ("tests.server.scripted:SCRIPTED", "not callable"),
        ("tests.server.test_own_provider:Demanding", "name"),
        ("tests.server.test_own_provider:Failing", "no licence"),
        ("tests.server.test_own_provider:Leaving", "it raised SystemExit"),
        ("pathlib:Path", "is no BaseLLMClient"),
        ("tests.server.scripted:", "is written package.module:Class"),
    ],
)
def test_an_own_client_that_cannot_be_made_is_named(
    file: Path, capsys: pytest.CaptureFixture[str], client: str, why: str
) -> None:
    file.write_text(f"providers: {{mine: {{client: '{client}'}}}}")
    assert main(["check-config", "--config", str(file)]) == 2
    complaint = capsys.readouterr().err
    assert "providers.mine.client: " in complaint
    assert why in complaint
    assert "Traceback" not in complaint


def test_no_provider_at_all(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("providers: {echo: {enabled: false}}")
    assert main(["check-config", "--config", str(file)]) == 2
    assert "providers: all are off" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("default_model: opnai/gpt-4", "default_model: model 'opnai/gpt-4'"),
        ("default_model: f\naliases: {f: openai/x}", "default_model: model 'openai/x': openai is"),
        ("aliases: {fast: openai/gpt-4o}", "aliases.fast: model 'openai/gpt-4o': openai is off"),
    ],
)
def test_a_name_that_no_provider_answers_to(
    file: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    file.write_text(text)
    assert main(["check-config", "--config", str(file)]) == 2
    assert said in capsys.readouterr().err
