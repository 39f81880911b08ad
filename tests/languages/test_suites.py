"""Each client's own tests, by the tools of its language."""

from __future__ import annotations

import pytest

from tests.conformance.languages import languages
from tests.making import BUILDS, alone, make
from tests.toolchains import PROGRAMS, needs


@BUILDS
@pytest.mark.parametrize("language", [name for name in languages() if name != "python"])
def test_the_suite_of_the_client(language: str) -> None:
    if language in PROGRAMS:
        needs(PROGRAMS[language], f"the {language.capitalize()} client")
    with alone():
        built = make(f"build-{language}")
    assert built.returncode == 0, f"\n{built.stdout}"
    done = make(f"test-{language}")
    assert done.returncode == 0, f"\n{done.stdout}"
