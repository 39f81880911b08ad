"""The recorded cases of `tests/golden`, and how a stream is folded to compare it.

A folder in `tests/golden` is a dialect. Its `dialect.json` says where requests go
(`path`, `stream_path`, with `{model}`), what a stream's request has beside a whole
answer's (`stream_body`), and by which bytes the event with the finish reason is known
(`finish`, a regular expression). A case may have a `path` and a `stream_body` of its own.

A case is a folder in it. `case.json` names the row, the model, the sources it was
written from, the fields that must be warned of or the error that must be raised, and
the `headers` that the request needs. Beside it, as far as the case goes:
`request.json` (the contract's request in JSON) and `upstream_request.json`;
`response.json` (the provider's body) and `expected_response.json`; `stream.txt` (the
provider's bytes) and `expected_stream.json`, without which the stream gives what the
body gives; and `expected_deltas.json`, what the stream gives on the way, as `merged`
puts it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.accumulate import Accumulator
from llmrpc_server.providers.dialect import Answer, Defaults, Dialect, StreamDecoder
from llmrpc_server.providers.registry import DIALECTS, ROWS

FOLDER = Path(__file__).parent.parent / "golden"
MAX_EVENT = 1 << 20
MADE = re.compile("[a-z]+_[0-9a-f]{24}")
"""An id that the gateway made."""


@cache
def _loaded(file: Path) -> Any:
    return json.loads(file.read_text())


@dataclass(frozen=True)
class Case:
    """One folder."""

    folder: Path

    @property
    def protocol(self) -> dict[str, Any]:
        protocol: dict[str, Any] = _loaded(self.folder.parent / "dialect.json")
        return protocol

    def path(self, *, stream: bool) -> str:
        path: str = self.info.get("path", self.protocol["stream_path" if stream else "path"])
        return path.replace("{model}", self.info["model"])

    def body(self, *, stream: bool) -> dict[str, Any]:
        more = self.info.get("stream_body", self.protocol["stream_body"]) if stream else {}
        return {**self.json("upstream_request.json"), **more}

    @property
    def info(self) -> dict[str, Any]:
        info: dict[str, Any] = self.json("case.json")
        return info

    @property
    def dialect(self) -> Dialect:
        name = self.folder.parent.name.replace("_", "-")
        return DIALECTS[name](ROWS[self.info["provider"]].speaking(name))

    @property
    def defaults(self) -> Defaults:
        return Defaults(**self.info.get("defaults", {}))

    def json(self, name: str) -> Any:
        return _loaded(self.folder / name)

    def request(self) -> pb.GenerateRequest:
        return json_format.ParseDict(self.json("request.json"), pb.GenerateRequest())

    def expected(self, *, stream: bool = False) -> pb.LLMResponse:
        name = "expected_stream.json" if stream else "expected_response.json"
        if stream and not (self.folder / name).exists():
            name = "expected_response.json"
        return json_format.ParseDict(self.json(name), pb.LLMResponse())

    def deltas(self) -> list[pb.Delta]:
        return [
            json_format.ParseDict(each, pb.Delta()) for each in self.json("expected_deltas.json")
        ]

    def kinds(self) -> set[str]:
        """What the answer to the stream has parts of; one with a signature is a kind apart."""
        parts = self.expected(stream=True).message.parts
        return {f"{part.WhichOneof('kind')} {part.HasField('signature')}" for part in parts}

    def stream(self) -> bytes:
        return (self.folder / "stream.txt").read_bytes()


def cases(*files: str) -> list[Case]:
    """The cases of all dialects that have these files."""
    folders = sorted(FOLDER.glob("*/*"))
    return [
        Case(folder)
        for folder in folders
        if all((folder / name).exists() for name in ("case.json", *files))
    ]


def richest(cases: Iterable[Case]) -> list[Case]:
    """One case of each dialect: the stream with the most kinds of parts, the shortest of them."""
    found: dict[Path, Case] = {}
    for case in sorted(cases, key=lambda case: (-len(case.kinds()), len(case.stream()))):
        found.setdefault(case.folder.parent, case)
    return list(found.values())


def bytewise(data: bytes) -> list[bytes]:
    """A stream that comes one byte at a time."""
    return [data[at : at + 1] for at in range(len(data))]


def splits(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """A stream in two pieces, at every byte."""
    return ((data[:at], data[at:]) for at in range(1, len(data)))


def texts(got: pb.LLMResponse) -> list[tuple[str, str]]:
    """The parts of an answer: the kind of each, and its text."""
    found = []
    for part in got.message.parts:
        kind = str(part.WhichOneof("kind"))
        call = part.tool_call
        said = f"{call.id} {call.name} {call.arguments}" if call.name else getattr(part, kind)
        found.append((kind, said if isinstance(said, str) else said.data))
    return found


def numbered(got: pb.LLMResponse) -> pb.LLMResponse:
    """The response with `made-0`, `made-1` for the ids that were made for calls without one."""
    calls = [part.tool_call for part in got.message.parts if part.HasField("tool_call")]
    for index, call in enumerate(call for call in calls if MADE.fullmatch(call.id)):
        call.id = f"made-{index}"
    return got


def numbered_deltas(deltas: Iterable[pb.Delta]) -> list[pb.Delta]:
    """The deltas with the same for the ids that were made."""
    deltas = list(deltas)
    made = (delta for delta in deltas if MADE.fullmatch(delta.tool_call.id))
    for index, delta in enumerate(made):
        delta.tool_call.id = f"made-{index}"
    return deltas


def response(answer: Answer) -> pb.LLMResponse:
    """The part of the contract's response that a codec decides; of a warning its field."""
    return pb.LLMResponse(
        content=answer.parts.content(),
        message=answer.parts.message(),
        model=answer.model,
        finish_reason=answer.finish_reason,
        usage=answer.usage,
        provider_finish_reason=answer.provider_finish_reason,
        provider_response_id=answer.response_id,
        provider_metadata=answer.metadata,
        warnings=[pb.Warning(field=each.field) for each in answer.warnings],
    )


