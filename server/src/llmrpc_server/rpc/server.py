"""The gRPC server: its options, its port and its services."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2_grpc

from llmrpc.v1 import llm_service_pb2_grpc
from llmrpc_server.bounds import AtLeastOne, Count, Positive, Seconds
from llmrpc_server.interceptors.calls import Calls
from llmrpc_server.rpc.address import is_loopback
from llmrpc_server.rpc.health import SERVICE, Health
from llmrpc_server.rpc.reflection import add_reflection

MiB = 1024 * 1024
HEALTH = "grpc.health.v1.Health"


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """PEM files. With `client_ca` every caller must show a certificate of it (mTLS)."""

    certificate: Path
    """The server's certificate, and any between it and its authority."""
    key: Path
    """The certificate's private key, not encrypted."""
    client_ca: Path | None = None
    """The authority of the callers' certificates."""


@dataclass(frozen=True, slots=True)
class ListenSettings:
    """Where and how the server listens. Times are in seconds, sizes in bytes."""

    address: str = "127.0.0.1:50051"
    """`host:port`, `[ipv6]:port` or `unix:path`; port 0 takes a free one."""
    allow_anonymous: bool = False
    """Lets everybody in on an address that other machines reach."""
    tls: TlsSettings | None = None
    health: bool = True
    """Whether `grpc.health.v1` is served."""
    reflection: bool = True
    """Whether server reflection, v1 and v1alpha, is served."""
    max_message_bytes: AtLeastOne = 32 * MiB
    """Bound of one request."""
    max_calls: Count = 0
    """Most calls at a time, health and reflection not counted; 0 is no bound."""
    drain_pause: Seconds = 1.0
    """From NOT_SERVING to the closing of the port: time for endpoints to notice."""
    grace: Seconds = 30.0
    """What running calls get to finish when the server stops."""
    read_timeout: Positive = 30.0
    """How long a request may take to arrive, from its headers to its end; of a batch, the
    first item."""
    write_timeout: Positive = 30.0
    """How long a caller may read nothing, megabytes behind, before it is cut."""
    max_unread_bytes: AtLeastOne = 256 * MiB
    """What requests that are on their way may take in memory, all together. One counts as
    `max_message_bytes` until it is there; where there is no room it waits at its sender."""
    max_undelivered_bytes: AtLeastOne = 64 * MiB
    """Whole answers that callers have not taken yet, all together. Above it `write_timeout`
    counts for each of them; below it large ones have longer."""
    min_ping_interval: Seconds = 5.0
    """Clients that ping more often are sent away; Go's keepalive starts at 10 s."""
    keepalive_interval: Positive = 60.0
    """How often an idle connection is probed."""
    max_connection_age: Seconds = 0.0
    """When a connection is asked to be made anew; 0 is never."""
    max_connection_age_grace: Seconds = 600.0
    """What its calls then get: longer than the longest stream."""

    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        return is_loopback(self.address)


def make_calls(settings: ListenSettings) -> Calls:
    """The bounds of calls, as these settings say."""
    return Calls(
        places=max(1, settings.max_unread_bytes // settings.max_message_bytes),
        read_timeout=settings.read_timeout,
        write_timeout=settings.write_timeout,
        max_undelivered=settings.max_undelivered_bytes,
    )


def make_server(settings: ListenSettings, chain: grpc.aio.ServerInterceptor) -> grpc.aio.Server:
    """A server with these options, no services and no port yet."""
    options: list[tuple[str, int]] = [
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        ("grpc.max_send_message_length", -1),
        # one process a port: a second server on it must fail to start
        ("grpc.so_reuseport", 0),
        ("grpc.http2.min_ping_interval_without_data_ms", _ms(settings.min_ping_interval)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.keepalive_time_ms", _ms(settings.keepalive_interval)),
        ("grpc.keepalive_timeout_ms", 20_000),
        # a request that nobody reads yet takes 64 KiB, not 4 MiB
        ("grpc.http2.bdp_probe", 0),
    ]
    if settings.max_connection_age:
        options += [
            ("grpc.max_connection_age_ms", _ms(settings.max_connection_age)),
            ("grpc.max_connection_age_grace_ms", _ms(settings.max_connection_age_grace)),
        ]
    return grpc.aio.server(interceptors=(chain,), options=options)


def add_services(
    server: grpc.aio.Server,
    settings: ListenSettings,
    servicer: llm_service_pb2_grpc.LLMServiceServicer,
    health: Health,
) -> None:
    """Mounts LLMService, and health and reflection unless switched off."""
    llm_service_pb2_grpc.add_LLMServiceServicer_to_server(servicer, server)
    services = [SERVICE]
    if settings.health:
        health_pb2_grpc.add_HealthServicer_to_server(health.servicer, server)
        services.append(HEALTH)
    if settings.reflection:
        add_reflection(server, services)


def bind(server: grpc.aio.Server, settings: ListenSettings) -> int:
    """Opens the port and gives its number. Raises `OSError` where it cannot."""
    try:
        if settings.tls is None:
            return server.add_insecure_port(settings.address)
        return server.add_secure_port(settings.address, _credentials(settings.tls))
    except RuntimeError as error:
        raise OSError(
            f"cannot listen on {settings.address}: is another server there? "
            "Choose another address with --address or LLMRPC_ADDRESS"
        ) from error


def _credentials(tls: TlsSettings) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials(
        [(tls.key.read_bytes(), tls.certificate.read_bytes())],
        root_certificates=tls.client_ca.read_bytes() if tls.client_ca else None,
        require_client_auth=tls.client_ca is not None,
    )


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
