"""Addresses that a server listens on."""

from __future__ import annotations

from ipaddress import ip_address


def is_address(address: str) -> bool:
    """Whether it is written `host:port`, `[ipv6]:port` or `unix:path`."""
    if address.startswith(("unix:", "unix-abstract:")):
        return True
    host, _, port = address.rpartition(":")
    return bool(host) and port.isascii() and port.isdigit() and int(port) < 65536


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach the address (`host:port` or `unix:path`)."""
    if address.startswith(("unix:", "unix-abstract:")):
        return True
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def on_loopback(address: str) -> str:
    """How a server that listens everywhere is reached from its own machine."""
    host, colon, port = address.rpartition(":")
    everywhere = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - nothing is bound here
    return everywhere.get(host, host) + colon + port
