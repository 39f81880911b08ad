"""Answers of Chat Completions, whole and in chunks, a decoder fed with them, and what it found."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.registry import ROWS
from tests.providers.golden import Folded

HEAD = {"id": "r1", "model": "m"}
CITED = {"type": "url_citation", "url_citation": {"url": "u", "start_index": 0, "end_index": 2}}


def body(said: dict[str, Any], finish: str, used: dict[str, Any]) -> bytes:
    """The answer in one body."""
    message: dict[str, Any] = {
        field: "".join(said[field]) or None for field in ("reasoning_content", "content", "refusal")
    }
    message["tool_calls"] = [_call(made) for made in said["tool_calls"]]
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return json.dumps({**HEAD, "choices": [choice], "usage": used}).encode()


def stream(said: dict[str, Any], finish: str, used: dict[str, Any]) -> bytes:
    """The same answer in chunks, each text as it is cut."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    for field in ("reasoning_content", "content", "refusal"):
        deltas.extend({field: piece} for piece in said[field])
    for index, made in enumerate(said["tool_calls"]):
        whole = _call(made)
        arguments = whole["function"].pop("arguments")
        deltas.append({"tool_calls": [{"index": index, **whole}]})
        deltas.extend(
            {"tool_calls": [{"index": index, "function": {"arguments": character}}]}
            for character in arguments
        )
    choices: list[list[dict[str, Any]]] = [[{"index": 0, "delta": delta}] for delta in deltas]
    choices.append([{"index": 0, "delta": {}, "finish_reason": finish}])
    chunks: list[dict[str, Any]] = [{**HEAD, "choices": choice} for choice in choices]
    chunks.append({**HEAD, "choices": [], "usage": used})
    lines = [json.dumps(chunk, ensure_ascii=False) for chunk in chunks]
    return "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()


def _call(made: dict[str, Any]) -> dict[str, Any]:
    named = {"id": made["id"]} if "id" in made else {}
    return {**named, "function": {"name": made["name"], "arguments": made["arguments"]}}


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({**HEAD, "choices": [choice], **more}).encode() + b"\n\n"


def fold(*pieces: bytes, provider: str = "openai") -> Folded:
    folded = Folded(OpenAIDialect(ROWS[provider]).decoder(4096))
    folded.run(*pieces)
    return folded


def decode(message: dict[str, Any], provider: str = "openai", **more: Any) -> Answer:
    """A whole answer with this message."""
    choice = {"index": 0, "message": {"content": "Hi", **message}, "finish_reason": "stop"}
    body = json.dumps({**HEAD, "choices": [choice], **more}).encode()
    return OpenAIDialect(ROWS[provider]).decode(body)


def warned(answer: Answer) -> list[str]:
    """The fields that an answer warns of."""
    return [warning.field for warning in answer.warnings]


def metadata(answer: Answer) -> dict[str, Any]:
    """What an answer says as a whole, as JSON."""
    found: dict[str, Any] = json_format.MessageToDict(
        pb.LLMResponse(provider_metadata=answer.metadata)
    ).get("providerMetadata", {})
    return found
