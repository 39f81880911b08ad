"""Where a call goes by the name of its model, and what is remembered of names."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from llmrpc.call import Call, Target
from llmrpc.errors import ModelNotFoundError
from llmrpc_server.policies.router import KEPT, Knowledge, Names, Route, Router
from tests.policies.fakes import METHODS, Provider, ask, failure, send
from tests.policies.routed import ALIASES, Known, Providers


@pytest.mark.parametrize(
    ("model", "target"),
    [
        ("openai/gpt-9", ("openai", "gpt-9")),
        ("mistral/large", ("mistral", "large")),
        ("openai/org/model", ("openai", "org/model")),
        ("openai", ("openai", "gpt-4o-mini")),
        ("mistral", ("mistral", "small")),
        ("mistral/", ("mistral", "small")),
        ("gpt-4o", ("openai", "gpt-4o")),
        ("large", ("mistral", "large")),
        ("both", ("openai", "both")),
        ("org/tuned", ("mistral", "org/tuned")),
        ("fast", ("mistral", "tiny")),
        ("bare", ("mistral", "large")),
        ("house", ("mistral", "small")),
        ("", ("openai", "gpt-4o-mini")),
    ],
)
@METHODS
async def test_what_a_name_means(method: str, model: str, target: tuple[str, str]) -> None:
    providers = Providers(aliases=ALIASES)
    await send(providers.router, method, model=model)
    asked = {"openai": providers.openai, "mistral": providers.mistral}[target[0]].asked
    assert [each.call.target for each in asked] == [Target(*target)]
    assert len(providers.openai.asked) + len(providers.mistral.asked) == 1


@pytest.mark.parametrize(
    ("default", "target"),
    [
        ("mistral/large", ("mistral", "large")),
        ("mistral", ("mistral", "small")),
        ("large", ("mistral", "large")),
        ("fast", ("mistral", "tiny")),
    ],
)
def test_no_name_means_the_configured_default(default: str, target: tuple[str, str]) -> None:
    router = Providers(default=default, aliases=ALIASES).router
    assert router.resolve("") == Target(*target)
    assert router.resolve("openai/gpt-4o") == Target("openai", "gpt-4o")


@METHODS
async def test_the_call_goes_on_with_its_target_and_the_request_unchanged(method: str) -> None:
    answer = object()
    providers = Providers(aliases=ALIASES)
    providers.mistral.script = [answer]
    request, before = ask("fast", temperature=0.5), ask("fast", temperature=0.5)
    call = Call(caller="tutor", deadline=9.0, trace_context=(("traceparent", "x"),))
    assert await getattr(providers.router, method)(request, call) is answer
    (asked,) = providers.mistral.asked
    assert asked.method == method
    assert asked.request is request
    assert request == before
    assert asked.call == call.aimed(Target("mistral", "tiny"))
    assert asked.call.trail is call.trail
    assert call.target is None


def test_an_own_default_of_the_first_provider_may_be_empty() -> None:
    router = Router({"own": Route(Provider(), "")}, Names(), Known().knowledge())
    assert router.resolve("") == Target("own", "")
    assert router.resolve("own") == Target("own", "")


@METHODS
async def test_an_unknown_name_waits_once_for_the_first_lists(method: str) -> None:
    providers = Providers()
    providers.known.later = {("mistral", "new")}
    await send(providers.router, method, model="new")
    assert providers.known.waits == 1
    assert len(providers.mistral.asked) == 1
    await send(providers.router, method, model="gpt-4o")
    assert providers.known.waits == 1
    assert isinstance(await failure(providers.router, method, model="other"), ModelNotFoundError)
    assert providers.known.waits == 2


async def test_without_lists_to_wait_for_nothing_is_asked_twice() -> None:
    providers = Providers()
    await failure(providers.router, model="new")
    assert providers.known.asked.count("new") == 4  # two providers, one that is off, the nearest


async def test_who_knows_no_lists_and_no_names_need_not_say_so() -> None:
    looked_up: list[str] = []

    def has(provider: str, model: str) -> bool:
        looked_up.append(model)
        return model == "m"

    router = Router({"openai": Route(Provider(), "m")}, Names(), Knowledge(has))
    await send(router, "generate", model="m")
    error = await failure(router, model="n")
    assert error.metadata == {"model": "n"}
    assert looked_up == ["m", "n"]


async def test_a_fault_of_who_knows_models_is_no_unknown_name() -> None:
    known = Known()
    known.models = None  # type: ignore[assignment]  # it fails when it is asked
    router = Router({"openai": Route(Provider(), "m")}, Names(), known.knowledge())
    with pytest.raises(TypeError):
        await send(router, "generate", model="n")
    assert known.waits == 0


def test_it_has_a_name_for_its_log() -> None:
    router = Providers().router
    assert (router.provider_name, router.logger.name) == ("router", "llmrpc.router")


@pytest.mark.parametrize("frozen", [Route(Provider(), "m"), Names(), Known().knowledge()])
def test_what_it_is_given_does_not_change(frozen: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(frozen, fields(frozen)[0].name, None)


def test_a_name_is_found_once_until_more_is_known() -> None:
    providers = Providers()
    router, known = providers.router, providers.known
    assert router.resolve("large") == router.resolve("large") == Target("mistral", "large")
    assert known.asked == ["large"] * 2  # of two providers, once each
    known.models.add(("openai", "large"))
    assert router.resolve("large").provider == "mistral"
    router.forget()
    assert router.resolve("large").provider == "openai"


def test_names_that_callers_send_fill_no_memory() -> None:
    router = Providers().router
    for number in range(KEPT + 10):
        router.resolve(f"openai/m{number}")
    assert len(router._resolved) == KEPT
    assert router.resolve("openai/another") == Target("openai", "another")


@pytest.mark.parametrize("stuck", [False, True])
async def test_closing_closes_every_provider(stuck: bool) -> None:
    class Stuck(Provider):
        async def close(self) -> None:
            await super().close()
            if stuck:
                raise ValueError("stuck")

    providers: list[Any] = [Stuck(), Provider(), Stuck()]
    routes = {str(number): Route(each, "m") for number, each in enumerate(providers)}
    router = Router(routes, Names(), Known().knowledge())
    if stuck:
        with pytest.raises(ValueError, match="stuck"):
            await router.close()
    else:
        await router.close()
    assert [each.closed for each in providers] == [True] * 3
