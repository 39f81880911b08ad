"""From plain YAML values to frozen settings, with every fault at once."""

from __future__ import annotations

import difflib
import math
import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from llmrpc.secret import Secret
from llmrpc_server.bounds import HeaderValue
from llmrpc_server.config.misfit import misfit
from llmrpc_server.words import number


class ConfigError(Exception):
    """The configuration is wrong; `problems` are all faults, each with its path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


_UNFILLED = re.compile(r"\$[A-Za-z_]\w*|\$\{[^}]*\}?|\$\(.*\)|%\w+%|\{\{.*\}\}")
"""How other tools have variables put in; here they stay as they are."""


class _Faulty:
    """Stands for a value that could not be made."""


FAULTY = _Faulty()
MISSING_VARIABLE = _Faulty()
"""Stands for a text whose `${NAME}` is not there, which was complained of already."""


def convert(kind: Any, raw: Any, path: str, problems: list[str]) -> Any:
    """The value of a type for a raw one; faults are added to `problems`."""
    if raw is MISSING_VARIABLE:
        return FAULTY
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType) and any(is_dataclass(a) for a in arguments):
        if raw is None:
            return None
        kind = next(a for a in arguments if is_dataclass(a))
    if is_dataclass(kind):
        return _dataclass(kind, raw, path, problems)
    if origin is tuple:
        return _tuple(arguments[0], raw, path, problems)
    if origin in (Mapping, dict):
        return _mapping(arguments[1], raw, path, problems)
    if origin is Literal and raw not in arguments:
        problems.append(f"{path}: must be {' or '.join(filter(None, arguments))}, got {raw!r}")
        return FAULTY
    try:
        value = msgspec.convert(raw, kind, strict=False, dec_hook=_special)
    except msgspec.ValidationError as error:
        secret = not {Secret, HeaderValue}.isdisjoint((kind, *arguments))
        problems.append(f"{path}: {misfit(kind, raw, error, secret=secret)}")
        return FAULTY
    except ValueError as error:
        problems.append(f"{path}: {error}")
        return FAULTY
    if isinstance(value, float) and not math.isfinite(value):
        problems.append(f"{path}: must be a finite number, got {number(value)}")
        return FAULTY
    return value


def _dataclass(kind: Any, raw: Any, path: str, problems: list[str]) -> Any:
    if raw is None:
        raw = {}
    if not isinstance(raw, Mapping):
        problems.append(f"{path or 'the file'}: is no mapping")
        return FAULTY
    hints = get_type_hints(kind, include_extras=True)
    known = {item.name: item for item in fields(kind)}
    values: dict[str, Any] = {}
    for name, value in raw.items():
        at = f"{path}.{name}" if path else str(name)
        if name not in known:
            close = difflib.get_close_matches(str(name), known, 1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
            problems.append(f"{at}: is unknown; {hint}")
        elif value is not None or not _is_section(hints[name]):
            values[name] = convert(hints[name], value, at, problems)
    for name, item in known.items():
        required = item.default is MISSING and item.default_factory is MISSING
        if required and name not in raw:
            problems.append(f"{path}.{name}: is missing")
            values[name] = FAULTY
    if any(value is FAULTY for value in values.values()):
        return FAULTY
    try:
        return kind(**values)
    except ValueError as error:
        problems.append(f"{path}: {error}")
        return FAULTY


def _is_section(kind: Any) -> bool:
    """Whether an empty value, all of it commented out say, is as good as none."""
    return is_dataclass(kind) or get_origin(kind) in (tuple, Mapping)


def _tuple(kind: Any, raw: Any, path: str, problems: list[str]) -> Any:
    if not isinstance(raw, list | tuple):
        problems.append(f"{path}: is no list")
        return FAULTY
    items = [convert(kind, item, f"{path}[{i}]", problems) for i, item in enumerate(raw)]
    return FAULTY if FAULTY in items else tuple(items)


def _mapping(kind: Any, raw: Any, path: str, problems: list[str]) -> Any:
    if not isinstance(raw, Mapping):
        problems.append(f"{path}: is no mapping")
        return FAULTY
    unnamed = [k for k in raw if k is None or isinstance(k, bool)]
    if unnamed:  # YAML reads on, off, yes and no so
        problems.append(f"{path}: the name {unnamed[0]} is no text; put it in quotes")
        return FAULTY
    items = {str(k): convert(kind, v, f"{path}.{k}", problems) for k, v in raw.items()}
    return FAULTY if any(value is FAULTY for value in items.values()) else items


def _secret(value: str, *, blanks: bool = False) -> str:
    """A secret without the white space around it: mounted files end with a line."""
    value = value.strip()
    if not value:
        raise ValueError("is empty")
    if value[0] in "\"'" and value[-1] == value[0]:
        raise ValueError("has quotes around it, which would be sent too; leave them out")
    if _UNFILLED.fullmatch(value):
        raise ValueError("names a variable and is not its value; write it as ${NAME}")
    if not value.isascii() or not value.isprintable() or (" " in value and not blanks):
        raise ValueError("has white space, control or other characters that no header can carry")
    return value


def _special(kind: type, value: Any) -> Any:
    if kind in (Secret, HeaderValue):
        if not isinstance(value, str):
            raise ValueError("is no text; write it as ${NAME}, or in quotes")
        return kind(_secret(value, blanks=kind is HeaderValue))
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(kind)
