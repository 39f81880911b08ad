"""The kinds of number that settings are; the configuration holds to them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from llmrpc.secret import Secret

Seconds = Annotated[float, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=0)]
AtLeastOne = Annotated[int, Meta(ge=1)]


class HeaderValue(Secret):
    """The value of a header, which may be secret; unlike a key it may have blanks."""

    __slots__ = ()

    def credentials(self) -> Secret | None:
        """What follows a scheme, as in `Bearer sk-1`: providers repeat it alone."""
        words = self.reveal().split()
        return Secret(words[1]) if len(words) == 2 else None
