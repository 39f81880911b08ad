"""A tiny vocabulary, in the form that tiktoken reads, that stands for OpenAI's own."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from llmrpc_server.catalogue.vocabularies import O200K
from llmrpc_server.providers import tokenizer

WORDS = ("hello", " world", " 你好")
"""What is one token; all else is one for each byte."""


def _lines() -> bytes:
    tokens = [bytes([code]) for code in range(256)]
    for word in WORDS:  # each prefix is a token, so that pairs can be merged to the whole
        data = word.encode()
        tokens += [part for end in range(2, len(data) + 1) if (part := data[:end]) not in tokens]
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, place: int = 0) -> Path:
    """Writes it under one of the names of `o200k_base`, and lets it be the right one."""
    data = _lines()
    (folder / O200K.files[place]).write_bytes(data)
    tiny = replace(O200K, sha256=hashlib.sha256(data).hexdigest())
    monkeypatch.setattr(tokenizer, "VOCABULARIES", {"o200k_base": tiny})
    return folder
