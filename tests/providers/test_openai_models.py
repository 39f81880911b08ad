"""The lists of models of OpenAI and those who are compatible, and the count of tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError, ProviderNotAvailableError
from llmrpc_server.providers.dialect import CountsTokens, Listed, ListsModels
from llmrpc_server.providers.dialects import Dialects, counter
from llmrpc_server.providers.registry import DIALECTS, ROWS
from llmrpc_server.providers.row import Row
from tests.providers.responses import dialect, row


def lister(name: str) -> ListsModels:
    made = DIALECTS[ROWS[name].dialect](ROWS[name])
    assert isinstance(made, ListsModels)
    return made


LISTS: dict[str, tuple[Any, list[Listed]]] = {
    "openai": (
        {"object": "list", "data": [{"id": "gpt-6-luna", "object": "model", "created": 1}]},
        [Listed("gpt-6-luna")],
    ),
    "mistral": (
        {"data": [
            {"id": "mistral-small-latest", "max_context_length": 131072,
             "capabilities": {"completion_chat": True}},
            {"id": "mistral-embed", "max_context_length": 8192,
             "capabilities": {"completion_chat": False}},
        ]},
        [Listed("mistral-small-latest", 131072)],
    ),
    "groq": (
        {"data": [
            {"id": "openai/gpt-oss-120b", "active": True, "context_window": 131072,
             "max_completion_tokens": 65536},
            {"id": "gone", "active": False},
        ]},
        [Listed("openai/gpt-oss-120b", 131072, 65536)],
    ),
    "openrouter": (
        {"data": [
            {"id": "openai/gpt-6-luna", "context_length": 400000,
             "top_provider": {"context_length": 400000, "max_completion_tokens": 128000}},
            {"id": "openrouter/auto", "context_length": None, "top_provider": None},
        ]},
        [Listed("openai/gpt-6-luna", 400000, 128000), Listed("openrouter/auto")],
    ),
    "together": (
        [
            {"id": "openai/gpt-oss-120b", "type": "chat", "context_length": 131072},
            {"id": "bge", "type": "embedding", "context_length": 512},
        ],
        [Listed("openai/gpt-oss-120b", 131072)],
    ),
    "vllm": (
        {"object": "list", "data": [{"id": "Qwen/Qwen3-8B", "max_model_len": 40960}]},
        [Listed("Qwen/Qwen3-8B", 40960)],
    ),
    "llamacpp": (
        {"models": [], "data": [{"id": "m.gguf", "meta": {"n_ctx_train": 131072, "n_params": 1}}]},
        [Listed("m.gguf", 131072)],
    ),
    "ollama": ({"object": "list", "data": None}, []),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_each_list_is_read_with_the_sizes_that_it_has(name: str) -> None:
    body, models = LISTS[name]
    assert lister(name).list_path("") == "/models"
    assert lister(name).decode_list(json.dumps(body).encode()) == (models, "")


def test_both_dialects_list_alike() -> None:
    made = dialect()
    assert isinstance(made, ListsModels)
    body, models = LISTS["openai"]
    assert made.decode_list(json.dumps(body).encode()) == (models, "")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b'{"data": 3}', b"3", b"[" * 5000, b"\xff"]
)
def test_what_is_no_list_is_an_invalid_response(body: bytes) -> None:
    with pytest.raises(ProviderNotAvailableError) as caught:
        lister("openai").decode_list(body)
    assert caught.value.reason_name == "PROVIDER_RESPONSE_INVALID"


def test_an_entry_that_is_none_is_passed_over_and_a_size_that_is_none_is_unknown() -> None:
    entries = [None, {"id": 3}, {"id": "m", "context_length": "many", "context_window": -1}]
    assert lister("openai").decode_list(json.dumps(entries).encode()) == ([Listed("m")], "")


def counting() -> CountsTokens:
    found = counter(dialect())
    assert found is not None
    return found


def test_a_count_asks_for_what_the_model_reads_and_nothing_else() -> None:
    request = pb.GenerateRequest(
        messages=[pb.LLMMessage(role=pb.ROLE_USER, content="Hello")],
        tools=[pb.Tool(function=pb.FunctionTool(name="f"))],
        max_tokens=9,
        temperature=1,
    )
    encoded = counting().encode_count(request, "gpt-4.1")
    assert encoded.path == "/responses/input_tokens"
    body = json.loads(encoded.body)
    assert set(body) == {"model", "input", "tools"}
    assert body["input"] == [{"role": "user", "content": "Hello"}]
    assert counting().decode_count(b'{"object": "response.input_tokens", "input_tokens": 11}') == 11


def test_a_count_raises_as_the_request_itself_would() -> None:
    message = pb.LLMMessage(role=pb.ROLE_USER, content="Hello")
    with pytest.raises(InvalidRequestError) as caught:
        counting().encode_count(pb.GenerateRequest(messages=[message], stop=["x"]), "gpt-6-luna")
    assert [each.field for each in caught.value.violations] == ["stop"]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"input_tokens": "x"}', b'{"input_tokens": -1}'])
def test_what_is_no_count_is_an_invalid_response(body: bytes) -> None:
    with pytest.raises(ProviderNotAvailableError):
        counting().decode_count(body)


@pytest.mark.parametrize(
    ("spoken", "counts"),
    [
        (row("openai"), True),
        (row("azure"), False),
        (row("xai"), False),
        (row("vllm"), False),
        (ROWS["openai"], False),
    ],
)
def test_who_counts(spoken: Row, counts: bool) -> None:
    made = Dialects(spoken, DIALECTS).own
    assert (counter(made) is not None) == counts
