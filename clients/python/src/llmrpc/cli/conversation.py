"""A conversation: what was said so far, and the next answer to it."""

from __future__ import annotations

from dataclasses import replace

from llmrpc import v1 as pb
from llmrpc.cli import report
from llmrpc.cli.output import Answer
from llmrpc.cli.settings import Settings
from llmrpc.types import LLMMessage


class Conversation:
    """Asks with all that was said before.

    A whole answer goes into the history as the gateway sent it, so that signed
    parts stay valid. One that was cut short goes in as far as its text came; a
    question that nothing answered is forgotten, since a history with two
    questions in a row is refused by some providers.
    """

    def __init__(self, settings: Settings) -> None:
        self.system = settings.system
        self.model = settings.model
        self.label = settings.model or "llmrpc"
        """Who speaks: the model asked for, then the one that answered."""
        self._settings = settings
        self._client = settings.connect()
        self._history: list[pb.LLMMessage] = []

    async def ask(self, text: str) -> None:
        """Shows the answer to a text and keeps both."""
        question = pb.LLMMessage(role=pb.ROLE_USER, content=text)
        system = [LLMMessage("system", self.system)] if self.system else []
        settings = replace(self._settings, model=self.model)
        request = settings.request([*system, *self._history, question])
        answer, chunks = Answer(), list[str]()
        reply = pb.LLMMessage()
        try:
            async with await self._client.open_stream(request) as events:
                async for event in events:
                    for delta in event.deltas:
                        chunks.append(delta.text)
                        answer.write(delta.text)
            completed = event.completed
            reply = completed.message
        finally:
            answer.end()
            if not reply.parts:
                reply = pb.LLMMessage(role=pb.ROLE_ASSISTANT, content="".join(chunks))
            if reply.parts or reply.content:
                self._history += [question, reply]
        self.label = report.label(completed.provider, completed.model)
        if not self._settings.quiet:
            report.print_summary(completed)

    def take(self, model: str) -> None:
        """Asks another model from now on; without a name the same."""
        if model:
            self.model = self.label = model

    def reset(self) -> None:
        """Forgets all but the system text."""
        self._history.clear()

    async def close(self) -> None:
        """Lets go of the gateway."""
        await self._client.close()
