"""What a request of either dialect has in the same words."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import msgspec

from llmrpc import v1 as pb
from llmrpc_server.catalogue.models import find_model
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.kept_json import NOTHING, came, fields_of, string
from llmrpc_server.providers.openai_family.quirks import FamilyQuirks, Model, reasons
from llmrpc_server.providers.openai_family.unions import without_unions
from llmrpc_server.providers.schemas import object_schema, read_schema
from llmrpc_server.providers.target import Target

Q = TypeVar("Q", bound=FamilyQuirks)
Sampling = Literal["temperature", "top_p", "presence_penalty", "frequency_penalty"]
"""What a model takes only while it does not reason. Source:
https://developers.openai.com/api/docs/guides/latest-model#parameter-compatibility"""

_NO_PARAMETERS = msgspec.Raw(b'{"type":"object","properties":{},"additionalProperties":false}')
_OPENAI = "openai"
"""Whose models other providers serve by the same names."""
_PLAIN = ("gemma-3", "gpt-3.5", "gpt-4", "llama-3", "llama-4", "llama3", "meta-llama-3", "mixtral")
_REASONER = "nemotron"
"""How models begin that never reason, and what those built on them are called that do.
Sources: the model pages at https://developers.openai.com/api/docs/models,
https://console.groq.com/docs/reasoning#supported-models and
https://docs.together.ai/docs/reasoning-models-guide"""
_COMBINED = frozenset({"$ref", "allOf", "anyOf", "oneOf"})
"""Where a schema can have its properties elsewhere."""
_EFFORT = {
    value: name.removeprefix("EFFORT_").lower() for name, value in pb.Reasoning.Effort.items()
}


def add_max_tokens(
    body: dict[str, Any],
    request: pb.GenerateRequest,
    target: Target[Q, Model],
    defaults: Defaults,
    name: str,
) -> None:
    """Bounds the answer, by the field of this name."""
    if request.HasField("max_tokens"):
        if not target.refuses("max_tokens"):
            body[name] = request.max_tokens
    elif defaults.max_tokens is not None:
        body[name] = defaults.max_tokens


def add_sampling(
    body: dict[str, Any],
    request: pb.GenerateRequest,
    target: Target[Q, Model],
    defaults: Defaults,
    fields: Sequence[Sampling],
) -> None:
    """Writes the sampling fields, and the default temperature where one is taken."""
    reasoning = reasons(request, target.model)
    for field in fields:
        if not request.HasField(field):
            continue
        if reasoning:
            target.findings.unsupported(
                field, f"{target.name} takes no {field} while it reasons; leave it out"
            )
        elif not target.refuses(field):
            body[field] = getattr(request, field)
    if defaults.temperature is None or request.HasField("temperature"):
        return
    if not (reasoning or target.lacks("temperature")):
        body["temperature"] = defaults.temperature


def add_end_user(body: dict[str, Any], end_user: str, target: Target[Q, Model], name: str) -> None:
    """Names the end user by the field of this name; an option that does so already counts."""
    if not end_user:
        return
    if not name:
        target.findings.warn("end_user_id", f"{target.row.name} has no field for it: left out")
    elif name in body:
        target.findings.warn(
            "end_user_id", f"provider_options[{target.row.name}.{name}] is sent in its place"
        )
    else:
        body[name] = end_user


def tool_parameters(tool: pb.FunctionTool, field: str, target: Target[Q, Model]) -> msgspec.Raw:
    """The schema of a tool's arguments, with the type and the properties that OpenAI demands.

    Source: https://github.com/openai/openai-agents-python/issues/449
    """
    if not tool.parameters:
        return _NO_PARAMETERS
    place = f"{field}.parameters"
    raw = object_schema(tool.parameters, place, target.findings)
    if not target.quirks.unions and (flat := without_unions(raw)) is not raw:
        why = f"{target.row.name} takes no union at the top of a tool's schema"
        target.findings.warn(place, f"{why}: its alternatives are merged")
        raw = flat
    fields = fields_of(raw)
    if fields is None or came(fields.get("properties", NOTHING)):
        return raw
    if string(fields.get("type", NOTHING)) != "object" or not _COMBINED.isdisjoint(fields):
        return raw
    return msgspec.Raw(msgspec.json.encode({**fields, "properties": {}}))


def add_schema(body: dict[str, Any], wanted: pb.JsonSchemaFormat, target: Target[Q, Model]) -> None:
    """Writes name, description, schema and strictness of the answer's form."""
    field = "response_format.json_schema"
    body["name"] = wanted.name or "response"
    if wanted.description:
        body["description"] = wanted.description
    body["schema"] = read_schema(wanted.schema, f"{field}.schema", target.findings)
    add_strict(body, wanted, f"{field}.strict", f"{field}.strict", target)


def add_strict(
    body: dict[str, Any],
    source: pb.FunctionTool | pb.JsonSchemaFormat,
    place: str,
    field: str,
    target: Target[Q, Model],
) -> None:
    """A provider that cannot hold to a schema does not when it is not asked to."""
    if not source.HasField("strict"):
        return
    if not target.lacks(place):
        body["strict"] = source.strict
    elif source.strict:
        target.findings.unsupported(field)


def effort(reasoning: pb.Reasoning, target: Target[Q, Model]) -> str:
    """The word for how much to think; empty where nothing is said or to be said."""
    if reasoning.effort == pb.Reasoning.EFFORT_UNSPECIFIED:
        return ""
    if reasoning.effort not in _EFFORT:
        target.findings.invalid("reasoning.effort", f"{reasoning.effort} is no value of it")
        return ""
    word = _EFFORT[reasoning.effort]
    if word == "none" and _never_reasons(target):
        return ""
    known = target.quirks.efforts
    if word in known or word in target.quirks.other_efforts:
        return word
    target.findings.unsupported(
        "reasoning.effort", f"{target.row.name} has {', '.join(sorted(known))}, and not {word}"
    )
    return ""


def _never_reasons(target: Target[Q, Model]) -> bool:
    """Whether a model is known to have no reasoning that could be switched off."""
    name = target.name
    bare = name.rpartition("/")[2].lower()
    if bare.startswith(_PLAIN) and _REASONER not in bare:
        return True
    facts = find_model(target.row.name, name) or find_model(_OPENAI, name)
    return facts is not None and "reasoning" not in facts.capabilities


def cache_ttl(part: pb.Part | pb.Tool, field: str, target: Target[Q, Model]) -> dict[str, str]:
    """The shortest lifetime of a cache breakpoint that is long enough, else the longest.

    A row that says none leaves it to the provider.
    """
    if not part.cache_breakpoint.HasField("ttl"):
        return {}
    wanted, known = part.cache_breakpoint.ttl.seconds, target.quirks.cache_ttls
    if not known:
        target.findings.warn(f"{field}.ttl", f"{target.row.name} decides how long it is kept")
        return {}
    fitting = [name for name, seconds in known.items() if seconds >= wanted]
    if fitting:
        return {"ttl": fitting[0]}
    longest = list(known)[-1]
    target.findings.warn(f"{field}.ttl", f"{target.row.name} keeps it for {longest} at most")
    return {"ttl": longest}


def filename(document: pb.Document) -> str:
    """The name of a file that is sent, which the API demands."""
    return document.filename or f"document{mimetypes.guess_extension(document.media_type) or ''}"
