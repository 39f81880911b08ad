"""What a language gave against what its scenario expects."""

from __future__ import annotations

import base64
import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from llmrpc import v1 as pb
from tests.conformance.canonical import canonical, lines, request_ids, same, with_short_forms
from tests.conformance.play import Play
from tests.conformance.scenario import Scenario
from tests.conformance.wire_order import in_order

ERROR_KEYS = frozenset(
    {"kind", "code", "reason", "message", "metadata", "retry_delay", "retryable"}
    | {"violations", "quota_violations", "request_id", "usage", "cost", "attempts"}
)
"""All that an error has (README.md)."""
_RESPONSE = pb.LLMResponse.DESCRIPTOR
_CONTEXT = 3
_MOST_LINES = 60


AS_SENT = "<as sent>"
"""In place of a response's bytes, where they are those that the gateway has sent."""


def differences(
    scenario: Scenario,
    output: Mapping[str, Any],
    places: Mapping[str, str],
    sent: Collection[bytes] = (),
) -> Iterator[str]:
    """One short text for each call whose output is not the expected one.

    `sent` are the responses whose bytes the calls may give back.
    """
    calls = output.get("calls")
    if not isinstance(calls, list) or len(calls) != len(scenario.calls):
        yield f"expected the output of {len(scenario.calls)} calls, got {str(calls)[:200]}"
        return
    for number, (call, got) in enumerate(zip(scenario.calls, calls, strict=True), 1):
        title = f"call {number}, {call['method']}"
        shown = seen_output(call, got, places)
        if isinstance(shown, dict) and _was_sent(shown.get("bytes"), sent):
            shown["bytes"] = AS_SENT
        expected = with_short_forms(canonical(call["expect"], {}))
        if not same(shown, expected):
            yield _diff(title, expected, shown)
        if len(ids := request_ids(got)) > 1:
            yield f"{title}: a call has one request id, this one has {', '.join(sorted(ids))}"


def seen_output(call: Mapping[str, Any], got: Any, places: Mapping[str, str]) -> Any:
    """A call's output in the form in which it is expected."""
    if not isinstance(got, dict):
        return got
    shown = with_short_forms(canonical(got, places))
    if "compare" in call and "error" in shown:
        left_alone = ERROR_KEYS.difference(call["compare"])
        shown["error"] = {k: v for k, v in shown["error"].items() if k not in left_alone}
    return shown


def _was_sent(text: Any, sent: Collection[bytes]) -> bool:
    """Whether these are the bytes of a response that was sent, fields in any order."""
    if not isinstance(text, str):
        return False
    try:
        data = in_order(base64.b64decode(text, validate=True), _RESPONSE)
    except ValueError:
        return False
    return data in {in_order(each, _RESPONSE) for each in sent}


async def unseen(play: Play, places: Mapping[str, str]) -> list[str]:
    """What the provider saw otherwise than the scenario says."""
    expected = play.scenario.seen
    found = []
    if len(play.seen) != len(expected):
        found.append(f"the provider was asked {len(play.seen)} times, expected {len(expected)}")
    for number, (wanted, seen) in enumerate(zip(expected, play.seen, strict=False), 1):
        if wanted.get("closed") and not await play.was_closed(seen):
            found.append(f"the provider's connection of request {number} was never closed")
        want = {key: value for key, value in wanted.items() if key != "closed"}
        got = _narrowed(canonical(seen.what, places), want)
        if not same(canonical(want, {}), got):
            found.append(_diff(f"what the provider saw, request {number}", want, got))
    return found


def _narrowed(seen: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that the scenario names; of headers, each header that it names."""
    narrow = {key: seen.get(key) for key in wanted}
    if "headers" in wanted:
        narrow["headers"] = {key: seen["headers"].get(key) for key in wanted["headers"]}
    return narrow


def _diff(title: str, expected: Any, got: Any) -> str:
    wanted, given = lines(expected), lines(got)
    diff = list(difflib.unified_diff(wanted, given, "expected", "got", n=_CONTEXT, lineterm=""))
    if not diff:
        diff = ["  (the difference is inside a long text)"]
    if len(diff) > _MOST_LINES:
        diff = [*diff[:_MOST_LINES], f"… and {len(diff) - _MOST_LINES} lines more"]
    return "\n".join([f"{title}:", *diff])
