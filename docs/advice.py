"""What to do about an error, by its reason: for the page, written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Advice(NamedTuple):
    """For whoever made the call."""

    again: str
    """Whether to retry. Begins with `yes`, `later` or `after` if a retry can succeed."""
    act: str
    """What else to do, in sentences."""


_LATER = "later: the gateway has already retried"
_OTHER_MODEL = "Wait, or use a model of another provider."
_NOT_SENT = "Nothing: this release of the gateway never sends this reason."

ADVICE: Mapping[str, Advice] = {
    "INVALID_REQUEST": Advice("no", "Correct the fields that BadRequest lists."),
    "FIELD_NOT_SUPPORTED": Advice(
        "no", "Remove the fields that BadRequest lists, or use another model."
    ),
    "FIELD_NOT_IMPLEMENTED": Advice("no", "Remove the fields that BadRequest lists."),
    "CONTEXT_WINDOW_EXCEEDED": Advice("no", "Shorten the conversation, or lower `max_tokens`."),
    "PROVIDER_REJECTED_REQUEST": Advice(
        "no", "Read the provider's explanation in the message, and correct the request."
    ),
    "MODEL_NOT_FOUND": Advice(
        "no",
        "Use one of `suggestions`, or write the name as `provider/model`. If the message says that "
        "the provider is off, configure the provider.",
    ),
    "PROVIDER_RATE_LIMITED": Advice(
        "after the delay in RetryInfo; without RetryInfo, with backoff",
        "Send fewer requests, or configure more API keys.",
    ),
    "PROVIDER_QUOTA_EXHAUSTED": Advice(
        "no",
        "Add credit to the gateway's account at the provider. The gateway tries the key again "
        "after a minute.",
    ),
    "RATE_LIMITED": Advice("after the delay in RetryInfo", _NOT_SENT),
    "BUDGET_EXCEEDED": Advice("no", _NOT_SENT),
    "UNAUTHENTICATED": Advice(
        "no", "Send the metadata `authorization: Bearer <key>` with a key that the gateway knows."
    ),
    "PROVIDER_AUTHENTICATION": Advice(
        "no",
        "Configure a valid key and restart the gateway. The gateway tries a refused key again "
        "after a minute.",
    ),
    "PERMISSION_DENIED": Advice("no", "Call a method that the gateway serves."),
    "PROVIDER_UNAVAILABLE": Advice(_LATER, _OTHER_MODEL),
    "PROVIDER_OVERLOADED": Advice(_LATER, _OTHER_MODEL),
    "PROVIDER_RESPONSE_INVALID": Advice(
        "later: the provider may have billed the invalid response",
        "Check `base_url` of the provider, and any proxy between it and the gateway. If the "
        "message names a limit, raise that limit.",
    ),
    "CIRCUIT_OPEN": Advice("later", _NOT_SENT),
    "GATEWAY_OVERLOADED": Advice(
        "yes, after the delay in RetryInfo; gRPC retry policies do this",
        "Raise `listen.max_calls`, or add a gateway. If a batch ended with this reason, resubmit "
        "the items without a result.",
    ),
    "STREAM_INTERRUPTED": Advice(
        "no, unless you accept that the provider bills a second response",
        "Keep the partial response, or send the request again.",
    ),
    "DEADLINE_EXCEEDED": Advice(
        "no, unless you allow more time",
        "Set a longer deadline. For calls without a deadline, raise the gateway's `timeout`.",
    ),
    "PROVIDER_STALLED": Advice(
        "later", "Raise the gateway's `timeout` for models that reason for a long time."
    ),
    "METHOD_NOT_IMPLEMENTED": Advice(
        "no",
        "Use a newer gateway. In Python, use a gateway: a provider's client alone has no batches.",
    ),
    "INTERNAL": Advice("no", "Find the request id in the gateway's log, and report the error."),
}
