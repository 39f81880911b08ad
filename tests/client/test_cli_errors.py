"""What the command line says when something went wrong, and what to do about it."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2

from llmrpc import v1 as pb
from llmrpc.cli.output import NOT_TEXT
from tests.client.command import run
from tests.client.gateway import Failure, Gateway, info, response, secured, serve, stream
from tests.client.terminal import run_process, terminal
from tests.conftest import Certificates

Code = grpc.StatusCode


async def test_nobody_there_is_said_once(closed_port: int) -> None:
    address = f"127.0.0.1:{closed_port}"
    done = await run_process("generate", "Hello", "-a", address)
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        f"error  no gateway answers at {address}; start one with `make run` or `llmrpc-server`",
        "type   ProviderNotAvailableError (PROVIDER_UNAVAILABLE)",
        f"where  gateway {address}",
        "next   see whether it runs, or name another with --address",
    ]


async def test_tls_that_does_not_match_names_the_options(
    certificates: Certificates, foreign_certificates: Certificates
) -> None:
    async with serve(Gateway([[response("Hi")]]), secured(certificates)) as gateway:
        ca = str(foreign_certificates.ca)
        done = await run_process("generate", "Hello", "-a", gateway.target, "--ca", ca)
    assert done.code == 1
    first, *_, last = done.err.splitlines()  # no line of gRPC's own before or behind
    assert first.startswith("error  TLS does not match: ")
    assert last.startswith("next   see whether --tls, --ca, --cert and --key ")


async def test_a_provider_that_is_off(gateway: Gateway) -> None:
    text = "model 'openai/gpt-4': openai is off: set OPENAI_API_KEY"
    gateway.play([Failure(Code.NOT_FOUND, text, [info("MODEL_NOT_FOUND", model="openai/gpt-4")])])
    done = await run("generate", "Hello", "-a", gateway.target)
    assert "next   set OPENAI_API_KEY where the gateway runs, or name another" in done.err


@pytest.mark.parametrize(
    ("nanos", "wanted"),
    [(0, "wait a little, then"), (900_000_000, "wait a little, then"), (2**31 - 1, "in 3 s")],
)
async def test_the_wait_is_said_in_whole_seconds(gateway: Gateway, nanos: int, wanted: str) -> None:
    delay = Duration(seconds=nanos // 10**9, nanos=nanos % 10**9)
    details = [info("PROVIDER_RATE_LIMITED"), error_details_pb2.RetryInfo(retry_delay=delay)]
    gateway.play([Failure(Code.RESOURCE_EXHAUSTED, "slow down", details)])
    done = await run("generate", "Hello", "-a", gateway.target)
    assert wanted in done.err


async def test_equal_tries_are_one_line(gateway: Gateway) -> None:
    failed = pb.Attempt(provider="p", model="m", outcome=pb.Attempt.OUTCOME_FAILED, message="full")
    other = pb.Attempt(provider="q", model="m", outcome=pb.Attempt.OUTCOME_FAILED, message="full")
    details = [info("INTERNAL"), pb.ErrorDetails(attempts=[failed, failed, failed, other])]
    gateway.play([Failure(Code.INTERNAL, "failed", details)])
    done = await run("generate", "Hello", "-a", gateway.target)
    tried = [line for line in done.err.splitlines() if line.startswith("tried")]
    assert tried == ["tried  3 \N{MULTIPLICATION SIGN} p/m failed: full", "tried  q/m failed: full"]


async def test_nothing_is_said_twice(gateway: Gateway) -> None:
    message = "top_k: openai has no top_k; leave it out"
    bad = error_details_pb2.BadRequest()
    bad.field_violations.add(field="top_k", description="openai has no top_k; leave it out")
    attempt = pb.Attempt(provider="openai", model="m", outcome=pb.Attempt.OUTCOME_FAILED)
    attempt.message = message
    details = [info("FIELD_NOT_SUPPORTED"), bad, pb.ErrorDetails(attempts=[attempt])]
    gateway.play([Failure(Code.INVALID_ARGUMENT, message, details)])
    done = await run("generate", "Hello", "-a", gateway.target)
    assert done.err.count("leave it out") == 1
    assert "tried  openai/m failed\n" in done.err


async def test_a_chat_names_its_own_commands(gateway: Gateway) -> None:
    gone = Failure(Code.NOT_FOUND, "gone", [info("MODEL_NOT_FOUND")])
    gateway.play([gone], stream("Hi"))
    async with terminal(["chat", "-q", "-a", gateway.target]) as screen:
        await screen.expect("llmrpc> ")
        screen.type("/model gpt-9\n")
        await screen.expect("gpt-9> ")
        screen.type("Hello\n")
        await screen.expect("name another model with /model")
        await screen.expect("gpt-9> ")
        screen.type("Hello\n")
        await screen.expect("Hi")
        await screen.expect("scripted/scripted-1> ")
        screen.type("/model m2\n")
        await screen.expect("m2> ")
        screen.type("\x04")
        assert await screen.wait() == 0


async def test_a_stray_byte_does_not_end_a_chat(gateway: Gateway) -> None:
    gateway.play(stream("Hi"))
    async with terminal(["chat", "-q", "-a", gateway.target]) as screen:
        await screen.expect("llmrpc> ")
        screen.write(b"\xff\n")
        await screen.expect("not text in UTF-8")
        await screen.expect("llmrpc> ")
        screen.type("Hello\n")
        await screen.expect("Hi")
        await screen.expect("> ")
        screen.type("\x04")
        assert await screen.wait() == 0


@pytest.mark.parametrize("command", ["generate", "chat"])
async def test_bytes_that_are_no_text(gateway: Gateway, command: str) -> None:
    done = await run(command, "-a", gateway.target, given=b"\x89PNG\r\n\xff\n")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [
        f"error  {NOT_TEXT}",
        f"next   llmrpc {command} --help",
    ]
    assert not gateway.requests
