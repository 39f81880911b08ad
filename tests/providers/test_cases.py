"""Every case of `tests/cases` that a dialect alone can tell: answers, errors, requests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from google.protobuf import json_format

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError, LLMClientError
from llmrpc_server.providers.dialect import Answer, Defaults
from llmrpc_server.providers.failures import AnsweredError
from tests.cases.cases import Case, params
from tests.cases.expect import (
    check_answer,
    check_error,
    check_ids,
    wanted_error,
    warned,
)
from tests.cases.laws import check_body
from tests.providers.golden import Folded, bytewise, response

MAX_EVENT = 32 << 20
LONG = 64 << 10
"""Bytes above which a stream is not read byte by byte."""
WRONG = (AssertionError, LLMClientError)
"""What a case that fails today fails with; anything else is a mistake in the case."""
HI = {"messages": [{"role": "ROLE_USER", "content": "Hi"}]}


@pytest.mark.parametrize("case", params("body", raises=(*WRONG, UnicodeError)))
def test_a_body_is_read(case: Case) -> None:
    def read() -> pb.LLMResponse:
        return response(case.codec.decode(case.body(case.spec)))

    check(case, read)


@pytest.mark.parametrize("case", params("stream", raises=(*WRONG, UnicodeError)))
def test_a_stream_is_read_whole_and_byte_by_byte(case: Case) -> None:
    events = case.events(case.spec)
    data = b"".join(events)
    for pieces in ([data], events if len(data) > LONG else bytewise(data)):
        before: list[str] = []

        def read(pieces: list[bytes] = pieces, before: list[str] = before) -> pb.LLMResponse:
            folded = Folded(case.codec.decoder(case.spec.get("max_event", MAX_EVENT)))
            try:
                for piece in pieces:
                    folded.feed(piece)
                if "at_once" in case.spec:
                    assert folded.decoder.done == case.spec["at_once"]
                folded.finish()
            finally:
                before[:] = ["".join(delta.text for delta in folded.deltas)]
            return folded.response()

        check(case, read, before)


@pytest.mark.parametrize("case", params("status", raises=WRONG))
def test_an_error_is_read(case: Case) -> None:
    says = case.spec["says"]
    body = says if isinstance(says, str) else json.dumps(says)
    error = case.codec.error(case.spec["status"], case.spec.get("headers", {}), body.encode())
    if "gives" in case.spec:
        assert isinstance(error, AnsweredError), error
        check_answer(response(error.settle(Answer())), case.spec["gives"])
    else:
        assert not isinstance(error, AnsweredError)
        check_error(error, wanted_error(case.spec["error"]))


@pytest.mark.parametrize("case", params("request", raises=WRONG))
@pytest.mark.parametrize("stream", [False, True])
def test_a_request_is_written(case: Case, stream: bool) -> None:
    request = json_format.ParseDict({**HI, **case.spec["request"]}, pb.GenerateRequest())
    if "back" in case.spec:
        answer = case.codec.decode(case.body({"body": case.spec["back"]}))
        request.messages.insert(1, answer.parts.message())
    defaults = Defaults(**case.spec.get("defaults", {}))
    try:
        encoded = case.codec.encode(request, case.model, defaults, stream=stream)
    except InvalidRequestError as error:
        if "refuses" not in case.spec:
            raise
        encoded = None
        refused = [each.field for each in error.violations]
    if encoded is None:
        assert case.spec["refuses"] in refused
        return
    text = encoded.body.decode()
    checks = case.spec.keys() & {"sends", "sent", "unsent", "laws"}
    assert checks, f"it was not refused: {text}"
    check_body(json.loads(text), text, case.spec)
    if "warns" in case.spec:
        wanted = case.spec["warns"]
        assert warned((each.field for each in encoded.warnings), wanted) == wanted


def check(case: Case, read: Callable[[], pb.LLMResponse], before: list[str] | None = None) -> None:
    """Reads the answer, and compares it or the error in its place."""
    gives: Mapping[str, Any] | None = case.spec.get("gives")
    try:
        got = read()
    except LLMClientError as error:
        if gives is not None and "or_error" not in gives:
            raise
        wanted = wanted_error(case.spec["error"] if gives is None else gives["or_error"])
        check_error(error, wanted)
        if before is not None and "content" in wanted:
            assert before == [wanted["content"]]
        return
    assert gives is not None, f"no error was raised: {got}"
    check_answer(got, gives)
    if gives.get("new_ids"):
        check_ids(got, read())
