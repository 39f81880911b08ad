"""Plain arguments become a request, and what does not fit is named."""

from __future__ import annotations

from typing import Any

import pytest

from llmrpc import LLMMessage
from llmrpc import v1 as pb
from llmrpc.requests import build_request

HELLO = [LLMMessage("user", "Hello")]
INT32 = "a whole number from -2147483648 to 2147483647"


def request(messages: Any = HELLO, **given: Any) -> pb.GenerateRequest:
    arguments = {name: given.pop(name, None) for name in ("model", "temperature", "max_tokens")}
    return build_request(messages, **arguments, options=given)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"max_tokens": 99999999999}, ValueError, f"max_tokens: 99999999999 .*{INT32}$"),
        ({"max_tokens": 1.5}, TypeError, f"max_tokens: 1.5 .*{INT32}$"),
        ({"top_k": 2**31}, ValueError, "top_k: 2147483648 "),
        ({"seed": 2**63}, ValueError, "seed: .*to 9223372036854775807$"),
        ({"temperature": "hot"}, TypeError, "temperature: str does not fit; it takes a number$"),
        ({"model": 3}, TypeError, "model: 3 does not fit; it takes text$"),
        ({"model": "\udcff"}, TypeError, "model: .*surrogates"),
        ({"stop": [1]}, TypeError, "stop: list .*a list of text$"),
        ({"tools": [{"nam": "x"}]}, TypeError, "tools: .*a list of Tool or a dict.*nam"),
        ({"reasoning": {"budget_tokens": 2**31}}, TypeError, "reasoning: .*2147483648"),
        ({"labels": 3}, TypeError, "labels: .*a dict from names to text"),
        ({"provider_options": 3}, TypeError, "provider_options: .*a dict from names to"),
        ({"provider_options": {"a.b": object()}}, TypeError, "provider_options: "),
    ],
)
def test_a_value_that_does_not_fit(
    given: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=f"^{message}"):
        request(**given)


def test_a_text_is_not_repeated() -> None:
    with pytest.raises(TypeError) as caught:
        request(temperature="canary")
    assert "canary" not in str(caught.value)


def test_a_message_may_be_a_dict() -> None:
    parts = [{"text": "Hello"}, {"image": {"media_type": "image/png"}}]
    got = request([{"role": "user", "content": "Hello"}, {"role": "assistant", "parts": parts}])
    image = pb.Part(image=pb.Image(media_type="image/png"))
    want = pb.LLMMessage(role=pb.ROLE_ASSISTANT, parts=[pb.Part(text="Hello"), image])
    assert list(got.messages) == [HELLO[0].to_proto(), want]


@pytest.mark.parametrize(
    ("messages", "kind", "message"),
    [
        ("Hello", TypeError, r"messages: is str; give a list such as \[LLMMessage\("),
        (HELLO[0], TypeError, "messages: is LLMMessage; give a list"),
        ({"role": "user", "content": "Hello"}, TypeError, "messages: is dict; give a list"),
        (["Hello"], TypeError, r"messages\[0\]: is str; give an LLMMessage"),
        (
            [*HELLO, {"role": "me", "content": "x"}],
            ValueError,
            r"messages\[1\]: role: 'me' is none",
        ),
        ([{"role": ["user"], "content": "x"}], ValueError, r"messages\[0\]: role: "),
        ([{"role": "user", "text": "x"}], TypeError, r"messages\[0\]: unknown key text; known are"),
        ([{"content": "x"}], TypeError, r"messages\[0\]: role: is missing"),
        ([{"role": "user"}], ValueError, r"messages\[0\]: content: is empty"),
        ([{"role": "user", "content": [{"type": "text"}]}], TypeError, "messages.*takes text"),
        ([{"role": "user", "parts": [{"txt": "x"}]}], ValueError, r"messages\[0\]: .*txt"),
    ],
)
def test_messages_that_are_none(messages: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{message}"):
        request(messages)
