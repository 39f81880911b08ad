"""What gRPC's core says of a call that never got to a gateway, for a person.

Its statuses have no codes beneath them, only words; the ones below are those of
grpcio 1.75 to 1.85. Where they change, the words themselves are shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Cause = Literal["nobody", "tls", "protocol", ""]

_NO_CONNECTION = "failed to connect to all addresses"
_START = "start one with `make run` or `llmrpc-server`"


@dataclass(frozen=True, slots=True)
class _Sign:
    """What core says, by a pattern, and what that means."""

    words: re.Pattern[str]
    cause: Cause
    meaning: str


def _sign(words: str, cause: Cause, meaning: str) -> _Sign:
    return _Sign(re.compile(words, re.IGNORECASE), cause, meaning)


_SIGNS = (
    _sign("connection refused", "nobody", f"no gateway answers at {{target}}; {_START}"),
    _sign(
        "errors resolving|dns resolution failed",
        "nobody",
        "no gateway answers at {target}: nothing is known under that name",
    ),
    _sign(
        r"certificate_verify_failed: (?P<why>[^:]+)",
        "tls",
        "TLS does not match: the certificate of what answers at {target} is not one to trust "
        "here ({why})",
    ),
    _sign(
        "hostname verification check failed",
        "tls",
        "TLS does not match: the certificate of what answers at {target} is for another name",
    ),
    _sign(
        "wrong_version_number",
        "tls",
        "TLS does not match: what answers at {target} speaks no TLS",
    ),
    _sign("handshake failed", "tls", "TLS does not match: what answers at {target} refuses it"),
    _sign(
        "http1",
        "protocol",
        "what answers at {target} speaks HTTP/1 and not gRPC; it is no gateway, or its port "
        "for metrics",
    ),
    _sign(
        f"{_NO_CONNECTION}.*(socket closed|connection reset)",
        "tls",
        "TLS does not match: something answers at {target} and hangs up, as one does that "
        "wants TLS, or a certificate of the caller",
    ),
)


def unavailable(target: str, words: str) -> tuple[Cause, str]:
    """The cause, and a sentence for a person; without a known cause it has the words."""
    for sign in _SIGNS:
        if found := sign.words.search(words):
            return sign.cause, sign.meaning.format(target=target, **found.groupdict())
    if _NO_CONNECTION in words:
        return "nobody", f"no gateway answers at {target} ({words})"
    return "", f"the gateway at {target} is not available: {words}"


_TOO_LARGE = re.compile(
    r"(?P<side>CLIENT|SERVER): (?P<act>Sent|Received) message larger than max "
    r"\((?P<size>\d+) vs\. (?P<most>\d+)\)"
)
_ANSWER = ("CLIENT", "Received")
_BOUNDS = {
    ("CLIENT", "Sent"): "the request has {size} bytes; this client sends at most {most}",
    _ANSWER: "the answer has {size} bytes; this client takes at most {most}",
    ("SERVER", "Received"): "the request has {size} bytes; the gateway at {target} takes at most "
    "{most} (`listen.max_message_bytes`)",
}


def too_large(target: str, words: str) -> tuple[bool, str] | None:
    """Whether the gateway saw the call, and a sentence for a message above a bound.

    None where the words are of something else.
    """
    found = _TOO_LARGE.search(words)
    if found is None:
        return None
    whose = found["side"], found["act"]
    if whose not in _BOUNDS:
        return None
    return whose == _ANSWER, _BOUNDS[whose].format(target=target, **found.groupdict())
