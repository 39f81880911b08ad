"""A dialect: what translates a provider's protocol, without IO."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ClassVar

from google.protobuf import struct_pb2

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder
from llmrpc.call import ApiKey
from llmrpc.errors import LLMClientError
from llmrpc.secret import Secret
from llmrpc_server.providers.options import to_text, to_value, values_in
from llmrpc_server.providers.row import Row


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the configuration fills in for a request that says nothing."""

    temperature: float | None = None
    max_tokens: int | None = None
    any_model: bool = False
    """Whether the temperature is for models too of which nothing is known."""


@dataclass(slots=True)
class Encoded:
    """A request as the provider wants it."""

    path: str
    """Below the base URL, with a leading slash and any query."""
    body: bytes
    warnings: list[pb.Warning] = field(default_factory=list)
    """Hints that were left out."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that this request alone needs, beside those of the dialect."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The caller's names of tools that were sent under another one, by that."""


MOST_VALUES = 20_000
"""Of `provider_metadata`: a message of more takes longer to make than an answer may."""
_MOST_WARNINGS = 32
_MOST_LETTERS = 200
_MOST_KEYS = 512


@dataclass(slots=True)
class Answer:
    """What a provider said, whole or so far."""

    parts: AnswerBuilder = field(default_factory=AnswerBuilder)
    model: str = ""
    """As the provider names it in the answer; empty until it does."""
    response_id: str = ""
    finish_reason: pb.FinishReason.ValueType = pb.FINISH_REASON_UNSPECIFIED
    provider_finish_reason: str = ""
    service_tier: str = ""
    """How the provider says it served the call, where tiers have prices."""
    usage: pb.Usage | None = None
    """In disjoint buckets; None while the provider has reported none."""
    input_uncounted: bool = False
    """The provider counted its output alone: the input of `usage` is to be estimated."""
    metadata: dict[str, struct_pb2.Value] = field(default_factory=dict)
    """What the provider says of the response as a whole, by keys such as
    `openai.service_tier`; see `note`."""
    warnings: list[pb.Warning] = field(default_factory=list)
    """What had to be left out of the response, and why."""
    _counted: dict[str, int] = field(default_factory=dict)
    """The values of `metadata`, by its keys."""
    _values: int = 0
    """The same together."""

    def note(self, provider: str, name: str, value: Any) -> None:
        """Keeps something that the provider said of the response as a whole.

        `value` is what JSON decodes to; None is nothing. It stays JSON text where it would
        make more values than an answer may have.
        """
        if value is not None:
            key = f"{provider}.{name}"
            if key not in self.metadata and len(self.metadata) >= _MOST_KEYS:
                self.warn("provider_metadata", f"has more than {_MOST_KEYS} keys; it was cut off")
                return
            self._values -= self._counted.pop(key, 0)
            left = MOST_VALUES - self._values
            count = values_in(value, left)
            kept = self.metadata[key] = to_value(value) if count <= left else to_text(value)
            self._counted[key] = count if count <= left else 1
            self._values += self._counted[key]
            self.parts.keep(kept.ByteSize())

    def warn(self, field: str, message: str) -> None:
        """Warns, once, of something that was left out of the response, and why.

        A provider decides how often this happens: after 32 warnings no more are kept.
        """
        message = message if len(message) <= _MOST_LETTERS else f"{message[:_MOST_LETTERS]}…"
        warning = pb.Warning(field=field, message=message)
        if len(self.warnings) < _MOST_WARNINGS and warning not in self.warnings:
            self.warnings.append(warning)


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as its provider lists it; None is what the provider does not say."""

    id: str
    context_tokens: int | None = None
    """The size of prompt and answer together."""
    max_output_tokens: int | None = None


class Ending(IntEnum):
    """How far an answer has come, and what completes it. Later ones are more certain."""

    OPEN = 0
    """Its end was not announced."""
    BODY = 1
    """The end of the body completes it, and nothing else does."""
    SILENCE = 2
    """So does a break, or silence until the stall timer fires."""
    USAGE = 3
    """Only the usage that was asked for is missing."""
    WHOLE = 4
    """Nothing is missing but the provider's mark of the end."""


