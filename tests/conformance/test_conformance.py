"""Every language sees the same service: `make conformance` as tests."""

from __future__ import annotations

import logging

import pytest

from tests.conformance import scenario, vectors
from tests.conformance.languages import NotBuilt, build, languages
from tests.conformance.suite import run_language
from tests.conformance.table import explained
from tests.toolchains import PROGRAMS, needs


# aiohttp's advice for bodies above 1 MiB
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.timeout(900)  # a cold cache fetches and compiles first
@pytest.mark.parametrize("language", languages())
async def test_every_scenario_and_vector(language: str, caplog: pytest.LogCaptureFixture) -> None:
    if language in PROGRAMS:
        needs(PROGRAMS[language], f"the conformance of the {language.capitalize()} client")
    caplog.set_level(logging.CRITICAL)
    try:
        program = await build(language)
    except NotBuilt as error:
        pytest.fail(str(error), pytrace=False)
    scenarios = scenario.load()
    report = await run_language(language, [str(program)], scenarios, vectors.load())
    assert report.good, "\n".join(explained(scenarios, [report]))
