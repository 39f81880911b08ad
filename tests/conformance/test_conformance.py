"""Every language sees the same service: `make conformance` as tests."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance import scenario, vectors
from tests.conformance.languages import languages
from tests.conformance.suite import Report, run
from tests.conformance.table import explained
from tests.making import BUILDS
from tests.toolchains import PROGRAMS, needs

pytestmark = [
    # aiohttp's advice for bodies above 1 MiB
    pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning"),
    BUILDS,
]
SCENARIOS = scenario.load()


@pytest.fixture(scope="module")
def reports(request: pytest.FixtureRequest) -> Mapping[str, Report]:
    """Of every language that is asked for: all are built, and run, at the same time."""
    tests = (item for item in request.session.items if isinstance(item, pytest.Function))
    names = [
        str(test.callspec.params["language"])
        for test in tests
        if test.function is test_every_scenario_and_vector
    ]
    return {report.language: report for report in run(names, SCENARIOS, vectors.load())}


@pytest.mark.parametrize("language", languages())
def test_every_scenario_and_vector(language: str, reports: Mapping[str, Report]) -> None:
    if language in PROGRAMS:
        needs(PROGRAMS[language], f"the conformance of the {language.capitalize()} client")
    report = reports[language]
    assert report.good, "\n".join(explained(SCENARIOS, [report]))
