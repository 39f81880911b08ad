"""Bodies that are whole, on connections that then stay open: they end with some silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmrpc_server.providers import event_stream
from llmrpc_server.providers.kept_json import is_closed
from llmrpc_server.providers.openai.stream import ChatStreamDecoder
from llmrpc_server.providers.whole_body import AnswerEnd, JsonEnd
from tests.gateway.conftest import KEY, Start, ask
from tests.gateway.failures import failure_of
from tests.upstream import DONE, Exchange, Handler, Upstream, chat_event, chat_finish

GOLDEN = Path(__file__).parents[1] / "golden"
MODELS = {
    "openai": "openai/gpt-4o-mini",
    "openai_responses": "openai/gpt-6-luna",
    "anthropic": "anthropic/claude-sonnet-4-6",
    "google": "google/gemini-3.8-flash",
}
ERROR = json.dumps({"error": {"message": "no", "type": "t", "code": "insufficient_quota"}}).encode()
STREAM = "".join([chat_event(content="Hello"), chat_finish(), DONE]).encode()


def left_open(data: bytes, status: int = 200, length: int | None = None) -> Handler:
    """The bytes in pieces, and no end: of chunks, or of more bytes that are announced."""

    async def handle(exchange: Exchange) -> None:
        framing = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
        head = f"HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n{framing}\r\n\r\n"
        await exchange.send(head.encode())
        for piece in filter(None, (data[:1], data[1:40], data[40:])):
            if length is None:
                await exchange.chunk(piece)
            else:
                await exchange.send(piece)
        await exchange.closed.wait()

    return handle


def golden(dialect: str) -> bytes:
    return (GOLDEN / dialect / "text" / "response.json").read_bytes()


@pytest.mark.parametrize("grace", [0.0, 0.05])
@pytest.mark.parametrize("dialect", MODELS)
async def test_a_whole_answer_needs_no_end(
    start: Start, upstream: Upstream, dialect: str, grace: float
) -> None:
    provider = MODELS[dialect].partition("/")[0]
    more = {f"providers__{provider}__{name}": value for name, value in _keys(upstream).items()}
    gateway = await start(timeout=600, http__end_grace=grace, **more)
    upstream.script(left_open(golden(dialect)), left_open(golden(dialect), length=1 << 20))
    for _ in range(2):
        answer = await gateway.stub.Generate(ask(model=MODELS[dialect]), timeout=20)
        assert answer.content
        assert not answer.usage.estimated
    assert len(upstream.exchanges) == 2


def _keys(upstream: Upstream) -> dict[str, object]:
    return {"base_url": upstream.url, "api_keys": [KEY]}


async def test_nor_does_a_stream_that_nobody_asked_for(start: Start, upstream: Upstream) -> None:
    gateway = await start(timeout=600, http__end_grace=0.01)
    upstream.script(left_open(STREAM))
    assert (await gateway.stub.Generate(ask(), timeout=20)).content == "Hello"


@pytest.mark.parametrize("method", ["Generate", "StreamText"])
async def test_nor_does_an_error(start: Start, upstream: Upstream, method: str) -> None:
    gateway = await start(timeout=600, http__end_grace=0.01)
    upstream.script(left_open(ERROR, 429))
    failure = await failure_of(getattr(gateway.stub, method)(ask(), timeout=20))
    assert failure.reason == "PROVIDER_QUOTA_EXHAUSTED"


async def test_what_is_not_whole_is_waited_for(start: Start, upstream: Upstream) -> None:
    gateway = await start(timeout=0.2, http__end_grace=0.01, retry__attempts=1)
    for data in (golden("openai").rstrip()[:-1], b"Hello", STREAM[:100]):
        upstream.script(left_open(data))
        failure = await failure_of(gateway.stub.Generate(ask()))
        assert failure.code.name == "DEADLINE_EXCEEDED"


TEXTS = [
    '{"a": "\\"}{[\\\\", "é": [{}, "\\u007d"]}',
    "[[], {}]",
    ' {"a": 1}\n',
    '"a"',
    "17",
    "data",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_end_of_json_is_found_wherever_it_is_cut(text: str) -> None:
    data = text.encode()
    for first in range(1, len(data)):
        end = JsonEnd()
        chunks = [data[:first], b"", data[first:-1], data[-1:]]
        for many, chunk in enumerate(chunks, 1):
            assert not end.take(chunk), "that more comes is no news of the end"
            assert end.is_whole(broken=False) == is_closed(b"".join(chunks[:many]))


def test_each_chunk_is_read_once() -> None:
    class Counted(bytes):
        """Counts how often a chunk is read."""

        reads = 0

        def decode(self, *args: str) -> str:
            Counted.reads += 1
            return super().decode(*args)

    end = JsonEnd()
    end.take(Counted(b'{"a": ['))
    for _ in range(500):
        end.take(Counted(b"[],"))
        assert not end.is_whole(broken=False)
    end.take(Counted(b"0]}"))
    assert end.is_whole(broken=False)
    assert Counted.reads == 502


def test_a_body_in_place_of_a_stream_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []

    def counted(body: bytes) -> bool:
        read.append(body)
        return is_closed(body)

    monkeypatch.setattr(event_stream, "is_closed", counted)
    decoder = ChatStreamDecoder("openai", 1 << 20, details=False, asks_usage=True)
    for piece in (b'{"choices": [{}', *[b",{}"] * 500, b"]}"):
        decoder.feed(piece)
        assert decoder.may_be_closed, "so its next bytes are waited for"
    assert not read
    assert decoder.is_closed()
    assert len(read) == 1


def test_lines_of_json_go_on_after_silence() -> None:
    end = JsonEnd()
    for line in (b'{"a": 1}\n', b'{"b": 2}\n'):
        end.take(line)
    assert not end.is_whole(broken=False)


def test_a_stream_is_one_however_small_its_first_chunks_are() -> None:
    made = []

    def make() -> object:
        made.append(1)
        raise AssertionError

    end = AnswerEnd(make)  # type: ignore[arg-type]
    for piece in (b"\xef", b"\xbb\xbf", b"d", b"at"):
        assert not end.take(piece)
        assert not end.is_whole(broken=False)
    with pytest.raises(AssertionError):
        end.take(b"a: {}")


@pytest.mark.parametrize("text", ["{}", "[]", '{"data": 1}'])
def test_a_short_body_of_json_is_no_stream(text: str) -> None:
    end = AnswerEnd(lambda: pytest.fail("it was taken for a stream"))
    for byte in text.encode():
        end.take(bytes([byte]))
    assert end.is_whole(broken=False)
