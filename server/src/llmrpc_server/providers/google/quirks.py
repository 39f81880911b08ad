"""What a row may say about its models and its way with generateContent.

The keys of `Row.quirks` are the fields of `Quirks`. Beside them stand `Row.lacks`
and `Model.lacks`, whose entries are request fields, or places inside them written
with dots and without indices:

    temperature                 a field of GenerateRequest
    tools.function.strict
    tools.mixed                 functions and provider tools in one request
    response_format.with_tools  a form of the answer in a request that has tools
    messages.system             instructions
    messages.parts.image        also .audio, .document, .image.detail
    messages.parts.tool_result.media

What the protocol itself lacks is refused whatever stands there: `tool_choice.parallel`,
which rows name for their readers.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from llmrpc_server.providers.target import Target


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is true of the models whose name starts with `prefix`."""

    prefix: str = ""
    efforts: dict[str, str | int] = {}
    """How much it can be told to think: a `thinkingLevel`, or a `thinkingBudget`
    in tokens, for each effort that it has. None: it does not think."""
    budget: bool = False
    """Whether it takes `thinkingBudget`, and no level."""
    budgets: tuple[int, int] = (0, 2**31 - 1)
    """The least and the most that it takes; 0 switches thinking off where it can be."""
    signed_calls: bool = False
    """Whether it refuses a turn whose first function call has no signature."""
    searches_by_prompt: bool = False
    """Whether Google bills its searches by the prompt, and not by the query."""
    lacks: frozenset[str] = frozenset()
    """Places of a request, beside those that the row lacks."""


class Quirks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row's ways, checked once when its dialect is made."""

    options: dict[str, str] = {}
    """Where each of the row's options goes in the body, its steps parted by dots."""
    caller_tools: frozenset[str] = frozenset()
    """Types of provider tools that the caller runs: they mix with functions."""
    listed_tools: frozenset[str] = frozenset()
    """Types of provider tools that stand in the body as a list of their options."""
    models: tuple[Model, ...] = ()
    """What differs by model: the first whose prefix fits counts."""

    def model(self, name: str) -> Model:
        """What is known about a model."""
        return next((each for each in self.models if name.startswith(each.prefix)), _ANY_MODEL)


GoogleTarget = Target[Quirks, Model]

_ANY_MODEL = Model(
    efforts={effort: effort.upper() for effort in ("minimal", "low", "medium", "high")},
    signed_calls=True,
)
"""Where a row says nothing: what the protocol has today, with no gap."""


def read_quirks(quirks: Mapping[str, object]) -> Quirks:
    """Raises `msgspec.ValidationError` naming a key that is unknown or wrong."""
    return msgspec.convert(dict(quirks), Quirks)
