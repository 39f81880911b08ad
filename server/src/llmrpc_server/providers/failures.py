"""What a provider's error can be, and the exception for each kind.

A dialect reads the status and the codes of a body into a `Kind`; everything behind
that is the same for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from llmrpc import v1 as pb
from llmrpc.errors import (
    EXCEPTIONS,
    InvalidRequestError,
    LLMClientError,
    ProviderNotAvailableError,
)
from llmrpc_server.providers.retry_after import retry_after

if TYPE_CHECKING:
    from llmrpc_server.providers.dialect import Answer

UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading bytes as JSON of a shape raises where they are none."""
MAX_MESSAGE = 4096
"""Characters of a provider's message that an exception repeats: more than anybody
is shown, since secrets in it are masked, and it is cut again, after this."""
SEARCHED = 4 * MAX_MESSAGE
"""Characters of a message in which phrases are looked for."""
MAX_CODE = 100
"""Characters of a code; a longer one is none."""
MAX_REQUEST_ID = 200
"""Characters of the provider's name for a request."""
REQUEST_IDS = ("x-request-id", "request-id")
"""Headers in which providers name a request, for their support."""

T = TypeVar("T")


class Kind(NamedTuple):
    """What an error is, and what is said of it after the provider's name."""

    reason: pb.ErrorReason.ValueType
    text: str


Phrases = tuple[tuple[re.Pattern[str], Kind], ...]
"""What a provider says in words alone where it has no code; looked at with the status that
fits, and each with its source."""


REJECTED = Kind(pb.ERROR_REASON_PROVIDER_REJECTED_REQUEST, "refuses the request")
CONTEXT = Kind(
    pb.ERROR_REASON_CONTEXT_WINDOW_EXCEEDED,
    "says that prompt and answer do not fit in the model's context",
)
NO_MODEL = Kind(pb.ERROR_REASON_MODEL_NOT_FOUND, "does not have the model")
NOTHING = Kind(
    pb.ERROR_REASON_MODEL_NOT_FOUND, "does not have the model, or has nothing at this address"
)
"""A 404 that names no code: a wrong base_url has it too."""
KEY = Kind(pb.ERROR_REASON_PROVIDER_AUTHENTICATION, "refuses the gateway's key")
FORBIDDEN = Kind(
    pb.ERROR_REASON_PROVIDER_AUTHENTICATION, "does not let the gateway's key use this model"
)
CONTENT = Kind(pb.ERROR_REASON_PROVIDER_REJECTED_REQUEST, "does not allow what the request holds")
UNAFFORDABLE = Kind(
    pb.ERROR_REASON_PROVIDER_REJECTED_REQUEST, "says that this request asks for more than is paid"
)
"""The fault of one request: a smaller one is served."""
QUOTA = Kind(pb.ERROR_REASON_PROVIDER_QUOTA_EXHAUSTED, "has no quota left for the gateway's key")
RATE = Kind(pb.ERROR_REASON_PROVIDER_RATE_LIMITED, "limits the rate of the gateway's key")
OVERLOADED = Kind(pb.ERROR_REASON_PROVIDER_OVERLOADED, "is overloaded")
DOWN = Kind(pb.ERROR_REASON_PROVIDER_UNAVAILABLE, "failed")
STRANGE = Kind(
    pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID, "answers neither as its protocol says nor an error"
)

BY_STATUS: Mapping[int, Kind] = {
    400: REJECTED,
    401: KEY,
    402: QUOTA,
    403: FORBIDDEN,
    404: NOTHING,
    408: DOWN,
    409: DOWN,
    413: CONTEXT,
    422: REJECTED,
    429: RATE,
    503: DOWN,
    529: OVERLOADED,
}


def status_of(code: object) -> int | None:
    """The HTTP status that a code is, be it a number or its digits."""
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:
        code = int(code)
    return code if isinstance(code, int) and 400 <= code < 600 else None


class Said(NamedTuple):
    """What the body of an error says of itself."""

    codes: tuple[str, ...] = ()
    """Its codes and types, the most telling first."""
    message: str = ""


