"""The keys of a provider under a clock of the test's own."""

from __future__ import annotations

import pytest

from llmrpc import ApiKey, AuthenticationError, LLMClientError, RateLimitError, Secret
from llmrpc import v1 as pb
from llmrpc.errors import LimitScope
from llmrpc_server.policies.keys import KEPT, SET_ASIDE, KeyRing


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def ring(clock: Clock, *names: str) -> KeyRing:
    return KeyRing("openai", [ApiKey(name, Secret(f"sk-{name}")) for name in names], clock)


def refused(status: int) -> LLMClientError:
    return AuthenticationError(
        "no", reason=pb.ERROR_REASON_PROVIDER_AUTHENTICATION, http_status=status
    )


def limited(wait: float | None) -> LLMClientError:
    return RateLimitError("slower", retry_after=wait)


def empty() -> LLMClientError:
    return RateLimitError("pay", reason=pb.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (refused(401), pb.ERROR_REASON_PROVIDER_AUTHENTICATION),
        (empty(), pb.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED),
    ],
)
def test_a_key_set_aside_is_tried_again_later(error: LLMClientError, reason: int) -> None:
    clock = Clock()
    keys = ring(clock, "one")
    assert keys.penalise(keys.pick("m"), "m", error, 0.1)
    with pytest.raises(LLMClientError) as caught:
        keys.pick("m")
    assert caught.value.reason == reason
    assert caught.value.retry_after is None
    clock.now = SET_ASIDE
    assert keys.pick("m") is not None


def test_a_limited_key_rests_as_long_as_it_was_told() -> None:
    clock = Clock()
    keys = ring(clock, "one", "two")
    keys.penalise(keys.pick("m"), "m", limited(9), 0.1)
    keys.penalise(keys.pick("m"), "m", limited(None), 4)
    with pytest.raises(RateLimitError) as caught:
        keys.pick("m")
    assert caught.value.retry_after == 4
    clock.now = 4
    key = keys.pick("m")
    assert key is not None
    assert key.name == "two"


def test_a_wait_counts_before_a_refused_key() -> None:
    keys = ring(Clock(), "one", "two")
    keys.penalise(keys.pick("m"), "m", refused(401), 0.1)
    keys.penalise(keys.pick("m"), "m", limited(9), 0.1)
    with pytest.raises(RateLimitError):
        keys.pick("m")


def test_other_faults_are_not_the_keys() -> None:
    keys = ring(Clock(), "one")
    assert not keys.penalise(keys.pick("m"), "m", LLMClientError("odd"), 0.1)
    assert not keys.penalise(None, "m", refused(401), 0.1)
    assert keys.pick("m") is not None


def test_models_that_callers_name_fill_no_memory() -> None:
    keys = ring(Clock(), "one")
    key = keys.pick("m")
    for number in range(KEPT + 10):
        keys.penalise(key, f"m{number}", refused(403), 0.1)
    assert len(keys._rests) == KEPT


def test_a_provider_without_keys_needs_none() -> None:
    assert ring(Clock()).pick("m") is None


@pytest.mark.parametrize(
    ("error", "scope", "rests"),
    [
        (limited(9), None, False),
        (limited(9), "model", False),
        (limited(9), "key", True),
        (empty(), None, True),
        (empty(), "key", True),
        (empty(), "model", False),
        (refused(401), None, True),
        (refused(403), None, False),
    ],
)
def test_a_fault_of_one_model_leaves_the_key_to_the_others(
    error: LLMClientError, scope: LimitScope | None, rests: bool
) -> None:
    error.limit_scope = scope
    keys = ring(Clock(), "one")
    keys.penalise(keys.pick("m"), "m", error, 0.1)
    with pytest.raises(LLMClientError):
        keys.pick("m")
    if rests:
        with pytest.raises(LLMClientError):
            keys.pick("other")
    else:
        assert keys.pick("other") is not None
