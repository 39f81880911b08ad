"""What a name that nobody knows is told: what to do, and the names nearest to it."""

from __future__ import annotations

import pytest

from llmrpc.call import Target
from llmrpc.errors import ModelNotFoundError
from tests.policies.fakes import METHODS, down, failure
from tests.policies.routed import ALIASES, Providers


@METHODS
@pytest.mark.parametrize("model", ["no-such", "odd", "acme/no-such"])
async def test_an_unknown_name_says_what_to_do(method: str, model: str) -> None:
    providers = Providers(aliases=ALIASES)
    error = await failure(providers.router, method, model=model)
    meant = {"odd": "no-such"}.get(model, model)
    assert isinstance(error, ModelNotFoundError)
    assert error.message == (
        f"model {meant!r}: none of the configured providers (openai, mistral) is known to have "
        "it; say provider/model to name one yourself"
    )
    assert error.metadata == {"model": meant}
    assert not providers.openai.asked
    assert not providers.mistral.asked


@pytest.mark.parametrize(
    ("nearest", "meant"),
    [
        (["a/b"], "a/b"),
        (["a/b", "c/d"], "a/b or c/d"),
        (["a/b", "c/d", "e/f"], "a/b, c/d or e/f"),
    ],
)
def test_an_unknown_name_gets_the_nearest(nearest: list[str], meant: str) -> None:
    router = Providers(nearest=nearest).router
    with pytest.raises(ModelNotFoundError) as caught:
        router.resolve("no-such")
    assert f"; did you mean {meant}? Else say provider/model to" in caught.value.message
    assert caught.value.metadata == {"model": "no-such", "suggestions": ", ".join(nearest)}


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("google/gemini", "google is off: set GOOGLE_AI_API_KEY"),
        ("google/other", "google is off: set GOOGLE_AI_API_KEY"),
        ("gemini", "google has it and is off: set GOOGLE_AI_API_KEY"),
    ],
)
def test_a_provider_that_is_off_says_what_turns_it_on(model: str, said: str) -> None:
    router = Providers(nearest=["a/b"]).router
    assert router.find(model) is None
    with pytest.raises(ModelNotFoundError) as caught:
        router.resolve(model)
    assert caught.value.message == f"model {model!r}: {said}"
    assert caught.value.metadata == {"model": model}


def test_a_name_inside_a_provider_that_is_off_is_nobody_elses() -> None:
    providers = Providers()
    providers.known.models.add(("openai", "google/gemma"))
    assert providers.router.find("google/gemma") is None
    assert providers.router.find("google") is None
    with pytest.raises(ModelNotFoundError, match="none of the configured providers"):
        providers.router.resolve("google")
    providers.known.models.add(("openai", "google"))
    assert providers.router.find("google") == Target("openai", "google")


def test_a_long_name_is_cut_in_what_is_told_of_it() -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        Providers().router.resolve("x" * 300)
    assert caught.value.metadata["model"] == "x" * 200


@METHODS
@pytest.mark.parametrize(
    ("nearest", "said"),
    [
        (["openai/gpt-4o"], "; did you mean openai/gpt-4o?"),
        (["openai/gpt-5o", "a/b", "c/d"], "; did you mean a/b or c/d?"),
        (["openai/gpt-5o"], ""),
        ([], ""),
    ],
)
async def test_a_providers_own_refusal_gets_the_nearest_too(
    method: str, nearest: list[str], said: str
) -> None:
    providers = Providers(nearest=nearest)
    cause = ValueError("404")
    refusal = ModelNotFoundError("openai does not have the model", metadata={"provider": "openai"})
    refusal.__cause__ = cause
    providers.openai.script = [refusal]
    error = await failure(providers.router, method, model="openai/gpt-5o")
    assert error is refusal
    assert error.__cause__ is cause
    assert error.message == f"openai does not have the model{said}"
    others = [name for name in nearest if name != "openai/gpt-5o"]
    told = {"suggestions": ", ".join(others)} if others else {}
    assert error.metadata == {"provider": "openai"} | told
    assert providers.known.asked == ["openai/gpt-5o"]


async def test_a_refusal_that_names_the_nearest_itself_stays() -> None:
    providers = Providers(nearest=["a/b"])
    providers.openai.script = [ModelNotFoundError("no", metadata={"suggestions": "openai/own"})]
    error = await failure(providers.router, model="openai/gpt-5o")
    assert (error.message, error.metadata) == ("no", {"suggestions": "openai/own"})


@METHODS
async def test_other_failures_pass_as_they_are(method: str) -> None:
    providers = Providers(nearest=["a/b"])
    error = down()
    providers.openai.script = [error]
    assert await failure(providers.router, method, model="openai/m") is error
    assert error.message == "it is down"
