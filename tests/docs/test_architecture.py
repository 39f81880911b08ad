"""docs/architecture.md names what there is, in its order."""

from __future__ import annotations

from llmrpc.v1 import llm_service_pb2
from llmrpc_server.interceptors import build_chain
from llmrpc_server.policies.stack import POLICIES
from llmrpc_server.redaction import Redactor
from llmrpc_server.rpc.server import ListenSettings, make_calls
from llmrpc_server.rpc.validation import NOT_BUILT
from tests.docs.pages import ROOT, codes, page, section

PAGE = page("docs/architecture.md")
BUILT = {"Generate", "StreamText", "BatchGenerate", "CountTokens", "ListModels"}
WAY = section(PAGE, "The way of a call")


def said(line: str) -> list[str]:
    """The words of one line of the picture, without spaces and case."""
    found = next(each for each in WAY.splitlines() if each.strip().startswith(line))
    steps = found.strip().removeprefix(line).split("→")
    return [step.strip().replace(" ", "").replace("_", "").lower() for step in steps]


def test_the_interceptors() -> None:
    chain = build_chain(
        tracer=None,
        redactor=Redactor([]),
        keys={},
        calls=make_calls(ListenSettings()),
        max_calls=0,
        timeout=1,
        write_timeout=1,
    )
    names = [getattr(each, "__name__", type(each).__name__) for each in chain.interceptors]
    assert said("interceptors") == [name.replace("_", "").lower() for name in names]


def test_the_policies() -> None:
    names = [policy.__name__.strip("_") for policy in POLICIES]
    assert [step.removesuffix("andkeys") for step in said("policies")] == names


def test_what_is_not_built_is_named() -> None:
    rows = {
        answer: codes(names)
        for line in section(PAGE, "What is not built yet").splitlines()
        if line.count("|") == 3
        for _, names, answer, _ in [line.split("|")]
    }
    methods = llm_service_pb2.DESCRIPTOR.services_by_name["LLMService"].methods_by_name
    unbuilt = [names for answer, names in rows.items() if "UNIMPLEMENTED" in answer]
    assert BUILT.union(*unbuilt) == set(methods)
    (fields,) = [names for answer, names in rows.items() if "FIELD_NOT_IMPLEMENTED" in answer]
    assert tuple(fields) == NOT_BUILT


def test_every_module_of_the_server_has_its_line() -> None:
    names = set(codes(section(PAGE, "Where things are")))
    names |= {name.rpartition("/")[2] for name in names}
    server = ROOT / "server/src/llmrpc_server"
    modules = {path.name for path in server.glob("*.py")} - {"__init__.py"}
    packages = {f"{path.parent.name}/" for path in server.glob("*/__init__.py")}
    assert (modules | packages) - names == set()
