"""Tool calls, put together from pieces that servers number in several ways."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc.answer import AnswerBuilder
from llmrpc_server.providers.failures import UNDECODABLE
from llmrpc_server.providers.openai import wire

_NO_ID = frozenset({"", "null"})
"""Ids that are none; Mistral's protocol has the word `null` as its default."""


class _Call:
    """One call so far."""

    __slots__ = ("arguments", "custom", "id", "name", "number", "started")

    def __init__(self, number: int, id: str) -> None:
        self.number = number
        self.id = id
        self.name = ""
        self.arguments: list[str] = []
        self.custom = False
        """Whether it is of a custom tool, whose input is no JSON."""
        self.started = False


class Calls:
    """The tool calls of one answer, in the order in which they first appear.

    OpenAI numbers each call by `index` and sends id and name in its first piece
    alone. Some servers leave the index out, give every call the index 0, repeat
    the name, or send no ids; then a call is found by its id, else by its place
    in the list, and a missing id is made from the response's and the call's
    number. A call of a custom tool is a provider block, told when it is complete.
    """

    __slots__ = ("_by_id", "_by_index", "_calls", "_parts", "_provider", "waiting")

    def __init__(self, parts: AnswerBuilder, provider: str) -> None:
        self.waiting = False
        """Whether a provider block waits for the caller."""
        self._parts = parts
        self._provider = provider
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._by_id: dict[str, _Call] = {}

    def whole(
        self, pieces: list[wire.ToolCall], response_id: str, items: Sequence[Raw] = ()
    ) -> None:
        """Takes calls that are complete, each its own, whatever its number.

        `items` are the calls as they came, where custom ones are among them.
        """
        for place, piece in enumerate(pieces):
            call = self._new(piece)
            self._add(call, piece, response_id)
            self._start(call, response_id, items[place] if items else None)

    def pieces(self, pieces: list[wire.ToolCall], response_id: str) -> None:
        """Takes the pieces of one chunk."""
        for place, piece in enumerate(pieces):
            self._add(self._find(piece, place), piece, response_id)

    def finish(self, response_id: str) -> None:
        """Starts what waited for a name that never came, and tells the custom calls."""
        for call in self._calls:
            self._start(call, response_id)

    def are_complete(self) -> bool:
        """Whether there are calls, and the arguments of all are JSON."""
        return bool(self._calls) and all(
            _is_json("".join(call.arguments) or "{}") for call in self._calls if not call.custom
        )

    def _find(self, piece: wire.ToolCall, place: int) -> _Call:
        known = self._by_id.get(_id(piece))
        if known is not None:
            return known
        index = place if piece.index is None else piece.index
        call = self._by_index.get(index)
        if call is None or _starts(piece, call):
            call = self._by_index[index] = self._new(piece)
        return call

    def _new(self, piece: wire.ToolCall) -> _Call:
        call = _Call(len(self._calls), _id(piece))
        self._calls.append(call)
        if call.id:
            self._by_id[call.id] = call
        return call

    def _add(self, call: _Call, piece: wire.ToolCall, response_id: str) -> None:
        if piece.custom is not None and piece.is_custom:
            call.custom = True
            call.name = call.name or piece.custom.name or ""
            call.arguments.append(piece.custom.input or "")
            return
        function = piece.function
        if function is None:
            return
        text = function.arguments
        if isinstance(text, dict):
            text = msgspec.json.encode(text).decode()
        if text:
            call.arguments.append(text)
        if function.name and not call.started:
            call.name = function.name
            self._start(call, response_id)
        elif text and call.started:
            self._parts.tool_call(("tool", call.number), arguments=text)

    def _start(self, call: _Call, response_id: str, item: Raw | None = None) -> None:
        if call.started:
            return
        call.started = True
        if not call.id:
            call.id = "_".join(filter(None, ("call", response_id, str(call.number))))
        text = "".join(call.arguments)
        if not call.custom:
            self._parts.tool_call(("tool", call.number), call.id, call.name, text)
            return
        self.waiting = True
        made = {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": text}}
        data = bytes(item) if item is not None else msgspec.json.encode(made)
        block = pb.ProviderBlock(
            provider=self._provider, type="custom", data=data.decode(errors="replace"), id=call.id
        )
        self._parts.provider_block(("tool", call.number), block)


def _id(piece: wire.ToolCall) -> str:
    return "" if piece.id is None or piece.id in _NO_ID else piece.id


def _starts(piece: wire.ToolCall, call: _Call) -> bool:
    """Whether a piece with the number of a call is another call all the same."""
    name = piece.function and piece.function.name
    if not name or not call.started:
        return False
    if _id(piece):
        return True
    return piece.index is None and (name != call.name or _is_json("".join(call.arguments)))


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except UNDECODABLE:
        return False
    return True
