"""Logging never harms what is logged."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest

from llmrpc_server.logs import GROUP, LogSettings, start_logging
from llmrpc_server.redaction import Redactor


class Full(io.StringIO):
    """A disk without room."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    stream: io.StringIO = request.param()
    monkeypatch.setattr(sys, "stderr", stream)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    start_logging(LogSettings(format="json"), Redactor([]))
    yield stream
    root.handlers = before
    root.setLevel(level)


@pytest.mark.parametrize("sink", [Full], indirect=True)
def test_a_line_that_cannot_be_written_is_lost_and_nothing_else(sink: io.StringIO) -> None:
    logger = logging.getLogger("test")
    for _ in range(2 * GROUP):
        logger.info("call")
    logger.warning("still here")


@pytest.mark.parametrize("sink", [io.StringIO], indirect=True)
def test_an_exception_that_caused_itself_is_told_once(sink: io.StringIO) -> None:
    error = ValueError("a prompt")
    error.__cause__ = error
    try:
        raise error
    except ValueError:
        logging.getLogger("test").exception("odd")
    assert sink.getvalue().count("builtins.ValueError") == 1
    assert "a prompt" not in sink.getvalue()
