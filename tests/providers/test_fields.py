"""Every field of a request at every dialect: carried, refused by name, or a hint with its warning.

The cells stand in `docs/fields`. Each is seen red by itself: the same check fails for the
request without the field.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message

from docs.fields import NOT_OF_DIALECTS, Cell, Column, columns, field_names, places
from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError
from llmrpc_server.providers.dialect import Defaults
from llmrpc_server.providers.registry import DIALECTS, ROWS
from llmrpc_server.providers.row import Row
from llmrpc_server.rpc.limits import Limits
from llmrpc_server.rpc.validation import NOT_BUILT, Validator

COLUMNS = columns()
CELLS = [
    pytest.param(name, place, id=f"{name}: {place}")
    for name in COLUMNS
    for place in places()
    if place not in NOT_OF_DIALECTS
]
NOTHING = object()


def test_every_field_has_a_place_and_every_place_a_cell_of_every_dialect() -> None:
    named, fields = {place.partition(" ")[0] for place in places()}, set(field_names())
    assert fields <= named
    assert all(any(each.startswith(f"{name}.") for each in fields) for name in named - fields)
    assert set(COLUMNS) == set(DIALECTS), "docs/fields has one file for each dialect"
    for name, column in COLUMNS.items():
        order = f"docs/fields/{name}.yaml has the places of places.yaml, in their order"
        assert list(column.cells) == [p for p in places() if p not in NOT_OF_DIALECTS], order


@pytest.mark.parametrize(("name", "place"), CELLS)
def test_a_cell_holds_and_does_not_hold_without_its_field(name: str, place: str) -> None:
    column = COLUMNS[name]
    cell = column.cells[place]
    request = read(column, place)
    check(cell, column, name, request)
    without = copy.deepcopy(request)
    field = decisive(cell, place)
    clear(without, field.split("."))
    assert without != request, f"the request of {place} has no {field}"
    if cell.absent:
        assert sent(column, name, cell, without) == sent(column, name, cell, request)
    else:
        too = holds(cell, column, name, without)
        assert not too, f"the cell holds without {field} too, so it shows nothing"


@pytest.mark.parametrize("name", COLUMNS)
def test_a_row_that_says_nothing_has_an_answer_to_every_field(name: str) -> None:
    """Such a row is a provider that the configuration alone names."""
    row = Row(name="intern", dialect=name, base_url="https://llm.example.com/v1")
    column = replace(COLUMNS[name], row=row.name)
    for place in (place for place in places() if place not in NOT_OF_DIALECTS):
        with suppress(InvalidRequestError):
            DIALECTS[name](row).encode(read(column, place), "m", Defaults(), stream=False)


@pytest.mark.parametrize("field", NOT_BUILT)
def test_what_is_not_built_is_refused_before_any_dialect(field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Validator(Limits()).check(read(next(iter(COLUMNS.values())), field))
    assert [each.field for each in caught.value.violations] == [field]


def read(column: Column, place: str) -> pb.GenerateRequest:
    return json_format.ParseDict(column.request(place), pb.GenerateRequest())


def sent(column: Column, name: str, cell: Cell, request: pb.GenerateRequest) -> dict[str, Any]:
    """The body, its address and the fields that were warned of."""
    model = request.model.partition("/")[2] or cell.model or column.model
    encoded = DIALECTS[name](ROWS[column.row].speaking(name)).encode(
        request, model, Defaults(), stream=False
    )
    body: dict[str, Any] = json.loads(encoded.body)
    return {**body, "@path": encoded.path, "@warnings": [each.field for each in encoded.warnings]}


def check(cell: Cell, column: Column, name: str, request: pb.GenerateRequest) -> None:
    Validator(Limits()).check(request)
    if cell.refused:
        with pytest.raises(InvalidRequestError) as caught:
            assert sent(column, name, cell, request) is None, "it was not refused"
        fields = [each.field for each in caught.value.violations]
        assert cell.refused in fields, "the dialect refuses other fields"
        return
    found = sent(column, name, cell, request)
    if cell.hint:
        assert cell.hint in found["@warnings"], "the dialect warns of other fields"
    for path, value in cell.carried.items():
        assert at(found, path) == value, f"{path} in {json.dumps(found)}"
    if cell.absent:
        assert not found["@warnings"]


def holds(cell: Cell, column: Column, name: str, request: pb.GenerateRequest) -> bool:
    try:
        check(cell, column, name, request)
    except (AssertionError, InvalidRequestError):
        return False
    return True


def at(body: Any, path: str) -> Any:
    """What stands at `a.b[0].c`; `NOTHING` where there is nothing."""
    for step in re.findall(r"[^.\[\]]+", path):
        try:
            body = body[int(step) if step.isdigit() else step]
        except (KeyError, IndexError, TypeError):
            return NOTHING
    return body


def decisive(cell: Cell, place: str) -> str:
    """The field without which a cell is wrong: what is refused may be all around a place."""
    return re.sub(r"\[.*?\]", "", cell.refused) or place.partition(" ")[0]


def clear(message: Message, path: list[str]) -> None:
    """Takes a field away wherever it stands."""
    first, *rest = path
    for each in _inner(message, first) if rest else ():
        clear(each, rest)
    if not rest:
        message.ClearField(first)


def _inner(message: Message, name: str) -> Iterator[Message]:
    value = getattr(message, name)
    if message.DESCRIPTOR.fields_by_name[name].is_repeated:
        yield from value
    elif message.HasField(name):
        yield value
