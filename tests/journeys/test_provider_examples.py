"""The programs of `examples/` that need a provider's own features, against its golden answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import StartGateway
from tests.journeys import played
from tests.journeys.played import Bodies, Play, golden, play_out
from tests.journeys.programs import example

CALLS = "openai_responses/reasoning-and-calls"


def two_of_three_tools_are_allowed(bodies: Bodies) -> None:
    first, second = bodies
    names = ["weather", "river", "warn"]
    allowed = [{"type": "function", "name": name} for name in names[:2]]
    for body in bodies:
        assert [tool["name"] for tool in body["tools"]] == names
        assert body["tool_choice"] == {"type": "allowed_tools", "mode": "auto", "tools": allowed}
    *turns, oslo, koeln = second["input"]
    assert turns == [*first["input"], *golden(CALLS).json("response.json")["output"]]
    assert (oslo["call_id"], oslo["output"]) == ("call_oslo", "rain in Oslo for 1 days")
    assert (koeln["call_id"], koeln["output"]) == ("call_koeln", "rain in Köln for 2 days")


def openrouter_is_asked_for_an_image(bodies: Bodies) -> None:
    (request,) = bodies
    assert request["modalities"] == ["text", "image"]


PLAYS = [
    Play(
        "web_search",
        ["openai_responses/web-search"],
        r"🌲 Methuselah is the oldest \(\[trees.*old\)\)\[1\]\. It grows .*pine\)\)\[2\]\.\n"
        r"\[1\] Old trees https://trees\.example/old\n"
        r"\[2\] The pine https://park\.example/pine\n\(web_search_calls: 1\)",
        played.one_request_with(type="web_search"),
    ),
    Play(
        "web_search",
        ["anthropic/web-search"],
        r"On average, the Moon is 384,400 km — ≈ 30 Earths — away\[1\]\[2\]\.\n"
        r"\[1\] Moon 1 https://example\.com/moon/1\n\[2\] Moon 2 https://example\.com/moon/2\n"
        r"\(web_search_requests: 1\)",
        played.one_request_with(type="web_search_20260318", name="web_search"),
    ),
    Play(
        "web_search",
        ["google/google-search"],
        r"Spanien .* gegen England\.\[1\]\[2\] Das Finale .* schön\.\[2\]\[3\]\n"
        r"\[1\] uefa\.com https://\S+/A\n\[2\] aljazeera\.com https://\S+/B\n"
        r"\[3\] https://\S+Berlin\n\(web_search_prompts: 1\)",
        played.one_request_with(google_search={}),
    ),
    Play(
        "web_search",
        ["openai_responses/xai-web-search"],
        r"A company\.\[1\]\[2\]\n\[1\] .*https://x\.example/about\n\[2\] https://y\.example/\n"
        r"\(web_search_calls: 1\)",
        played.one_request_with(type="web_search"),
    ),
    Play(
        "image_answer",
        ["google/images"],
        r"Archie peeked out\.\nanswer-1\.jpeg: 6 bytes",
        played.google_is_asked_for_an_image,
        writes={"answer-1.jpeg": b"\xff\xd8\xff\xe0\x00\x10"},
    ),
    Play(
        "image_answer",
        ["openai_responses/image-generation"],
        r"answer-1\.webp: 12 bytes",
        played.one_request_with(type="image_generation"),
        writes={"answer-1.webp": b"RIFF\0\0\0\0WEBP"},
    ),
    Play(
        "image_answer",
        ["openai/openrouter-images"],
        r"Here\.\nanswer-1\.png: 8 bytes\nThe provider has the image at https://example\.com/b\.png",
        openrouter_is_asked_for_an_image,
        writes={"answer-1.png": b"\x89PNG\r\n\x1a\n"},
    ),
    Play(
        "allowed_tools",
        [CALLS, "openai_responses/text"],
        r'weather\(\{"city":"Oslo"\}\) -> rain in Oslo for 1 days\n'
        r'weather\(\{"city":"Köln","days":2\}\) -> rain in Köln for 2 days\n'
        r"Grüße 🌍\naus Köln\.",
        two_of_three_tools_are_allowed,
    ),
    Play(
        "approval",
        ["openai_responses/mcp-approval", "openai_responses/mcp-call"],
        r'The model wants to call shorten\(\{"url":"https://a\.example/"\}\) of zip\n'
        r"Allow it \(y/n\)\? Here: https://z\.example/1",
        played.approval(True),
        arguments=("https://zip.example/mcp", "Shorten a.example."),
        given="y\n",
    ),
    Play(
        "approval",
        ["openai_responses/mcp-approval", "openai_responses/text"],
        r"The model wants to call .*\nAllow it \(y/n\)\? Grüße 🌍\naus Köln\.",
        played.approval(False),
        arguments=("https://zip.example/mcp", "Shorten a.example."),
        given="n\n",
    ),
]


@pytest.mark.parametrize("play", PLAYS, ids=str)
async def test_an_example(play: Play, gateway: StartGateway, tmp_path: Path) -> None:
    asked = replace(play, arguments=(play.model, *play.arguments))
    await play_out(asked, example(play.program).read_text(), gateway, tmp_path)
