"""A client in Go that pings every ten seconds is not sent away."""

from __future__ import annotations

import pytest

from tests.tools.pings import Pings

pytestmark = pytest.mark.xdist_group("keepalive")
"""In one worker: the three look at the same clients."""


def test_pings_begin(pings: Pings, forbidden_pings: Pings) -> None:
    """Stands first: the fixtures start what the tests behind look at."""
    assert pings.running
    assert forbidden_pings.running


@pytest.mark.timeout(180)  # alone it waits until the clients are done
def test_pings_are_borne(pings: Pings) -> None:
    for use, seen in pings.report().items():
        assert (seen["goaways"], seen["errors"], seen["connections"]) == ([], [], 1), use
        assert seen["pongs"] >= 4, f"{use}: too few pings to tell"
        assert seen["calls"] >= {"idle": 0, "waiting": 1, "busy": 45}[use]


@pytest.mark.timeout(180)
def test_pings_are_judged(forbidden_pings: Pings) -> None:
    """What the test before would see of a gateway with gRPC's defaults."""
    report = forbidden_pings.report()
    for use in ("idle", "waiting"):
        assert report[use]["goaways"] == ["ENHANCE_YOUR_CALM too_many_pings"]