class StreamDecoder(ABC):
    """The state of one stream: bytes in, `answer` grows."""

    answer: Answer
    done: bool = False
    """The provider said that this was all; what it still sends is not read."""

    @property
    @abstractmethod
    def ending(self) -> Ending:
        """How far the answer has come. Content after a finish reason opens it again."""

    @property
    def may_be_closed(self) -> bool:
        """Whether the last bytes look like the end of a body that is one value."""
        return False

    def is_closed(self) -> bool:
        """Whether all that came is one closed value, which may be the whole body.

        It reads all of it: ask once silence follows.
        """
        return False

    @abstractmethod
    def feed(self, data: bytes) -> None:
        """Takes the bytes of one read, split anywhere.

        Raises `LLMClientError` for an error that the provider sends inside the
        stream, for what cannot be read, and for an event over the bound.
        """

    @abstractmethod
    def finish(self, *, broken: bool = False) -> None:
        """Takes the end of the input; `broken`: its last bytes, before the connection broke.

        Raises `StreamInterruptedError` where the answer is not whole: a finish
        reason is never made up.
        """


ANY_CARRIES = frozenset(
    {
        "messages",
        "model",
        "temperature",
        "max_tokens",
        "top_p",
        "tools",
        "tool_choice",
        "response_format",
        "reasoning",
        "provider_options",
        "output_modalities",
    }
)
"""The fields of `GenerateRequest` that every protocol so far has a place for."""


class Dialect(ABC):
    """A provider protocol, bound to one row. Pure: no IO, no clock."""

    carries: ClassVar[frozenset[str]]
    """The fields of `GenerateRequest` that the protocol has a place for."""

    def __init__(self, row: Row) -> None:
        self.row = row

    @abstractmethod
    def headers(self, key: str | None) -> dict[str, str]:
        """The headers that carry the key, and any that the protocol demands."""

    @abstractmethod
    def encode(
        self, request: pb.GenerateRequest, model: str, defaults: Defaults, *, stream: bool
    ) -> Encoded:
        """The provider's request for a valid request.

        Raises `InvalidRequestError` (FIELD_NOT_SUPPORTED) naming every required
        field that this provider or model lacks.
        """

    @abstractmethod
    def decode(self, body: bytes) -> Answer:
        """A whole answer. Raises `LLMClientError` as `StreamDecoder.feed` does."""

    @abstractmethod
    def decoder(self, max_event_bytes: int) -> StreamDecoder:
        """A decoder for one stream."""

    @abstractmethod
    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMClientError:
        """The exception for an answer with an error status.

        Decided by the status first, then by the body's own code or type; never
        by its prose. Headers are matched without regard to case.
        """


def headers_of(dialect: Dialect, key: str | None) -> dict[str, str]:
    """The headers of a request to a provider: the dialect's, and the row's beside them."""
    own = dialect.headers(key)
    taken = {name.lower() for name in own}
    more = dialect.row.headers.items()
    return {name: value.reveal() for name, value in more if name.lower() not in taken} | own


def secrets_of(row: Row, key: ApiKey | None) -> list[Secret]:
    """What goes with a request to a provider and must be in nothing that it said."""
    values = [*row.headers.values()]
    secrets: list[Secret] = [*values, *filter(None, (value.credentials() for value in values))]
    return secrets if key is None else [*secrets, key.secret]


class ListsModels(ABC):
    """A dialect whose providers list their models."""

    @abstractmethod
    def list_path(self, page: str) -> str:
        """Where a page of the list is, below the base URL; the first page is empty."""

    @abstractmethod
    def decode_list(self, body: bytes) -> tuple[list[Listed], str]:
        """The models that generate text, and the next page; empty at the end.

        Raises `LLMClientError` for what cannot be read.
        """


class CountsTokens(ABC):
    """A dialect whose providers count what a request would send."""

    usual: ClassVar[bool] = True
    """Whether it is usual to: then a row need not say so."""

    @abstractmethod
    def encode_count(self, request: pb.GenerateRequest, model: str) -> Encoded:
        """The provider's request for a count. Raises as `Dialect.encode` does."""

    @abstractmethod
    def decode_count(self, body: bytes) -> int:
        """The count. Raises `LLMClientError` for what cannot be read."""