def merged(deltas: Iterable[pb.Delta]) -> list[pb.Delta]:
    """Deltas that do not tell how a stream was cut: pieces of one text are one.

    The start of a tool call, with its id and name, stays apart from its arguments.
    """
    result: list[pb.Delta] = []
    for delta in deltas:
        before = result[-1] if result else pb.Delta()
        kind = delta.WhichOneof("kind")
        same = kind == before.WhichOneof("kind") and delta.part_index == before.part_index
        if same and kind in ("text", "reasoning", "refusal"):
            setattr(before, kind, getattr(before, kind) + getattr(delta, kind))
        elif same and kind == "tool_call" and not (_starts(before) or _starts(delta)):
            before.tool_call.arguments += delta.tool_call.arguments
        else:
            result.append(pb.Delta.FromString(delta.SerializeToString()))
    return result


def _starts(delta: pb.Delta) -> bool:
    return bool(delta.tool_call.id or delta.tool_call.name)


class Folded:
    """A decoder whose deltas are folded as a caller would fold them."""

    def __init__(self, decoder: StreamDecoder) -> None:
        self.decoder = decoder
        self.folded = Accumulator()
        self.deltas: list[pb.Delta] = []

    def feed(self, data: bytes) -> None:
        try:
            self.decoder.feed(data)
        finally:
            self._take()

    def finish(self) -> None:
        try:
            if not self.decoder.done:
                self.decoder.finish()
        finally:
            self._take()

    def run(self, *pieces: bytes) -> None:
        """Takes a stream that comes in these pieces, and its end."""
        for piece in pieces:
            self.feed(piece)
        self.finish()

    def _take(self) -> None:
        for delta in self.decoder.answer.parts.take():
            self.folded.add(delta)
            self.deltas.append(delta)

    def response(self) -> pb.LLMResponse:
        """The answer, once its deltas are seen to add up to it."""
        assert self.folded.parts() == self.decoder.answer.parts.parts()
        return response(self.decoder.answer)


def read(case: Case, *pieces: bytes) -> pb.LLMResponse:
    """The answer to a stream that comes in these pieces."""
    folded = Folded(case.dialect.decoder(MAX_EVENT))
    folded.run(*pieces)
    return numbered(folded.response())
