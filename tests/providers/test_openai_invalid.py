"""What no provider could take is refused by its path, and by nothing untyped."""

from __future__ import annotations

import pytest

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.openai import OpenAIDialect
from llmrpc_server.providers.registry import ROWS


def wrong(request: pb.GenerateRequest, provider: str = "openai") -> list[str]:
    """The fields of a request that no provider could take."""
    with pytest.raises(InvalidRequestError) as caught:
        OpenAIDialect(ROWS[provider]).encode(request, "m", Defaults(), stream=False)
    assert caught.value.reason_name == "INVALID_REQUEST"
    return [violation.field for violation in caught.value.violations]


@pytest.mark.parametrize("provider", ["openai", "vllm"])
def test_a_value_of_a_later_contract_is_refused_by_its_path(provider: str) -> None:
    image = pb.Image(uri="https://x/a.png")
    image.detail = 9  # type: ignore[assignment]
    request = pb.GenerateRequest(
        messages=[pb.LLMMessage(role=pb.ROLE_USER, parts=[pb.Part(image=image)])]
    )
    request.tools.add().function.name = "f"
    request.tool_choice.mode = 9  # type: ignore[assignment]
    request.reasoning.effort = 99  # type: ignore[assignment]
    assert wrong(request, provider) == [
        "messages[0].parts[0].image.detail", "tool_choice.mode", "reasoning.effort",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        '{"type":[]}',
        '{"type":',
        "[]",
        "sig",
        '{"type":"reasoning.text","x":' + "[" * 5000 + "]" * 5000 + "}",
    ],
)
@pytest.mark.parametrize("kind", ["reasoning", "redacted_reasoning"])
def test_a_damaged_signature_is_refused_by_its_path(data: str, kind: str) -> None:
    part = pb.Part(signature=pb.Signature(provider="openrouter", data=data))
    setattr(part, kind, "x")
    message = pb.LLMMessage(role=pb.ROLE_ASSISTANT, parts=[pb.Part(text="a"), part])
    request = pb.GenerateRequest(messages=[message])
    assert wrong(request, "openrouter") == ["messages[0].parts[1].signature.data"]


def test_a_schema_nested_too_deeply_is_refused_by_its_path() -> None:
    tool = pb.Tool(function=pb.FunctionTool(name="f", parameters='{"a":' * 5000 + "1" + "}" * 5000))
    assert wrong(pb.GenerateRequest(tools=[tool])) == ["tools[0].function.parameters"]
