"""What a row may say about its own way with Responses.

The keys of its quirks are the fields of `Quirks`; the defaults are OpenAI's ways. The
places that it may lack are those of `providers/openai/quirks.py`, as far as this
protocol has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from llmrpc_server.providers.openai_family.quirks import FamilyQuirks, Model
from llmrpc_server.providers.target import Target


class Quirks(FamilyQuirks, frozen=True, forbid_unknown_fields=True):
    """A row's ways, checked once when its dialect is made."""

    include: Literal["if_it_reasons", "always"] = "if_it_reasons"
    """Whether encrypted reasoning is asked for; a model of OpenAI that has none
    refuses to be asked."""
    end_user: str = "safety_identifier"
    """The field that names the person whom an answer is for; empty: there is none."""


ResponsesTarget = Target[Quirks, Model]


def read_quirks(quirks: Mapping[str, object]) -> Quirks:
    """Raises `msgspec.ValidationError` naming a key that is unknown or wrong."""
    return msgspec.convert(dict(quirks), Quirks)


def lacking(target: ResponsesTarget, what: str) -> str:
    """Why a field is refused that this protocol lacks, and every way out."""
    return (
        f"Responses, which {target.row.name} serves {target.name} with, has no {what}; leave it "
        "out, take another model, or let the gateway serve this one by Chat Completions "
        f"(providers.{target.row.name}.dialects)"
    )
