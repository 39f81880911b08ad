"""Turns of a conversation, for providers that take each role's messages as one."""

from __future__ import annotations

from typing import Any, NamedTuple

from llmrpc import v1 as pb
from llmrpc.findings import Findings


class Turn(NamedTuple):
    """What one side said before the other one spoke."""

    role: str
    """As the provider names it."""
    pieces: list[dict[str, Any]]
    field: str
    """The first message of it."""


class Turns:
    """The turns of one request, in order.

    Messages of one role that follow each other are one turn; a message of which
    nothing is sent is none.
    """

    def __init__(self, findings: Findings) -> None:
        self.all: list[Turn] = []
        self._findings = findings
        self._spoken = False

    def add(
        self, role: str, message: pb.LLMMessage, pieces: list[dict[str, Any]], field: str
    ) -> None:
        """Takes a message and what it became; an empty answer is warned of."""
        if message.content or message.parts:
            self._spoken = True
        else:
            self._findings.drop(field, "an empty message of the model")
        if self.all and self.all[-1].role == role:
            self.all[-1].pieces.extend(pieces)
        elif pieces:
            self.all.append(Turn(role, pieces, field))

    def check(self) -> None:
        """Refuses a conversation of which nothing is sent, unless what there was is refused."""
        if not self.all and (self._findings.clean or not self._spoken):
            self._findings.unsupported(
                "messages",
                f"{self._findings.provider} needs a message beside those of the system,"
                " and none is left",
            )
