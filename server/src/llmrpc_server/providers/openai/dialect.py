"""The OpenAI dialect, bound to one row of the registry."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

import msgspec

from llmrpc import v1 as pb
from llmrpc.findings import Findings
from llmrpc_server.providers.dialect import Answer, Defaults, Encoded, StreamDecoder
from llmrpc_server.providers.failures import unreadable
from llmrpc_server.providers.openai.answer import Assembly
from llmrpc_server.providers.openai.quirks import OpenAITarget, read_quirks
from llmrpc_server.providers.openai.request import build_body
from llmrpc_server.providers.openai.stream import ChatStreamDecoder
from llmrpc_server.providers.openai_family.dialect import FamilyDialect
from llmrpc_server.providers.repeated_ids import with_own_ids
from llmrpc_server.providers.row import Row
from llmrpc_server.providers.tool_names import names_back

_PATH = "/chat/completions"


KEPT_MODELS = 1024
"""Models whose facts are kept; names come from callers, so not all."""


class OpenAIDialect(FamilyDialect):
    """Chat Completions, with the row's quirks."""

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
            "end_user_id",
            "output_modalities",
        }
    )

    def __init__(self, row: Row) -> None:
        super().__init__(row)
        self._quirks = read_quirks(row.quirks)
        self._facts = lru_cache(KEPT_MODELS)(self._quirks.model)
        self._details = self._quirks.send_reasoning == "details"

    def encode(
        self, request: pb.GenerateRequest, model: str, defaults: Defaults, *, stream: bool
    ) -> Encoded:
        findings = Findings(self.row.name, model)
        facts = self._facts(model)
        target = OpenAITarget(self.row, self._quirks, facts, model, findings)
        body = build_body(with_own_ids(request), target, defaults, stream=stream)
        findings.check()
        return Encoded(
            self.row.path(_PATH, model),
            msgspec.json.encode(body),
            findings.warnings,
            names=names_back(request.tools) if request.tools else {},
        )

    def decode(self, body: bytes) -> Answer:
        assembly = Assembly(self.row.name, details=self._details)
        assembly.take(body, whole=True)
        if not assembly.answered:
            raise unreadable(self.row.name, "sent an answer without a message")
        assembly.complete()
        if assembly.answer.finish_reason == pb.FINISH_REASON_UNSPECIFIED:
            assembly.answer.finish_reason = pb.FINISH_REASON_OTHER
        return assembly.answer

    def decoder(self, max_event_bytes: int) -> StreamDecoder:
        return ChatStreamDecoder(
            self.row.name,
            max_event_bytes,
            details=self._details,
            asks_usage=self._quirks.stream_usage,
        )
