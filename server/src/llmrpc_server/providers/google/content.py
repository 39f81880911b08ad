"""The parts of a response, as the contract has them.

A part for which the contract has no kind is a provider block that holds it as it came:
code that Google ran and its result, calls of Google's own tools and their responses,
images that belong to thoughts, audio, and what is newer than this release. One part of
Google's can hold several contents: a text, an image and a call are a part each then, and
the last one keeps in its signature's `extra` what the others have, to be one part again.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

import msgspec

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.google import wire
from llmrpc_server.providers.google.billed import ToolUses
from llmrpc_server.providers.google.spans import Texts
from llmrpc_server.providers.kept_json import Fields, came, fields_of, read_fields, string
from llmrpc_server.providers.media import read_image

_Kind = Literal["text", "reasoning"]
_BESIDE = ("thought", "thoughtSignature")
"""Fields of a part that are not its content."""
_KEY = 8
"""Bytes that are kept of a part without content."""
_TRUE = msgspec.Raw(b"true")


class Parts:
    """Adds parts as they come to an answer.

    Texts of one kind that follow each other over chunks are one part. A signature
    belongs to the part that it came with: that part is never joined with another.
    """

    __slots__ = (
        "_answer",
        "_calls",
        "_keys",
        "_number",
        "_open",
        "_provider",
        "_texts",
        "_uses",
        "characters",
    )

    def __init__(self, provider: str, answer: AnswerBuilder, uses: ToolUses) -> None:
        self.characters = 0
        """What the model wrote, of which tokens are estimated."""
        self._provider = provider
        self._answer = answer
        self._uses = uses
        self._calls = 0
        self._number = 0
        self._open: tuple[_Kind, int] | None = None
        """The kind and the key of the part that the next text may go on."""
        self._keys: list[Hashable] = []
        """What each part that came was added to; None for one without content."""
        self._texts: list[int] = []

    def add(self, raws: list[msgspec.Raw], response_id: str) -> None:
        """Adds the parts of a whole response or of a chunk, in order.

        Raises `msgspec.DecodeError` before anything is added, for a part that is not
        a JSON object.
        """
        read = [self._read(raw) for raw in raws]
        self._answer.keep(_KEY * len(read))
        for index, part in enumerate(read):
            if index:
                self._open = None
            self._keys.append(self._part(raws[index], part, response_id))

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
        self, raw: msgspec.Raw, read: tuple[wire.Part, Fields] | Fields, response_id: str
    ) -> int | None:
        if not isinstance(read, tuple):
            return self._block(raw, read)
        part, kept = read
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
            key = self._text(part, alone=bool(kept or part.thought_signature))
        if image is not None:
            key = self._new()
            self._answer.image(key, image)
        if call is not None:
            key = self._tool_call(*call, kept, response_id)
        if kept or part.thought_signature:
            extra = wire.text(msgspec.json.encode(kept)) if kept else ""
            signature = pb.Signature(
                provider=self._provider, data=part.thought_signature or "", extra=extra
            )
            self._open = None
            self._answer.signature(key, signature)
        return key

    def _text(self, part: wire.Part, *, alone: bool) -> int:
        kind: _Kind = "reasoning" if part.thought else "text"
        text = part.text or ""
        if alone or self._open is None or self._open[0] != kind:
            self._open = (kind, self._new())
            self._answer.start(self._open[1], kind)
            if kind == "text":
                self._texts.append(self._open[1])
        self.characters += len(text)
        self._answer.text(self._open[1], text, kind)
        return self._open[1]

    def _tool_call(
        self, call: wire.FunctionCall, more: Fields, kept: Fields, response_id: str
    ) -> int:
        if more:
            kept["functionCall"] = msgspec.Raw(msgspec.json.encode(more))
        key = self._new()
        made = "_".join(filter(None, ("call", response_id, str(self._calls))))
        self._calls += 1
        arguments = wire.text(msgspec.json.format(call.args, indent=-1))
        arguments = "{}" if arguments == "null" else arguments
        self.characters += len(arguments)
        self._answer.tool_call(key, call.id or made, call.name or "", arguments)
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

    def _new(self) -> int:
        self._open = None
        self._number += 1
        return self._number


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
    if part.thought or not came(part.inline_data):
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
    if last != "text" and part.thought:
        others["thought"] = _TRUE
    if last != "inlineData" and came(part.inline_data):
        others["inlineData"] = part.inline_data
    if last != "functionCall" and came(part.function_call):
        others["functionCall"] = part.function_call
    return others
