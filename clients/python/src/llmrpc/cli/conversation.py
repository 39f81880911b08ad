"""A conversation: what was said so far, and the next answer to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from llmrpc import v1 as pb
from llmrpc.cli import report
from llmrpc.cli.asking import Asking, user_message
from llmrpc.cli.output import Answer
from llmrpc.types import LLMMessage


class Conversation:
    """Asks with all that was said before.

    A whole answer goes into the history as the gateway sent it, so that signed
    parts stay valid. One that was cut short goes in as far as its text came; a
    question that nothing answered is forgotten, since a history with two
    questions in a row is refused by some providers. Where the model asks for
    tools, the next texts are their results, one for each.
    """

    def __init__(self, asking: Asking, *, reasoning: bool = False) -> None:
        self.system = asking.system
        self.model = asking.model
        self.attached = asking.parts()
        """What goes along with the next question; kept until it is answered."""
        self._label = asking.model or "llmrpc"
        self._asking = asking
        self._reasoning = reasoning
        self._client = asking.connect()
        self._history: list[LLMMessage | pb.LLMMessage] = []
        self._wanted: Sequence[pb.ToolCall] = ()
        self._results: list[pb.Part] = []

    @property
    def label(self) -> str:
        """Who is next: the tool whose result is wanted, or the model that answers."""
        if self._wanted:
            return f"{report.printable(self._wanted[len(self._results)].name)} result"
        return self._label

    async def say(self, text: str) -> None:
        """Asks, or gives the result that is wanted; shows the answer and keeps both."""
        if not self._wanted:
            await self._ask(user_message(text, self.attached))
            self.attached = []
            return
        call = self._wanted[len(self._results)]
        result = pb.ToolResult(tool_call_id=call.id, name=call.name, content=text)
        self._results.append(pb.Part(tool_result=result))
        if len(self._results) == len(self._wanted):
            results, self._results = self._results, []
            await self._ask(LLMMessage("tool", parts=results))

    async def _ask(self, question: LLMMessage) -> None:
        system = [LLMMessage("system", self.system)] if self.system else []
        asking = replace(self._asking, model=self.model)
        request = asking.request([*system, *self._history, question])
        answer = Answer(reasoning=self._reasoning, quiet=self._asking.quiet)
        chunks: list[str] = []
        reply = pb.LLMMessage()
        try:
            async with await self._client.open_stream(request) as events:
                async for event in events:
                    for delta in event.deltas:
                        chunks.append(delta.text)
                        answer.add(delta)
            completed = event.completed
            reply = completed.message
        finally:
            answer.end()
            if not reply.parts:
                reply = pb.LLMMessage(role=pb.ROLE_ASSISTANT, content="".join(chunks))
            if reply.parts or reply.content:
                self._history += [question, reply]
                self._wanted = [p.tool_call for p in reply.parts if p.HasField("tool_call")]
        self._label = report.label(completed.provider, completed.model)
        report.print_calls(reply)
        if not self._asking.quiet:
            report.print_summary(completed)

    def take(self, model: str) -> None:
        """Asks another model from now on; without a name the same."""
        if model:
            self.model = self._label = model

    def reset(self) -> None:
        """Forgets all but the system text."""
        self._history.clear()
        self._results.clear()
        self._wanted = ()
        self.attached = []

    async def close(self) -> None:
        """Lets go of the gateway."""
        await self._client.close()
