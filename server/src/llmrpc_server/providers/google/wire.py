"""The responses of generateContent as they come over the wire.

A chunk of a stream has the shape of a whole response. Each field may be missing or
null. What only describes the response stays raw, so that a mistake in it cannot cost
the content. Sources:
https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse,
https://ai.google.dev/api/caching#Part and the types of the google-genai package
"""

from __future__ import annotations

import msgspec

from llmrpc_server.providers.kept_json import NOTHING, Fields, beside_as_text, came, read_fields
from llmrpc_server.providers.loose import Path, read_loosely
from llmrpc_server.providers.tokens import Counted, Tokens

_CONTENT = frozenset({"candidates", "content", "parts", "text"})
"""Fields without which a response is not what the model wrote."""


class FunctionCall(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A call; `args` is the object as it was written."""

    id: str | None = None
    name: str | None = None
    args: msgspec.Raw = msgspec.Raw(b"{}")


class Blob(msgspec.Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    """A file in base64."""

    mime_type: str
    data: str


class Part(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """One part of a kind that the contract has a kind for."""

    text: str | None = None
    thought: bool | int | str | None = None
    thought_signature: str | None = None
    function_call: msgspec.Raw = NOTHING
    inline_data: msgspec.Raw = NOTHING


class Content(msgspec.Struct, forbid_unknown_fields=True):
    """The parts of a response, or the next ones, each as it was written."""

    parts: list[msgspec.Raw] | None = None
    role: msgspec.Raw = NOTHING
    """Always the model's."""


class Candidate(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """One answer; only the first is ever asked for."""

    index: int | float | str | None = None
    content: Content | None = None
    finish_reason: str | None = None
    finish_message: msgspec.Raw = NOTHING
    grounding_metadata: msgspec.Raw = NOTHING
    citation_metadata: msgspec.Raw = NOTHING
    url_context_metadata: msgspec.Raw = NOTHING
    safety_ratings: msgspec.Raw = NOTHING
    avg_logprobs: msgspec.Raw = NOTHING
    logprobs_result: msgspec.Raw = NOTHING
    """Never asked for."""
    token_count: msgspec.Raw = NOTHING
    """The usage counts them."""


class PromptFeedback(msgspec.Struct, rename="camel", gc=False):
    """Why a prompt was not answered."""

    block_reason: str | None = None


class Modality(msgspec.Struct, rename="camel", gc=False):
    """Tokens of one kind: TEXT, IMAGE, AUDIO, VIDEO or DOCUMENT."""

    modality: str | None = None
    token_count: Tokens = None


class Usage(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Tokens so far: each chunk's count holds those before it."""

    prompt_token_count: Tokens = None
    """With the cached ones."""
    tool_use_prompt_token_count: Tokens = None
    """Beside the prompt: what Google's own tools gave."""
    cached_content_token_count: Tokens = None
    candidates_token_count: Tokens = None
    thoughts_token_count: Tokens = None
    """Beside the candidates."""
    total_token_count: msgspec.Raw = NOTHING
    """The sum of the others."""
    prompt_tokens_details: list[Modality] | None = None
    tool_use_prompt_tokens_details: list[Modality] | None = None
    cache_tokens_details: list[Modality] | None = None
    candidates_tokens_details: list[Modality] | None = None
    service_tier: str | None = None
    billed_tool_calls: msgspec.Raw = NOTHING
    """Some responses have it; the reference does not."""


class Response(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A whole response, or one chunk of a stream."""

    candidates: list[Candidate] | None = None
    prompt_feedback: msgspec.Raw = NOTHING
    usage_metadata: Usage | None = None
    model_version: str | None = None
    response_id: str | None = None
    model_status: msgspec.Raw = NOTHING
    error: msgspec.Raw = NOTHING
    """In place of an answer."""


class Written(msgspec.Struct, gc=False):
    """A candidate's content as it was written."""

    content: msgspec.Raw = NOTHING


class WrittenResponse(msgspec.Struct, gc=False):
    """What a response says, without anything beside it."""

    candidates: list[Written] | None = None


class Model(msgspec.Struct, rename="camel"):
    """A model of the list."""

    name: str = ""
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: list[str] | None = None


class Models(msgspec.Struct, rename="camel"):
    """A page of the list."""

    models: list[Model] | None = None
    next_page_token: str | None = None


class Count(msgspec.Struct, rename="camel"):
    """What countTokens gives."""

    total_tokens: Counted


_response = msgspec.json.Decoder(Response).decode
_written = msgspec.json.Decoder(WrittenResponse).decode
_one_part = msgspec.json.Decoder(Part).decode
_call = msgspec.json.Decoder(FunctionCall).decode
decode_each = msgspec.json.Decoder(list[msgspec.Raw]).decode
decode_models = msgspec.json.Decoder(Models).decode
decode_count = msgspec.json.Decoder(Count).decode
decode_feedback = msgspec.json.Decoder(PromptFeedback).decode
decode_blob = msgspec.json.Decoder(Blob).decode


def text(raw: bytes | msgspec.Raw) -> str:
    """A raw field as text; it is valid JSON, but its strings need not be UTF-8."""
    return bytes(raw).decode(errors="replace")


def as_text(body: bytes) -> bytes:
    """The body as UTF-8, since what is handed on as it was written must be text.

    Raises `UnicodeDecodeError` where the content is none.
    """
    try:
        body.decode()
    except UnicodeDecodeError:
        body = beside_as_text(body)
        for candidate in _written(body).candidates or ():
            bytes(candidate.content).decode()
        return body.decode(errors="replace").encode()
    return body


def decode(body: bytes) -> tuple[Response, Fields, list[Path]]:
    """The response, its fields that are not known, and the known ones that cannot be read.

    The former are those of it, its usage and its candidate. Raises `msgspec.DecodeError`
    for what is not the protocol's JSON.
    """
    try:
        return _response(body), {}, []
    except msgspec.ValidationError:
        known, others = _split(body, Response)
        others |= _take_others(known, "usageMetadata", Usage)
        if _is_a(known.get("candidates", NOTHING), b"["):
            parted = []
            for each in decode_each(known["candidates"]):
                candidate, more = _split(each, Candidate)
                more |= _take_others(candidate, "content", Content)
                if not came(index := candidate.get("index", NOTHING)) or bytes(index) == b"0":
                    others |= more
                parted.append(candidate)
            known["candidates"] = _encoded(parted)
        response, left_out = read_loosely(msgspec.json.encode(known), Response, _CONTENT)
        return response, others, left_out


def decode_part(raw: bytes) -> tuple[Part, Fields]:
    """The part, and the fields of it that are not known, or of an odd type.

    Raises `msgspec.DecodeError` for what is not an object, or has a text of another type.
    """
    try:
        return _one_part(raw), {}
    except msgspec.ValidationError:
        known, others = _split(raw, Part)
        part, left_out = read_loosely(msgspec.json.encode(known), Part, _CONTENT)
        return part, others | {name: known[name] for name in left_out}


def decode_call(raw: bytes) -> tuple[FunctionCall, Fields]:
    """The call, and the fields of it that are not known. Raises as `decode_part` does."""
    try:
        return _call(raw), {}
    except msgspec.ValidationError:
        known, others = _split(raw, FunctionCall)
        call, _ = read_loosely(msgspec.json.encode(known), FunctionCall)
        return call, others


def _split(raw: bytes, kind: type[msgspec.Struct]) -> tuple[Fields, Fields]:
    """The fields that the kind has, and the others."""
    others = read_fields(raw)
    names = kind.__struct_encode_fields__
    return {name: others.pop(name) for name in names if name in others}, others


def _take_others(known: Fields, name: str, kind: type[msgspec.Struct]) -> Fields:
    """Leaves the fields in a field that its kind has; the others are returned."""
    if not _is_a(known.get(name, NOTHING), b"{"):
        return {}
    inner, others = _split(known[name], kind)
    known[name] = _encoded(inner)
    return others


def _is_a(raw: msgspec.Raw, start: bytes) -> bool:
    return bytes(raw).startswith(start)


def _encoded(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
