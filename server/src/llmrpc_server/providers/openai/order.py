"""Orders of messages that a provider refuses, put so that it takes them.

Mistral takes no empty message of the model, no message of the user straight after the result of
a tool, a message of the model at the end only as a prefix, and one of the system neither there
nor after the model or a tool. Sources:
https://docs.mistral.ai/capabilities/completion/usage#prefix,
https://github.com/NousResearch/hermes-agent/issues/20154,
https://github.com/BerriAI/litellm/issues/13355 and, for the system,
`_validate_message_order` of https://github.com/mistralai/mistral-common
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


def put_system(built: list[Any], item: dict[str, Any], field: str, target: OpenAITarget) -> None:
    """Adds a message of the system, before the conversation if it is refused where it stands."""
    if target.quirks.strict_order and _role(built[-1:]) in ("assistant", "tool"):
        _move_up(built, item, field, target)
    else:
        built.append(item)


def _move_up(built: list[Any], item: dict[str, Any], field: str, target: OpenAITarget) -> None:
    first = next((at for at in range(len(built)) if _role(built[at:]) != "system"), len(built))
    built.insert(first, item)
    why = f"{target.row.name} takes none of the system here: moved before the conversation"
    target.findings.warn(f"{field}.role", why)


def _role(built: list[Any]) -> str:
    return str(built[0].get("role", "")) if built and isinstance(built[0], dict) else ""


def bridge(built: list[Any], field: str, target: OpenAITarget) -> None:
    """Puts a message of the model between a tool's result and what follows it."""
    last = built[-1] if built and isinstance(built[-1], dict) else {}
    if target.quirks.strict_order and last.get("role") == "tool":
        built.append({"role": "assistant", "content": _BRIDGE})
        why = f"{target.row.name} does not accept it after a tool's result"
        target.findings.warn(field, f"{why}; sent after a message of the model: {_BRIDGE}")


def end(built: list[Any], field: str, target: OpenAITarget) -> None:
    """Lets the model go on with its own message, if that is the last one.

    `field` is the last message of the request.
    """
    if not target.quirks.strict_order:
        return
    while _role(built[-1:]) == "system" and any(_role([each]) != "system" for each in built):
        _move_up(built, built.pop(), field, target)
    if _role(built[-1:]) == "assistant" and "tool_calls" not in built[-1]:
        built[-1]["prefix"] = True
