"""The Google dialect, bound to one row of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc.findings import Findings
from llmrpc_server.providers.dialect import (
    Answer,
    CountsTokens,
    Defaults,
    Dialect,
    Encoded,
    Listed,
    ListsModels,
    StreamDecoder,
)
from llmrpc_server.providers.failures import read, unreadable
from llmrpc_server.providers.google import errors, wire
from llmrpc_server.providers.google.answer import Assembly
from llmrpc_server.providers.google.names import back
from llmrpc_server.providers.google.quirks import GoogleTarget, read_quirks
from llmrpc_server.providers.google.request import build_body
from llmrpc_server.providers.google.stream import GoogleStreamDecoder, chunks
from llmrpc_server.providers.repeated_ids import with_own_ids
from llmrpc_server.providers.row import Row

_MODELS = "models/"
_PAGE = 1000
"""Models on a page of the list, the most that it takes."""


class GoogleDialect(Dialect, ListsModels, CountsTokens):
    """generateContent, with the row's quirks. Models may be named `models/…` too."""

    carries: ClassVar[frozenset[str]] = frozenset(
        {
            "messages",
            "model",
            "temperature",
            "max_tokens",
            "top_p",
            "top_k",
            "stop",
            "seed",
            "presence_penalty",
            "frequency_penalty",
            "tools",
            "tool_choice",
            "response_format",
            "reasoning",
            "provider_options",
            "output_modalities",
        }
    )

    def __init__(self, row: Row) -> None:
        super().__init__(row)
        self._quirks = read_quirks(row.quirks)

    def headers(self, key: str | None) -> dict[str, str]:
        return {"x-goog-api-key": key} if key else {}

    def encode(
        self, request: pb.GenerateRequest, model: str, defaults: Defaults, *, stream: bool
    ) -> Encoded:
        model = model.removeprefix(_MODELS)
        body, warnings = self._body(request, model, defaults)
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        written = msgspec.json.encode(body)
        return Encoded(_path(model, method), written, warnings, names=back(request.tools))

    def decode(self, body: bytes) -> Answer:
        assembly = Assembly(self.row.name, self._quirks.model)
        for chunk in chunks(body, self.row.name):
            assembly.take(chunk)
        if not assembly.answered:
            raise unreadable(self.row.name, "sent an answer without a candidate")
        if not assembly.finished:
            assembly.answer.finish_reason = pb.FINISH_REASON_OTHER
        assembly.end()
        return assembly.answer

    def decoder(self, max_event_bytes: int) -> StreamDecoder:
        return GoogleStreamDecoder(self.row.name, self._quirks.model, max_event_bytes)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMClientError:
        return errors.from_status(self.row.name, status, headers, body)

    def list_path(self, page: str) -> str:
        more = f"&pageToken={quote(page, safe='')}" if page else ""
        return f"/models?pageSize={_PAGE}{more}"

    def decode_list(self, body: bytes) -> tuple[list[Listed], str]:
        said = read(wire.decode_models, body, self.row.name, "list of models")
        listed = [
            Listed(
                model.name.removeprefix(_MODELS), model.input_token_limit, model.output_token_limit
            )
            for model in said.models or ()
            if "generateContent" in (model.supported_generation_methods or ())
        ]
        return listed, said.next_page_token or ""

    def encode_count(self, request: pb.GenerateRequest, model: str) -> Encoded:
        model = model.removeprefix(_MODELS)
        body, warnings = self._body(request, model, Defaults())
        counted = {"generateContentRequest": {"model": f"{_MODELS}{model}", **body}}
        return Encoded(_path(model, "countTokens"), msgspec.json.encode(counted), warnings)

    def decode_count(self, body: bytes) -> int:
        return read(wire.decode_count, body, self.row.name, "count of tokens").total_tokens

    def _body(
        self, request: pb.GenerateRequest, model: str, defaults: Defaults
    ) -> tuple[dict[str, Any], list[pb.Warning]]:
        request = with_own_ids(request)
        findings = Findings(self.row.name, model)
        facts = self._quirks.model(model)
        target = GoogleTarget(self.row, self._quirks, facts, model, findings)
        body = build_body(request, target, defaults)
        findings.check()
        return body, findings.warnings


def _path(model: str, method: str) -> str:
    """The model is one step of the way, whatever a caller names."""
    return f"/models/{quote(model, safe='')}:{method}"
