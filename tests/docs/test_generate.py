"""The tables that repeat the code are what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import generate
from docs.advice import ADVICE
from docs.generate import FOLDER, TABLES, main, renewed
from docs.reasons_table import comments
from docs.settings_table import settings_of
from docs.table import table
from llmrpc import v1 as pb
from llmrpc_server.config import Config
from llmrpc_server.rpc.status import CODES


@pytest.mark.parametrize("name", TABLES)
def test_a_page_is_up_to_date(name: str) -> None:
    text = (FOLDER / name).read_text()
    assert renewed(text, TABLES[name]) == text, "make docs, and commit what it writes"


@pytest.fixture
def stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose errors.md lacks a row."""
    for name in TABLES:
        text = renewed((FOLDER / name).read_text(), TABLES[name])
        (tmp_path / name).write_text(text.replace("| [`CIRCUIT_OPEN`]", "| [`FUSE_OPEN`]"))
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    return tmp_path


def test_a_check_names_the_page_and_leaves_it(
    stale: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (stale / "errors.md").read_text()
    assert main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "docs/errors.md" in said
    assert "docs/providers.md" not in said
    assert (stale / "errors.md").read_text() == before


def test_without_a_check_it_is_written(stale: Path) -> None:
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert (stale / "errors.md").read_text() == (FOLDER / "errors.md").read_text()


@pytest.mark.parametrize("text", ["", 2 * "<!-- make docs: one -->\n<!-- end -->\n"])
def test_a_table_needs_one_place(text: str) -> None:
    with pytest.raises(ValueError, match="one"):
        renewed(text, {"one": lambda: "a table"})


def test_what_is_written_by_hand_stays() -> None:
    text = "before\n<!-- make docs: one -->\nold\n<!-- end -->\nbehind\n"
    new = "before\n<!-- make docs: one -->\n\n| \\1 |\n\n<!-- end -->\nbehind\n"
    assert renewed(text, {"one": lambda: "| \\1 |"}) == new


def test_a_cell_is_one_line_and_masks_bars() -> None:
    assert table(["a"], [["x |\n y"]]).splitlines()[-1] == "| x \\| y |"


def test_every_reason_has_its_advice_and_a_comment_with_its_code() -> None:
    said = comments()
    names = {pb.ErrorReason.Name(value) for value in CODES}
    assert {f"ERROR_REASON_{name}" for name in ADVICE} == names
    assert set(said) == names | {"ERROR_REASON_UNSPECIFIED"}
    for value, code in CODES.items():
        assert said[pb.ErrorReason.Name(value)].status.split(" ")[0].strip(",") == code.name


def test_settings_have_the_defaults_of_the_code() -> None:
    defaults = {each.name: each.default for each in settings_of(Config)}
    assert defaults["timeout"] == Config().timeout
    assert defaults["listen"] == Config().listen
