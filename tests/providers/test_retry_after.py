"""The wait that a provider asks for."""

from __future__ import annotations

import pytest

from llmrpc_server.providers.retry_after import retry_after

NOW = "Mon, 23 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after-ms": "250", "retry-after": "20"}, 0.25),
        ({"retry-after-ms": "?", "retry-after": "20"}, 20.0),
        ({"retry-after": "Mon, 23 Nov 2026 10:00:30 GMT", "date": NOW}, 30.0),
        ({"retry-after": "Mon, 23 Nov 2026 09:59:00 GMT", "date": NOW}, 0.0),
        ({"retry-after": "Mon, 23 Nov 2026 10:00:30 GMT"}, None),
        ({"retry-after": "Mon, 23 Nov 2026 10:00:30 -0000", "date": NOW}, None),
    ],
)
def test_the_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds
