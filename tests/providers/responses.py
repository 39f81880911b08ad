"""Answers of Responses, whole and in events, and a decoder fed with them."""

from __future__ import annotations

import json
from typing import Any

from llmrpc_server.providers.dialect import Dialect
from llmrpc_server.providers.openai_responses import OpenAIResponsesDialect
from llmrpc_server.providers.registry import ROWS
from llmrpc_server.providers.row import Row
from tests.providers.golden import Folded

WHOLE = ("web_search_call", "image_generation_call", "future_item")
"""Types of items without pieces, so far as these tests have them."""
HEAD = {"id": "resp_1", "object": "response", "model": "m", "error": None}


def row(name: str = "openai") -> Row:
    return ROWS[name].speaking("openai-responses")


def dialect(name: str = "openai") -> Dialect:
    return OpenAIResponsesDialect(row(name))


def item(kind: str, *texts: str, **more: Any) -> dict[str, Any]:
    """An item: `message`, `refusal`, `summary`, `thoughts`, `call`, or of a type of `WHOLE`."""
    match kind:
        case "message":
            content = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
            return {"type": "message", "role": "assistant", "content": content, **more}
        case "refusal":
            content = [{"type": "refusal", "refusal": text} for text in texts]
            return {"type": "message", "role": "assistant", "content": content, **more}
        case "summary":
            summary = [{"type": "summary_text", "text": text} for text in texts]
            return {"type": "reasoning", "summary": summary, **more}
        case "thoughts":
            content = [{"type": "reasoning_text", "text": text} for text in texts]
            return {"type": "reasoning", "summary": [], "content": content, **more}
        case kind if kind in WHOLE:
            return {"type": kind, **more}
        case _:
            return {"type": "function_call", "arguments": "".join(texts), **more}


def whole(items: list[dict[str, Any]], status: str = "completed", **more: Any) -> dict[str, Any]:
    return {**HEAD, "status": status, "output": items, **more}


def event(type: str, **more: Any) -> bytes:
    return f"event: {type}\ndata: {json.dumps({'type': type, **more})}\n\n".encode()


def end(status: str = "completed", items: Any = (), **more: Any) -> bytes:
    return event(f"response.{status}", response=whole(list(items), status, **more))


def stream(items: list[dict[str, Any]], status: str = "completed", **more: Any) -> bytes:
    """The same answer in events, each text a character at a time.

    Items that come whole end in reverse, before the next that does not, as at xAI.
    """
    done: list[bytes] = []
    begun = {**whole([], "in_progress", **more), "usage": None}
    events = [event("response.created", response=begun)]
    for place, one in enumerate(items):
        at = {"output_index": place, "item_id": one.get("id", "")}
        if one["type"] not in WHOLE:
            events += reversed(done)
            done.clear()
        bare = {**one, "content": [], "summary": [], "arguments": ""}
        events.append(event("response.output_item.added", item=bare, **at))
        for number, piece in enumerate(one.get("summary", ())):
            events += _pieces(
                "reasoning_summary_text", piece.get("text", ""), summary_index=number, **at
            )
        for number, piece in enumerate(one.get("content", ())):
            part = {"content_index": number, **at}
            word = piece["type"]
            events.append(event("response.content_part.added", part={"type": word}, **part))
            events += _pieces(word, piece.get("text") or piece.get("refusal") or "", **part)
            for citation in piece.get("annotations", ()):
                added = "response.output_text.annotation.added"
                events.append(event(added, annotation=citation, **part))
        if one["type"] == "function_call":
            events += _pieces("function_call_arguments", one["arguments"], **at)
        done.append(event("response.output_item.done", item=one, **at))
        if one["type"] not in WHOLE:
            events += done
            done.clear()
    return b"".join([*events, *reversed(done), end(status, items, **more)])


def _pieces(word: str, text: str, **at: Any) -> list[bytes]:
    return [event(f"response.{word}.delta", delta=character, **at) for character in text]


def fold(*pieces: bytes, provider: str = "openai") -> Folded:
    folded = Folded(dialect(provider).decoder(1 << 16))
    folded.run(*pieces)
    return folded


def unnamed(one: dict[str, Any]) -> dict[str, Any]:
    """An item as it goes back: a message without its id, which nobody keeps."""
    return {name: one[name] for name in one if name != "id" or one["type"] != "message"}
