"""Tool calls, put together from pieces that servers number in several ways."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from llmrpc import v1 as pb
from llmrpc_server.providers.call_ids import made_id
from llmrpc_server.providers.closing import is_json
from llmrpc_server.providers.dialect import Answer
from llmrpc_server.providers.kept_json import NOTHING, came
from llmrpc_server.providers.openai import wire
from llmrpc_server.providers.openai.call import Call, id_of, is_nameless, once
from llmrpc_server.providers.openai_family.fields import ENTRY, arguments_of, object_of, written
from llmrpc_server.providers.speech import Speech

_KNOWN = frozenset({"custom", "function", "id", "index"})
_KNOWN_OF_FUNCTION = frozenset({"arguments", "name"})
_NOTHING = wire.ToolCall()
_FUNCTION = Raw(b'"function"')


class Calls:
    """The tool calls of one answer, in the order in which they first appear.

    OpenAI numbers each call by `index` and sends id and name in its first piece
    alone. Some servers leave the index out, give every call the index 0, repeat
    the name, or send no ids; then a call is found by its id, else by its place
    in the list, and a missing id is made. A call of nothing with nothing is none, as at
    Snowflake. A call of a custom tool, of an unknown type, or of a function without a name
    is a provider block, told when it is complete. What else a call has goes back by its
    signature, such as `extra_content` with Google's signature of a thought.
    """

    __slots__ = (
        "_answer", "_by_id", "_by_index", "_calls", "_number", "_parts", "_provider", "_speech",
        "_unfinished", "called", "odd", "waiting",
    )  # fmt: skip

    def __init__(self, answer: Answer, speech: Speech, provider: str) -> None:
        self.called = False
        """Whether a function is called."""
        self.odd = False
        """Whether a call is not of a function: then all pieces are wanted as they came."""
        self.waiting = False
        """Whether a provider block waits for the caller."""
        self._answer = answer
        self._parts = answer.parts
        self._speech = speech
        self._provider = provider
        self._calls: list[Call] = []
        self._number = 0
        self._by_index: dict[int, Call] = {}
        self._by_id: dict[str, Call] = {}
        self._unfinished: dict[int, Call] = {}
        """Calls that have to start yet, or to be signed."""

    def whole(self, pieces: Sequence[wire.ToolCall], items: Sequence[Raw] = ()) -> None:
        """Takes calls that are complete, each its own, whatever its number.

        `items` are the calls as they came, where one has more than is read of it.
        """
        for place, piece in enumerate(pieces):
            call = self._new(piece)
            self._add(call, piece, items[place] if items else NOTHING, whole=True)
            if call.kind:
                self._tell(call, written(call.items[0]))
            elif call.name:
                self._start(call)

    def pieces(self, pieces: Sequence[wire.ToolCall], items: Sequence[Raw] = ()) -> None:
        """Takes the pieces of one chunk; `items` are as in `whole`."""
        for place, piece in enumerate(pieces):
            if piece == _NOTHING:
                continue
            call = self._find(piece, place, alone=len(pieces) == 1)
            if call.is_again(piece):
                continue
            self._add(call, piece, items[place] if items else NOTHING)

    def again(self, pieces: Sequence[wire.ToolCall], items: Sequence[Raw] = ()) -> None:
        """Takes whole calls some of which came in pieces: what is new of them."""
        for place, piece in enumerate(pieces):
            call = self._known(piece, place)
            if call is None:
                self.whole([piece], items[place : place + 1])
            elif call.started and not call.kind and piece.function is not None:
                self._add_rest(call, arguments_of(piece.function.arguments))

    def finish(self) -> None:
        """Tells what waited for its end; a call whose name never came is a provider block."""
        unfinished, self._unfinished = self._unfinished, {}
        for call in unfinished.values():
            extra = {**call.extra, **({"function": call.inner} if call.inner else {})}
            if call.kind:
                self._name(call)
                self._tell(call, call.joined())
            elif not (call.started or extra or "".join(call.arguments).strip()):
                self._parts.keep(-call.held)
            elif not call.started:
                call.kind = "function"
                self._name(call)
                self._tell(call, call.nameless())
            elif extra:
                text = msgspec.json.encode(extra).decode(errors="replace")
                signature = pb.Signature(provider=self._provider, extra=text)
                self._parts.signature(("tool", call.number), signature)
        self._calls = [call for call in self._calls if call.started]
        for call in self._calls:
            if not call.kind:
                self._speech.settle(("tool", call.number))

    def are_complete(self) -> bool:
        """Whether there are calls, and the arguments of all are JSON."""
        return bool(self._calls) and all(
            is_json(self._parts.text_of(("tool", call.number)))
            for call in self._calls
            if not call.kind
        )

    def _find(self, piece: wire.ToolCall, place: int, *, alone: bool) -> Call:
        number = piece.number
        index = place if number is None else number
        call = self._by_index.get(index)
        known = self._by_id.get(id_of(piece))
        if known is not None and not (call is None and known.is_another(piece)):
            if not known.is_followed(piece):
                return known
            call = None
        elif alone and self._calls and is_nameless(piece) and (call is None or number is None):
            return self._calls[-1]
        if call is None or call.is_restarted(piece):
            call = self._by_index[index] = self._new(piece)
        return call

    def _known(self, piece: wire.ToolCall, place: int) -> Call | None:
        """The call that a whole one is; without its id it is the one at its place."""
        own = id_of(piece)
        if own in self._by_id:
            return self._by_id[own]
        call = self._calls[place] if place < len(self._calls) else None
        name = (piece.function and piece.function.name) or ""
        same = call is not None and (call.made or not own) and call.name == name
        return call if same else None

    def _add_rest(self, call: Call, whole: str) -> None:
        told = self._parts.text_of(("tool", call.number))
        if whole.startswith(told):
            call.arguments.append(whole[len(told) :])
            self._speech.arguments(("tool", call.number), whole[len(told) :])
        elif whole:
            why = f"{self._provider} ended a call with other arguments than it streamed"
            self._answer.warn("message", f"{why}: the streamed ones are kept")

    def _new(self, piece: wire.ToolCall) -> Call:
        own = id_of(piece)
        call = Call(self._number, "" if own in self._by_id else own)
        self._number += 1
        self._calls.append(call)
        self._unfinished[call.number] = call
        self._parts.keep(ENTRY + len(call.id))
        if call.id:
            self._by_id[call.id] = call
        return call

    def _add(self, call: Call, piece: wire.ToolCall, item: Raw, *, whole: bool = False) -> None:
        if piece.other_type and not call.started:
            call.kind = call.kind or piece.other_type
            self.odd = True
        if call.kind:
            if item and not call.started:
                call.items.append(item.copy())
                self._hold(call, len(bytes(item)))
            return
        if item:
            self._keep_unknown(call, item)
        function = piece.function
        if function is None:
            return
        text = arguments_of(function.arguments)
        if whole:
            text = once(text)
        elif call.repeats(text):
            return
        if text:
            call.append(text)
        if function.name and not call.started:
            call.name = function.name
            self._start(call)
        elif text and call.started:
            self._speech.arguments(("tool", call.number), text)
        else:
            self._hold(call, len(text))

    def _hold(self, call: Call, size: int) -> None:
        call.held += size
        self._parts.keep(size)

    def _keep_unknown(self, call: Call, item: Raw) -> None:
        fields = object_of(item)
        if fields.get("type", _FUNCTION) == _FUNCTION:
            fields.pop("type", None)
        function = object_of(fields.get("function", NOTHING))
        for kept, found, known in (
            (call.extra, fields, _KNOWN),
            (call.inner, function, _KNOWN_OF_FUNCTION),
        ):
            for name, value in found.items():
                if name in known or not came(value) or kept.get(name) == value:
                    continue
                self._parts.keep(len(bytes(value)) - len(bytes(kept.get(name, NOTHING))))
                if name not in kept:
                    self._parts.keep(ENTRY + len(name))
                kept[name] = value.copy()
                self._unfinished[call.number] = call

    def _start(self, call: Call) -> None:
        if call.started:
            return
        call.started = self.called = True
        self._name(call)
        key = ("tool", call.number)
        self._parts.tool_call(key, call.id, call.name)
        self._speech.held(key, "".join(call.arguments))
        if not (call.extra or call.inner):
            self._unfinished.pop(call.number, None)

    def _tell(self, call: Call, data: str) -> None:
        """Tells a call that is a provider block."""
        if call.started:
            return
        call.started = self.waiting = True
        call.items.clear()
        self._unfinished.pop(call.number, None)
        self._name(call)
        block = pb.ProviderBlock(provider=self._provider, type=call.kind, data=data, id=call.id)
        self._parts.provider_block(("tool", call.number), block)

    def _name(self, call: Call) -> None:
        self._parts.keep(-call.held)
        call.held = 0
        if not call.id:
            call.id, call.made = made_id(), True
