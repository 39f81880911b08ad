"""Files, a schema and tools beside a prompt: what is sent, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmrpc import v1 as pb
from llmrpc.cli.attachments import attachment
from llmrpc.cli.output import Misuse
from tests.client.command import run
from tests.client.gateway import Gateway, stream
from tests.client.terminal import Done, terminal

PNG = b"\x89PNG\r\n\x1a\n\0\0"
SAMPLES = [
    ("a.png", PNG, "image", "image/png"),
    ("b.txt", PNG, "image", "image/png"),  # the bytes know better than the name
    ("c.jpg", b"\xff\xd8\xff\xe0", "image", "image/jpeg"),
    ("d", b"GIF89a\xff", "image", "image/gif"),
    ("e", b"RIFF\0\0\0\xffWEBP", "image", "image/webp"),
    ("f.wav", b"RIFF\0\0\0\xffWAVE", "audio", "audio/wav"),
    ("g.mp3", b"ID3\x04\xff", "audio", "audio/mpeg"),
    ("h", b"OggS\0\xff", "audio", "audio/ogg"),
    ("i", b"%PDF-1.7\xff", "document", "application/pdf"),
    ("j.md", b"# Gr\xc3\xbc\xc3\x9fe", "document", "text/markdown"),
    ("k.py", b"BMW = 1", "document", "text/x-python"),
    ("l", b"plain", "document", "text/plain"),
    ("m.json", b"{}", "document", "application/json"),
    ("n.png", b"no picture", "document", "text/plain"),
]


@pytest.mark.parametrize(("name", "data", "kind", "media_type"), SAMPLES)
def test_the_type_of_a_file(
    tmp_path: Path, name: str, data: bytes, kind: str, media_type: str
) -> None:
    (tmp_path / name).write_bytes(data)
    part = attachment(str(tmp_path / name))
    assert part.WhichOneof("kind") == kind
    found = getattr(part, kind)
    assert (found.media_type, found.data) == (media_type, data)
    if kind == "document":
        assert found.filename == name


@pytest.mark.parametrize(
    ("uri", "kind", "media_type"),
    [
        ("https://example.com/a.PNG?size=9", "image", "image/png"),
        ("https://example.com/a.mp3", "audio", "audio/mpeg"),
        ("https://example.com/a.pdf", "document", "application/pdf"),
        ("gs://bucket/a", "document", ""),
        ("data:image/webp;base64,AAAA", "image", "image/webp"),
    ],
)
def test_a_url_goes_as_it_is(uri: str, kind: str, media_type: str) -> None:
    part = attachment(uri)
    assert part.WhichOneof("kind") == kind
    assert getattr(part, kind).uri == uri
    assert getattr(part, kind).media_type == media_type
    assert attachment(uri, "image").image.uri == uri


def test_what_cannot_go_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "odd").write_bytes(b"\0\xff\x01")
    (tmp_path / "odd.bin").write_bytes(b"\0\xff\x01")
    (tmp_path / "latin.txt").write_bytes(b"Gr\xfc\xdfe")
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    for name, words in [
        ("nowhere", "No such file"),
        (".", "Is a directory"),
        ("empty", "is empty"),
        ("odd", "its type is not known"),
        ("odd.bin", "its type is not known"),
        ("latin.txt", "its type is not known"),
        ("huge", "has 67108865 bytes; a request has at most 67108864"),
    ]:
        with pytest.raises(Misuse, match=f"--file .*{words}"):
            attachment(str(tmp_path / name))
    with pytest.raises(Misuse, match="is application/pdf, not an image; give it with --file"):
        attachment(str(tmp_path / "a.pdf"), "image")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "b.md").write_text("# Notes")
    return tmp_path


async def generate(gateway: Gateway, *arguments: str) -> Done:
    gateway.play(stream("Seen"))
    return await run("generate", "-q", "-a", gateway.target, *arguments)


async def test_files_stand_before_the_question(gateway: Gateway, folder: Path) -> None:
    files = ["-f", f"{folder}/b.md", "-i", f"{folder}/a.png", "--image", "https://e.com/c.gif"]
    done = await generate(gateway, "What", "is this?", "-s", "Sys", *files)
    assert (done.code, done.out, done.err) == (0, "Seen\n", "")
    system, user = gateway.requests[0].messages
    assert system.content == "Sys"
    assert [part.WhichOneof("kind") for part in user.parts] == [
        "image",
        "image",
        "document",
        "text",
    ]
    assert user.parts[3].text == "What is this?"


async def test_a_picture_alone_is_a_question(gateway: Gateway, folder: Path) -> None:
    assert (await generate(gateway, "-i", f"{folder}/a.png")).code == 0
    assert len(gateway.requests[0].messages[0].parts) == 1


async def test_a_file_that_cannot_go_ends_it(gateway: Gateway, folder: Path) -> None:
    done = await generate(gateway, "Hello", "-i", f"{folder}/b.md")
    assert (done.code, done.out) == (2, "")
    assert "b.md: is text/markdown, not an image; give it with --file" in done.err
    assert not gateway.requests


async def test_a_chat_takes_files_for_the_next_question(gateway: Gateway, folder: Path) -> None:
    gateway.play(stream("Seen"))
    async with terminal(["chat", "-q", "-a", gateway.target, "-i", f"{folder}/a.png"]) as screen:
        await screen.expect("> ")
        screen.type("/image /nowhere.png\n")
        await screen.expect("--image /nowhere.png: No such file")
        await screen.expect("> ")
        screen.type(f"/file {folder}/b.md\n")
        await screen.expect("2 files go with the next question")
        for _ in "ab":
            await screen.expect("> ")
            screen.type("Hello\n")
            await screen.expect("Seen")
        await screen.expect("> ")
        screen.type("\x04")
        assert await screen.wait() == 0
    first, second = gateway.requests[0].messages[0], gateway.requests[1].messages[2]
    assert [part.WhichOneof("kind") for part in first.parts] == ["image", "document", "text"]
    assert (second.content, len(second.parts)) == ("Hello", 0)


async def test_a_schema_and_tools(gateway: Gateway, folder: Path) -> None:
    schema = {"type": "object", "properties": {"größe": {"type": "number"}}}
    (folder / "s.json").write_text(json.dumps(schema))
    (folder / "t.json").write_text(
        json.dumps([{"name": "now"}, {"name": "f", "parameters": schema, "strict": True}])
    )
    done = await generate(
        gateway, "Hello", "--schema", f"{folder}/s.json", "--tools", f"{folder}/t.json"
    )
    assert done.code == 0
    sent = gateway.requests[0]
    assert json.loads(sent.response_format.json_schema.schema) == schema
    assert [tool.function.name for tool in sent.tools] == ["now", "f"]
    assert json.loads(sent.tools[1].function.parameters) == schema
    assert sent.tools[0] == pb.Tool(function=pb.FunctionTool(name="now"))
    assert sent.tools[1].function.strict


@pytest.mark.parametrize(
    ("option", "held", "words"),
    [
        ("--schema", None, "No such file"),
        ("--schema", b"\xff", "is not text in UTF-8"),
        ("--schema", b'{"a": 1,}', "is no JSON"),
        ("--schema", b'{\n"a": ]', "(line 2, column 6)"),
        ("--schema", b"[" * 100_000, "is nested too deeply"),
        ("--schema", b"[]", "a JSON schema is an object"),
        ("--tools", b"{}", "is an object; give a list of tools"),
        ("--tools", b"[]", "is empty; give a list of tools"),
        ("--tools", b"[7]", "[0]: is a number; a tool is an object"),
        ("--tools", b'[{"name": "a"}, {}]', "[1].name: is missing, or no text"),
        ("--tools", b'[{"name": "a", "type": "function"}]', "unknown key type; known are name,"),
        ("--tools", b'[{"name": "a", "parameters": "{}"}]', "[0].parameters: is text; a JSON"),
        ("--tools", b'[{"name": "a", "description": 1}]', "[0].description: is a number"),
        ("--tools", b'[{"name": "a", "strict": "yes"}]', "[0].strict: is text"),
    ],
)
async def test_a_file_that_defines_nothing(
    gateway: Gateway, tmp_path: Path, option: str, held: bytes | None, words: str
) -> None:
    path = tmp_path / "d.json"
    if held is not None:
        path.write_bytes(held)
    done = await generate(gateway, "Hello", option, str(path))
    assert done.code == 2
    assert done.err.startswith(f"error  {option} {path}")
    assert words in done.err
    assert len(done.err.splitlines()) == 2
