"""What a client in plain Python gives as text, and what is no text."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from llmrpc import (
    BaseLLMClient,
    LLMResponse,
    ProviderNotAvailableError,
    StreamInterruptedError,
    accumulate,
)
from llmrpc import v1 as pb

ASKED = pb.GenerateRequest(messages=[pb.LLMMessage(role=pb.ROLE_USER, content="Hello")])
NO_TEXT = [5, b"two", "\ud83d"]


class Giving(BaseLLMClient):
    """Gives these values, one as its answer, all of them as its chunks."""

    def __init__(self, *given: Any) -> None:
        super().__init__("giving")
        self._given = given

    async def generate_text(self, *args: Any, **kwargs: Any) -> LLMResponse:
        answer: LLMResponse = self._given[0]
        return answer

    async def stream_text(self, *args: Any, **kwargs: Any) -> AsyncGenerator[str, None]:
        for chunk in self._given:
            yield chunk


async def streamed(client: BaseLLMClient) -> str:
    async with await client.open_stream(ASKED) as events:
        return (await accumulate(events)).content


async def test_a_chunk_of_none_says_nothing_and_ends_nothing() -> None:
    assert await streamed(Giving(None, "one ", None, "two", None)) == "one two"
    assert await streamed(Giving(None)) == ""


@pytest.mark.parametrize("chunk", NO_TEXT)
async def test_a_chunk_that_is_no_text_breaks_the_stream(chunk: object) -> None:
    with pytest.raises(ProviderNotAvailableError, match="giving gave an answer that "):
        await streamed(Giving(chunk))
    with pytest.raises(StreamInterruptedError, match="giving gave an answer that ") as raised:
        await streamed(Giving("one ", chunk))
    assert raised.value.usage is not None


@pytest.mark.parametrize("answer", [None, "two", *(LLMResponse(content=c) for c in NO_TEXT)])  # type: ignore[arg-type]
async def test_an_answer_that_is_no_text_is_the_providers_fault(answer: Any) -> None:
    with pytest.raises(ProviderNotAvailableError) as raised:
        await Giving(answer).generate(ASKED)
    assert raised.value.reason_name == "PROVIDER_RESPONSE_INVALID"
