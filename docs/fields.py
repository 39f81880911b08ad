"""What happens to every field of `GenerateRequest` at every dialect, as data.

`fields/places.yaml` has a request for each place, `fields/<dialect>.yaml` a cell for
it. The tests hold every cell to the dialect, and the table in the docs is made of them.
A cell is one of

    {carried: {PATH: VALUE}}    where the provider finds it in the body, and as what
    {refused: FIELD}            INVALID_ARGUMENT with this field
    {hint: FIELD}               dropped, and named so in `warnings`
    {absent: WHY}               there is nothing to send

and may name the `model` that it holds for, the dialect's own else, and a `note`. `@path`
stands for the address of the request.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml
from google.protobuf.descriptor import Descriptor

from docs.table import table
from llmrpc import v1 as pb
from llmrpc_server.rpc.validation import NOT_BUILT

NOT_OF_DIALECTS = (*NOT_BUILT, "fallback.disabled")
"""Places that no dialect sees: the gateway itself honors or refuses them."""
FOLDER = Path(__file__).parent / "fields"
_WHOLE = {
    "llmrpc.v1.Annotation",
    "llmrpc.v1.CacheBreakpoint",
    "llmrpc.v1.CacheOptions",
    "llmrpc.v1.ProviderBlock",
    "llmrpc.v1.Signature",
}
"""Messages that are one value."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What happens to one place at one dialect."""

    carried: dict[str, Any] = field(default_factory=dict)
    refused: str = ""
    hint: str = ""
    absent: str = ""
    model: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        said = [self.carried, self.refused, self.hint, self.absent]
        if sum(map(bool, said)) != 1:
            raise ValueError("a cell has one of carried, refused, hint and absent")


@dataclass(frozen=True, slots=True)
class Column:
    """One dialect: the row and the model that stand for it, and its cells."""

    row: str
    model: str
    option: str
    """One of the row's own options."""
    cells: dict[str, Cell]
    tool: str = "a_tool"
    """The type of one of the row's own tools."""

    def request(self, place: str) -> dict[str, Any]:
        """The request of a place in JSON, for this dialect."""
        text = json.dumps(places()[place])
        words = {"$PROVIDER": self.row, "$OPTION": self.option, "$TOOL": self.tool}
        for word, value in words.items():
            text = text.replace(word, value)
        return {"messages": [{"role": "ROLE_USER", "content": "Hi"}], **json.loads(text)}


@cache
def places() -> Mapping[str, Any]:
    """The requests, by place; read once."""
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "places.yaml").read_text())
    return loaded


def columns() -> Mapping[str, Column]:
    """The dialects by name. Raises `msgspec.ValidationError` for a cell that is none."""
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.stem != "places":
            found[path.stem] = msgspec.convert(yaml.safe_load(path.read_text()), Column)
    return found


def field_names(
    of: Descriptor = pb.GenerateRequest.DESCRIPTOR, before: str = "", above: tuple[str, ...] = ()
) -> Iterator[str]:
    """Every field of the contract's request, down to the values."""
    for each in of.fields:
        inner, name = each.message_type, before + each.name
        if (
            inner is None
            or inner.full_name in {*_WHOLE, *above}
            or not inner.fields
            or inner.GetOptions().map_entry
        ):
            yield name
        else:
            yield from field_names(inner, f"{name}.", (*above, inner.full_name))


def fields() -> str:
    """The table for the docs."""
    found = columns()
    rows = (
        [f"`{place}`", *(_words(column, place) for column in found.values())] for place in places()
    )
    return table(["field", *(f"`{name}`" for name in found)], rows)


def _words(column: Column, place: str) -> str:
    if place in NOT_BUILT:
        return "refused: not implemented yet"
    if place in NOT_OF_DIALECTS:
        return "handled by the gateway"
    cell = column.cells[place]
    model = f" ({cell.model})" if cell.model else ""
    note = f"; {cell.note}" if cell.note else ""
    if cell.carried:
        return ", ".join(f"`{path}`" for path in cell.carried) + model + note
    if cell.refused:
        return f"refused{model}{note}"
    return (f"hint: dropped{model}" if cell.hint else cell.absent) + note
