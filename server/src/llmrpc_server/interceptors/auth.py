"""Who calls, and may they: default deny."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any, Literal

from llmrpc.errors import AuthenticationError, PermissionDeniedError
from llmrpc_server.interceptors.certificate_name import certificate_name
from llmrpc_server.interceptors.chain import Proceed
from llmrpc_server.interceptors.rpc import Rpc

Rule = Literal["open", "caller"]

RULES: Mapping[str, Rule] = {
    "grpc.health.v1.Health": "open",
    "grpc.health.v1.Health/List": "caller",
    "grpc.reflection.v1.ServerReflection": "caller",
    "grpc.reflection.v1alpha.ServerReflection": "caller",
    "llmrpc.v1.LLMService": "caller",
}
"""What a service asks of its caller, or one of its methods where that differs; a
service without a rule is refused."""


def hash_key(key: str) -> str:
    """How a caller's key is kept: SHA-256, in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()


def make_key() -> str:
    """A new key for a caller: 256 random bits."""
    return f"llmrpc_{secrets.token_urlsafe(32)}"


class Auth:
    """Bearer keys against their hashes, by name.

    Without keys every caller is let in, anonymous; the name in a client
    certificate, where mTLS asks for one, stands for the caller then.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._callers = {digest: name for name, digest in keys.items()}

    def judge(self, rpc: Rpc) -> None:
        """Raises for a method without a rule, and for a caller that is not let in."""
        rule = RULES.get(rpc.method) or RULES.get(rpc.method.rpartition("/")[0])
        if rule is None:
            raise PermissionDeniedError(
                f"{rpc.method} has no rule that allows it", metadata={"method": f"/{rpc.method}"}
            )
        if rule == "caller" and self._callers:
            rpc.caller = self._caller(rpc)

    async def __call__(self, rpc: Rpc, proceed: Proceed) -> Any:
        if not self._callers:
            rpc.caller = certificate_name(rpc.context.auth_context())
        return await proceed()

    def _caller(self, rpc: Rpc) -> str:
        scheme, _, key = rpc.metadata.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise AuthenticationError(
                "no key was sent; send it as metadata `authorization: Bearer <key>`"
            )
        digest = hash_key(key.strip())
        for known, name in self._callers.items():
            if hmac.compare_digest(known, digest):
                return name
        raise AuthenticationError("the key that was sent is not known here")
