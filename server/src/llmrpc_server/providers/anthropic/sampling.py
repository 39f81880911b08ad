"""Sampling: what a model takes, and what it takes while it thinks.

Newer models take none of it, and older ones either temperature or top_p, and next to
nothing while they think. Sources: https://platform.claude.com/docs/en/api/errors,
https://platform.claude.com/docs/en/build-with-claude/extended-thinking#feature-compatibility,
https://platform.claude.com/docs/en/models/haiku-5-5/migration-guide#remove-sampling-parameters
"""

from __future__ import annotations

from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.words import out_of_range

_HOTTEST = 1.0
"""The highest temperature, and the provider's default."""
_LEAST_TOP_P = 0.95
"""While a model thinks."""


def add_sampling(
    body: dict[str, Any],
    request: pb.GenerateRequest,
    defaults: Defaults,
    target: AnthropicTarget,
    *,
    thinks: bool,
) -> None:
    """Writes what was asked for, and the gateway's default temperature where it can."""
    takes = target.model.sampling
    no_more = takes == "none" or thinks
    when = "" if takes == "none" else " while it thinks"
    refuse = target.findings.unsupported
    if request.HasField("temperature"):
        if not 0 <= request.temperature <= _HOTTEST:
            where = f" for {target.row.name}"
            refuse("temperature", out_of_range(request.temperature, 0, _HOTTEST, where=where))
        elif no_more and request.temperature != _HOTTEST:
            refuse("temperature", f"{target.name} accepts only 1{when}; leave it out")
        else:
            body["temperature"] = request.temperature
    if request.HasField("top_p"):
        if takes == "none":
            refuse("top_p", f"{target.name} does not accept top_p; leave it out")
        elif thinks and request.top_p < _LEAST_TOP_P:
            where = f" for {target.name}{when}"
            refuse("top_p", out_of_range(request.top_p, _LEAST_TOP_P, 1, where=where))
        elif "temperature" in body and takes == "any":
            refuse(
                "top_p",
                f"{target.name} does not accept it beside temperature; leave one out",
            )
        else:
            body["top_p"] = request.top_p
    if request.HasField("top_k"):
        if no_more:
            refuse("top_k", f"{target.name} does not accept top_k{when}; leave it out")
        else:
            body["top_k"] = request.top_k
    if defaults.temperature is None or request.HasField("temperature"):
        return
    if (
        takes == "any"
        and not (thinks or request.HasField("top_p"))
        and (defaults.temperature <= _HOTTEST)
    ):
        body["temperature"] = defaults.temperature
