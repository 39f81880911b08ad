"""The beta features that a request asks for, which the API wants named in a header.

Source: https://platform.claude.com/docs/en/api/beta-headers
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from llmrpc import v1 as pb
from llmrpc_server.providers.anthropic.quirks import AnthropicTarget

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_MOST = 32


def beta_headers(
    tools: Iterable[pb.Tool], options: Mapping[str, Any], target: AnthropicTarget
) -> dict[str, str]:
    """The header with what the tools and options need, and what `betas` asks for.

    Of one beta the version in `betas` counts.
    """
    needed = target.quirks.betas
    used = [tool.provider_tool.type for tool in tools if tool.HasField("provider_tool")]
    used.extend(options)
    named = {_family(beta): beta for beta in _asked(options.get("betas"), target)}
    for pattern, beta in needed.items():
        if any(fnmatchcase(each, pattern) for each in used):
            named.setdefault(_family(beta), beta)
    return {"anthropic-beta": ",".join(named.values())} if named else {}


def _asked(betas: Any, target: AnthropicTarget) -> list[str]:
    if betas is None:
        return []
    good = isinstance(betas, list) and len(betas) <= _MOST
    if good and all(isinstance(each, str) and _NAME.fullmatch(each) for each in betas):
        return list(betas)
    target.findings.invalid(
        f"provider_options[{target.row.name}.betas]",
        f"must be a list of at most {_MOST} names of betas",
    )
    return []


def _family(beta: str) -> str:
    return _DATE.sub("", beta)
