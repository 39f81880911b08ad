"""The reasons of errors, from the contract's comments, the server's table and ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from docs.advice import ADVICE
from docs.table import table
from llmrpc import v1 as pb
from llmrpc.errors import EXCEPTIONS
from llmrpc_server.rpc.status import CODES

PROTO = Path(__file__).parents[1] / "protos/llmrpc/v1/error.proto"
_VALUE = re.compile(r"((?:^  //.*\n)+)  (ERROR_REASON_\w+) = ", re.MULTILINE)


class Comment(NamedTuple):
    """What the contract says of a reason."""

    status: str
    """The code, and the details beside ErrorInfo."""
    meaning: str


def comments() -> Mapping[str, Comment]:
    """The comments of `ErrorReason`, by value."""
    return dict(_comments(PROTO.read_text()))


def _comments(proto: str) -> Iterator[tuple[str, Comment]]:
    for lines, name in _VALUE.findall(proto):
        text = re.sub(r"^ *// ?", "", lines, flags=re.MULTILINE).split("\n\n")[0]
        status, _, meaning = " ".join(text.split()).partition(". ")
        yield name, Comment(status, meaning)


def reasons() -> str:
    """Every reason that is sent, in the contract's order."""
    said = comments()
    rows = []
    for value in sorted(CODES):
        name = pb.ErrorReason.Name(value)
        code = CODES[value].name
        details = said[name].status.removeprefix(code)
        advice = ADVICE[name.removeprefix("ERROR_REASON_")]
        rows.append(
            [
                f"`{name.removeprefix('ERROR_REASON_')}`",
                f"`{code}`{details}",
                f"`{EXCEPTIONS[value].__name__}`",
                said[name].meaning,
                advice.again,
                advice.act,
            ]
        )
    return table(["reason", "status", "exception", "when", "send it again?", "what to do"], rows)
