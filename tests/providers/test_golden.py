"""Every recorded case: what is sent, and what is made of the answer."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import pytest

from llmrpc.errors import LLMClientError, StreamInterruptedError
from tests.providers.golden import (
    MAX_EVENT,
    Case,
    Folded,
    bytewise,
    cases,
    merged,
    numbered,
    numbered_deltas,
    read,
    response,
    richest,
    splits,
)

REQUESTS = cases("request.json")
RESPONSES = cases("response.json", "expected_response.json")
STREAMS = [case for case in cases("stream.txt") if "error" not in case.info]
DELTAS = cases("stream.txt", "expected_deltas.json")
BROKEN_STREAMS = [case for case in cases("stream.txt") if "error" in case.info]
BROKEN_RESPONSES = [case for case in cases("response.json") if "error" in case.info]
EVENT_END = re.compile(rb"(\r\n|\n|\r)\1")


def name(case: Case) -> str:
    return f"{case.folder.parent.name}/{case.folder.name}"


def pretty(body: Any) -> str:
    """Line by line, so that a failure shows the lines that differ."""
    return json.dumps(body, indent=1, sort_keys=True)


@pytest.mark.parametrize("case", REQUESTS, ids=name)
@pytest.mark.parametrize("stream", [False, True])
def test_the_request_is_what_the_provider_wants(case: Case, stream: bool) -> None:
    encoded = case.dialect.encode(case.request(), case.info["model"], case.defaults, stream=stream)
    sent, wanted = json.loads(encoded.body), case.body(stream=stream)
    assert pretty(sent) == pretty(wanted)
    assert [warning.field for warning in encoded.warnings] == case.info.get("warnings", [])
    assert encoded.path == case.path(stream=stream)
    assert dict(encoded.headers) == case.info.get("headers", {})


@pytest.mark.parametrize("case", RESPONSES, ids=name)
def test_the_body_is_read(case: Case) -> None:
    body = (case.folder / "response.json").read_bytes()
    assert numbered(response(case.dialect.decode(body))) == case.expected()


@pytest.mark.parametrize("case", STREAMS, ids=name)
def test_the_stream_is_read_whole_and_byte_by_byte(case: Case) -> None:
    data, expected = case.stream(), case.expected(stream=True)
    assert read(case, data) == expected
    assert read(case, *bytewise(data)) == expected


@pytest.mark.parametrize("case", richest(STREAMS), ids=name)
def test_the_stream_is_read_at_every_split(case: Case) -> None:
    """One of each dialect: `test_sse.py` splits everywhere what all dialects share."""
    expected = case.expected(stream=True)
    for pieces in splits(case.stream()):
        assert read(case, *pieces) == expected, pieces


@pytest.mark.parametrize("case", DELTAS, ids=name)
def test_the_deltas_on_the_way_are_the_recorded_ones(case: Case) -> None:
    data = case.stream()
    lines = data.splitlines(keepends=True)
    for pieces in ([data], lines, bytewise(data)):
        folded = Folded(case.dialect.decoder(MAX_EVENT))
        folded.run(*pieces)
        assert numbered_deltas(merged(folded.deltas)) == case.deltas()


@pytest.mark.parametrize("case", STREAMS, ids=name)
def test_a_stream_cut_short_is_an_interruption_until_its_finish_reason(case: Case) -> None:
    data, expected = case.stream(), case.expected(stream=True)
    ends = [match.end() for match in EVENT_END.finditer(data)]
    finish = case.protocol["finish"].encode()
    assert re.search(finish, data), "no event matches `finish` of dialect.json"
    finished = False
    for start, end in pairwise([0, *ends]):
        finished = finished or bool(re.search(finish, data[start:end]))
        if finished:
            answer = read(case, data[:end])
            assert (answer.message, answer.finish_reason) == (
                expected.message,
                expected.finish_reason,
            )
        else:
            with pytest.raises(StreamInterruptedError):
                read(case, data[:end])


@pytest.mark.parametrize("case", BROKEN_STREAMS, ids=name)
def test_an_error_in_a_stream_is_raised_before_anything_of_its_chunk(case: Case) -> None:
    data = case.stream()
    ends = [match.end() for match in EVENT_END.finditer(data)]
    events = [data[start:end] for start, end in pairwise([0, *ends, len(data)])]
    for pieces in ([data], events, bytewise(data)):
        check_broken(case, *pieces)


@pytest.mark.parametrize("case", richest(BROKEN_STREAMS), ids=name)
def test_an_error_in_a_stream_is_raised_at_every_split(case: Case) -> None:
    for pieces in splits(case.stream()):
        check_broken(case, *pieces)


@pytest.mark.parametrize("case", BROKEN_RESPONSES, ids=name)
def test_an_error_in_place_of_an_answer_is_raised(case: Case) -> None:
    with pytest.raises(LLMClientError) as caught:
        case.dialect.decode((case.folder / "response.json").read_bytes())
    check(caught.value, case)


def check_broken(case: Case, *pieces: bytes) -> None:
    folded = Folded(case.dialect.decoder(MAX_EVENT))
    with pytest.raises(LLMClientError) as caught:
        folded.run(*pieces)
    check(caught.value, case)
    assert folded.response() == case.expected(stream=True)


def check(error: LLMClientError, case: Case) -> None:
    said = {"exception": type(error).__name__, "reason": error.reason_name}
    if "provider_code" in error.metadata:
        said["provider_code"] = error.metadata["provider_code"]
    assert said == case.info["error"]


def test_every_case_names_what_it_was_written_from() -> None:
    found = cases()
    assert found
    for case in found:
        assert case.info["sources"], case.folder
