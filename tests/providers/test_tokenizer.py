"""tiktoken counts with a vocabulary that lies here, and nothing is ever fetched."""

from __future__ import annotations

import socket
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from llmrpc_server.catalogue.vocabularies import CL100K, O200K, Vocabulary
from llmrpc_server.providers import tokenizer
from llmrpc_server.providers.tokenizer import Tokenizers
from tests.providers.vocabulary import install


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("hello world", 2),
        ("hello world hello", 4),  # a blank before the second one
        (" 你好", 1),
        ("<|endoftext|>", 13),
        ("ab 12", 5),
    ],
)
@pytest.mark.parametrize("place", [0, 1], ids=["own name", "name in tiktoken's cache"])
def test_a_text_is_cut_by_the_vocabulary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int, text: str, tokens: int
) -> None:
    tokenizers = Tokenizers(install(tmp_path, monkeypatch, place))
    assert tokenizers.count(text, "gpt-4o-mini") == tokens


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5.4-mini", "o3", "gpt-oss-120b"])
def test_models_that_tiktoken_names_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    assert Tokenizers(install(tmp_path, monkeypatch)).count("hello", model) == 1


@pytest.mark.parametrize("model", ["gpt-4", "claude-sonnet-5", "text-davinci-003", ""])
def test_others_have_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    assert Tokenizers(install(tmp_path, monkeypatch)).count("hello", model) is None


@pytest.mark.parametrize("kind", ["no folder", "empty", "damaged", "a folder", "not installed"])
def test_without_the_vocabulary_there_is_none_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    file = tmp_path / O200K.files[1]
    if kind == "damaged":
        file.write_bytes(b"aGVsbG8= 0\n")
    elif kind == "a folder":
        file.mkdir()
    elif kind == "not installed":
        install(tmp_path, monkeypatch)
        monkeypatch.setattr(tokenizer, "find_spec", lambda name: None)
    tokenizers = Tokenizers(None if kind == "no folder" else tmp_path)
    assert tokenizers.count("hello", "gpt-4o") is None
    assert not file.is_file() or kind == "damaged"


def test_a_vocabulary_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizers = Tokenizers(install(tmp_path, monkeypatch))
    first = tokenizers.find("gpt-4o")
    (tmp_path / O200K.files[0]).unlink()
    assert tokenizers.find("gpt-5") is first is not None


@pytest.mark.parametrize("blank", [" ", "\n", "a"])
def test_a_text_without_end_is_counted_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blank: str
) -> None:
    tokenizers = Tokenizers(install(tmp_path, monkeypatch))
    assert tokenizers.count(blank * 1_000_000, "gpt-4o") == 1_000_000


@pytest.mark.parametrize("vocabulary", [CL100K, O200K])
def test_the_patterns_are_tiktokens(vocabulary: Vocabulary) -> None:
    """Against tiktoken's own source, whose constructors would fetch the vocabulary."""
    openai_public: Any = import_module("tiktoken_ext.openai_public")
    asked: list[str] = []

    def stand_in(address: str, expected_hash: str | None = None) -> dict[bytes, int]:
        asked.append(address)
        asked.append(str(expected_hash))
        return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openai_public, "load_tiktoken_bpe", stand_in)
        make = openai_public.cl100k_base if vocabulary is CL100K else openai_public.o200k_base
        assert make()["pat_str"] == vocabulary.pattern
    assert asked[1] == vocabulary.sha256
