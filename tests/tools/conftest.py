"""Pings whose time passes while other tests run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tools.pings import Pings

PLACES = {"test_pings_begin": -1, "test_pings_are_borne": 1, "test_pings_are_judged": 2}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They begin before all other tests, and are looked at after them."""
    items.sort(key=lambda item: PLACES.get(item.name, 0))


@pytest.fixture(scope="session")
def pings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pings]:
    """A gateway as it stands, and what clients in Go saw of it."""
    with Pings(tmp_path_factory.mktemp("pings"), {}) as running:
        yield running


@pytest.fixture(scope="session")
def forbidden_pings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pings]:
    """The same at a gateway that allows a ping in five minutes: gRPC's own default."""
    with Pings(tmp_path_factory.mktemp("few"), {"min_ping_interval": 300}) as running:
        yield running
