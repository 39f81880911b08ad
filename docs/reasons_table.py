"""The reasons of errors, from the contract's comments, the server's table and ours."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from docs.advice import ADVICE, Advice
from docs.table import table
from llmrpc import v1 as pb
from llmrpc.errors import EXCEPTIONS
from llmrpc_server.rpc.status import CODES

PROTO = Path(__file__).parents[1] / "protos/llmrpc/v1/error.proto"
_VALUE = re.compile(r"((?:^  //.*\n)+)  (ERROR_REASON_\w+) = ", re.MULTILINE)


class Comment(NamedTuple):
    """What the contract says of a reason."""

    status: str
    """The code, and details that come with it."""
    meaning: str
    example: str
    """Its ErrorInfo in JSON; empty where there is none."""


def comments() -> Mapping[str, Comment]:
    """The comments of `ErrorReason`, by value."""
    return dict(_comments(PROTO.read_text()))


def _comments(proto: str) -> Iterator[tuple[str, Comment]]:
    for lines, name in _VALUE.findall(proto):
        text = re.sub(r"^ *// ?", "", lines, flags=re.MULTILINE)
        status, _, meaning = " ".join(text.split("\n\n")[0].split()).partition(". ")
        example = "".join(re.findall(r"^    .*\n", text, re.MULTILINE))
        yield name, Comment(status, meaning, textwrap.dedent(example))


def reasons() -> str:
    """Every reason that is sent, in the contract's order."""
    rows = []
    for name, code, _, advice in _sent():
        rows.append([f"[`{name}`](#{name.lower()})", f"`{code}`", advice.again, advice.act])
    return table(["reason", "status", "retry?", "what to do"], rows)


def each_reason() -> str:
    """What each means, its status and exception, and an example of its ErrorInfo."""
    return "\n\n".join(
        f"### {name}\n\n{comment.meaning}\n\n"
        f"Status: `{code}`{comment.status.removeprefix(code)}. Exception: `{_exception(name)}`.\n\n"
        f"```json\n{comment.example}```"
        for name, code, comment, _ in _sent()
    )


def _exception(name: str) -> str:
    return EXCEPTIONS[pb.ErrorReason.Value(f"ERROR_REASON_{name}")].__name__


def _sent() -> Iterator[tuple[str, str, Comment, Advice]]:
    """The reasons without their prefix, each with its code, comment and advice."""
    said = comments()
    for value in sorted(CODES):
        full = pb.ErrorReason.Name(value)
        name = full.removeprefix("ERROR_REASON_")
        yield name, CODES[value].name, said[full], ADVICE[name]
