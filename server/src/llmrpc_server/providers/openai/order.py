"""Orders of messages that a provider refuses, put so that it takes them.

Mistral takes no empty message of the model, no message of the user or the system straight
after the result of a tool, and a message of the model at the end only as a prefix. Sources:
https://docs.mistral.ai/capabilities/completion/usage#prefix,
https://github.com/NousResearch/hermes-agent/issues/20154 and
https://github.com/BerriAI/litellm/issues/13355
"""

from __future__ import annotations

from typing import Any

from llmrpc_server.providers.openai.quirks import OpenAITarget

_BRIDGE = "OK."
"""What the model is made to say between a tool's result and the user."""


def is_sent(turn: dict[str, Any], field: str, target: OpenAITarget) -> bool:
    """Whether a message of the model is sent; an empty one is left out with a warning."""
    if not target.quirks.strict_order or turn["content"] or "tool_calls" in turn:
        return True
    target.findings.drop(field, "an empty message of the model")
    return False


def bridge(built: list[Any], field: str, target: OpenAITarget) -> None:
    """Puts a message of the model between a tool's result and what follows it."""
    last = built[-1] if built and isinstance(built[-1], dict) else {}
    if target.quirks.strict_order and last.get("role") == "tool":
        built.append({"role": "assistant", "content": _BRIDGE})
        why = f"{target.row.name} does not accept it after a tool's result"
        target.findings.warn(field, f"{why}; sent after a message of the model: {_BRIDGE}")


def mark_prefix(built: list[Any], target: OpenAITarget) -> None:
    """Lets the model go on with its own message, if that is the last one."""
    last = built[-1] if built and isinstance(built[-1], dict) else {}
    if target.quirks.strict_order and last.get("role") == "assistant" and "tool_calls" not in last:
        last["prefix"] = True
