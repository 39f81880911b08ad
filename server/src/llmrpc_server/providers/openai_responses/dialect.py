"""The Responses dialect, bound to one row of the registry."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from llmrpc import v1 as pb
from llmrpc.findings import Findings
from llmrpc_server.providers.dialect import Answer, CountsTokens, Defaults, Encoded, StreamDecoder
from llmrpc_server.providers.failures import read
from llmrpc_server.providers.openai_family.dialect import FamilyDialect
from llmrpc_server.providers.openai_responses.answer import Assembly
from llmrpc_server.providers.openai_responses.quirks import ResponsesTarget, read_quirks
from llmrpc_server.providers.openai_responses.request import COUNTED, build_body
from llmrpc_server.providers.openai_responses.stream import ResponsesStreamDecoder
from llmrpc_server.providers.repeated_ids import with_own_ids
from llmrpc_server.providers.row import Row
from llmrpc_server.providers.tokens import Counted
from llmrpc_server.providers.tool_names import names_back


class _Count(msgspec.Struct):
    input_tokens: Counted


_decode_count = msgspec.json.Decoder(_Count).decode


class OpenAIResponsesDialect(FamilyDialect, CountsTokens):
    """Responses, without state at the provider."""

    usual: ClassVar[bool] = False
    carries: ClassVar[frozenset[str]] = frozenset(
        {
            "messages",
            "model",
            "temperature",
            "max_tokens",
            "top_p",
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

    def encode(
        self, request: pb.GenerateRequest, model: str, defaults: Defaults, *, stream: bool
    ) -> Encoded:
        target = self._target(model)
        body = build_body(with_own_ids(request), target, defaults, stream=stream)
        target.findings.check()
        path = self.row.path("/responses", model)
        names = names_back(request.tools) if request.tools else {}
        return Encoded(path, msgspec.json.encode(body), target.findings.warnings, names=names)

    def decode(self, body: bytes) -> Answer:
        assembly = Assembly(self.row.name)
        assembly.whole(body)
        return assembly.answer

    def decoder(self, max_event_bytes: int) -> StreamDecoder:
        return ResponsesStreamDecoder(self.row.name, max_event_bytes)

    def encode_count(self, request: pb.GenerateRequest, model: str) -> Encoded:
        """Source: https://developers.openai.com/api/reference/resources/responses/subresources/input_tokens."""
        target = self._target(model)
        whole = build_body(with_own_ids(request), target, Defaults(), stream=False)
        target.findings.check()
        body = {field: whole[field] for field in COUNTED if field in whole}
        path = self.row.path("/responses/input_tokens", model)
        return Encoded(path, msgspec.json.encode(body), target.findings.warnings)

    def decode_count(self, body: bytes) -> int:
        return read(_decode_count, body, self.row.name, "count of tokens").input_tokens

    def _target(self, model: str) -> ResponsesTarget:
        findings = Findings(self.row.name, model)
        return ResponsesTarget(self.row, self._quirks, self._quirks.model(model), model, findings)
