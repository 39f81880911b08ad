"""A machine without a toolchain is told what was left out; CI leaves nothing out."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.conformance.languages import RUNNERS, languages
from tests.making import BUILDS, make
from tests.running import ROOT
from tests.toolchains import GO_VERSION, NEEDED, PROGRAMS, needs

WITHOUT = {"go", "gofmt", "mvn", "java", "javac", "node", "npm"}
RULES = [
    *("check-go", "generate-go", "build-go", "test-go", "conformance-runner-go", "check-deploy"),
    *("check-java", "build-java", "test-java", "conformance-runner-java"),
]
"""All that need a toolchain; `make check`, `make test` and `make conformance` run them."""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with all but the toolchains."""
    folder = tmp_path_factory.mktemp("bare")
    for place in os.environ["PATH"].split(os.pathsep):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            link = folder / program.name
            if program.name not in WITHOUT and not link.is_symlink():
                link.symlink_to(program)
    return str(folder)


def without(path: str, nothing_out: str = "") -> dict[str, str]:
    return {"PATH": path, "LEAVE_NOTHING_OUT": nothing_out}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_without_its_toolchain(bare: str, rule: str) -> None:
    needed = NEEDED["mvn" if rule.endswith("java") else "go"]
    done = make(rule, environment=without(bare))
    assert done.returncode == 0
    assert re.fullmatch(rf"left out: [^()]+ \(no `\w+` here; install {needed}\)\n", done.stdout)
    done = make(rule, environment=without(bare, "1"))
    assert done.returncode != 0
    assert f"install {needed})" in done.stdout


@BUILDS
def test_conformance_without_toolchains(bare: str) -> None:
    words = "--language go --language java --scenario answer-zero"
    done = make("conformance", f"ARGS={words}", environment=without(bare))
    assert done.returncode == 0
    for language, program in PROGRAMS.items():
        why = f"no `{program}` here; install {NEEDED[program]}"
        assert f"left out: {language} ({why})" in done.stdout
    done = make("conformance", f"ARGS={words}", environment=without(bare, "1"))
    assert done.returncode != 0
    assert "✗" in done.stdout


def test_make_test_asks_for_no_tool_in_go_then(bare: str) -> None:
    assert "go install" not in make("-n", "test", environment=without(bare)).stdout


def test_a_test_that_needs_a_toolchain(bare: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", bare)
    monkeypatch.setenv("LEAVE_NOTHING_OUT", "1")
    with pytest.raises(pytest.fail.Exception, match="the Go client may not be left out"):
        needs("go", "the Go client")
    monkeypatch.delenv("LEAVE_NOTHING_OUT")
    with pytest.raises(pytest.skip.Exception) as skipped:
        needs("go", "the Go client")
    why = f"no `go` here; install {NEEDED['go']}"
    assert str(skipped.value) == f"left out: the Go client ({why})"


def test_every_client_has_a_runner_that_is_run() -> None:
    clients = {path.name for path in (ROOT / "clients").iterdir() if path.is_dir()}
    assert clients == set(languages()) == {path.name for path in RUNNERS.iterdir()}
    rules = "".join(path.read_text() for path in ROOT.glob("*/*/rules.mk"))
    for language in clients:
        assert f"\nconformance-runner-{language}:" in rules
        if language != "python":  # whose checks and tests are those of the whole
            assert f"check-{language}" in (ROOT / "Makefile").read_text()
            assert f"\nbuild-{language}:" in rules
            assert f"\ntest-{language}:" in rules


def test_go_is_named_by_one_version() -> None:
    modules = [path for path in ROOT.glob("*/**/go.mod") if "node_modules" not in path.parts]
    assert len(modules) >= 3
    for path in modules:
        assert f"\ngo {GO_VERSION}." in path.read_text(), path
    for page in ("clients/go/README.md", "docs/connect.md"):
        assert f"Go {GO_VERSION}" in (ROOT / page).read_text(), page
