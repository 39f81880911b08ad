"""The clock of the policies' tests, and the spans that they make."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from llmrpc import call
from tests.policies.fakes import Clock
from tests.policies.spans import Traces


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What the deadlines of calls are measured by too."""
    clock = Clock()
    monkeypatch.setattr(call, "time", SimpleNamespace(monotonic=clock))
    return clock


@pytest.fixture
def traces(caplog: pytest.LogCaptureFixture) -> Iterator[Traces]:
    """The SDK warns of a span that is ended, or written to, after its end."""
    yield Traces()
    assert [record.getMessage() for record in caplog.get_records("call")] == []
