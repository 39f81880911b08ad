"""Own prices by model, for an application that limits its spending."""

from __future__ import annotations

import math
from collections.abc import Mapping

from llmrpc import v1 as pb
from llmrpc.spent import nano_usd

Prices = Mapping[str, float]
"""USD per 1,000 tokens: `{"input": 0.003, "output": 0.015}`."""


class PriceTable:
    """Prices by model name, with or without its provider; `fallback` for all others.

    Raises `ValueError` for a price that lacks `input` or `output`, or is no amount.
    """

    def __init__(self, prices: Mapping[str, Prices], fallback: Prices | None) -> None:
        self._rates = {model: _rates(model, each) for model, each in prices.items()}
        self._fallback = None if fallback is None else _rates("fallback", fallback)

    def cost(self, models: tuple[str, ...], prompt: int, completion: int) -> int | None:
        """Nano-USD of these tokens, rounded up; None where none of the names has a price."""
        rates = self._find(models)
        if rates is None:
            return None
        return -(-(prompt * rates[0] + completion * rates[1]) // 1000)

    def bound(self, request: pb.GenerateRequest) -> int | None:
        """The most nano-USD that a request of text can cost; None where it is not known.

        A byte of text is at most a token. Pictures, sound and documents are left out:
        no size of theirs says how many tokens a provider makes of them.
        """
        if not request.HasField("max_tokens"):
            return None
        media = sum(
            len(part.image.data) + len(part.audio.data) + len(part.document.data)
            for message in request.messages
            for part in message.parts
        )
        return self.cost((request.model,), request.ByteSize() - media, request.max_tokens)

    def _find(self, models: tuple[str, ...]) -> tuple[int, int] | None:
        for model in models:
            for name in (model, model.partition("/")[2]):
                if name in self._rates:
                    return self._rates[name]
        return self._fallback


def _rates(model: str, prices: Prices) -> tuple[int, int]:
    """Nano-USD per 1,000 tokens of input and of output."""
    rates = []
    for kind in ("input", "output"):
        price = prices.get(kind)
        if price is None or not math.isfinite(price) or price < 0:
            raise ValueError(
                f"{model}.{kind}: must be at least 0 USD per 1,000 tokens, got {price}"
            )
        rates.append(nano_usd(price))
    return rates[0], rates[1]
