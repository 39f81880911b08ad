"""The parts of a response, as the contract has them.

A part for which the contract has no kind is a provider block that holds it as it came:
code that Google ran and its result, calls of Google's own tools and their responses,
images that belong to thoughts, audio, and what is newer than this release.
"""

from __future__ import annotations

import base64
from collections.abc import Hashable
from typing import Literal

import msgspec

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.google import wire
from llmrpc_server.providers.google.billed import ToolUses
from llmrpc_server.providers.google.spans import Texts
from llmrpc_server.providers.media import to_base64

_Kind = Literal["text", "reasoning"]
_BESIDE = ("thought", "thoughtSignature")
"""Fields of a part that are not its content."""


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
        for index, part in enumerate(read):
            if index:
                self._open = None
            self._keys.append(self._part(raws[index], part, response_id))

    def texts(self) -> Texts:
        """The text parts so far."""
        texts = [(key, self._answer.text_of(key)) for key in self._texts]
        return Texts(texts, self._keys)

    def _read(self, raw: msgspec.Raw) -> tuple[wire.Part, wire.Fields] | wire.Fields:
        try:
            return wire.decode_part(raw)
        except UNDECODABLE:
            return wire.fields(raw)

    def _part(
        self, raw: msgspec.Raw, read: tuple[wire.Part, wire.Fields] | wire.Fields, response_id: str
    ) -> int | None:
        if not isinstance(read, tuple):
            return self._block(raw, read)
        part, others = read
        key: int | None = None
        if wire.came(part.function_call):
            key = self._call(part.function_call, others, response_id)
        elif wire.came(part.inline_data):
            key = None if part.thought else self._image(part.inline_data)
        elif part.text or (part.text is not None and part.thought_signature and not others):
            key = self._text(part, alone=bool(others or part.thought_signature))
        elif not (others or part.thought_signature):
            return None
        if key is None:
            return self._block(raw, wire.fields(raw))
        if part.thought_signature or others:
            extra = wire.text(msgspec.json.encode(others)) if others else ""
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

    def _call(self, raw: msgspec.Raw, others: wire.Fields, response_id: str) -> int | None:
        try:
            call, more = wire.decode_call(raw)
        except UNDECODABLE:
            return None
        if more:
            others["functionCall"] = msgspec.Raw(msgspec.json.encode(more))
        key = self._new()
        made = "_".join(filter(None, ("call", response_id, str(self._calls))))
        self._calls += 1
        arguments = wire.text(msgspec.json.format(call.args, indent=-1))
        arguments = "{}" if arguments == "null" else arguments
        self.characters += len(arguments)
        self._answer.tool_call(key, call.id or made, call.name or "", arguments)
        return key

    def _image(self, raw: msgspec.Raw) -> int | None:
        """None for what is no image, or would not go back as it came."""
        try:
            blob = wire.decode_blob(raw)
            if not blob.mime_type.startswith("image/"):
                return None
            data = base64.b64decode(blob.data, validate=True)
        except (*UNDECODABLE, ValueError):
            return None
        if not data or to_base64(data) != blob.data:
            return None
        key = self._new()
        self._answer.image(key, pb.Image(data=data, media_type=blob.mime_type))
        return key

    def _block(self, raw: msgspec.Raw, fields: wire.Fields) -> int:
        kind = next((name for name in fields if name not in _BESIDE), next(iter(fields), ""))
        if kind == "toolCall":
            self._uses.called(fields[kind])
        block = pb.ProviderBlock(
            provider=self._provider, type=kind, data=wire.text(raw), id=_id(fields.get(kind))
        )
        key = self._new()
        self._answer.provider_block(key, block)
        return key

    def _new(self) -> int:
        self._open = None
        self._number += 1
        return self._number


def _id(raw: msgspec.Raw | None) -> str:
    """The identifier of a part's content, if it has one."""
    try:
        value = msgspec.json.decode(raw or b"{}")
    except UNDECODABLE:
        return ""
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
