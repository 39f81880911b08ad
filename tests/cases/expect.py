"""What a case expects of an answer or an error, and how it is looked up.

Only what a case names is compared. Of an answer (`gives`):

    content, reasoning, refusal   the texts
    finish        the finish reason, as `STOP`
    calls         the tool calls, each `[id, name, arguments]`, the latter without its blanks;
                  the id `*` is any
    usage         `estimated`, `counted`, or its buckets by name
    warns         starts of the fields of warnings; an empty list: there is none
    signatures    the signatures, each `[provider, data]`
    blocks        the provider blocks, each `[type, a piece of its data]`
    images        how many
    annotations   the addresses of the sources
    kept          texts that stand somewhere in the message, or are warned of
    own_ids       that no two calls have one id
    new_ids       that no two calls have one id, nor the same answer read once more

An error is its reason, or a mapping of `reason`, `says` (pieces of the message), `not_said`,
`retryable`, `content` (what a stream gave before it), and of what a gateway alone knows:
`pushback`, and `spent` (whether it has estimated usage). `or_error` beside an
answer allows an error in its place: then nothing was lost in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from llmrpc import v1 as pb
from llmrpc.errors import LLMClientError

_ERROR = frozenset({"reason", "says", "not_said", "retryable", "content", "pushback", "spent"})
Looks = Mapping[str, Callable[[pb.LLMResponse, Any], Any]]


def check_answer(got: pb.LLMResponse, gives: Mapping[str, Any]) -> None:
    """Compares an answer; `new_ids` needs two of them, see `check_ids`."""
    wanted = {name: gives[name] for name in gives if name not in ("new_ids", "or_error")}
    same({name: _ANSWER[name](got, value) for name, value in wanted.items()}, wanted)


def same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Compares mappings, and shows nothing but what differs."""
    differs = {name: (found[name], wanted[name]) for name in wanted if found[name] != wanted[name]}
    assert not differs, f"found and wanted: {differs}"


def check_ids(first: pb.LLMResponse, second: pb.LLMResponse) -> None:
    """The calls of two answers, all with ids of their own."""
    ids = [call.id for got in (first, second) for call in calls_of(got)]
    assert len(ids) > 1
    assert len({*ids}) == len(ids), ids
    assert all(ids)


def wanted_error(error: Any) -> dict[str, Any]:
    wanted = {"reason": error} if isinstance(error, str) else dict(error)
    assert wanted.keys() <= _ERROR, wanted
    return wanted


def check_error(error: LLMClientError, wanted: Mapping[str, Any]) -> None:
    """Compares an exception, so far as one alone tells."""
    assert error.reason_name == wanted["reason"], error.message
    check_words(error.message, wanted)
    if "retryable" in wanted:
        assert error.retryable == wanted["retryable"]


def check_words(message: str, wanted: Mapping[str, Any]) -> None:
    for said in listed(wanted.get("says", ())):
        assert said in message
    for said in listed(wanted.get("not_said", ())):
        assert said not in message


def warned(fields: Iterable[str], starts: list[str]) -> list[str]:
    """The starts that some warning has; the fields where there should be none."""
    fields = list(fields)
    if not starts:
        return fields
    return [start for start in starts if any(field.startswith(start) for field in fields)]


def calls_of(got: pb.LLMResponse) -> list[pb.ToolCall]:
    return [part.tool_call for part in got.message.parts if part.HasField("tool_call")]


def listed(value: Any) -> Iterable[Any]:
    return [value] if isinstance(value, str) else value


def _text(got: pb.LLMResponse, kind: str) -> str:
    return "".join(getattr(part, kind) for part in got.message.parts)


def _calls(got: pb.LLMResponse, wanted: list[list[str]]) -> list[list[str]]:
    calls = [[call.id, call.name, call.arguments] for call in calls_of(got)]
    for call, hoped in zip(calls, wanted, strict=False):
        call[0] = hoped[0] if hoped[0] == "*" and call[0] else call[0]
        call[2] = hoped[2] if call[2].replace(" ", "") == hoped[2] else call[2]
    return calls


def _usage(got: pb.LLMResponse, wanted: Any) -> Any:
    if isinstance(wanted, str):
        return "counted" if got.HasField("usage") and not got.usage.estimated else "estimated"
    return {name: getattr(got.usage, name) for name in wanted}


def _blocks(got: pb.LLMResponse, wanted: list[list[str]]) -> list[list[str]]:
    blocks = [part.provider_block for part in got.message.parts if part.HasField("provider_block")]
    found = [[block.type, block.data] for block in blocks]
    for block, hoped in zip(found, wanted, strict=False):
        block[1] = hoped[1] if hoped[1] in block[1] else block[1]
    return found


def _signatures(got: pb.LLMResponse, _: Any) -> list[list[str]]:
    signed = [part.signature for part in got.message.parts if part.HasField("signature")]
    return [[signature.provider, signature.data] for signature in signed]


_ANSWER: Looks = {
    "content": lambda got, _: got.content,
    "reasoning": lambda got, _: _text(got, "reasoning"),
    "refusal": lambda got, _: _text(got, "refusal"),
    "finish": lambda got, _: pb.FinishReason.Name(got.finish_reason)[len("FINISH_REASON_") :],
    "calls": _calls,
    "usage": _usage,
    "warns": lambda got, wanted: warned((each.field for each in got.warnings), wanted),
    "signatures": _signatures,
    "blocks": _blocks,
    "annotations": lambda got, _: [
        each.url for part in got.message.parts for each in part.annotations
    ],
    "kept": lambda got, wanted: [
        each for each in wanted if each in str(got.message) or list(got.warnings)
    ],
    "own_ids": lambda got, _: len({call.id for call in calls_of(got)}) == len(calls_of(got)),
    "images": lambda got, _: sum(part.HasField("image") for part in got.message.parts),
}
