"""Anthropic's lists and counts, and the headers of every call."""

from __future__ import annotations

import json

import pytest

from llmrpc.errors import InvalidRequestError, ProviderNotAvailableError
from llmrpc_server.providers.dialect import Listed
from tests.providers.messages_api import DIALECT
from tests.providers.messages_requests import (
    HELLO,
    OLD,
    TOOLS,
    request,
)


def test_the_key_and_the_version_go_into_headers() -> None:
    version = {"anthropic-version": "2023-06-01"}
    assert DIALECT.headers("k") == {"x-api-key": "k", **version}
    assert DIALECT.headers(None) == version


def test_a_count_has_what_would_be_sent_and_nothing_else() -> None:
    fields = {
        **TOOLS,
        "messages": [{"role": "ROLE_SYSTEM", "content": "Be kind."}, HELLO],
        "toolChoice": {"mode": "MODE_AUTO"},
        "maxTokens": 9,
        "temperature": 0.5,
        "stop": ["x"],
        "providerOptions": {"anthropic.service_tier": "auto"},
        "responseFormat": {"jsonSchema": {"schema": "{}"}},
    }
    encoded = DIALECT.encode_count(request(fields), OLD)
    assert encoded.path == "/v1/messages/count_tokens"
    assert json.loads(encoded.body) == {
        "model": OLD,
        "system": "Be kind.",
        "messages": [{"role": "user", "content": "Hello"}],
        "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}],
        "tool_choice": {"type": "auto"},
        "output_config": {"format": {"type": "json_schema", "schema": {}}},
    }
    with pytest.raises(InvalidRequestError):
        DIALECT.encode_count(request({"seed": 1}), OLD)
    assert DIALECT.decode_count(b'{"input_tokens": 42}') == 42


def test_the_list_is_read_page_by_page() -> None:
    first = {
        "data": [
            {"type": "model", "id": "claude-a", "max_input_tokens": 1000, "max_tokens": 50},
            {"type": "model", "id": "claude-b", "max_input_tokens": None},
        ],
        "has_more": True,
        "first_id": "claude-a",
        "last_id": "claude-b",
    }
    assert DIALECT.list_path("") == "/v1/models?limit=1000"
    models, page = DIALECT.decode_list(json.dumps(first).encode())
    assert models == [Listed("claude-a", 1000, 50), Listed("claude-b")]
    assert DIALECT.list_path(page) == "/v1/models?limit=1000&after_id=claude-b"
    last = {"data": [], "has_more": False, "last_id": "claude-z"}
    assert DIALECT.decode_list(json.dumps(last).encode()) == ([], "")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"[]",
        b'{"data": [{}]}',
        b'{"input_tokens": "x"}',
        b'{"input_tokens": -1}',
        b'{"input_tokens": 2147483648}',
        b'{"x":' * 100_000,
    ],
)
def test_a_list_or_a_count_that_cannot_be_read_is_an_error(sent: bytes) -> None:
    for read in (DIALECT.decode_list, DIALECT.decode_count):
        with pytest.raises(ProviderNotAvailableError, match="anthropic sent no") as caught:
            read(sent)
        assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"
