"""The scenarios and vectors hold all of the contract."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message

from llmrpc import v1 as pb
from tests.conformance import scenario, vectors
from tests.conformance.new_vectors import made, messages

SCENARIOS = scenario.load()
METHODS = {"Generate", "StreamText", "Text", "BatchGenerate", "CountTokens", "ListModels", "Health"}


def found(value: Any, key: str) -> Iterator[Any]:
    """Every value under this key, however deep."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for item in value.values():
            yield from found(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from found(item, key)


def expected() -> Iterator[dict[str, Any]]:
    for one in SCENARIOS:
        for call in one.calls:
            yield call["expect"]


def test_at_least_forty_each_with_what_it_is_about() -> None:
    assert len(SCENARIOS) >= 40
    assert all(one.about for one in SCENARIOS)
    assert not [
        one.name
        for one in SCENARIOS
        if not all(call.get("expect") is not None for call in one.calls)
    ]


def test_every_reason_is_seen() -> None:
    reasons = {
        name.removeprefix("ERROR_REASON_") for name, number in pb.ErrorReason.items() if number
    }
    seen = {error["reason"] for one in expected() for error in found(one, "error")}
    assert reasons - seen == set()


def test_every_method_is_called_and_every_listener() -> None:
    assert {call["method"] for one in SCENARIOS for call in one.calls} == METHODS
    assert {one.listener for one in SCENARIOS} == {"plain", "bearer", "tls", "mtls", "nobody"}


def test_every_kind_of_event_and_delta_is_seen() -> None:
    events = [event for one in expected() for event in one.get("events", ())]
    assert {key for event in events for key in event} == {
        "sequence",
        "started",
        "deltas",
        "completed",
    }
    kinds = {key for event in events for delta in event.get("deltas", ()) for key in delta}
    wanted = pb.Delta.DESCRIPTOR.oneofs_by_name["kind"].fields
    assert {field.json_name for field in wanted} - kinds == set()


def test_every_optional_field_is_seen_absent_and_zero() -> None:
    wanted = {
        "temperature",
        "maxTokens",
        "topP",
        "topK",
        "seed",
        "presencePenalty",
        "frequencyPenalty",
        "strict",
        "parallel",
        "budgetTokens",
    }
    requests = [
        seen["request"]
        for one in SCENARIOS
        if one.name == "request-every-zero"
        for seen in one.seen
    ]
    absent, zero = ({key for key in wanted if list(found(one, key))} for one in requests)
    assert (absent, zero) == (set(), wanted)


def test_every_message_has_a_vector_with_all_its_fields() -> None:
    seen: dict[str, set[str]] = {}
    for vector in vectors.load():
        message = made(vector.message)
        message.ParseFromString(base64.b64decode(vector.bytes))
        seen.setdefault(vector.message, set()).update(_set(message))
    for descriptor in messages():
        every = {field.name for field in descriptor.fields}
        assert every - seen[descriptor.full_name] == set(), descriptor.full_name


def _set(message: Message) -> set[str]:
    return {field.name for field, _ in message.ListFields()}
