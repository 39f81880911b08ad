"""A provider's keys: which one is next, and which must rest.

A limited key (429) rests for that model as long as the provider says, and for all
models where the provider counts them together. A refused one (401), and one whose
account is empty, is set aside for a while and then tried again, since whoever runs the
gateway may have mended it; a key that may not use a model (403) is set aside for that
model alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from llmrpc import v1 as pb
from llmrpc.call import ApiKey
from llmrpc.errors import AuthenticationError, LLMClientError, RateLimitError

if TYPE_CHECKING:
    from llmrpc.errors import ReasonValue

SET_ASIDE = 60.0
"""Seconds that a refused key, or one without money, is left alone."""
KEPT = 1024
"""Rests that are remembered; models are named by callers, so there is a bound."""

_LIMITED = pb.ERROR_REASON_PROVIDER_RATE_LIMITED
_EMPTY = pb.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED
_REFUSED = pb.ERROR_REASON_PROVIDER_AUTHENTICATION


class _Rest(NamedTuple):
    until: float
    reason: ReasonValue


class KeyRing:
    """The keys of one provider, taken in turn. Times are in seconds."""

    def __init__(
        self, provider: str, keys: Sequence[ApiKey], clock: Callable[[], float] = monotonic
    ) -> None:
        self._provider = provider
        self._keys = tuple(keys)
        self._clock = clock
        self._next = 0
        self._rests: dict[tuple[str, str], _Rest] = {}
        """By key name, and model or "" for all models."""

    def __len__(self) -> int:
        return len(self._keys)

    def apart(self) -> KeyRing:
        """The same keys, whose rests are of no concern to this ring."""
        return KeyRing(self._provider, self._keys, self._clock)

    def pick(self, model: str) -> ApiKey | None:
        """The next key that may be used now; None for a provider without keys.

        When every key rests it raises what waiting may mend first: `RateLimitError`
        with the shortest wait, then an empty account, then a refused key.
        """
        if not self._keys:
            return None
        now = self._clock()
        rests = []
        for offset in range(len(self._keys)):
            place = (self._next + offset) % len(self._keys)
            rest = self._rest(self._keys[place], model, now)
            if rest is None:
                self._next = place + 1
                return self._keys[place]
            rests.append(rest)
        raise self._none_left(model, rests, now)

    def penalise(
        self, key: ApiKey | None, model: str, error: LLMClientError, backoff: float
    ) -> bool:
        """Lets a key rest for what it met; says whether the fault was the key's.

        A limited key rests for `backoff` where the provider names no time.
        """
        if key is None or error.reason not in (_LIMITED, _EMPTY, _REFUSED):
            return False
        rest = SET_ASIDE
        if error.reason == _LIMITED:
            rest = backoff if error.retry_after is None else error.retry_after
        scope = "" if _of_the_key(error) else model
        if len(self._rests) >= KEPT:
            del self._rests[next(iter(self._rests))]
        self._rests[key.name, scope] = _Rest(self._clock() + rest, error.reason)
        return True

    def _rest(self, key: ApiKey, model: str, now: float) -> _Rest | None:
        for scope in ("", model):
            rest = self._rests.get((key.name, scope))
            if rest is not None and rest.until > now:
                return rest
        return None

    def _none_left(self, model: str, rests: Sequence[_Rest], now: float) -> LLMClientError:
        metadata = {"provider": self._provider, "model": model}
        waits = [rest.until - now for rest in rests if rest.reason == _LIMITED]
        if waits:
            return RateLimitError(
                f"{self._provider} limits the rate of every configured key",
                retry_after=min(waits),
                metadata=metadata,
            )
        if any(rest.reason == _EMPTY for rest in rests):
            return RateLimitError(
                f"{self._provider} says that the gateway's account there has no money left",
                reason=_EMPTY,
                metadata=metadata,
            )
        return AuthenticationError(
            f"{self._provider} refuses the gateway's key; whoever runs the gateway must act",
            reason=_REFUSED,
            metadata=metadata,
        )


def _of_the_key(error: LLMClientError) -> bool:
    """Whether a fault concerns all models that a key is used for."""
    if error.reason == _LIMITED:
        return error.limit_scope == "key"
    if error.reason == _EMPTY:
        return error.limit_scope != "model"
    return error.http_status != 403
