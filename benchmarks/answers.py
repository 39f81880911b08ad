"""What every measured call asks for and must get back: texts, and the bytes upstream.

The caller's message is the text that it gets back, so that a server that echoes
gives the right answer too.
"""

from __future__ import annotations

import json

from llmrpc import v1 as pb

UNARY_TOKENS = 50
STREAM_TOKENS = 100
PACE_SECONDS = 0.02
"""Between two tokens of a paced stream."""
PACED = "paced"
"""In the name of a model whose stream is paced."""

_HEAD = {"id": "chatcmpl-benchmark", "created": 1767225600, "model": "gpt-4-0613"}


def text(tokens: int) -> str:
    """An answer of so many tokens, a word each."""
    return " ".join(f"word{number:03}" for number in range(tokens))


def request(tokens: int, model: str) -> pb.GenerateRequest:
    """A small request whose right answer is `text(tokens)`."""
    return pb.GenerateRequest(
        messages=[
            pb.LLMMessage(role=pb.ROLE_SYSTEM, content="You repeat what you are told."),
            pb.LLMMessage(role=pb.ROLE_USER, content=text(tokens)),
        ],
        model=model,
        temperature=0.7,
        max_tokens=500,
    )


def unary_body() -> bytes:
    """A whole answer, as Chat Completions has it."""
    message = {"role": "assistant", "content": text(UNARY_TOKENS), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = _usage(UNARY_TOKENS)
    return _json({**_HEAD, "object": "chat.completion", "choices": [choice], "usage": usage})


def stream_events() -> list[bytes]:
    """The events of a streamed answer: a role, the tokens, a finish, usage, the end."""
    words = text(STREAM_TOKENS).split(" ")
    tokens = [words[0], *(f" {word}" for word in words[1:])]
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": token} for token in tokens]
    chunks = [_chunk(delta, None) for delta in deltas]
    chunks.append(_chunk({}, "stop"))
    chunks.append({**_chunk({}, None), "choices": [], "usage": _usage(STREAM_TOKENS)})
    return [b"data: %s\n\n" % _json(chunk) for chunk in chunks] + [b"data: [DONE]\n\n"]


def _chunk(delta: dict[str, str], finish_reason: str | None) -> dict[str, object]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return {**_HEAD, "object": "chat.completion.chunk", "choices": [choice], "usage": None}


def _usage(completion_tokens: int) -> dict[str, object]:
    prompt_tokens = completion_tokens + 12
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
