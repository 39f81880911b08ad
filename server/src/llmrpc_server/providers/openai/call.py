"""One tool call so far, and which pieces are another one.

A piece whose id or number is that of a call may be of the next one: servers repeat them.
Nothing goes on after a call that has its name and complete arguments.
"""

from __future__ import annotations

import json

import msgspec
from msgspec import Raw

from llmrpc_server.providers.closing import Closing, is_json
from llmrpc_server.providers.idle import begins, says_nothing
from llmrpc_server.providers.kept_json import Fields, came
from llmrpc_server.providers.openai import wire
from llmrpc_server.providers.openai.pieces import join
from llmrpc_server.providers.openai_family.fields import arguments_of, object_of

_read_first = json.JSONDecoder().raw_decode
_SHORT = 8
"""Characters of arguments that may say nothing."""
_NO_ID = frozenset({"", "null"})
"""Ids that are none; Mistral's protocol has the word `null` as its default."""


class Call:
    """What came of one call."""

    __slots__ = (
        "arguments", "closing", "extra", "held", "id", "inner", "items", "kind", "length", "made",
        "name", "number", "started",
    )  # fmt: skip

    def __init__(self, number: int, id: str) -> None:
        self.number = number
        self.id = id
        self.made = False
        """Whether the id is the gateway's own."""
        self.name = ""
        self.arguments: list[str] = []
        self.length = 0
        """Characters of the arguments."""
        self.closing = Closing()
        self.kind = ""
        """The type of a call that is not of a function."""
        self.items: list[Raw] = []
        """The pieces of such a call, as they came."""
        self.extra: Fields = {}
        """Fields of the call that nothing is known of; `inner` are those of its function."""
        self.inner: Fields = {}
        self.held = 0
        """Bytes that count as held until the call starts."""
        self.started = False

    def joined(self) -> str:
        """The whole of a call that came in pieces, without its number."""
        fields = join([object_of(item) for item in self.items])
        known = {"id": self.id, "type": self.kind}
        more = {name: fields[name] for name in fields if name not in ("id", "index", "type")}
        return msgspec.json.encode({**known, **more}).decode(errors="replace")

    def nameless(self) -> str:
        """A call of a function without a name, which nobody can run."""
        function = {**self.inner, "arguments": "".join(self.arguments)}
        item = {"id": self.id, "type": "function", "function": function, **self.extra}
        return msgspec.json.encode(item).decode(errors="replace")

    def append(self, piece: str) -> None:
        """Adds to the arguments, which begin anew if they said nothing so far."""
        if self.length <= _SHORT and begins(piece) and says_nothing("".join(self.arguments)):
            self.arguments.clear()
            self.closing = Closing()
        self.arguments.append(piece)
        self.length += len(piece)

    def repeats(self, piece: str) -> bool:
        """Whether a piece is all of the arguments, which are complete, once more."""
        return (
            self.length == len(piece)
            and begins(piece)
            and self.closing.is_closed(self.arguments)
            and piece == "".join(self.arguments)
        )

    def is_again(self, piece: wire.ToolCall) -> bool:
        """Whether a piece is all of the call, which is complete, once more."""
        if self.kind or not (self.id and self.id == id_of(piece)) or not self._is_over(piece):
            return False
        return self._has_arguments_of(piece)

    def is_followed(self, piece: wire.ToolCall) -> bool:
        """Whether a piece is another call, in spite of its id: nothing goes on after the end."""
        if self.kind or not self._is_over(piece):
            return False
        return piece.function is not None and not self._has_arguments_of(piece)

    def is_another(self, piece: wire.ToolCall) -> bool:
        """Whether a piece at another place is another call, though its id is that of this one."""
        named = bool(piece.function and piece.function.name)
        return piece.number is not None and self.started and named

    def is_restarted(self, piece: wire.ToolCall) -> bool:
        """Whether a piece with the number of the call is another call all the same."""
        name = piece.function.name if piece.function is not None else piece.other_type
        if not name or not (self.started or self.kind):
            return False
        if id_of(piece):
            return True
        if self.kind:
            return False
        if piece.number is not None:
            return self._is_over(piece)
        return name != self.name or self.closing.is_closed(self.arguments)

    def _is_over(self, piece: wire.ToolCall) -> bool:
        """Whether a piece has a name and arguments, and the call's own are complete."""
        function = piece.function
        if function is None or not (function.name and self.started and came(function.arguments)):
            return False
        return bool(arguments_of(function.arguments)) and self.closing.is_closed(self.arguments)

    def _has_arguments_of(self, piece: wire.ToolCall) -> bool:
        function = piece.function
        return function is not None and arguments_of(function.arguments) == "".join(self.arguments)


def id_of(piece: wire.ToolCall) -> str:
    """The id of the call that a piece is of; empty if it does not say."""
    return "" if piece.id is None or piece.id in _NO_ID else piece.id


def is_nameless(piece: wire.ToolCall) -> bool:
    """Whether a piece does not say which call it is of."""
    return not (id_of(piece) or piece.other_type or (piece.function and piece.function.name))


def once(arguments: str) -> str:
    """Arguments without their repetition.

    Source: https://github.com/Soju06/codex-lb/issues/284
    """
    if not arguments.startswith("{") or is_json(arguments):
        return arguments
    try:
        _, end = _read_first(arguments)
    except (ValueError, RecursionError):
        return arguments
    times, rest = divmod(len(arguments), end)
    return arguments[:end] if not rest and arguments[:end] * times == arguments else arguments
