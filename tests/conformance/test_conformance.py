"""Every language sees the same service: `make conformance` as tests."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance import scenario, vectors
from tests.conformance.languages import build, languages
from tests.conformance.suite import Report
from tests.conformance.table import explained
from tests.conformance.together import run_languages
from tests.making import BUILDS
from tests.toolchains import PROGRAMS, needs

pytestmark = [
    BUILDS,
    pytest.mark.xdist_group("conformance"),  # they share what runs them all
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
    reports = run_languages(build(names), SCENARIOS, vectors.load())
    return {report.language: report for report in reports}


@pytest.mark.parametrize("language", languages())
def test_every_scenario_and_vector(language: str, reports: Mapping[str, Report]) -> None:
    if language in PROGRAMS:
        needs(PROGRAMS[language], f"the conformance of the {language.capitalize()} client")
    report = reports[language]
    assert report.good, "\n".join(explained(SCENARIOS, [report]))
