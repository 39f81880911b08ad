"""Requests of very many empty fields: two bytes each on the wire, a hundred in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2

from llmrpc import v1 as pb
from llmrpc_server.interceptors.fields import MOST_FIELDS, has_too_many_fields
from tests.gateway.conftest import ask
from tests.hostile.conftest import Attack
from tests.hostile.victim import MB, Victim
from tests.upstream import Exchange, Upstream, chat_answer

SIZE = 24 * MB
KIND = pb.GenerateRequest.DESCRIPTOR
EMPTY_MESSAGE = b"\x0a\x00"
"""The first field of `GenerateRequest`, and of `BatchItem`'s request."""


def _peak(running: Victim) -> float:
    """The most memory that the process ever had in RAM, in MB: proc_pid_status(5)."""
    status = Path(f"/proc/{running.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _within(number: int, data: bytes) -> bytes:
    """The data as a field of a message."""
    size, rest = b"", len(data)
    while rest > 0x7F:
        size, rest = size + bytes((rest & 0x7F | 0x80,)), rest >> 7
    return bytes((number << 3 | 2,)) + size + bytes((rest,)) + data


async def test_they_take_no_more_memory_than_a_text(victim: Attack, upstream: Upstream) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.answer(200, chat_answer("x"))

    upstream.script(answer)
    running = await victim()
    for _ in range(3):
        await running.stub().Generate(ask("a" * SIZE, model="openai/gpt-4o-mini"))
    good = _peak(running)
    channel: Any = running.channel()
    empty = EMPTY_MESSAGE * (SIZE // 2)
    service = "/llmrpc.v1.LLMService"
    calls: dict[str, Any] = {
        "Generate": channel.unary_unary(f"{service}/Generate")(empty),
        "StreamText": channel.unary_stream(f"{service}/StreamText")(empty).read(),
        "CountTokens": channel.unary_unary(f"{service}/CountTokens")(_within(1, empty)),
    }
    for name, call in calls.items():
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await call
        assert failure.value.code() is grpc.StatusCode.INVALID_ARGUMENT, name
        assert str(MOST_FIELDS) in str(failure.value.details()), name
        assert _peak(running) <= good + 100, name
    batch = channel.stream_stream(f"{service}/BatchGenerate")(iter([_within(2, empty)]))
    result = pb.BatchResult.FromString(await batch.read())
    assert str(MOST_FIELDS) in result.status.message
    assert _peak(running) <= good + 100


def test_what_counts() -> None:
    many = pb.GenerateRequest(messages=[pb.LLMMessage()] * MOST_FIELDS)
    assert not has_too_many_fields(many.SerializeToString(), KIND)
    many.messages.add()
    assert has_too_many_fields(many.SerializeToString(), KIND)
    deep = struct_pb2.Value(
        list_value=struct_pb2.ListValue(values=[struct_pb2.Value()] * (MOST_FIELDS + 1))
    )
    held = pb.GenerateRequest(provider_options={"openai.x": deep})
    assert has_too_many_fields(held.SerializeToString(), KIND)
    packed = pb.GenerateRequest(output_modalities=[pb.MODALITY_TEXT] * (3 * MOST_FIELDS))
    assert has_too_many_fields(packed.SerializeToString(), KIND)
    text = pb.GenerateRequest(messages=[pb.LLMMessage(content="\x0a\x00" * (2 * MOST_FIELDS))])
    assert not has_too_many_fields(text.SerializeToString(), KIND)


@pytest.mark.parametrize("piece", [b"\xff", b"\x0a\xff", b"\x00", b"\x0b", b"\x7f", b"\x0a"])
def test_malformed_data_ends_the_count(piece: bytes) -> None:
    has_too_many_fields(piece * (8 * MOST_FIELDS), KIND)