class AnsweredError(InvalidRequestError):
    """An error that ends an answer: a filter met the prompt, say, or the model wrote nonsense."""

    def __init__(
        self,
        error: LLMClientError,
        finish_reason: pb.FinishReason.ValueType,
        word: str,
        *,
        refusal: str = "",
        block: pb.ProviderBlock | None = None,
    ) -> None:
        super().__init__(
            error.message,
            reason=pb.ERROR_REASON_PROVIDER_REJECTED_REQUEST,
            metadata=error.metadata,
            http_status=error.http_status,
            provider_request_id=error.provider_request_id,
        )
        self.finish_reason = finish_reason
        self.word = word
        self.refusal = refusal
        self.block = block

    def settle(self, answer: Answer) -> Answer:
        """The answer so far, ended."""
        answer.finish_reason = self.finish_reason
        answer.provider_finish_reason = self.word
        if self.refusal:
            answer.parts.text(self, self.refusal, "refusal")
        if self.block is not None:
            answer.parts.provider_block((self, "block"), self.block)
        return answer


def kind_of_status(status: int) -> Kind:
    """What a status means where no code makes more of it."""
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status < 400:
        return STRANGE
    return REJECTED if status < 500 else DOWN


def failure(provider: str, kind: Kind, said: Said, status: int | None = None) -> LLMClientError:
    """The exception for an error; `status` is None where it came inside an answer.

    It repeats the provider's words, but those about the key, which may show a part of it.
    """
    text = f"{provider} {kind.text}"
    if kind not in (KEY, FORBIDDEN) and (message := start(said.message)):
        text = f"{text}: {message}"
    elif status is not None:
        text = f"{text} (HTTP {status})"
    error = EXCEPTIONS[kind.reason](text, reason=kind.reason, metadata={"provider": provider})
    if said.codes and len(said.codes[0]) <= MAX_CODE:
        error.metadata["provider_code"] = said.codes[0]
    return error


def answered(
    provider: str, kind: Kind, said: Said, status: int, headers: Mapping[str, str]
) -> LLMClientError:
    """The same for an answer with an error status, with what its headers say.

    `retry-after` and its kin give the wait; `x-should-retry` overrules what the kind
    says of another try.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    error = failure(provider, kind, said, status)
    error.http_status = status
    error.metadata["http_status"] = str(status)
    for name in REQUEST_IDS:
        error.provider_request_id = error.provider_request_id or headers.get(name, "")
    error.provider_request_id = error.provider_request_id[:MAX_REQUEST_ID]
    error.retry_after = retry_after(headers)
    wish = headers.get("x-should-retry")
    if wish in ("true", "false") and kind is not QUOTA:
        error.retryable = wish == "true"
    return error


def read(decode: Callable[[bytes], T], body: bytes, provider: str, what: str) -> T:
    """A body, decoded. Raises `unreadable`, for a provider that sent no `what`."""
    try:
        return decode(body)
    except UNDECODABLE as error:
        raise unreadable(provider, f"sent no {what}") from error


def unreadable(provider: str, why: str) -> ProviderNotAvailableError:
    """The exception for an answer that is not what the protocol says.

    It came and may have been paid for: the same provider is not asked for it again.
    """
    error = ProviderNotAvailableError(
        f"{provider} {why}",
        reason=pb.ERROR_REASON_PROVIDER_RESPONSE_INVALID,
        metadata={"provider": provider},
    )
    error.retryable = False
    return error


def kind_of_words(message: str, phrases: Phrases) -> Kind | None:
    """What the first phrase that the start of a message holds makes of it."""
    found = (kind for phrase, kind in phrases if phrase.search(message, 0, SEARCHED))
    return next(found, None)


def start(message: str) -> str:
    """The message, cut between words: half a key could not be masked."""
    if len(message) <= MAX_MESSAGE:
        return message
    return message[: MAX_MESSAGE + 1].rpartition(" ")[0]
