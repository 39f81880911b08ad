"""The client's README, word for word: the programs that need a provider's own features."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import StartGateway
from tests.docs.pages import blocks, page, section
from tests.journeys import played
from tests.journeys.played import Play, play_out

README = page("clients/python/README.md")
PLAYS = [
    Play(
        "Web search and sources",
        ["anthropic/web-search"],
        r"On average, the Moon is 384,400 km — ≈ 30 Earths — away\.\n"
        r"the Moon is .* away: Moon 1 https://example\.com/moon/1\n"
        r"the Moon is .* away: Moon 2 https://example\.com/moon/2\n1 searches",
        played.one_request_with(type="web_search_20260318", name="web_search", max_uses=3),
    ),
    Play(
        "Images in a response",
        ["google/images"],
        r"Archie peeked out\.\nimage/jpeg 6 bytes",
        played.google_is_asked_for_an_image,
        writes={"umbrella.jpeg": b"\xff\xd8\xff\xe0\x00\x10"},
    ),
    Play(
        "Approvals",
        ["openai_responses/mcp-approval", "openai_responses/mcp-call"],
        r'approving \{.*"mcpr_1".*\}\nHere: https://z\.example/1',
        played.approval(True),
    ),
]


@pytest.mark.parametrize("play", PLAYS, ids=str)
async def test_a_program(play: Play, gateway: StartGateway, tmp_path: Path) -> None:
    (text,) = blocks(section(README, play.program), "python")
    assert f'"{play.model}"' in text
    await play_out(play, text, gateway, tmp_path)
