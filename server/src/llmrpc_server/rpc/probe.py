"""Asks a running server how it is: for containers and scripts."""

from __future__ import annotations

import sys
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from llmrpc_server.rpc.address import on_loopback

Tls = tuple[Path | None, Path | None, Path | None]


async def probe(address: str, service: str, timeout: float, tls: Tls) -> int:
    """Prints the status; 0 when SERVING, 1 when not, 2 when nobody answers.

    `tls` is the authority's, the client's certificate and its key; an address
    that listens everywhere is asked on loopback.
    """
    address = on_loopback(address)
    ca, certificate, key = (file.read_bytes() if file else None for file in tls)
    channel = grpc.aio.insecure_channel(address)
    if ca is not None:
        channel = grpc.aio.secure_channel(
            address, grpc.ssl_channel_credentials(ca, key, certificate)
        )
    async with channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            response = await stub.Check(request, timeout=timeout)  # type: ignore[attr-defined]  # the stubs lack it
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                sys.stderr.write(f"{address}: serves, but has no service {service!r}\n")
                return 1
            sys.stderr.write(f"{address}: {error.code().name}: {error.details()}\n")
            return 2
    name = health_pb2.HealthCheckResponse.ServingStatus.Name(response.status)
    sys.stdout.write(f"{name}\n")
    return 0 if response.status == health_pb2.HealthCheckResponse.SERVING else 1
