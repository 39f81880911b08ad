"""Long lists and texts in a scenario, written short.

In a list, `{"$each": [1, 3], "item": …}` stands for an item a number, with `{n}` in texts
replaced, and `"$n"` by the number itself. `{"$text": ["é", 4]}` is `éééé`, and
`{"$join": [1, 3, "t{n} "]}` is `t1 t2 t3 `.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_NUMBER = re.compile(r"\{n(:[^}]*)?\}")


def expand(value: Any) -> Any:
    """The value with all that is short written out."""
    if isinstance(value, dict):
        if set(value) == {"$text"}:
            text, count = value["$text"]
            return text * count
        if set(value) == {"$join"}:
            first, last, text = value["$join"]
            return "".join(_numbered(text, number) for number in range(first, last + 1))
        return {key: expand(item) for key, item in value.items()}
    if isinstance(value, list):
        return [item for short in value for item in _items(short)]
    return value


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, dict) and set(value) == {"$each", "item"}:
        first, last = value["$each"]
        for number in range(first, last + 1):
            yield expand(_numbered(value["item"], number))
    else:
        yield expand(value)


def _numbered(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {key: _numbered(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbered(item, number) for item in value]
    if value == "$n":
        return number
    if isinstance(value, str):
        return _NUMBER.sub(lambda found: format(number, (found[1] or ":")[1:]), value)
    return value
