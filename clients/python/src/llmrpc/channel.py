"""How a gateway is reached: address, TLS, bounds, keepalive and retries."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

DEFAULT_TARGET = "localhost:50051"
DEFAULT_PORT = 50051
MAX_MESSAGE_BYTES = 64 * 2**20
"""The largest message that is sent or taken. gRPC's own bound for received ones,
4 MiB, ends a good stream whose answer holds an image."""

_SCHEMES = ("dns", "ipv4", "ipv6", "unix", "unix-abstract", "vsock", "xds")
"""What gRPC resolves itself."""

# Four tries are over within a second, so that a gateway that is not there is told soon.
_RETRY_POLICY = {
    "maxAttempts": 4,
    "initialBackoff": "0.1s",
    "maxBackoff": "2s",
    "backoffMultiplier": 2,
    # A gateway in Python cancels calls that come in the moment it begins to stop.
    "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
}
_SERVICE_CONFIG = {
    "methodConfig": [{"name": [{"service": "llmrpc.v1.LLMService"}], "retryPolicy": _RETRY_POLICY}]
}
_OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # A request above this bound, 256 KiB by default, would never be tried again.
    ("grpc.per_rpc_retry_buffer_size", MAX_MESSAGE_BYTES),
    ("grpc.enable_retries", 1),
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    # Tries fall inside the backoff between two connections unless that is as short.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # A silent gateway is told from a slow model while calls run.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.primary_user_agent", "llmrpc-python"),
)


@dataclass(frozen=True, slots=True)
class TLS:
    """TLS by PEM files.

    `ca` is trusted instead of the public authorities; `cert` with `key` says who
    calls, where the gateway asks (mTLS).
    """

    ca: str | Path | None = None
    cert: str | Path | None = None
    key: str | Path | None = None

    def __post_init__(self) -> None:
        if (self.cert is None) != (self.key is None):
            raise ValueError("TLS: cert and key are given together or not at all")

    def credentials(self) -> grpc.ChannelCredentials:
        """The files' content for grpc. Raises `OSError` for one that cannot be read."""
        ca, cert, key = (
            None if path is None else Path(path).read_bytes()
            for path in (self.ca, self.cert, self.key)
        )
        return grpc.ssl_channel_credentials(ca, key, cert)


def open_channel(
    target: str, tls: TLS | None, options: Sequence[tuple[str, Any]] = ()
) -> grpc.aio.Channel:
    """A channel in the running loop; `options` are gRPC's own and win over ours."""
    # One of each name: of two, core takes the first.
    arguments = tuple({**dict(_OPTIONS), **dict(options)}.items())
    if tls is None:
        return grpc.aio.insecure_channel(target, options=arguments)
    return grpc.aio.secure_channel(target, tls.credentials(), options=arguments)


def with_port(target: str) -> str:
    """The target with our port where it has none: `host` becomes `host:50051`.

    A target with one of gRPC's schemes stays as it is; `ValueError` for a URL.
    """
    if not target:
        return DEFAULT_TARGET
    scheme, separator, _ = target.partition(":")
    if separator and scheme in _SCHEMES:
        return target
    if "/" in target:
        host = target.rpartition("://")[2].partition("/")[0].rpartition("@")[2]
        tls = "; TLS has its own option" if target.startswith("https:") else ""
        raise ValueError(
            f"the address is a URL; give host:port alone, such as {with_port(host)}{tls}"
        )
    bare_ipv6 = target.count(":") > 1 and not target.startswith("[")
    if bare_ipv6:
        return f"[{target}]:{DEFAULT_PORT}"
    has_port = ":" in target.rpartition("]")[2]
    return target if has_port else f"{target}:{DEFAULT_PORT}"


def is_loopback(target: str) -> bool:
    """Whether the target is this machine for sure: no name but `localhost` is."""
    scheme, separator, rest = target.partition(":")
    if separator and scheme in ("unix", "unix-abstract"):
        return True
    if separator and scheme in ("dns", "ipv4", "ipv6"):
        target = rest.rpartition("/")[2]
    host = target.removeprefix("[").partition("]")[0]
    if not target.startswith("["):
        host = host.rpartition(":")[0] if ":" in host else host
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
