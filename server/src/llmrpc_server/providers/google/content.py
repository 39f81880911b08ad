"""The parts of a response, as the contract has them.

A part for which the contract has no kind is a provider block that holds it as it came:
code that Google ran and its result, calls of Google's own tools and their responses,
images that belong to thoughts, audio, and what is newer than this release. One part of
Google's can hold several contents: a text, an image and a call are a part each then, and
the last one keeps in its signature's `extra` what the others have, to be one part again.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Literal

import msgspec

from llmrpc import v1 as pb
from llmrpc.answer import MOST_PARTS, AnswerBuilder, too_many
from llmrpc_server.providers.arguments import read_arguments
from llmrpc_server.providers.call_ids import CallIds
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.google import wire
from llmrpc_server.providers.google.billed import ToolUses
from llmrpc_server.providers.google.spans import Texts
from llmrpc_server.providers.halves import Halves, decode_with_halves
from llmrpc_server.providers.kept_json import (
    NOTHING,
    Fields,
    came,
    fields_of,
    read_fields,
    says,
    string,
)
from llmrpc_server.providers.media import read_image

_Kind = Literal["text", "reasoning"]
_BESIDE = ("thought", "thoughtSignature")
"""Fields of a part that are not its content."""
_KEY = 8
"""Bytes that are kept of a part without content."""
_NO_THOUGHT = (None, False, 0, "", "false")
_TRUE = msgspec.Raw(b"true")


class Parts:
    """Adds parts as they come to an answer.

    Texts of one kind that follow each other over chunks are one part. A signature
    belongs to the part that it came with: that part is never joined with another.
    """

    __slots__ = (
        "_answer",
        "_halves",
        "_ids",
        "_keys",
        "_number",
        "_open",
        "_provider",
        "_texts",
        "_uses",
        "characters",
    )

    def __init__(self, provider: str, answer: Answer, uses: ToolUses) -> None:
        self.characters = 0
        """What the model wrote, of which tokens are estimated."""
        self._provider = provider
        self._answer: AnswerBuilder = answer.parts
        self._halves = Halves(answer, provider)
        self._ids = CallIds()
        self._uses = uses
        self._number = 0
        self._open: tuple[_Kind, int] | None = None
        """The kind and the key of the part that the next text may go on."""
        self._keys: list[Hashable] = []
        """What each part that came was added to; None for one without content."""
        self._texts: list[int] = []

    def add(self, raws: list[msgspec.Raw], odd: Sequence[Any] = ()) -> None:
        """Adds the parts of a whole response or of a chunk, in order.

        `odd` are the same, decoded, if they hold half a surrogate pair. Raises
        `msgspec.DecodeError` before anything is added, for a part that is not a JSON object.
        """
        if len(raws) > MOST_PARTS:
            raise too_many(f"{MOST_PARTS} parts")
        read = [self._read(raw) for raw in raws]
        self._answer.keep(_KEY * len(read))
        for index, part in enumerate(read):
            if index:
                self._close()
            self._keys.append(self._part(raws[index], part, _text_of(odd, index)))

    def end(self) -> None:
        """Ends the text that another one may go on."""
        self._close()

    def texts(self) -> Texts:
        """The text parts so far."""
        texts = [(key, self._answer.text_of(key)) for key in self._texts]
        return Texts(texts, self._keys)

    def _read(self, raw: msgspec.Raw) -> tuple[wire.Part, Fields] | Fields:
        try:
            return wire.decode_part(raw)
        except UNDECODABLE:
            return read_fields(raw)

    def _part(
        self, raw: msgspec.Raw, read: tuple[wire.Part, Fields] | Fields, odd: str | None
    ) -> int | None:
        """Adds one; `odd` is its text, if that holds half a surrogate pair."""
        if not isinstance(read, tuple):
            return self._block(raw, read)
        part, kept = read
        if _is_empty_call(part):
            part.function_call = NOTHING
            part.text = part.text or ("" if part.thought_signature else None)
        call, image = _call(part), _image(part)
        media = came(part.function_call) or came(part.inline_data)
        if call is not None:
            last = "functionCall"
        elif image is not None:
            last = "inlineData"
        elif part.text or (part.text == "" and part.thought_signature and not (kept or media)):
            last = "text"
        elif kept or part.thought_signature or media:
            return self._block(raw, read_fields(raw))
        else:
            return None
        if media:
            kept |= _others(part, last)
        key = 0
        if part.text or last == "text":
            key = self._text(part, odd, alone=bool(kept or part.thought_signature))
        if image is not None:
            key = self._new()
            self._answer.image(key, image)
        if call is not None:
            key = self._tool_call(*call, kept)
        if kept or part.thought_signature:
            extra = wire.text(msgspec.json.encode(kept)) if kept else ""
            signature = pb.Signature(
                provider=self._provider, data=part.thought_signature or "", extra=extra
            )
            self._close()
            self._answer.signature(key, signature)
        return key

    def _text(self, part: wire.Part, odd: str | None, *, alone: bool) -> int:
        kind: _Kind = "reasoning" if _is_thought(part) else "text"
        text = part.text or ""
        if alone or self._open is None or self._open[0] != kind:
            self._open = (kind, self._new())
            self._answer.start(self._open[1], kind)
            if kind == "text":
                self._texts.append(self._open[1])
        if odd is not None:
            text = self._halves.odd(self._open[1], odd)
        elif text and self._halves:
            text = self._halves.join(self._open[1], text)
        self.characters += len(text)
        self._answer.text(self._open[1], text, kind)
        return self._open[1]

    def _tool_call(self, call: wire.FunctionCall, more: Fields, kept: Fields) -> int:
        if more:
            kept["functionCall"] = msgspec.Raw(msgspec.json.encode(more))
        key = self._new()
        arguments = wire.text(msgspec.json.format(read_arguments(call.args), indent=-1))
        self.characters += len(arguments)
        self._answer.tool_call(key, self._ids.take(call.id), call.name or "", arguments)
        return key

    def _block(self, raw: msgspec.Raw, fields: Fields) -> int:
        kind = next((name for name in fields if name not in _BESIDE), next(iter(fields), ""))
        if kind == "toolCall":
            self._uses.called(fields[kind])
        inner = fields_of(fields.get(kind, b"")) or {}
        block = pb.ProviderBlock(
            provider=self._provider,
            type=kind,
            data=wire.text(raw),
            id=string(inner.get("id", b"")),
        )
        key = self._new()
        self._answer.provider_block(key, block)
        return key

    def _close(self) -> None:
        """Ends the open part: half a pair at its end stays alone."""
        if self._open is not None:
            (kind, key), self._open = self._open, None
            if self._halves and (lost := self._halves.end(key)):
                self._answer.text(key, lost, kind)

    def _new(self) -> int:
        self._close()
        self._number += 1
        return self._number


def pieces_of(data: bytes, place: int) -> list[Any]:
    """The parts of a candidate in JSON that holds half a surrogate pair, decoded."""
    return list(decode_with_halves(data, "candidates", place, "content", "parts") or ())


def _text_of(parts: Sequence[Any], index: int) -> str | None:
    part = parts[index] if index < len(parts) else None
    text = part.get("text") if isinstance(part, dict) else None
    return text if isinstance(text, str) else None


def _is_thought(part: wire.Part) -> bool:
    return part.thought not in _NO_THOUGHT


def _is_empty_call(part: wire.Part) -> bool:
    """Whether a part calls nothing with nothing."""
    fields = fields_of(part.function_call) if came(part.function_call) else None
    if fields is None:
        return False
    return not any(says(fields.get(name, NOTHING)) for name in ("name", "args"))


def _call(part: wire.Part) -> tuple[wire.FunctionCall, Fields] | None:
    """The call of a part, and its fields that are not known; None for what nobody can run."""
    if not came(part.function_call):
        return None
    try:
        call, more = wire.decode_call(part.function_call)
    except UNDECODABLE:
        return None
    return (call, more) if call.name else None


def _image(part: wire.Part) -> pb.Image | None:
    """The image of a part; None for what is none, or would not go back as it came."""
    if _is_thought(part) or not came(part.inline_data):
        return None
    try:
        blob = wire.decode_blob(part.inline_data)
    except UNDECODABLE:
        return None
    return read_image(blob.data, blob.mime_type) if blob.mime_type.startswith("image/") else None


def _others(part: wire.Part, last: str) -> Fields:
    """What a part has beside its last content, as it came."""
    others: Fields = {}
    if last != "text" and part.text:
        others["text"] = msgspec.Raw(msgspec.json.encode(part.text))
    if last != "text" and _is_thought(part):
        others["thought"] = _TRUE
    if last != "inlineData" and came(part.inline_data):
        others["inlineData"] = part.inline_data
    if last != "functionCall" and came(part.function_call):
        others["functionCall"] = part.function_call
    return others
