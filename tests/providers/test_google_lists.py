"""Google's list of models, and its count of tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError, LLMClientError
from llmrpc_server.providers.dialect import Listed
from llmrpc_server.providers.google import GoogleDialect
from llmrpc_server.providers.registry import ROWS

GOOGLE = GoogleDialect(ROWS["google"])


def test_the_list_has_the_models_that_generate_by_their_short_names() -> None:
    page = {
        "models": [
            {"name": "models/gemini-3.8-flash", "displayName": "Gemini 3.8 Flash",
             "inputTokenLimit": 1048576, "outputTokenLimit": 65536,
             "supportedGenerationMethods": ["generateContent", "countTokens"]},
            {"name": "models/gemini-embedding-2", "supportedGenerationMethods": ["embedContent"]},
            {"name": "models/of-old"},
            {"name": "models/bare", "supportedGenerationMethods": ["generateContent"]},
        ],
        "nextPageToken": "a/b=",
    }  # fmt: skip
    listed, following = GOOGLE.decode_list(json.dumps(page).encode())
    assert listed == [Listed("gemini-3.8-flash", 1048576, 65536), Listed("bare")]
    assert following == "a/b="
    assert GOOGLE.decode_list(b"{}") == ([], "")


def test_the_next_page_is_asked_for_by_its_token() -> None:
    assert GOOGLE.list_path("") == "/models?pageSize=1000"
    assert GOOGLE.list_path("a/b=&key=x") == "/models?pageSize=1000&pageToken=a%2Fb%3D%26key%3Dx"


def test_a_count_is_asked_for_the_whole_request() -> None:
    fields: dict[str, Any] = {
        "messages": [
            {"role": "ROLE_SYSTEM", "content": "Be short."},
            {"role": "ROLE_USER", "content": "Hi."},
        ],
        "tools": [{"function": {"name": "f"}}],
    }
    request = json_format.ParseDict(fields, pb.GenerateRequest())
    encoded = GOOGLE.encode_count(request, "models/gemini-3.8-flash")
    assert encoded.path == "/models/gemini-3.8-flash:countTokens"
    assert json.loads(encoded.body) == {
        "generateContentRequest": {
            "model": "models/gemini-3.8-flash",
            "systemInstruction": {"parts": [{"text": "Be short."}]},
            "contents": [{"role": "user", "parts": [{"text": "Hi."}]}],
            "tools": [{"functionDeclarations": [{"name": "f"}]}],
        }
    }
    request.temperature = 1
    with pytest.raises(InvalidRequestError):
        GOOGLE.encode_count(request, "gemini-3.8-flash")


def test_the_count_is_the_total() -> None:
    body = {"totalTokens": 31, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 31}]}
    assert GOOGLE.decode_count(json.dumps(body).encode()) == 31


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000, b"\xff"])
@pytest.mark.parametrize("read", [GOOGLE.decode_count, GOOGLE.decode_list])
def test_what_cannot_be_read_is_no_answer(read: Callable[[bytes], object], body: bytes) -> None:
    with pytest.raises(LLMClientError) as caught:
        read(body)
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"totalTokens": "x"}',
        b'{"totalTokens": null}',
        b'{"totalTokens": -1}',
        b'{"totalTokens": 2147483648}',
    ],
)
def test_no_count_is_made_up(body: bytes) -> None:
    with pytest.raises(LLMClientError):
        GOOGLE.decode_count(body)
