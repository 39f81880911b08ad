"""Gives every call an identifier, the caller's own where it sent one."""

from __future__ import annotations

import re
from typing import Any

from llmrpc.call import new_request_id
from llmrpc_server.interceptors.chain import Proceed
from llmrpc_server.interceptors.rpc import Rpc

HEADER = "x-request-id"
_VALID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}\Z")


async def request_id(rpc: Rpc, proceed: Proceed) -> Any:
    """Takes `x-request-id`, or makes one; it goes back as trailing metadata.

    An identifier of the caller's that could forge a log line is replaced.
    """
    given = rpc.metadata.get(HEADER, "")
    rpc.request_id = given if _VALID.match(given) else new_request_id()
    rpc.trailers.append((HEADER, rpc.request_id))
    rpc.context.set_trailing_metadata(tuple(rpc.trailers))
    return await proceed()
