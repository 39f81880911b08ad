"""Which addresses no provider can have: those where clouds give credentials away.

An address is judged by where it leads, in whatever form it is written.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

Address = IPv4Address | IPv6Address

_METADATA = tuple(
    map(
        ip_network,
        (
            "169.254.0.0/16",  # link-local: AWS, Azure, Google, Oracle, DigitalOcean, OpenStack
            "fe80::/10",
            "fd00:ec2::/32",  # AWS
            "fd20:ce::/32",  # Google
            "100.100.100.200/32",  # Alibaba
            "168.63.129.16/32",  # Azure
            "192.0.0.192/32",  # Oracle
        ),
    )
)
"""Where clouds answer what runs on a machine, credentials included."""
_LAST_FOUR = tuple(
    map(
        IPv6Network,
        (
            "::ffff:0:0/96",  # mapped (RFC 4291)
            "::ffff:0:0:0/96",  # translated (RFC 2765)
            "::/96",  # compatible (RFC 4291, deprecated)
            "64:ff9b::/96",  # NAT64 (RFC 6052)
            "64:ff9b:1::/48",  # NAT64 of one's own (RFC 8215), with the longest prefix
        ),
    )
)
"""Networks of IPv6 whose addresses end with one of IPv4."""
_OWN_NAT64 = IPv6Network("64:ff9b:1::/48")
_ISATAP = (0x00005EFE, 0x02005EFE)
"""The third quarter of an address that ends with one of IPv4 (RFC 5214)."""


def literal(host: str) -> Address | None:
    """The address that a host is, however it is written; None for a name.

    Digits of any script, and IPv4 in decimal, octal or hexadecimal, are understood, as
    the resolver would.
    """
    host = host.strip("[]").partition("%")[0]
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        plain = URL.build(scheme="http", host=host).raw_host or ""
        return IPv4Address(socket.inet_aton(plain.rstrip("."))) if _may_be_ipv4(plain) else None
    except (ValueError, OSError):
        return None


def is_refused(address: Address) -> bool:
    """Whether an address, or one that it stands for, belongs to a cloud's metadata service."""
    return any(each in network for each in _meant(address) for network in _METADATA)


def is_loopback(address: Address) -> bool:
    """Whether it leads to this machine alone."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _may_be_ipv4(host: str) -> bool:
    return host[:1].isdigit() and all(letter in "0123456789abcdefxABCDEFX." for letter in host)


def _meant(address: Address) -> Iterator[Address]:
    """The address, and those of IPv4 that are written into it."""
    yield address
    if isinstance(address, IPv4Address):
        return
    packed = address.packed
    if any(address in network for network in _LAST_FOUR):
        yield IPv4Address(packed[12:])
    if address in _OWN_NAT64:  # with shorter prefixes the ninth byte is left free
        yield IPv4Address(packed[6:8] + packed[9:11])
        yield IPv4Address(packed[7:8] + packed[9:12])
        yield IPv4Address(packed[9:13])
    if int.from_bytes(packed[8:12]) in _ISATAP:
        yield IPv4Address(packed[12:])
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
