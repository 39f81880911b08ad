"""The Anthropic dialect, bound to one row of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError
from llmrpc.findings import Findings
from llmrpc_server.providers.anthropic import errors, listing
from llmrpc_server.providers.anthropic.answer import Assembly
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget, read_quirks
from llmrpc_server.providers.anthropic.request import Built, build_count, build_request
from llmrpc_server.providers.anthropic.stream import MessageStreamDecoder
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
from llmrpc_server.providers.repeated_ids import with_own_ids
from llmrpc_server.providers.row import Row
from llmrpc_server.providers.tool_names import names_back

_VERSION = "2023-06-01"
"""The newer 2026-10-21 takes no sampling for any model, and has nothing that is missed
here. Source: https://platform.claude.com/docs/en/api/versioning"""
_PATH = "/v1/messages"
_COUNT_PATH = "/v1/messages/count_tokens"


class AnthropicDialect(Dialect, ListsModels, CountsTokens):
    """The Messages API, with the row's quirks."""

    carries: ClassVar[frozenset[str]] = frozenset(
        {
            "messages",
            "model",
            "temperature",
            "max_tokens",
            "top_p",
            "top_k",
            "stop",
            "tools",
            "tool_choice",
            "response_format",
            "reasoning",
            "provider_options",
            "end_user_id",
            "output_modalities",
        }
    )

    def __init__(self, row: Row) -> None:
        super().__init__(row)
        self._quirks = read_quirks(row.quirks)

    def headers(self, key: str | None) -> dict[str, str]:
        version = {"anthropic-version": _VERSION}
        return {"x-api-key": key, **version} if key else version

    def encode(
        self, request: pb.GenerateRequest, model: str, defaults: Defaults, *, stream: bool
    ) -> Encoded:
        target = self._target(model)
        built = build_request(with_own_ids(request), target, defaults, stream=stream)
        encoded = _encoded(_PATH, built, target)
        encoded.names = names_back(request.tools)
        return encoded

    def decode(self, body: bytes) -> Answer:
        assembly = Assembly(self.row.name)
        assembly.take_message(body)
        if not assembly.finished:
            assembly.answer.finish_reason = pb.FINISH_REASON_OTHER
        return assembly.answer

    def decoder(self, max_event_bytes: int) -> StreamDecoder:
        return MessageStreamDecoder(self.row.name, max_event_bytes)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMClientError:
        return errors.from_status(self.row.name, status, headers, body)

    def list_path(self, page: str) -> str:
        return listing.list_path(page)

    def decode_list(self, body: bytes) -> tuple[list[Listed], str]:
        return listing.read_list(body, self.row.name)

    def encode_count(self, request: pb.GenerateRequest, model: str) -> Encoded:
        target = self._target(model)
        return _encoded(_COUNT_PATH, build_count(with_own_ids(request), target), target)

    def decode_count(self, body: bytes) -> int:
        return listing.read_count(body, self.row.name)

    def _target(self, model: str) -> AnthropicTarget:
        findings = Findings(self.row.name, model)
        facts = self._quirks.model(model)
        return AnthropicTarget(self.row, self._quirks, facts, model, findings)


def _encoded(path: str, built: Built, target: AnthropicTarget) -> Encoded:
    target.findings.check()
    body = msgspec.json.encode(built.body)
    return Encoded(path, body, target.findings.warnings, built.headers)
