"""Provider tools, end users and modalities in a request of Chat Completions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.providers.test_openai_requests import encode, refused
from tests.providers.tools import function


def tool(provider: str, type: str, **fields: Any) -> dict[str, Any]:
    return {"providerTool": {"provider": provider, "type": type, **fields}}


def body(fields: dict[str, Any], provider: str = "openai", model: str = "m") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode(fields, provider, model).body)
    return found


def test_options_of_a_tool_are_sent_as_they_were_given() -> None:
    options = '{"parameters": {"max_results": 5,  "b": 1.0, "a": 12345678901234567890}}'
    encoded = encode(
        {"tools": [tool("openrouter", "openrouter:datetime", options=options)]}, "openrouter", "m"
    )
    assert b'{"type":"openrouter:datetime","parameters":' in encoded.body
    assert options[15:-1].encode() in encoded.body


@pytest.mark.parametrize(
    ("provider", "wanted", "path"),
    [
        ("openai", tool("openai", "web_search"), "tools[0].provider_tool.type"),
        ("openai", tool("azure", "custom"), "tools[0].provider_tool.provider"),
        ("groq", tool("groq", "web_search"), "tools[0].provider_tool.type"),
        ("openrouter", tool("openrouter", "custom"), "tools[0].provider_tool.type"),
        ("mistral", tool("mistral", "web_search"), "tools[0].provider_tool.type"),
        ("perplexity", function("f"), "tools"),
    ],
)
def test_a_tool_that_a_provider_does_not_have_is_refused(
    provider: str, wanted: dict[str, Any], path: str
) -> None:
    assert refused({"tools": [wanted]}, provider, "m") == [path]


@pytest.mark.parametrize(
    ("provider", "wanted", "choice"),
    [
        ("openai", tool("openai", "custom", options='{"custom":{"name":"x"}}', name="y"),
         {"type": "custom", "custom": {"name": "x"}}),
        ("azure", tool("azure", "custom", options='{"custom":7}', name="y"),
         {"type": "custom", "custom": {"name": "y"}}),
        ("openrouter", tool("openrouter", "openrouter:web_fetch", name="y"),
         {"type": "openrouter:web_fetch"}),
        ("groq", function("y"), {"type": "function", "function": {"name": "y"}}),
    ],
)  # fmt: skip
def test_a_choice_refers_to_a_tool_as_its_provider_does(
    provider: str, wanted: dict[str, Any], choice: dict[str, Any]
) -> None:
    fields = {"tools": [wanted], "toolChoice": {"mode": "MODE_NAMED", "allowedNames": ["y"]}}
    assert body(fields, provider)["tool_choice"] == choice


def test_groq_cannot_be_made_to_call_its_own_tool() -> None:
    named = {"mode": "MODE_NAMED", "allowedNames": ["browser_search"]}
    fields = {"tools": [tool("groq", "browser_search")], "toolChoice": named}
    assert refused(fields, "groq", "m") == ["tool_choice.allowed_names[0]"]
    fields["toolChoice"] = {"mode": "MODE_REQUIRED"}
    assert body(fields, "groq")["tool_choice"] == "required"


@pytest.mark.parametrize(
    ("provider", "wanted", "mark"),
    [
        ("openrouter", function("f"), {"type": "ephemeral", "ttl": "5m"}),
        ("openrouter", tool("openrouter", "openrouter:datetime"), None),
        ("openai", function("f"), None),
        ("groq", function("f"), None),
    ],
)
def test_a_breakpoint_on_a_tool_is_marked_or_warned_of(
    provider: str, wanted: dict[str, Any], mark: dict[str, str] | None
) -> None:
    encoded = encode(
        {"tools": [{**wanted, "cacheBreakpoint": {"ttl": "60s"}}]}, provider, "gpt-5.6"
    )
    assert json.loads(encoded.body)["tools"][0].get("cache_control") == mark
    warned = [warning.field for warning in encoded.warnings]
    assert warned == ([] if mark else ["tools[0].cache_breakpoint"])


@pytest.mark.parametrize(
    ("provider", "field"),
    [
        ("openai", "safety_identifier"), ("azure", "safety_identifier"), ("groq", "user"),
        ("openrouter", "user"), ("xai", "user"),
    ],
)  # fmt: skip
def test_the_end_user_is_named_unless_an_option_does_so(provider: str, field: str) -> None:
    assert body({"endUserId": "u1"}, provider)[field] == "u1"
    options = {f"{provider}.{field}": "u2"}
    encoded = encode({"endUserId": "u1", "providerOptions": options}, provider, "m")
    assert json.loads(encoded.body)[field] == "u2"
    assert [warning.field for warning in encoded.warnings] == ["end_user_id"]


@pytest.mark.parametrize(
    "provider", ["mistral", "deepseek", "together", "perplexity", "ollama", "vllm", "llamacpp"]
)
def test_an_end_user_without_a_place_is_left_out_with_a_warning(provider: str) -> None:
    encoded = encode({"endUserId": "u1"}, provider, "m")
    assert b"u1" not in encoded.body
    assert [warning.field for warning in encoded.warnings] == ["end_user_id"]


@pytest.mark.parametrize(
    ("provider", "wanted", "sent"),
    [
        ("openai", ["TEXT"], ["text"]),
        ("openrouter", ["IMAGE"], ["image"]),
        ("openrouter", ["TEXT", "IMAGE"], ["text", "image"]),
        ("groq", ["TEXT"], None),
        ("perplexity", ["TEXT"], None),
    ],
)
def test_modalities_are_asked_for(provider: str, wanted: list[str], sent: Any) -> None:
    fields = {"outputModalities": [f"MODALITY_{each}" for each in wanted]}
    assert body(fields, provider).get("modalities") == sent


@pytest.mark.parametrize(
    ("provider", "modality"),
    [
        ("openai", "AUDIO"), ("openai", "IMAGE"), ("openrouter", "AUDIO"), ("openrouter", "VIDEO"),
        ("groq", "IMAGE"), ("vllm", "DOCUMENT"),
    ],
)  # fmt: skip
def test_a_modality_that_a_provider_does_not_write_is_refused(provider: str, modality: str) -> None:
    fields = {"outputModalities": ["MODALITY_TEXT", f"MODALITY_{modality}"]}
    assert refused(fields, provider, "m") == ["output_modalities[1]"]
