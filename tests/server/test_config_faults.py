"""Every fault of a configuration is told at once, with its path and what it must be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.test_config import problems


def test_every_fault_at_once_each_with_its_path(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
listne: {}
listen: {adress: "127.0.0.1:1", grace: soon, max_calls: -1}
timeout: 0
temperature: hot
log: {level: loud}
auth: [{name: a}, {sha256: abc}]
providers:
  openai: {api_key: x}
  mine: {}
  theirs: {dialect: klingon, base_url: "ftp://x"}
prices: {}
""",
    )
    starts = {
        "listne: is unknown; did you mean listen?",
        "listen.adress: is unknown; did you mean address?",
        "listen.grace: must be a number, got 'soon'",
        "listen.max_calls: must be at least 0, got -1",
        "timeout: must be greater than 0, got 0",
        "temperature: must be a number, got 'hot'",
        "log.level: must be debug or info or",
        "auth[0]: give sha256 or key",
        "auth[1].name: is missing",
        "providers.openai.api_key: is unknown; did you mean api_keys?",
        "prices: is no list",
    }
    for start in starts:
        assert any(problem.startswith(start) for problem in found), (start, found)
    assert len(found) == len(starts), found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("temperature: 3", "temperature: must be between 0 and 2, got 3"),
        ("temperature: -0.5", "temperature: must be between 0 and 2, got -0.5"),
        ("timeout: .inf", "timeout: must be a finite number, got infinity"),
        ("timeout: -1", "timeout: must be greater than 0, got -1"),
        ("max_tokens: 0", "max_tokens: must be at least 1, got 0"),
        ("max_tokens: 1.5", "max_tokens: must be a whole number, got 1.5"),
        ("listen: {grace: [1]}", "listen.grace: must be a number, got [1]"),
        ("auth: [{name: '', key: k}]", "auth[0].name: must not be empty, got ''"),
    ],
)
def test_a_setting_that_does_not_fit_is_told_with_what_it_must_be(
    tmp_path: Path, text: str, problem: str
) -> None:
    assert problems(tmp_path, text) == [problem]
