"""`llmrpc models`, `count` and `health`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import grpc
import pytest
from google.protobuf import json_format
from grpc_health.v1 import health_pb2

from llmrpc import v1 as pb
from tests.client.command import run, screen
from tests.client.gateway import Failure, Gateway, serve
from tests.client.terminal import Done

Status = health_pb2.HealthCheckResponse
MODELS = [
    pb.Model(
        name="openai/gpt-4o-mini",
        provider="openai",
        aliases=["fast"],
        context_tokens=128000,
        max_output_tokens=16384,
        capabilities=pb.Capabilities(tools=True, prompt_cache=True),
        input_modalities=[pb.MODALITY_TEXT, pb.MODALITY_IMAGE],
        pricing=pb.Pricing(
            input_nano_usd_per_million=150_000_000,
            output_nano_usd_per_million=600_000_000,
            tiered=True,
        ),
    ),
    pb.Model(name="vllm/our-own\x1b[2J", provider="vllm", context_tokens=1048576),
]


async def models(gateway: Gateway, *options: str) -> Done:
    gateway.pages = {"": pb.ListModelsResponse(models=MODELS)}
    return await run("models", "-a", gateway.target, *options, env={"COLUMNS": "40"})


async def test_a_pipe_gets_every_column_whole(gateway: Gateway) -> None:
    done = await models(gateway, "--filter", "capabilities.tools")
    assert (done.code, done.err) == (0, "2 models match the filter\n")
    assert done.out.splitlines() == [
        "model                     context  output  $ in/M  $ out/M  can",
        "openai/gpt-4o-mini, fast     128k   16.4k   0.15+     0.6+  images,tools,cache",
        "vllm/our-own[2J             1.05M       -       -        -  -",
    ]
    assert gateway.page_requests[0].filter == "capabilities.tools"


async def test_models_as_json(gateway: Gateway) -> None:
    done = await models(gateway, "--json")
    assert [json_format.Parse(line, pb.Model()) for line in done.out.splitlines()] == MODELS
    assert done.err == ""


async def test_no_models(gateway: Gateway) -> None:
    gateway.pages = {"": pb.ListModelsResponse()}
    done = await run("models", "-a", gateway.target)
    assert (done.code, done.out, done.err) == (0, "", "no models\n")


async def test_a_narrow_terminal_gets_lines_that_fit(gateway: Gateway) -> None:
    gateway.pages = {"": pb.ListModelsResponse(models=MODELS)}
    arguments = ["models", "-q", "-a", gateway.target]
    async with screen(arguments, env={"COLUMNS": "50"}) as shown:
        await shown.expect("openai/gpt-4o-mini, fast")
        await shown.expect(
            "\r\n  128k context · 16.4k output\r\n"
            "  $0.15+ in, $0.6+ out per M · images · tools\r\n"
            "  cache\r\n"
        )
        await shown.expect("our-own[2J")
        await shown.expect("\r\n  1.05M context · unpriced\r\n")
        assert await shown.wait() == 0
    async with screen(arguments, env={"COLUMNS": "70"}) as shown:
        await shown.expect("$ out/M\x1b[0m\r\n")
        await shown.expect(" 0.6+\r\n\x1b[2m  images,tools,cache\x1b[0m\r\n")
        await shown.expect("1.05M       -       -        -\r\n")
        assert await shown.wait() == 0
    async with screen(arguments, env={"COLUMNS": "90"}) as shown:
        await shown.expect("$ out/M  can")
        await shown.expect("0.6+  images,tools,cache")


@pytest.mark.parametrize(
    ("method", "how"),
    [
        ("METHOD_PROVIDER", "counted by the provider"),
        ("METHOD_TOKENIZER", "counted here with the model's tokenizer"),
        ("METHOD_ESTIMATE", "an estimate from the length of the text"),
        ("METHOD_UNSPECIFIED", "the gateway does not say how it was counted"),
    ],
)
async def test_counting_says_how(gateway: Gateway, method: str, how: str) -> None:
    gateway.count = pb.CountTokensResponse(
        prompt_tokens=1234, provider="p", model="m", method=getattr(pb.CountTokensResponse, method)
    )
    done = await run("count", "Some", "words", "-s", "Sys", "-a", gateway.target, given="and more")
    assert (done.code, done.out, done.err) == (0, "1234\n", f"p/m · {how}\n")
    assert [one.content for one in gateway.requests[0].messages] == [
        "Sys",
        "Some words\n\nand more",
    ]


async def test_counting_as_json(gateway: Gateway) -> None:
    gateway.count = pb.CountTokensResponse(
        prompt_tokens=7, method=pb.CountTokensResponse.METHOD_PROVIDER
    )
    done = await run("count", "Hello", "--json", "-a", gateway.target)
    assert json.loads(done.out) == {"promptTokens": 7, "method": "METHOD_PROVIDER"}
    assert done.err == ""


@pytest.fixture
async def well() -> AsyncIterator[Gateway]:
    """A gateway that is serving but for one of its providers."""
    health: dict[str, int] = {
        "": Status.SERVING,
        "llmrpc.v1.LLMService": Status.SERVING,
        "provider/openai": Status.SERVING,
        "provider/vllm": Status.NOT_SERVING,
    }
    gateway = Gateway(health=health, pages={"": pb.ListModelsResponse(models=MODELS)})
    async with serve(gateway) as running:
        yield running


@pytest.mark.parametrize(
    ("service", "status", "code"),
    [
        ([], "SERVING", 0),
        (["provider/openai"], "SERVING", 0),
        (["provider/vllm"], "NOT_SERVING", 1),
        (["provider/nobody"], "SERVICE_UNKNOWN", 1),
    ],
)
async def test_health(well: Gateway, service: list[str], status: str, code: int) -> None:
    done = await run("health", *service, "-a", well.target)
    assert (done.code, done.out, done.err) == (code, f"{status}\n", "")
    done = await run("health", *service, "--json", "-a", well.target)
    assert json.loads(done.out) == {"service": "".join(service), "status": status}
    assert done.code == code


async def test_the_health_of_all(well: Gateway) -> None:
    done = await run("health", "--all", "-a", well.target)
    assert done.code == 1
    assert done.out.splitlines() == [
        "the gateway           SERVING",
        "llmrpc.v1.LLMService  SERVING",
        "provider/openai       SERVING",
        "provider/vllm         NOT_SERVING",
    ]
    done = await run("health", "--all", "--json", "-a", well.target)
    assert json.loads(done.out.splitlines()[3])["status"] == "NOT_SERVING"


async def test_health_without_a_list_of_models(well: Gateway) -> None:
    well.pages = {"": Failure(grpc.StatusCode.UNIMPLEMENTED, "not there")}
    done = await run("health", "--all", "-a", well.target)
    assert (done.code, len(done.out.splitlines())) == (0, 2)
    assert done.err == "the providers are not known: not there\n"


async def test_health_used_wrongly_or_of_nobody(closed_port: int) -> None:
    assert (await run("health", "provider/x", "--all")).code == 2
    done = await run("health", "-a", f"127.0.0.1:{closed_port}")
    assert (done.code, done.out) == (1, "")
    assert "no gateway answers" in done.err
    done = await run("health", "--all", "-a", f"127.0.0.1:{closed_port}")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error  no gateway answers")
