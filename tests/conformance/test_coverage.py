"""The scenarios and vectors hold all of the contract."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from llmrpc import v1 as pb
from llmrpc.errors import EXCEPTIONS
from tests.conformance import scenario, vectors
from tests.conformance.compare import ERROR_KEYS
from tests.conformance.new_vectors import made, messages

SCENARIOS = scenario.load()
METHODS = {"Generate", "StreamText", "Text", "BatchGenerate", "CountTokens", "ListModels", "Health"}
LISTENERS = {"plain", "bearer", "tls", "mtls", "small", "nobody", "future"} | {
    *("tls-plain", "tls-stranger", "mtls-bare")
}
ZEROS: tuple[Any, ...] = (0, "0", False)
NOT_HERE = {"Policy", "ErrorReason"}
"""Enums that are seen otherwise, or that this release refuses as a whole."""


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


def test_an_error_is_retryable_as_its_reason_is() -> None:
    for error in (error for one in expected() for error in found(one, "error")):
        value = pb.ErrorReason.Value(f"ERROR_REASON_{error['reason']}")
        again = EXCEPTIONS[value]("", reason=value).retryable
        assert error.get("retryable", again) is again, error


def test_every_key_of_an_error_is_seen() -> None:
    assert {key for one in expected() for error in found(one, "error") for key in error} == (
        ERROR_KEYS
    )


def test_every_method_is_called_and_every_listener() -> None:
    assert {call["method"] for one in SCENARIOS for call in one.calls} == METHODS
    assert {one.listener for one in SCENARIOS} == LISTENERS


def test_every_method_is_cut_by_a_deadline_and_cancelled() -> None:
    calls = [call for one in SCENARIOS for call in one.calls]
    late = {
        call["method"]
        for call in calls
        if "timeout_ms" in call and "DEADLINE_EXCEEDED" in found(call["expect"], "code")
    }
    cancelled = {call["method"] for call in calls if call["expect"].get("cancelled")}
    assert late == {"Generate", "StreamText", "Text", "BatchGenerate", "CountTokens"}
    assert cancelled == {"Generate", "StreamText", "BatchGenerate", "CountTokens"}


def requests() -> Iterator[Any]:
    """Every request that is written out in a scenario, those of batches and second turns too."""
    for one in SCENARIOS:
        for call in one.calls:
            given = call.get("request", {"messages": call.get("continue", [])})
            items = given if isinstance(given, list) else [{"generate": given}]
            yield from (item.get("generate", {}) for item in items)


def answers() -> Iterator[Any]:
    """Every event that is expected, and every answer as the last one of a stream."""
    for one in expected():
        yield from one.get("events", ())
        yield {"completed": one.get("response", {})}


def walk(message: Descriptor, value: Any) -> Iterator[tuple[FieldDescriptor, Any]]:
    """Every field that is there in a message's JSON, and its value, however deep."""
    for field in message.fields:
        if field.json_name in value:
            inner = value[field.json_name]
            yield field, inner
            if described(field) and field.message_type is not None:
                for item in inner if isinstance(inner, list) else [inner]:
                    yield from walk(field.message_type, item)


def described(field: FieldDescriptor) -> bool:
    """Whether what is in it is the contract's own."""
    inner = field.message_type
    return (
        inner is not None and inner.file.package == "llmrpc.v1" and not inner.GetOptions().map_entry
    )


def fields(message: Descriptor, known: frozenset[str] = frozenset()) -> set[FieldDescriptor]:
    """Every field of a message and of those inside it."""
    every = set(message.fields)
    for field in message.fields:
        inner = field.message_type
        if described(field) and inner is not None and inner.full_name not in known:
            every |= fields(inner, known | {inner.full_name})
    return every


ASKED = pb.GenerateRequest.DESCRIPTOR
TOLD = pb.StreamEvent.DESCRIPTOR


def test_every_field_is_seen() -> None:
    given = {field.full_name for one in requests() for field, _ in walk(ASKED, one)}
    given |= {field.full_name for one in answers() for field, _ in walk(TOLD, one)}
    assert {field.full_name for field in fields(ASKED) | fields(TOLD)} - given == set()


def test_every_choice_is_seen() -> None:
    given = {
        value
        for message, every in ((ASKED, requests()), (TOLD, answers()))
        for one in every
        for field, values in walk(message, one)
        if field.enum_type is not None
        for value in (values if isinstance(values, list) else [values])
    }
    enums = {field.enum_type for field in fields(ASKED) | fields(TOLD)} - {None}
    wanted = {
        value.name
        for enum in enums
        if enum is not None and enum.name not in NOT_HERE
        for value in enum.values
        if value.number
    }
    assert wanted - given == set()


@pytest.mark.parametrize(("message", "every"), [(ASKED, requests), (TOLD, answers)])
def test_every_optional_field_is_seen_absent_and_zero(
    message: Descriptor, every: Callable[[], Iterator[Any]]
) -> None:
    optional = {
        field
        for field in fields(message)
        if field.has_presence
        and field.message_type is None
        and field.containing_oneof is not None
        and len(field.containing_oneof.fields) == 1
    }
    for field in sorted(optional, key=lambda one: str(one.full_name)):
        owners = [value for one in every() for value in inside(message, one, field)]
        assert any(field.json_name not in owner for owner in owners), field.full_name
        assert any(owner.get(field.json_name) in ZEROS for owner in owners), field.full_name


def inside(message: Descriptor, value: Any, field: FieldDescriptor) -> Iterator[Any]:
    """The JSON of every message that the field is of."""
    if message is field.containing_type:
        yield value
    for one, inner in walk(message, value):
        if described(one) and one.message_type is field.containing_type:
            yield from inner if isinstance(inner, list) else [inner]


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
