"""docs/versioning.md: buf lets through what may change and stops what may not."""

from __future__ import annotations

import subprocess
from typing import Any

import grpc
import pytest

from docs.descriptors import BUF, PROTOS, workspace
from llmrpc import v1 as pb
from tests.conftest import StartGateway
from tests.docs.pages import page
from tests.server.wire import ask, failure

PAGE = page("docs/versioning.md")
BASELINE = str(PROTOS / "baseline.binpb")
RULES = '{"version": "v2", "breaking": {"use": ["FILE"], "ignore": ["google"]}}'
MODEL = "  string model = 2;\n"
METHOD = "  // ListModels lists the models"
SERVICE = "llm_service.proto"
GROWN = [
    (
        "a new method",
        SERVICE,
        METHOD,
        "  // A.\n  rpc A(BatchItem) returns (BatchResult);\n" + METHOD,
    ),
    ("field", "request.proto", MODEL, MODEL + "  // a is new.\n  string a = 99;\n"),
    ("enum value", "message.proto", "  ROLE_TOOL = 4;\n", "  ROLE_TOOL = 4;\n  ROLE_NEW = 5;\n"),
    (
        "reason",
        "error.proto",
        "ERROR_REASON_INTERNAL = 23;",
        "ERROR_REASON_INTERNAL = 23;\n  ERROR_REASON_A = 24;",
    ),
    (
        "a comment",
        "request.proto",
        "// The request for a response,",
        "// The request for one response,",
    ),
]
BROKEN = [
    ("removed", "request.proto", MODEL, ""),
    ("renamed", "request.proto", MODEL, "  string model_name = 2;\n"),
    ("removed", "message.proto", "  ROLE_TOOL = 4;\n", ""),
    ("method", SERVICE, "  rpc ListModels(ListModelsRequest) returns (ListModelsResponse);\n", ""),
    ("number", "request.proto", MODEL, "  string model = 99;\n"),
    ("type", "request.proto", MODEL, "  bytes model = 2;\n"),
    ("presence", "request.proto", MODEL, "  optional string model = 2;\n"),
    ("into a oneof", "request.proto", MODEL, "  oneof which {\n    string model = 2;\n  }\n"),
    ("option of a language", "request.proto", '"io.llmrpc.v1"', '"io.llmrpc.other"'),
]  # fmt: skip


def breaking(file: str, before: str, after: str) -> int:
    """The status of `buf breaking` for a contract with this change."""
    with workspace() as folder:
        path = folder / "llmrpc/v1" / file
        text = path.read_text()
        assert text.count(before) == 1
        path.write_text(text.replace(before, after))
        subprocess.run([BUF, "build", str(folder)], check=True)  # it is a contract still
        command = [BUF, "breaking", str(folder), "--against", BASELINE, "--config", RULES]
        return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode


@pytest.mark.parametrize(("said", "file", "before", "after"), GROWN)
def test_what_may_change_passes(said: str, file: str, before: str, after: str) -> None:
    assert any(said in line and "| yes |" in line for line in PAGE.splitlines())
    assert breaking(file, before, after) == 0


@pytest.mark.parametrize(("said", "file", "before", "after"), BROKEN)
def test_what_may_not_change_is_stopped(said: str, file: str, before: str, after: str) -> None:
    assert any(said in line and "| no |" in line for line in PAGE.splitlines())
    assert breaking(file, before, after) == 100, "buf's status for a contract that breaks"


def test_nothing_is_deprecated() -> None:
    text = "".join(path.read_text() for path in PROTOS.glob("llmrpc/v1/*.proto"))
    assert "deprecated" not in text, "docs/versioning.md says that nothing is"


async def test_newer_stubs_meet_an_older_gateway(gateway: StartGateway) -> None:
    running = await gateway()
    channel: Any = running.channel()
    later = channel.unary_unary("/llmrpc.v1.LLMService/AMethodOfLater")
    assert (await failure(later(b""))).code() is grpc.StatusCode.UNIMPLEMENTED
    request = ask()
    request.messages[0].role = 99  # type: ignore[assignment]  # a value of later
    error = await failure(running.stub.Generate(request))
    assert "messages[0].role" in str(error.details())
    unknown = b"\xa2\x06\x01a"  # field 100, a text
    newer = pb.GenerateRequest.FromString(ask().SerializeToString() + unknown)
    assert (await running.stub.Generate(newer)).content == "Hello there"


def test_older_stubs_keep_what_they_do_not_know() -> None:
    newer = b"\x08\x63" + b"\x12\x02Hi" + b"\xa2\x06\x01a"  # role 99, content, field 100
    message = pb.LLMMessage.FromString(newer)
    assert (message.role, message.content) == (99, "Hi")
    assert message.SerializeToString() == newer
    assert pb.Delta.FromString(b"\xa2\x06\x01a").WhichOneof("kind") is None
