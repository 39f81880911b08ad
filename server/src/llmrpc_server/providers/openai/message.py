"""The message of an answer: whole, or piece by piece, and never the same twice."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc.answer import TextKind
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.few import few
from llmrpc_server.providers.finish_words import is_reason
from llmrpc_server.providers.kept_json import NOTHING, came, says
from llmrpc_server.providers.openai import wire
from llmrpc_server.providers.openai.calls import Calls
from llmrpc_server.providers.openai.details import Details
from llmrpc_server.providers.openai.extras import Extras
from llmrpc_server.providers.openai.reading import Chunk, put_marks
from llmrpc_server.providers.openai.texts import TEXTS, reasoning_in, text_in, thought_in
from llmrpc_server.providers.openai.thoughts import signature_of
from llmrpc_server.providers.openai_family.fields import list_of
from llmrpc_server.providers.speech import Speech

_REASONING = ("thinking", "reasoning", "reasoning_text", "summary_text")
"""Types of pieces of content that are reasoning. Sources:
https://docs.mistral.ai/capabilities/reasoning/ and
https://docs.databricks.com/aws/en/machine-learning/model-serving/query-reason-models"""


class MessageTaker:
    """The parts of one answer, as its messages and their pieces say."""

    __slots__ = (
        "_answer",
        "_details",
        "_in_texts",
        "_parts",
        "_provider",
        "calls",
        "extras",
        "in_pieces",
        "refused",
        "speech",
        "spoke",
        "text",
    )

    def __init__(self, answer: Answer, provider: str, *, details: bool) -> None:
        self._answer = answer
        self._parts = answer.parts
        self._provider = provider
        self.refused = False
        self.spoke = False
        """Whether anything with content came."""
        self._in_texts = False
        """Whether the texts of choices are the answer."""
        self.in_pieces = False
        """Whether a `delta` had content."""
        self.text: Hashable = "text"
        """The key of the text that grows."""
        self.speech = Speech(answer, provider)
        self.calls = Calls(answer, self.speech, provider)
        self._details = Details(answer.parts, self.speech, provider) if details else None
        self.extras = Extras(answer, provider)

    @property
    def waits(self) -> bool:
        """Whether something has to be told, or joined, before more text is."""
        signs = self._details is not None and self._details.waits
        return self.extras.waits or self.speech.odd or signs

    def put_text(self, chunk: Chunk, choice: wire.Choice, place: int) -> None:
        """Puts the text of a completion into its message, which it repeats if that has content."""
        says = any(each is not None and _says(each) for each in (choice.message, choice.delta))
        if not choice.text or says or (self.spoke and not self._in_texts):
            return
        self._in_texts = True
        marked = chunk.marked.choices if chunk.marked is not None else None
        for each in (choice, *(marked[place : place + 1] if marked else ())):
            each.delta = each.delta or wire.Message()
            each.delta.content = each.text

    def whole(self, chunk: Chunk, choice: wire.Choice, place: int) -> bool:
        """Takes the message of a whole answer, which counts more than a delta beside it."""
        message, delta = choice.message, choice.delta
        if message is not None and (delta is None or _says(message) or not _says(delta)):
            return self._take(message, chunk, place, "message", whole=True)
        return delta is not None and self._take(delta, chunk, place, "delta", whole=True)

    def piece(self, chunk: Chunk, choice: wire.Choice, place: int) -> bool:
        """Takes a piece of a message, and the whole one that some servers send beside it.

        Says whether the piece has content.
        """
        message, delta = choice.message, choice.delta
        spoke = False
        if delta is not None:
            spoke = self._take(delta, chunk, place, "delta", whole=False)
            self.in_pieces = self.in_pieces or spoke
        if message is None:
            return spoke
        if not self.spoke:
            return self._take(message, chunk, place, "message", whole=True)
        ended = is_reason(choice.finish_reason)
        if spoke and not ended:  # the message so far, in every chunk
            self.extras.take(message, again=True)
            self.extras.take_images(message)
        else:
            self._again(message, chunk, place, ends=ended or self.in_pieces)
        return spoke

    def sign(self) -> None:
        """Signs the reasoning that has ended."""
        if self._details is not None:
            self._details.sign()

    def finish(self) -> None:
        """Takes the end of the answer."""
        self.speech.end_all()
        self.calls.finish()
        self.sign()

    def _take(
        self, message: wire.Message, chunk: Chunk, place: int, name: str, *, whole: bool
    ) -> bool:
        """Takes a message, or a piece of one; says whether it has content."""
        raw: Mapping[str, Raw] = {}
        if _is_odd(message) or self.calls.odd or not chunk.strict:
            raw = chunk.raw(place, name)
        if not chunk.strict:
            self.extras.name_unknown(raw)
        if chunk.marked is not None and chunk.marked.choices:
            marked = getattr(chunk.marked.choices[place], name)
            put_marks(message, marked)
        says = _says(message)
        self.spoke = self.spoke or says
        self._reasoning(message, whole=whole)
        self.extras.take(message)
        if message.content:
            self.extras.before_text()
        if isinstance(message.content, str):
            self.speech.text(self.text, message.content)
        elif message.content:
            self._content(message.content, raw)
        self.extras.take_images(message)
        if message.refusal:
            self.refused = True
            self.speech.text("refusal", message.refusal, "refusal")
        pieces, items = _calls(message, raw)
        if pieces:
            (self.calls.whole if whole else self.calls.pieces)(pieces, items)
        return says

    def _again(self, message: wire.Message, chunk: Chunk, place: int, *, ends: bool) -> None:
        """Takes what a whole message has beside the pieces that came before it.

        Where only messages came and this one does not end the answer, it can be a piece.
        """
        raw = chunk.raw(place, "message")
        few(message.tool_calls or (), "tool calls")
        self.extras.take(message, again=True)
        self.extras.take_images(message)
        self._rest("reasoning", reasoning_in(message), "reasoning", ends=ends)
        self._rest("text", text_in(message), self.text, ends=ends)
        self._rest("refusal", message.refusal or "", "refusal", ends=ends)
        self.refused = self.refused or bool(message.refusal)
        pieces, items = _calls(message, raw)
        self.calls.again(pieces, items)

    def _rest(self, kind: TextKind, whole: str, key: Hashable, *, ends: bool) -> None:
        """Adds what a whole text has beside what was told."""
        if not whole:
            return
        told = "".join(self._parts.text_of(each) for each in self._parts.keys(kind))
        if whole.startswith(told):
            rest = whole[len(told) :]
        elif ends:
            rest = ""
            if "".join(whole.split()) != "".join(told.split()):
                why = f"{self._provider} ended a message with another text than it streamed"
                self._answer.warn("message", f"{why}: the streamed text is kept")
        else:
            rest = whole
        if rest and kind == "text":
            self.extras.before_text()
        last = self._parts.last(kind)
        self.speech.text(key if last is None else last, rest, kind)

    def _reasoning(self, message: wire.Message, *, whole: bool) -> None:
        details = self._details
        known = False
        if details is not None and (items := self._reasoning_details(message)):
            unknown = details.take(items, whole=whole)
            for kind in unknown:
                what = f"reasoning details of the type {kind}"
                self._answer.warn("message.reasoning_details", f"{what} are unknown; dropped")
            known = len(unknown) < len(items)
        if not known and (reasoning := reasoning_in(message)):
            self.speech.text("reasoning", reasoning, "reasoning")
            if signature := signature_of(message.reasoning):
                self._sign_reasoning(signature)
        elif not known and (message.reasoning_content or message.reasoning):
            why = f"reasoning of {self._provider} has no text; dropped"
            self._answer.warn("message.reasoning", why)
        if details is not None and (message.content or message.tool_calls):
            details.sign()

    def _sign_reasoning(self, data: str) -> None:
        self._parts.signature("reasoning", pb.Signature(provider=self._provider, data=data))

    def _reasoning_details(self, message: wire.Message) -> list[Raw]:
        items = list_of(message.reasoning_details)
        if items is None:
            why = f"reasoning_details of {self._provider} cannot be read; dropped"
            self._answer.warn("message.reasoning_details", why)
        few(items or [], "reasoning details")
        return items or []

    def _content(self, pieces: Sequence[wire.ContentPart | str], raw: Mapping[str, Raw]) -> None:
        """Content as a list: texts, reasoning, and whatever else.

        What has another type is a provider block, after which a new text begins.
        """
        items = list_of(raw.get("content", NOTHING)) or []
        few(items, "parts")
        for piece, item in zip(pieces, items, strict=True):
            if isinstance(piece, str):
                self.speech.text(self.text, piece)
            elif piece.type in TEXTS or (not piece.type and piece.text):
                self.speech.text(self.text, piece.text or "")
            elif piece.type == "refusal" and piece.refusal:
                self.refused = True
                self.speech.text("refusal", piece.refusal, "refusal")
            elif piece.type in _REASONING:
                self._thought(piece)
            elif says(item):
                self.extras.block(item, "content", piece.type)
                self.text = object()

    def _thought(self, piece: wire.ContentPart) -> None:
        """Reasoning among the content; Databricks has its signature inside of the summary."""
        text = thought_in(piece)
        if not text:
            return
        self.speech.text("reasoning", text, "reasoning")
        signature = piece.signature or signature_of(piece.summary)
        if signature:
            self._sign_reasoning(signature)


def _says(message: wire.Message) -> bool:
    """Whether a message, or a piece of one, has content."""
    return bool(
        message.content
        or message.reasoning_content
        or message.reasoning
        or message.refusal
        or message.tool_calls
        or message.function_call
        or came(message.images)
    )


def _calls(
    message: wire.Message, raw: Mapping[str, Raw]
) -> tuple[Sequence[wire.ToolCall], list[Raw]]:
    """The calls of a message, and the same as they came, if that is wanted."""
    pieces, items = message.tool_calls or (), list_of(raw.get("tool_calls", NOTHING)) or []
    if not pieces and message.function_call is not None:
        lone = bytes(raw.get("function_call", NOTHING))
        pieces = [wire.ToolCall(function=message.function_call)]
        items = [Raw(b'{"function":' + lone + b"}")] if lone else []
    return pieces, items


def _is_odd(message: wire.Message) -> bool:
    """Whether a message is looked at once more, as it came."""
    return isinstance(message.content, list) or any(
        call.is_odd for call in few(message.tool_calls or (), "tool calls")
    )
