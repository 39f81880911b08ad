"""Four protocols for one conversation: whom to ask, and how to read what arrived there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from llmrpc import v1 as pb

LOW = pb.Reasoning(effort=pb.Reasoning.EFFORT_LOW)
Body = Mapping[str, Any]


@dataclass(frozen=True)
class Arrived:
    """A request as the provider has it, in words that are the same for all."""

    system: str
    question: str
    picture: str
    """Base64."""
    turns: list[tuple[str, object]]
    """What was said behind the question, in order: `("call", (id, name, arguments))`,
    `("result", (id, content))`, `("reasoning", (text, signature))`, `("text", …)`."""
    schema: object


@dataclass(frozen=True)
class Way:
    """A provider and its protocol; `environment` holds addresses that begin at `{origin}`."""

    model: str
    path: str
    environment: Mapping[str, str]
    arrived: Callable[[Body], Arrived]
    reasoning: pb.Reasoning | None
    """What is asked for; None: the protocol gives back no reasoning."""
    signed: bool = True
    """Whether aimock signs what it reasons by this protocol."""


def _chat(body: Body) -> Arrived:
    system, question, *rest = body["messages"]
    text, image = question["content"]
    turns: list[tuple[str, object]] = []
    for message in rest:
        turns += [
            ("call", (call["id"], call["function"]["name"], call["function"]["arguments"]))
            for call in message.get("tool_calls", ())
        ]
        if message["role"] == "tool":
            turns.append(("result", (message["tool_call_id"], message["content"])))
        elif message.get("content"):
            turns.append(("text", message["content"]))
    return Arrived(
        system["content"],
        text["text"],
        image["image_url"]["url"].partition(",")[2],
        turns,
        body["response_format"]["json_schema"]["schema"],
    )


def _responses(body: Body) -> Arrived:
    items = list(body["input"])
    system = body.get("instructions") or _text(items.pop(0)["content"])
    text, image = items.pop(0)["content"]
    turns: list[tuple[str, object]] = []
    for item in items:
        match item.get("type", "message"):
            case "reasoning":
                said = "".join(part["text"] for part in item["summary"])
                turns.append(("reasoning", (said, item["encrypted_content"])))
            case "function_call":
                turns.append(("call", (item["call_id"], item["name"], item["arguments"])))
            case "function_call_output":
                turns.append(("result", (item["call_id"], _text(item["output"]))))
            case _:
                turns.append(("text", _text(item["content"])))
    schema = body["text"]["format"]["schema"]
    return Arrived(system, text["text"], image["image_url"].partition(",")[2], turns, schema)


def _anthropic(body: Body) -> Arrived:
    question, *rest = body["messages"]
    text, image = question["content"]
    turns: list[tuple[str, object]] = []
    for message in rest:
        content = message["content"]
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            match block["type"]:
                case "thinking":
                    turns.append(("reasoning", (block["thinking"], block["signature"])))
                case "tool_use":
                    arguments = json.dumps(block["input"], separators=(",", ":"))
                    turns.append(("call", (block["id"], block["name"], arguments)))
                case "tool_result":
                    turns.append(("result", (block["tool_use_id"], _text(block["content"]))))
                case _:
                    turns.append(("text", block["text"]))
    schema = _untitled(body["output_config"]["format"]["schema"])
    return Arrived(_text(body["system"]), text["text"], image["source"]["data"], turns, schema)


def _google(body: Body) -> Arrived:
    question, *rest = body["contents"]
    text, image = question["parts"]
    turns: list[tuple[str, object]] = []
    for part in (part for content in rest for part in content["parts"]):
        if call := part.get("functionCall"):
            arguments = json.dumps(call["args"], separators=(",", ":"))
            turns.append(("call", (call["id"], call["name"], arguments)))
        elif result := part.get("functionResponse"):
            turns.append(("result", (result["id"], result["response"]["output"])))
        elif part.get("thought"):
            turns.append(("reasoning", (part["text"], part.get("thoughtSignature", ""))))
        else:
            turns.append(("text", part["text"]))
    system = _text(body["systemInstruction"]["parts"])
    schema = _untitled(body["generationConfig"]["responseJsonSchema"])
    return Arrived(system, text["text"], image["inlineData"]["data"], turns, schema)


def _untitled(schema: Body) -> object:
    """Without the name of the format, for which these protocols have no other place."""
    return {name: value for name, value in schema.items() if name != "title"}


def _text(content: object) -> str:
    """The text of a content that is text, or a list of texts."""
    if isinstance(content, str):
        return content
    assert isinstance(content, list)
    return "".join(part["text"] for part in content)


_OPENAI = {"OPENAI_API_KEY": "sk-test-0000", "OPENAI_BASE_URL": "{origin}/v1"}

WAYS = {
    "chat": Way("openai/gpt-4o", "/v1/chat/completions", _OPENAI, _chat, None),
    "responses": Way("openai/gpt-5.5", "/v1/responses", _OPENAI, _responses, LOW),
    "anthropic": Way(
        "anthropic/claude-sonnet-4-5",
        "/v1/messages",
        {"ANTHROPIC_API_KEY": "sk-ant-0000", "ANTHROPIC_BASE_URL": "{origin}"},
        _anthropic,
        pb.Reasoning(budget_tokens=1024),
    ),
    "google": Way(
        "google/gemini-3.1-pro-preview",
        "/v1beta/models/gemini-3.1-pro-preview:{method}",
        {"GOOGLE_AI_API_KEY": "AIza-0000", "GOOGLE_AI_BASE_URL": "{origin}/v1beta"},
        _google,
        LOW,
        signed=False,
    ),
}


def environment(origin: str) -> dict[str, str]:
    """Sends a gateway to this origin, whichever of these providers it calls."""
    return {
        name: value.format(origin=origin)
        for way in WAYS.values()
        for name, value in way.environment.items()
    }
