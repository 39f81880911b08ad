"""The name of a caller in its client certificate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

NAMES = (
    "peer_spiffe_id",
    "peer_dns",
    "x509_common_name",
    "peer_uri",
    "peer_email",
    "peer_ip",
)
"""gRPC's names of what a certificate says of its holder, best first: a SPIFFE id, else the
first DNS name among the alternative names, else the common name, else another alternative."""


def certificate_name(auth_context: Mapping[str, Iterable[bytes]]) -> str:
    """The name in a verified certificate; empty where there is none."""
    for kind in NAMES:
        for name in auth_context.get(kind, ()):
            if text := name.decode(errors="replace").strip():
                return text
    return ""
