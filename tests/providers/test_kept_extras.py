"""What a signature keeps beside a part replaces nothing that is written for the part itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.registry import DIALECTS, ROWS

ROW = {
    "openai": "openrouter",
    "openai-responses": "openai",
    "anthropic": "anthropic",
    "google": "google",
}
TEXT: dict[str, Any] = {"text": "Hi"}
CALL: dict[str, Any] = {"toolCall": {"id": "call_1", "name": "f", "arguments": '{"a":1}'}}
REASONING: dict[str, Any] = {"reasoning": "Hm"}
REFUSAL: dict[str, Any] = {"refusal": "No"}
IMAGE: dict[str, Any] = {"image": {"data": "eA==", "mediaType": "image/png"}}
PARTS = [
    ("openai", CALL),
    ("openai-responses", TEXT),
    ("openai-responses", REFUSAL),
    ("openai-responses", REASONING),
    ("openai-responses", CALL),
    ("openai-responses", IMAGE),
    ("anthropic", TEXT),
    ("anthropic", REASONING),
    ("anthropic", CALL),
    ("google", TEXT),
    ("google", REASONING),
    ("google", CALL),
]
KEPT = {"openai-responses": {"status"}, "openai": {"type"}}
"""Fields that a provider's own value of goes back in place of the usual one."""


def sent(dialect: str, part: dict[str, Any], **extra: Any) -> Any:
    """The body for a turn of the model of this part, signed by its provider."""
    row = ROWS[ROW[dialect]].speaking(dialect)
    signature = {"provider": row.name, "id": "item_1", "data": "c2ln", "extra": json.dumps(extra)}
    if dialect == "openai":
        signature["data"] = ""
    messages = [
        {"role": "ROLE_USER", "content": "Hello"},
        {"role": "ROLE_ASSISTANT", "parts": [{**part, "signature": signature}, {"text": "…"}]},
        {"role": "ROLE_USER", "content": "Go on"},
    ]
    request = json_format.ParseDict({"messages": messages}, pb.GenerateRequest())
    encoded = DIALECTS[dialect](row).encode(request, "m", Defaults(), stream=False)
    return json.loads(encoded.body)


def keys(value: Any) -> Iterator[str]:
    """All names in a body, however deep."""
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from keys(inner)


@pytest.mark.parametrize(("dialect", "part"), PARTS)
def test_no_field_of_its_own_is_replaced(dialect: str, part: dict[str, Any]) -> None:
    own = sent(dialect, part, new=1)
    assert '"new": 1' in json.dumps(own)
    values: list[Any] = ["other", 7, None, [], {"a": 1}]
    for value in values:
        fields = {*keys(sent(dialect, part))} - KEPT.get(dialect, set())
        extra: dict[str, Any] = {"new": 1, **dict.fromkeys(fields, value)}
        assert holds(written(sent(dialect, part, **extra), "new"), written(own, "new"))


def holds(value: Any, least: Any) -> bool:
    """Whether a value has all that another one has; objects may have more."""
    if isinstance(value, dict) and isinstance(least, dict):
        return all(name in value and holds(value[name], each) for name, each in least.items())
    return bool(value == least)


def written(body: Any, mark: str) -> dict[str, Any]:
    """The object in a body that has this field."""
    found = body if isinstance(body, dict) and mark in body else None
    inner = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    return found or next((each for one in inner if (each := written(one, mark))), {})


@pytest.mark.parametrize(
    ("part", "name"), [(TEXT, "text"), (REFUSAL, "refusal"), (REASONING, "text")]
)
def test_no_text_of_a_piece_is_replaced(part: dict[str, Any], name: str) -> None:
    piece = {"new": 1, name: "other", "annotations": ["other"], "logprobs": ["other"]}
    found = written(sent("openai-responses", part, **{"$piece": piece}), "new")
    assert found[name] == next(iter(part.values()))
    assert "other" not in json.dumps(found)
