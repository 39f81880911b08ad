"""Everything that can be configured. Each setting's own module says what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from llmrpc.secret import Secret
from llmrpc_server.bounds import AtLeastOne, HeaderValue, Positive
from llmrpc_server.catalogue.overrides import PriceOverride
from llmrpc_server.config.weak_keys import weakness
from llmrpc_server.interceptors.auth import hash_key
from llmrpc_server.logs import LogSettings
from llmrpc_server.policies.discovery import DiscoverySettings
from llmrpc_server.policies.retry import RetrySettings
from llmrpc_server.providers.http import HttpSettings
from llmrpc_server.providers.openai.quirks import SendReasoning
from llmrpc_server.rpc.batch import BatchSettings
from llmrpc_server.rpc.limits import Limits
from llmrpc_server.rpc.server import ListenSettings

Temperature = Annotated[float, Meta(ge=0, le=2)]


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider. A name of the registry needs nothing but a key."""

    enabled: bool = True
    """False leaves it out, keys or not."""
    dialect: str = ""
    """For a provider that the registry does not know: the protocol it speaks."""
    client: str = ""
    """`package.module:Class` of an own `BaseLLMClient`, made without arguments."""
    api_keys: tuple[Secret, ...] = ()
    """Taken in turn. Best as `${NAME}`, from the environment."""
    base_url: str = ""
    """Where it is, up to what comes before the dialect's own path; empty: the registry's."""
    allow_http: bool = False
    """Lets an address that is not loopback be reached without TLS."""
    default_model: str = ""
    """For its bare name, and for no name where it is the first; empty: the registry's."""
    models: tuple[str, ...] = ()
    """Bare model names that belong to this provider."""
    dialects: Mapping[str, str] = field(default_factory=dict)
    """The protocol by the start of a model's name, longest first, over the registry's;
    `""` is every model."""
    provider_tools: tuple[str, ...] = ()
    """More types of the provider's own tools that requests may name, as patterns such as
    `web_search_*`."""
    temperature: Temperature | None = None
    """For requests without one, to every model of it; empty: the gateway's own, to the
    models that are known to take one."""
    headers: Mapping[str, HeaderValue] = field(default_factory=dict)
    """More headers of every request. Best as `${NAME}` where a value is secret."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """More fields of every request's body, where it has none of that name. They are not
    kept secret: what is belongs into `headers`."""
    max_tokens: Literal["", "max_tokens", "max_completion_tokens"] = ""
    """The field that bounds the answer, in Chat Completions; empty: the registry's, else
    `max_completion_tokens`, as at OpenAI."""
    stream_options: bool | None = None
    """Whether a stream is asked for its usage by `stream_options`, in Chat Completions."""
    send_reasoning: SendReasoning = ""
    """Where the model's reasoning goes back, in Chat Completions; empty: the registry's,
    else nowhere."""
    api_version: str = ""
    """The version of its API, for a provider that has several (Azure); empty: the newest."""


@dataclass(frozen=True, slots=True)
class CallerKey:
    """A caller's bearer key: by its SHA-256, or itself as `${NAME}`."""

    name: Annotated[str, Meta(min_length=1)]
    """How logs and spans call them; each name once."""
    sha256: str = ""
    """The key's hash, as `llmrpc-server new-key` prints it."""
    key: Secret = field(default_factory=lambda: Secret(""))
    """The key itself."""

    def __post_init__(self) -> None:
        if bool(self.sha256) == bool(self.key):
            raise ValueError("give sha256 or key, one of them")
        if self.sha256 and (len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef")):
            raise ValueError("sha256 is 64 lower-case hexadecimal digits")
        if reason := weakness(self.key.reveal(), self.digest()):
            raise ValueError(reason)

    def digest(self) -> str:
        """The key's SHA-256."""
        return self.sha256 or hash_key(self.key.reveal())


@dataclass(frozen=True, slots=True)
class TracingSettings:
    """Where spans go."""

    exporter: Literal["auto", "none", "console", "otlp"] = "auto"
    """`auto` is `otlp` when OTEL_EXPORTER_OTLP_ENDPOINT or
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set, else `none`."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. Times are in seconds."""

    listen: ListenSettings = field(default_factory=ListenSettings)
    auth: tuple[CallerKey, ...] = ()
    default_model: str = ""
    """For requests without a model, an alias too; empty: the first configured provider's own."""
    temperature: Temperature | None = 0.7
    """For requests without one; null leaves it to the provider."""
    max_tokens: AtLeastOne | None = None
    """For requests without one; null leaves it to the provider."""
    timeout: Positive = 30.0
    """For calls without a deadline, and the silence that ends a stream."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Own names for models: `fast: openai/gpt-4o-mini`."""
    providers: Mapping[str, ProviderConfig] = field(default_factory=dict)
    models: DiscoverySettings = field(default_factory=DiscoverySettings)
    prices: tuple[PriceOverride, ...] = ()
    vocabularies: Path | None = None
    """Folder with tiktoken's vocabularies, under their own names or those of its cache."""
    http: HttpSettings = field(default_factory=HttpSettings)
    retry: RetrySettings = field(default_factory=RetrySettings)
    limits: Limits = field(default_factory=Limits)
    batch: BatchSettings = field(default_factory=BatchSettings)
    log: LogSettings = field(default_factory=LogSettings)
    tracing: TracingSettings = field(default_factory=TracingSettings)

    def secrets(self) -> Iterator[Secret]:
        """Every secret in it, to be masked wherever text leaves the process."""
        return _secrets(self)


def _secrets(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        if value:
            yield value
        if isinstance(value, HeaderValue) and (credentials := value.credentials()):
            yield credentials
    elif is_dataclass(value):
        for item in fields(value):
            yield from _secrets(getattr(value, item.name))
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _secrets(entry)
    elif isinstance(value, tuple):
        for entry in value:
            yield from _secrets(entry)
