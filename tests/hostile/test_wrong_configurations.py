"""Configurations that look right: `check-config` names what is wrong, and repeats no secret."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from llmrpc_server.config.weak_keys import PUBLISHED
from llmrpc_server.interceptors.auth import hash_key
from llmrpc_server.serve import check
from tests.running import ROOT

LIST_BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
MERGE_BOMB = "m0: &m0 {x: 1}\n" + "".join(
    f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 10)}]}}\n" for n in range(1, 10)
)
MAPPING_BOMB = "p0: &p0 {x: 1}\n" + "".join(
    f"p{n}: &p{n} {{a: *p{n - 1}, b: *p{n - 1}, c: *p{n - 1}, d: *p{n - 1}}}\n"
    for n in range(1, 16)
)
MISTAKES = {
    "no time for any attempt": ("timeout: 0.2", "timeout: 0.2 s is less than retry.min_remaining"),
    "proxy": ("http: {proxy: nonsense}", "http.proxy: "),
    "proxy without a host": ("http: {proxy: 'http://:8080'}", "http.proxy: "),
    "proxy of another kind": ("http: {proxy: 'socks5://proxy:1080'}", "http.proxy: "),
    "proxy with a wrong port": ("http: {proxy: 'http://s3cret:s3cret@p:x'}", "http.proxy: "),
    "a short key": ("auth: [{name: a, key: x}]", "auth[0]: key has 1 character"),
    "a bomb of lists": (LIST_BOMB, "aliases"),
    "a bomb of merges": (MERGE_BOMB, "aliases"),
    "a bomb of mappings": (MAPPING_BOMB, "aliases"),
    "a literal variable": (
        "providers: {openai: {api_keys: [$OPENAI_API_KEY]}}",
        "providers.openai.api_keys[0]: ",
    ),
    "a command": ("auth: [{name: a, key: $(cat s3cret)}]", "auth[0].key: "),
    "a template": ("auth: [{name: a, key: '{{ s3cret }}'}]", "auth[0].key: "),
    "a key in quotes": (
        """providers: {openai: {api_keys: ['"sk-s3cret-0123"']}}""",
        "providers.openai.api_keys[0]: ",
    ),
    "a header in quotes": (
        """providers: {openai: {api_keys: [sk-0123456], headers: {X-Key: "'s3cret'"}}}""",
        "providers.openai.headers.X-Key: ",
    ),
}


def _said(
    text: str, folder: Path, capsys: pytest.CaptureFixture[str], *, wrong: bool = True
) -> str:
    """What `check-config` says of a file."""
    path = folder / "llmrpc.yaml"
    path.write_text(text)
    assert check(path, {}) == (2 if wrong else 0)
    return capsys.readouterr().err


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("LLM", "OPENAI", "ANTHROPIC")):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(("text", "problem"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_of_the_file(
    text: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = _said(text, tmp_path, capsys)
    assert problem in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("LLMRPC_ADRESS", "127.0.0.1:1", "LLMRPC_ADRESS: is unknown; did you mean LLMRPC_ADDRESS?"),
        ("LLMRPC_NONSENSE_AND_MORE", "1", "LLMRPC_NONSENSE_AND_MORE: is unknown"),
        ("LLMRPC_HTTP_PROXY", "nonsense", "http.proxy: "),
        ("LLMRPC_API_KEYS", "a:x", "auth[0]: key has 1 character"),
        ("OPENAI_API_KEY", "'sk-s3cret-0123'", "providers.openai.api_keys[0]: "),
        ("OPENAI_API_KEY", "${OTHER}", "providers.openai.api_keys[0]: "),
    ],
)
def test_mistakes_of_the_environment(
    name: str,
    value: str,
    problem: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(name, value)
    said = _said("", tmp_path, capsys)
    assert problem in said
    assert "s3cret" not in said


def test_names_that_are_somebody_elses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LLMRPC_TOKEN", "LLMRPC_MINE", "LLMRPC_SERVICE_HOST", "LLMRPC_PORT"):
        monkeypatch.setenv(name, "a-value-of-its-own")
    for name in ("LLMRPC_SERVICE_PORT_GRPC", "LLMRPC_PORT_50051_TCP_ADDR"):
        monkeypatch.setenv(name, "a-value-of-its-own")
    _said("auth: [{name: a, key: '${LLMRPC_MINE}'}]", tmp_path, capsys, wrong=False)


def test_aliases_of_a_usual_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = "a: &keys [sk-0123456789]\n".replace("a: ", "  openai: {api_keys: ")
    text = f"providers:\n{keys.rstrip()}}}\n  anthropic: {{api_keys: *keys}}\n"
    _said(text, tmp_path, capsys, wrong=False)


@pytest.mark.parametrize("digest", sorted(PUBLISHED))
def test_a_published_hash(digest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _said(f"auth: [{{name: a, sha256: '{digest}'}}]", tmp_path, capsys)
    assert "auth[0]: is a key that the documentation showed" in said


def test_a_published_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hash_key("hello-secret") in PUBLISHED
    said = _said("auth: [{name: a, key: hello-secret}]", tmp_path, capsys)
    assert "auth[0]: is a key that the documentation showed" in said


def test_no_page_and_no_example_has_a_key_or_a_hash() -> None:
    folders = ("docs", "deploy", "examples", "clients")
    kinds = {".md", ".yaml", ".yml", ".py", ".sh", ".go", ".java", ".ts", ".env"}
    pages = [ROOT / "README.md", *ROOT.glob("*.y*ml")]
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            made = {"node_modules", "dist", "target", "v1"} & set(path.parts)
            if path.suffix in kinds and path.is_file() and not made:
                pages.append(path)
    assert len(pages) > 50
    key = re.compile(r"llmrpc_[A-Za-z0-9_-]{40,}|(?i:sha256)['\"]?[:=] ?['\"]?[0-9a-f]{64}")
    assert [str(page) for page in pages if key.search(page.read_text("utf-8"))] == []
