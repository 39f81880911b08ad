"""A provider's keys: which one is next, and which must rest.

A refused key (401) is left alone for good, as is one whose account is empty; a
key that may not use a model (403) is left alone for that model; a limited one
(429) rests as long as the provider says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from time import monotonic

from llmrpc import v1 as pb
from llmrpc.call import ApiKey
from llmrpc.errors import AuthenticationError, LLMClientError, RateLimitError


class KeyRing:
    """The keys of one provider, taken in turn. Times are in seconds."""

    def __init__(
        self, provider: str, keys: Sequence[ApiKey], clock: Callable[[], float] = monotonic
    ) -> None:
        self._provider = provider
        self._keys = tuple(keys)
        self._clock = clock
        self._next = 0
        self._rests: dict[tuple[str, str], float] = {}
        """Until when: by key name, and model or "" for all models."""

    def __len__(self) -> int:
        return len(self._keys)

    def pick(self, model: str) -> ApiKey | None:
        """The next key that may be used now; None for a provider without keys.

        Raises `RateLimitError` with the shortest wait when every key rests for a
        while, `AuthenticationError` when every key is out for good.
        """
        if not self._keys:
            return None
        now = self._clock()
        waits = []
        for offset in range(len(self._keys)):
            place = (self._next + offset) % len(self._keys)
            key = self._keys[place]
            wait = self._rests_until(key, model) - now
            if wait <= 0:
                self._next = place + 1
                return key
            waits.append(wait)
        shortest = min(waits)
        if math.isinf(shortest):
            raise refused(self._provider)
        raise RateLimitError(
            f"{self._provider} limits the rate of every configured key",
            retry_after=shortest,
            metadata={"provider": self._provider, "model": model},
        )

    def penalise(
        self, key: ApiKey | None, model: str, error: LLMClientError, backoff: float
    ) -> bool:
        """Lets a key rest for what it met; says whether the fault was the key's.

        A limited key rests for `backoff` where the provider names no time.
        """
        if key is None:
            return False
        match error.reason:
            case pb.ERROR_REASON_PROVIDER_AUTHENTICATION:
                scope, rest = (model if error.http_status == 403 else ""), math.inf
            case pb.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED:
                scope, rest = "", math.inf
            case pb.ERROR_REASON_PROVIDER_RATE_LIMITED:
                scope, rest = "", backoff if error.retry_after is None else error.retry_after
            case _:
                return False
        self._rests[key.name, scope] = self._clock() + rest
        return True

    def _rests_until(self, key: ApiKey, model: str) -> float:
        return max(
            self._rests.get((key.name, ""), -math.inf),
            self._rests.get((key.name, model), -math.inf),
        )


def refused(provider: str) -> AuthenticationError:
    """The provider takes none of the gateway's keys."""
    return AuthenticationError(
        f"{provider} refuses the gateway's key; whoever runs the gateway must set a valid one",
        reason=pb.ERROR_REASON_PROVIDER_AUTHENTICATION,
        metadata={"provider": provider},
    )
