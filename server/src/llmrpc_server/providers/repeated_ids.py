"""Conversations in which several tool calls have one id.

Servers that count their calls begin anew in every turn, and some give all calls of a turn the
same id. Providers refuse such a history. Sources:
https://github.com/NVIDIA-NeMo/Switchyard/issues/502,
https://github.com/anthropics/claude-code/issues/28515
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

from llmrpc import v1 as pb


def with_own_ids(request: pb.GenerateRequest) -> pb.GenerateRequest:
    """The request, in which each call and its result have an id of their own.

    It is itself if that is so already, else a copy. What an id becomes depends on nothing but
    the calls before it, so that the provider's prompt cache stays good.
    """
    ids = [
        part.tool_call.id
        for message in request.messages
        if message.role == pb.ROLE_ASSISTANT
        for part in message.parts
        if part.HasField("tool_call")
    ]
    every = {*ids}
    if len(every) == len(ids):
        return request
    changed = pb.GenerateRequest()
    changed.CopyFrom(request)
    _rename(changed, every)
    return changed


def _rename(request: pb.GenerateRequest, every: Collection[str]) -> None:
    last: dict[str, int] = {}
    asked: dict[str, deque[str]] = {}
    """The new ids of the calls of the last turn, by the old ones."""
    answered = True
    for message in request.messages:
        if message.role == pb.ROLE_ASSISTANT:
            if answered:
                asked.clear()
            answered = False
        else:
            answered = True
        for part in message.parts:
            if part.HasField("tool_call"):
                old = part.tool_call.id
                part.tool_call.id = _free(old, every, last)
                asked.setdefault(old, deque()).append(part.tool_call.id)
            elif part.HasField("tool_result") and (ids := asked.get(part.tool_result.tool_call_id)):
                part.tool_result.tool_call_id = ids.popleft() if len(ids) > 1 else ids[0]


def _free(old: str, every: Collection[str], last: dict[str, int]) -> str:
    """The id, or the first like it that no other call has; `last` are the numbers so far."""
    number = last[old] = last.get(old, 0) + 1
    if number == 1:
        return old
    while (new := f"{old}-{number}") in every:
        number += 1
    last[old] = number
    return new
