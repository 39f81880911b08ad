"""What no provider could take: every violation of a request, by its path."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError, Violation
from llmrpc_server.rpc.details import MAX_VIOLATIONS
from llmrpc_server.rpc.limits import Limits, first_excess
from llmrpc_server.rpc.message_rules import is_plain_text, message_violations
from llmrpc_server.rpc.option_rules import option_violations
from llmrpc_server.rpc.schema_rules import json_object_violation
from llmrpc_server.rpc.tool_rules import tool_violations
from llmrpc_server.words import out_of_range, over_limit, too_small

RANGES = {
    "temperature": (0.0, 2.0),
    "top_p": (0.0, 1.0),
    "presence_penalty": (-2.0, 2.0),
    "frequency_penalty": (-2.0, 2.0),
}
SAMPLING = {*RANGES, "max_tokens", "top_k", "stop", "resume_after"}
MOST_LETTERS = 256
"""Of a model's name: it goes into logs and spans."""
MOST_USER_LETTERS = 64
"""Of `end_user_id`: OpenAI's limit for `safety_identifier`."""
MOST_FOUND = 1000
"""Violations after which checking stops: there may be as many as bytes."""

NOT_BUILT = (
    "fallback.models",
    "cache",
    "idempotency_key",
    "resume_after",
    "labels",
    "recovery",
    "waiting_events",
)
"""Fields of features that this release does not have: refused by name."""
NOT_YET = "this release does not have it yet"


class Validator:
    """Checks requests against the contract and the configured bounds."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def check(self, request: pb.GenerateRequest) -> None:
        """Raises `InvalidRequestError` with the first violations and their number.

        A list that is too long is the only violation, since none of the request
        is looked at further. The number ends in `+` where checking stopped.
        """
        given = {field.name for field, _ in request.ListFields()}
        violations = self._violations(request, given)
        listed = list(islice(violations, MAX_VIOLATIONS))
        if listed:
            found = len(listed) + sum(1 for _ in islice(violations, MOST_FOUND - len(listed)))
            raise _refusal(listed, found)
        if missing := _not_built(request, given):
            raise InvalidRequestError(
                f"{missing[0]}: {NOT_YET}; leave it out",
                reason=pb.ERROR_REASON_FIELD_NOT_IMPLEMENTED,
                metadata={"field": missing[0]},
                violations=[Violation(name, NOT_YET) for name in missing],
            )

    def _violations(self, request: pb.GenerateRequest, given: set[str]) -> Iterator[Violation]:
        excess = first_excess(request, given, self._limits)
        if excess is not None:
            yield excess
            return
        if not request.messages:
            yield Violation("messages", "must not be empty; a request needs at least one message")
        for place, message in enumerate(request.messages):
            if not is_plain_text(message):
                yield from message_violations(f"messages[{place}]", message)
        if "model" in given:
            yield from _model(request.model)
        if given & SAMPLING:
            yield from _sampling(request, given, self._limits.max_tokens)
        if given & {"tools", "tool_choice"}:
            yield from tool_violations(request)
        if given & {"response_format", "reasoning"}:
            yield from _formats(request)
        if "fallback" in given:
            yield from _fallback(request.fallback)
        if given & {"end_user_id", "output_modalities", "recovery"}:
            yield from _others(request)
        if "provider_options" in given:
            yield from option_violations(request.provider_options)


def _refusal(listed: list[Violation], found: int) -> InvalidRequestError:
    first = listed[0]
    stopped = found == MOST_FOUND
    more = f" (and {'at least ' if stopped else ''}{found - 1} more)" if found > 1 else ""
    return InvalidRequestError(
        f"{first.field}: {first.description}{more}",
        metadata={"violations": f"{found}{'+' if stopped else ''}"},
        violations=listed,
    )


def _model(name: str, path: str = "model") -> Iterator[Violation]:
    if len(name) > MOST_LETTERS:
        yield Violation(path, over_limit(MOST_LETTERS))
    elif not name.isprintable():
        yield Violation(path, "must not have control characters")


def _sampling(
    request: pb.GenerateRequest, given: set[str], most_tokens: int
) -> Iterator[Violation]:
    for name, (low, high) in RANGES.items():
        if name in given:
            value = getattr(request, name)
            if not (math.isfinite(value) and low <= value <= high):
                yield Violation(name, out_of_range(value, low, high))
    if "max_tokens" in given and not 1 <= request.max_tokens <= most_tokens:
        yield Violation("max_tokens", out_of_range(request.max_tokens, 1, most_tokens))
    if "top_k" in given and request.top_k < 1:
        yield Violation("top_k", too_small(request.top_k, 1))
    for place, stop in enumerate(request.stop):
        if not stop:
            yield Violation(f"stop[{place}]", "must not be empty")
    if "resume_after" in given and request.resume_after < 0:
        yield Violation("resume_after", too_small(request.resume_after, 0))


def _formats(request: pb.GenerateRequest) -> Iterator[Violation]:
    if request.response_format.WhichOneof("kind") == "json_schema":
        yield from json_object_violation(
            "response_format.json_schema.schema", request.response_format.json_schema.schema
        )
    reasoning = request.reasoning
    if reasoning.effort not in pb.Reasoning.Effort.values():
        yield Violation("reasoning.effort", f"{reasoning.effort} is unknown")
    if reasoning.budget_tokens < 0:
        yield Violation("reasoning.budget_tokens", too_small(reasoning.budget_tokens, 0))


def _fallback(fallback: pb.FallbackOptions) -> Iterator[Violation]:
    for index, name in enumerate(fallback.models):
        path = f"fallback.models[{index}]"
        if not name:
            yield Violation(path, "must not be empty")
        else:
            yield from _model(name, path)
    if fallback.disabled and fallback.models:
        yield Violation("fallback.disabled", "must not be set together with fallback.models")


def _others(request: pb.GenerateRequest) -> Iterator[Violation]:
    user = request.end_user_id
    if len(user) > MOST_USER_LETTERS:
        yield Violation("end_user_id", over_limit(MOST_USER_LETTERS))
    elif user and not user.isprintable():
        yield Violation("end_user_id", "must not have control characters")
    seen: set[int] = set()
    for index, modality in enumerate(request.output_modalities):
        path = f"output_modalities[{index}]"
        if modality == pb.MODALITY_UNSPECIFIED or modality not in pb.Modality.values():
            yield Violation(path, f"{modality} is not a known modality")
        elif modality in seen:
            yield Violation(path, "duplicate")
        seen.add(modality)
    if request.recovery not in pb.Recovery.values():
        yield Violation("recovery", f"{request.recovery} is not a known recovery")


def _not_built(request: pb.GenerateRequest, given: set[str]) -> list[str]:
    """The fields of the request that this release refuses.

    No fallback and no recovery are what this release does: they are accepted.
    """
    asked = given - {"recovery"}
    if request.fallback.models:
        asked.add("fallback.models")
    if request.recovery == pb.RECOVERY_RESTART:
        asked.add("recovery")
    return [name for name in NOT_BUILT if name in asked]
