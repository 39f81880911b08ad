"""Logging never harms what is logged."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmrpc_server.logs import GROUP, LogSettings, start_logging
from llmrpc_server.redaction import Redactor


class Full(io.StringIO):
    """A disk without room."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.fixture
def _own_logging() -> Iterator[None]:
    """Puts back what `start_logging` replaces."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers = before
    root.setLevel(level)


@pytest.fixture
def sink(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, _own_logging: None
) -> io.StringIO:
    stream: io.StringIO = request.param()
    monkeypatch.setattr(sys, "stderr", stream)
    start_logging(LogSettings(format="json"), Redactor([]))
    return stream


@pytest.mark.usefixtures("_own_logging")
async def test_lines_do_not_follow_the_number_of_a_file_that_was_closed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A socket may have it next."""
    with (tmp_path / "log").open("w") as stream, (tmp_path / "other").open("wb") as other:
        monkeypatch.setattr(sys, "stderr", stream)
        start_logging(LogSettings(format="json"), Redactor([]))
        number = stream.fileno()
        logging.getLogger("test").info("call")
        os.dup2(other.fileno(), number)
        logging.getLogger().handlers[0].flush()
    assert (tmp_path / "other").read_bytes() == b""
    assert "call" in (tmp_path / "log").read_text()


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
