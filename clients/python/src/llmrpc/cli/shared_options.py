"""Options that several commands have, said once as the fields of a dataclass."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import wraps
from typing import Any, get_type_hints


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command, whose first parameter is a dataclass, an option for each field.

    The help lists the command's own first, then those of the class, then its bases'.
    """
    first, *own = inspect.signature(command, eval_str=True).parameters.values()
    kind = first.annotation
    known = inspect.signature(kind).parameters
    types = get_type_hints(kind, include_extras=True)  # each in the module of its own class
    shared = {name: known[name].replace(annotation=types[name]) for name in _fields(kind)}

    @wraps(command)
    def wrapper(**arguments: Any) -> None:
        options = kind(**{name: arguments.pop(name) for name in shared})
        command(options, **arguments)

    parameters = [*own, *shared.values()]
    del wrapper.__wrapped__
    wrapper.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters]
    )
    wrapper.__annotations__ = {one.name: one.annotation for one in parameters}
    return wrapper


def _fields(kind: type) -> list[str]:
    return [name for base in kind.__mro__ if is_dataclass(base) for name in base.__annotations__]
