"""What to do about an error, by its reason: for the page, written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Advice(NamedTuple):
    """For whoever made the call."""

    again: str
    """Whether the same request may succeed when it is sent again."""
    act: str


_LATER = "later: the gateway's own tries are spent"
_NOT_SENT = "this release has no such thing and never sends it"

ADVICE: Mapping[str, Advice] = {
    "INVALID_REQUEST": Advice("no", "correct the fields in BadRequest"),
    "FIELD_NOT_SUPPORTED": Advice("no", "leave the field out, or name another model"),
    "FIELD_NOT_IMPLEMENTED": Advice("no", "leave the field out"),
    "CONTEXT_WINDOW_EXCEEDED": Advice("no", "shorten the conversation, or ask for less"),
    "PROVIDER_REJECTED_REQUEST": Advice("no", "read the message; correct the request"),
    "MODEL_NOT_FOUND": Advice(
        "no",
        "take one of `suggestions`, or write `provider/model`; where the message says so, switch "
        "the provider on",
    ),
    "PROVIDER_RATE_LIMITED": Advice(
        "after RetryInfo's delay; without one, back off", "send less, or configure more keys"
    ),
    "PROVIDER_QUOTA_EXHAUSTED": Advice(
        "no", "pay the provider's account; the gateway tries the key again within a minute"
    ),
    "RATE_LIMITED": Advice("after RetryInfo's delay", _NOT_SENT),
    "BUDGET_EXCEEDED": Advice("no", _NOT_SENT),
    "UNAUTHENTICATED": Advice("no", "send `authorization: Bearer <key>` with a key it knows"),
    "PROVIDER_AUTHENTICATION": Advice(
        "no", "set a valid key and restart the gateway; a refused key is tried again each minute"
    ),
    "PERMISSION_DENIED": Advice("no", "call a method that the gateway serves"),
    "PROVIDER_UNAVAILABLE": Advice(_LATER, "wait, or name another provider's model"),
    "PROVIDER_OVERLOADED": Advice(_LATER, "wait, or name another provider's model"),
    "PROVIDER_RESPONSE_INVALID": Advice(
        "later: an answer came and may have been paid for, so it was asked for once",
        "check `base_url`, and what stands between; raise the bound if it names one",
    ),
    "CIRCUIT_OPEN": Advice("later", _NOT_SENT),
    "GATEWAY_OVERLOADED": Advice(
        "yes, after the pushback: a retry policy does it",
        "raise `listen.max_calls`, or add one; of a batch send what has no result again",
    ),
    "STREAM_INTERRUPTED": Advice(
        "only if you can use a second answer: the first was paid for", "keep what came, or ask anew"
    ),
    "DEADLINE_EXCEEDED": Advice("with more time", "raise the deadline, or `timeout`"),
    "PROVIDER_STALLED": Advice("later", "raise `timeout` for models that think for long"),
    "METHOD_NOT_IMPLEMENTED": Advice(
        "no", "ask a gateway: in Python an adapter alone has no batches"
    ),
    "INTERNAL": Advice("no", "look the request id up in the gateway's log, and report it"),
}
