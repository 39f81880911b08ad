"""Tools that OpenAI runs, over the wire: an image, and an approval that is asked for."""

from __future__ import annotations

import base64
import json

from google.protobuf import json_format

from llmrpc import accumulate
from llmrpc import v1 as pb
from tests.gateway.conftest import Gateway, ask
from tests.providers import responses
from tests.upstream import Exchange, Upstream

MODEL = "openai/gpt-6-luna"
USED = {"input_tokens": 3, "output_tokens": 2}
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(1_500_000)
DRAWN = responses.item(
    "image_generation_call", id="ig_1", status="completed",
    result=base64.b64encode(PICTURE).decode(),
)  # fmt: skip
REQUEST = {
    "type": "mcp_approval_request", "id": "mcpr_1", "name": "shorten", "server_label": "zip",
    "arguments": "{}",
}  # fmt: skip
ANSWER = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}


async def drawn(exchange: Exchange) -> None:
    await exchange.stream([responses.stream([DRAWN], usage=USED)])


async def asked(exchange: Exchange) -> None:
    await exchange.answer(200, responses.whole([REQUEST], usage=USED))


async def done(exchange: Exchange) -> None:
    said = responses.item("message", "Done.", id="msg_1", status="completed")
    await exchange.answer(200, responses.whole([said], usage=USED))


def tool(type: str, **options: object) -> pb.Tool:
    own = pb.ProviderTool(provider="openai", type=type, options=json.dumps(options))
    return pb.Tool(provider_tool=own)


async def test_an_image_comes_in_one_event_and_goes_back(
    gateway: Gateway, upstream: Upstream
) -> None:
    request = ask(model=MODEL, tools=[tool("image_generation")])
    upstream.script(drawn, done)
    completed = await accumulate(gateway.stub.StreamText(request))
    [part] = completed.message.parts
    assert (part.image.data, part.image.media_type) == (PICTURE, "image/png")
    assert completed.usage.tool_uses == {"image_generation_calls": 1}
    request.messages.extend([completed.message, pb.LLMMessage(role=pb.ROLE_USER, content="More")])
    await gateway.stub.Generate(request)
    assert upstream.exchanges[1].json["input"][1] == DRAWN


async def test_an_approval_is_asked_for_and_given(gateway: Gateway, upstream: Upstream) -> None:
    request = ask(model=MODEL, tools=[tool("mcp", server_label="zip", server_url="https://z/")])
    upstream.script(asked, done)
    response = await gateway.stub.Generate(request)
    assert response.finish_reason == pb.FINISH_REASON_ACTION_REQUIRED
    [part] = response.message.parts
    assert part.provider_block.id == "mcpr_1"
    block = {"provider": "openai", "type": ANSWER["type"], "data": json.dumps(ANSWER)}
    approval = {"role": "ROLE_TOOL", "parts": [{"providerBlock": block}]}
    request.messages.extend([response.message, json_format.ParseDict(approval, pb.LLMMessage())])
    response = await gateway.stub.Generate(request)
    assert response.content == "Done."
    assert upstream.exchanges[1].json["input"][1:] == [REQUEST, ANSWER]
