"""A scripted provider that answers with the cases of `tests/golden`."""

from __future__ import annotations

from tests.providers.golden import Case
from tests.upstream import Exchange, Handler, Upstream


def replay(upstream: Upstream, *cases: Case) -> None:
    """The n-th request gets the answer of the n-th case, later ones that of the last."""
    upstream.script(*(_answer(case) for case in cases))


def _answer(case: Case) -> Handler:
    async def answer(exchange: Exchange) -> None:
        if "streamGenerateContent" in exchange.path or exchange.json.get("stream"):
            await exchange.stream([case.stream()])
        else:
            await exchange.answer(200, (case.folder / "response.json").read_bytes())

    return answer
