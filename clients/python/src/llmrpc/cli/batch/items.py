"""From a line of the input to an item of the batch.

A line is one of: `{"id": "…", "generate": …}`, as a BatchItem is written; a request,
whose id is then `line-N` after the line's number. A request is a GenerateRequest in the
contract's JSON, or a JSON string, which is a prompt.
"""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import json_format
from google.rpc import code_pb2, error_details_pb2, status_pb2

from llmrpc import v1 as pb
from llmrpc.cli.output import Misuse
from llmrpc.cli.settings import Settings
from llmrpc.status import DOMAIN
from llmrpc.types import build_conversation


class BadLine(Exception):  # noqa: N818 - it is the line's, not the program's
    """A line that is no item; `result` says so in the output."""

    def __init__(self, number: int, id: str, message: str) -> None:
        first = message.partition("\n")[0]  # protobuf lists every field it knows below
        super().__init__(f"line {number}: {first}")
        info = error_details_pb2.ErrorInfo(reason="INVALID_REQUEST", domain=DOMAIN)
        status = status_pb2.Status(code=code_pb2.INVALID_ARGUMENT, message=str(self))
        status.details.add().Pack(info)
        self.result = pb.BatchResult(id=id, status=status)


def read_item(raw: bytes, number: int, settings: Settings) -> pb.BatchItem | None:
    """The item of a line; None for a blank one. Raises `BadLine`.

    The model, instructions, temperature and max_tokens of `settings` stand in where
    the request says nothing.
    """
    if not raw.strip():
        return None
    name = f"line-{number}"
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadLine(number, name, f"is no JSON: {error}") from None
    if isinstance(value, dict) and "generate" in value:
        given = value.get("id")
        if not isinstance(given, str) or not given or not given.isprintable():
            raise BadLine(number, name, "id: is missing, or no printable text")
        name = given
        if unknown := sorted(set(value) - {"id", "generate"}):
            raise BadLine(number, name, f"unknown key {', '.join(unknown)}; known are id, generate")
        value = value["generate"]
    try:
        return pb.BatchItem(id=name, generate=_request(value, settings))
    except (Misuse, TypeError, ValueError, json_format.ParseError) as error:
        raise BadLine(number, name, str(error)) from None


def _request(value: Any, settings: Settings) -> pb.GenerateRequest:
    if isinstance(value, str):
        return settings.request(build_conversation(settings.system, value))
    if not isinstance(value, dict):
        raise TypeError("generate: is neither text nor an object")
    request = json_format.ParseDict(value, pb.GenerateRequest())
    if not request.messages:
        raise ValueError("generate.messages: is missing or empty")
    defaults = settings.request([])
    if settings.system and request.messages[0].role != pb.ROLE_SYSTEM:
        system = pb.LLMMessage(role=pb.ROLE_SYSTEM, content=settings.system)
        defaults.messages.append(system)
    defaults.MergeFrom(request)
    return defaults
