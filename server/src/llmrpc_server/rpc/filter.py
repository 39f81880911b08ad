"""Filters of lists, as AIP-160 writes them: from a text to a test of a message.

`OR` binds tighter than `AND`, and words without either stand for `AND`. Of what the
AIP leaves open: functions, lone values and values in parentheses are refused.
Source: https://google.aip.dev/160 and its grammar.
"""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from llmrpc_server.rpc.filter_fields import Test, compared, is_true
from llmrpc_server.rpc.filter_words import FilterError, Words

MOST_CHARACTERS = 2048
MOST_RESTRICTIONS = 64
MOST_DEPTH = 16
"""Parentheses in parentheses."""

_JOINS = ("AND", "OR")


def parse_filter(text: str, kind: Descriptor) -> Test:
    """The test that a filter is, for messages of a kind.

    Raises `FilterError` for what is no filter, for a field that the message does not
    have, a value that the field cannot have, and a filter over the bounds above. An
    empty filter holds for all.
    """
    if len(text) > MOST_CHARACTERS:
        raise FilterError(MOST_CHARACTERS, f"a filter has at most {MOST_CHARACTERS} characters")
    return _Parser(text, kind).whole()


class _Parser:
    def __init__(self, text: str, kind: Descriptor) -> None:
        self._words = Words(text)
        self._kind = kind
        self._restrictions = 0
        self._depth = 0

    def whole(self) -> Test:
        if self._words.peek().kind == "end":
            return lambda message: True
        test = self._expression()
        word = self._words.peek()
        if word.kind != "end":
            raise FilterError(word.place, f"{word} closes nothing")
        return test

    def _expression(self) -> Test:
        """`a AND b OR c d`: what must all hold."""
        tests = [self._factor()]
        while (word := self._words.peek()).kind not in ("end", "close"):
            if word.kind == "text" and word.text == "AND":
                self._words.take()
            tests.append(self._factor())
        return _all(tests)

    def _factor(self) -> Test:
        """`a OR b`: of which one must hold."""
        tests = [self._term()]
        while (word := self._words.peek()).kind == "text" and word.text == "OR":
            self._words.take()
            tests.append(self._term())
        return _any(tests)

    def _term(self) -> Test:
        word = self._words.peek()
        if word.kind == "minus" or (word.kind == "text" and word.text == "NOT"):
            self._words.take()
            return _not(self._simple())
        return self._simple()

    def _simple(self) -> Test:
        word = self._words.take()
        if word.kind == "open":
            self._depth += 1
            if self._depth > MOST_DEPTH:
                raise FilterError(word.place, f"parentheses go at most {MOST_DEPTH} deep")
            test = self._expression()
            closing = self._words.take()
            if closing.kind != "close":
                raise FilterError(word.place, "this '(' is not closed")
            self._depth -= 1
            return test
        if word.kind != "text" or word.text in (*_JOINS, "NOT"):
            raise FilterError(word.place, f"there must be a field or '(', not {word}")
        self._restrictions += 1
        if self._restrictions > MOST_RESTRICTIONS:
            raise FilterError(word.place, f"there are more than {MOST_RESTRICTIONS} restrictions")
        if self._words.peek().kind != "compare":
            return is_true(word, self._kind)
        operator = self._words.take()
        value = self._words.value()
        if value.kind not in ("text", "string"):
            raise FilterError(value.place, f"behind {operator.text!r} one value must follow")
        return compared(word, operator.text, value, self._kind)


def _all(tests: list[Test]) -> Test:
    return tests[0] if len(tests) == 1 else _joined(all, tests)


def _any(tests: list[Test]) -> Test:
    return tests[0] if len(tests) == 1 else _joined(any, tests)


def _joined(join: Callable[[list[bool]], bool], tests: list[Test]) -> Test:
    def test(message: Message) -> bool:
        return join(each(message) for each in tests)  # type: ignore[arg-type]

    return test


def _not(inner: Test) -> Test:
    return lambda message: not inner(message)
