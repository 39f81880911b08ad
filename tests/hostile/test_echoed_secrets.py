"""A provider that repeats its key, in any form and place: it reaches no caller, log or span."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import grpc
import pytest

from tests.conftest import StartGateway
from tests.gateway.conftest import ask
from tests.hostile.conftest import KEY, Attack
from tests.running import until
from tests.upstream import Exchange, Handler, Upstream

GOLDEN = Path(__file__).parents[1] / "golden"
MODELS = {
    "openai": "openai/gpt-4o-mini",
    "anthropic": "anthropic/claude-haiku-4-5",
    "google": "google/gemini-2.5-flash",
    "openai_responses": "openai/gpt-5",
}
PROXY_WORD = "s3cret/w0rd"
PROXY = f"http://user:{quote(PROXY_WORD, safe='')}@"
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "inside a word": lambda key: f"x{key}y",
    "percent-encoded": lambda key: "".join(f"%{ord(letter):02x}" for letter in key),
    "percent-encoded in part": lambda key: f"{key[:-1]}%{ord(key[-1]):02X}",
    "Base64": lambda key: b64encode(key.encode()).decode(),
    "Base64 with a word before": lambda key: b64encode(f"user:{key}".encode()).decode(),
    "Base64 with another": lambda key: b64encode(f"Bearer {key}\n".encode()).decode(),
    "Base64 for URLs": lambda key: urlsafe_b64encode(f"a{key}?>".encode()).decode().rstrip("="),
    "hexadecimal": lambda key: key.encode().hex(),
    "HEXADECIMAL": lambda key: key.encode().hex().upper(),
}
_NAMES = re.compile(
    r'("(?:model|id|modelVersion|responseId|system_fingerprint|service_tier)"\s*:\s*)'
    r'"(?!msg_1")[^"]*"'  # ids of items are part of what the model wrote, and go back
)


def _echoes(dialect: str, said: str) -> Handler:
    """Answers a call as the recorded provider did, with other names."""
    folder = GOLDEN / dialect / "text"

    async def handle(exchange: Exchange) -> None:
        streams = exchange.path.endswith("alt=sse") or b'"stream":true' in exchange.body
        text = (folder / ("stream.txt" if streams else "response.json")).read_text("utf-8")
        text = _NAMES.sub(lambda found: f'{found[1]}"{said}"', text)
        ids = {"x-request-id": said, "request-id": said, "content-type": "application/json"}
        if streams:
            ids["content-type"] = "text/event-stream"
        await exchange.answer(200, text, **ids)

    return handle


def _refuses(status: int, said: str) -> Handler:
    async def handle(exchange: Exchange) -> None:
        error = {"message": f"bad {said}", "type": said, "code": said, "param": said}
        body = {"type": "error", "error": error | {"status": said}, "request_id": said}
        await exchange.answer(status, body, x_request_id=said, request_id=said)

    return handle


def _leaks(text: str, key: str = KEY) -> list[str]:
    """The forms of a key that a text holds; a part of half its length is one."""
    found = []
    for form, encode in FORMS.items():
        encoded = encode(key)
        middle = encoded[len(encoded) // 4 : -len(encoded) // 4]
        found += [form] if middle in text else []
    return found


async def _outcome(call: Any) -> str:
    """All that a caller sees of a call."""
    try:
        if hasattr(call, "__aiter__"):
            return "".join([str(event) async for event in call])
        return str(await call)
    except grpc.aio.AioRpcError as error:
        return f"{error.details()} {dict(error.trailing_metadata() or ())}"


@pytest.mark.parametrize("dialect", MODELS)
async def test_in_an_answer(gateway: StartGateway, upstream: Upstream, dialect: str) -> None:
    stub = (await gateway(**_settings(upstream))).stub
    request = ask(model=MODELS[dialect])
    for form, encode in FORMS.items():
        upstream.script(_echoes(dialect, encode(KEY)))
        for call in (stub.Generate(request), stub.StreamText(request)):
            seen = await _outcome(call)
            assert "STOP" in seen, seen
            assert not _leaks(seen), (form, seen)
            assert "[redacted]" in seen


@pytest.mark.parametrize("status", [400, 401, 404, 429, 503])
@pytest.mark.parametrize("dialect", MODELS)
async def test_in_an_error(
    gateway: StartGateway, upstream: Upstream, dialect: str, status: int
) -> None:
    stub = (
        await gateway(
            **_settings(upstream), retry={"attempts": 1, "base_delay": 0.001, "max_delay": 0.001}
        )
    ).stub
    request = ask(model=MODELS[dialect])
    for form, encode in FORMS.items():
        upstream.script(_refuses(status, encode(KEY)))
        for call in (stub.Generate(request), stub.StreamText(request)):
            seen = await _outcome(call)
            assert not _leaks(seen), (form, seen)


async def test_the_password_of_the_proxy(gateway: StartGateway, upstream: Upstream) -> None:
    settings = _settings(upstream, "http://provider.test/v1", allow_http=True)
    proxy = PROXY + upstream.url.removeprefix("http://").removesuffix("/v1")
    stub = (
        await gateway(
            **settings,
            http={"proxy": proxy},
            retry={"attempts": 1, "base_delay": 0.001, "max_delay": 0.001},
        )
    ).stub
    request = ask(model=MODELS["openai"])
    for word in (PROXY_WORD, quote(PROXY_WORD, safe="")):
        for encode in FORMS.values():
            for handler in (_echoes("openai", encode(word)), _refuses(407, encode(word))):
                upstream.script(handler)
                assert not _leaks(await _outcome(stub.Generate(request)), word)
    assert upstream.exchanges[0].headers["proxy-authorization"]


async def test_in_logs_and_spans(victim: Attack, upstream: Upstream) -> None:
    running = await victim("--tracing", "console", **_settings(upstream))
    stub = running.stub()
    request = ask(model=MODELS["openai"])
    for encode in FORMS.values():
        for handler in (_echoes("openai", encode(KEY)), _refuses(400, encode(KEY))):
            upstream.script(handler)
            with suppress(grpc.aio.AioRpcError):
                await stub.Generate(request)
    await until(lambda: len(running.lines()) == 2 * len(FORMS))
    await running.process.terminate()
    assert running.process.stdout.count('"name": "chat ') == 2 * len(FORMS)
    assert "[redacted]" in running.process.stdout
    assert not _leaks(running.process.stdout + running.process.stderr)


def _settings(upstream: Upstream, url: str = "", **more: Any) -> dict[str, Any]:
    one = {"api_keys": [KEY], "base_url": url or upstream.url} | more
    return {"providers": dict.fromkeys(("openai", "anthropic", "google"), one)}
