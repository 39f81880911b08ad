"""How much the model thinks, in the way that it can be told.

Newer models decide themselves and take an effort, older ones a budget of tokens.
Where a model is known to think, its thinking is asked for in readable form: hidden
thinking would be a stream without progress. Sources:
https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting#rejected-configurations,
https://platform.claude.com/docs/en/build-with-claude/effort,
https://platform.claude.com/docs/en/build-with-claude/extended-thinking
"""

from __future__ import annotations

from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.anthropic.refused_text import type_of

_MIN_BUDGET = 1024
_NOTHING = {"role": "", "content": ""}
_THOUGHTS = (["thinking"], ["redacted_thinking"])
_EFFORT = {
    value: name.removeprefix("EFFORT_").lower() for name, value in pb.Reasoning.Effort.items()
}


def add_thinking(
    body: dict[str, Any], reasoning: pb.Reasoning, max_tokens: int, target: AnthropicTarget
) -> bool:
    """Writes it, and says whether the model will think, so far as is known."""
    effort = _EFFORT.get(reasoning.effort)
    if effort is None:
        target.findings.invalid("reasoning.effort", f"{reasoning.effort} is no value of it")
        return False
    if reasoning.HasField("budget_tokens"):
        return _add_budget(body, reasoning.budget_tokens, max_tokens, target)
    if effort == "none":
        return _switch_off(body, target)
    if effort == "unspecified":
        if target.model.thinks != "on_request":
            body["thinking"] = _adaptive()
        return target.model.thinks != "on_request"
    return _add_effort(body, effort, max_tokens, target)


def _adaptive() -> dict[str, str]:
    return {"type": "adaptive", "display": "summarized"}


def _switch_off(body: dict[str, Any], target: AnthropicTarget) -> bool:
    model = target.model
    if model.thinks == "always":
        target.findings.unsupported(
            "reasoning.effort", f"{target.name} always thinks; ask for a low effort"
        )
        return True
    if model.off:
        body["thinking"] = {"type": model.off}
    return False


def _add_effort(
    body: dict[str, Any], effort: str, max_tokens: int, target: AnthropicTarget
) -> bool:
    field, name = "reasoning.effort", target.name
    match target.model.thinking:
        case "none":
            target.findings.unsupported(field, f"{name} does not think")
            return False
        case "budget" if max_tokens <= _MIN_BUDGET:
            target.findings.unsupported(
                field, f"{name} needs more than {_MIN_BUDGET} max_tokens to think in"
            )
        case "budget" if _is_late(body, target):
            return False
        case "budget":
            room = max(_MIN_BUDGET, max_tokens * 4 // 5)
            budget = min(target.quirks.budgets[effort], room)
            body["thinking"] = {"type": "enabled", "budget_tokens": budget}
        case _ if effort not in target.model.efforts:
            known = ", ".join(sorted(target.model.efforts))
            target.findings.unsupported(field, f"{name} has {known}, and not {effort}")
        case _:
            body["thinking"] = _adaptive()
            body.setdefault("output_config", {})["effort"] = effort
    return True


def _add_budget(
    body: dict[str, Any], budget: int, max_tokens: int, target: AnthropicTarget
) -> bool:
    field, name = "reasoning.budget_tokens", target.name
    if target.model.thinking not in ("budget", "both"):
        target.findings.unsupported(field, f"{name} does not accept a budget; ask for an effort")
    elif budget < _MIN_BUDGET:
        target.findings.unsupported(field, f"{name} thinks with {_MIN_BUDGET} at least")
    elif budget >= max_tokens:
        target.findings.unsupported(
            field, f"it must be below max_tokens, which is {max_tokens}: thinking is part of it"
        )
    elif _is_late(body, target):
        return False
    else:
        body["thinking"] = {"type": "enabled", "budget_tokens": budget}
    return True


def _is_late(body: dict[str, Any], target: AnthropicTarget) -> bool:
    """Whether the model's turn has begun without thinking: then none is asked for.

    Its turn goes on after the results of tools, and after words that were put into its
    mouth. The API refuses to think by budget then, if the turn does not begin with a
    thought of its own, which a call of another model's does not.
    """
    messages: list[dict[str, Any]] = body["messages"]
    *_, before, last = [_NOTHING, _NOTHING, *messages]
    turn = last if last["role"] == "assistant" else before
    goes_on = turn is last or any(each == "tool_result" for each in _types(last))
    if not goes_on or turn["role"] != "assistant" or _types(turn)[:1] in _THOUGHTS:
        return False
    target.findings.warn(
        "reasoning",
        f"{target.name} does not accept thinking in a turn that began without; dropped",
    )
    return True


def _types(message: dict[str, Any]) -> list[str]:
    content = message["content"]
    return ["text"] if isinstance(content, str) else [type_of(block) for block in content]
