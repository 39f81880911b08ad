"""The settings and the environment's names, from the configuration's own classes."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from docs.table import table, words
from llmrpc.secret import Secret
from llmrpc_server.bounds import HeaderValue
from llmrpc_server.config import Config
from llmrpc_server.config.environment import CALLER_KEYS, NAMES
from llmrpc_server.providers.registry import ROWS

REQUIRED = object()
WORDS: Mapping[Any, str] = {
    str: "text",
    Secret: "secret text",
    HeaderValue: "text, kept secret",
    Any: "anything",
    Path: "file",
    int: "integer",
    float: "number",
    Decimal: "number",
    bool: "true or false",
    type(None): "null",
}
BOUNDS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}
MiB = 1024 * 1024


class Setting(NamedTuple):
    """One setting of a class."""

    name: str
    kind: Any
    default: Any
    """`REQUIRED` where there is none."""
    meaning: str


def settings() -> str:
    """A table for the top level, and one for every mapping below it."""
    return "\n\n".join(_sections(Config, ""))


def _sections(owner: type, path: str) -> Iterator[str]:
    own, nested = [], []
    for setting in settings_of(owner):
        inner, suffix = _nested(setting.kind)
        if inner is None:
            if not setting.meaning:
                raise ValueError(f"{owner.__name__}.{setting.name} has no docstring")
            own.append(
                [f"`{setting.name}`", _type(setting.kind), _default(setting), setting.meaning]
            )
        else:
            nested.append((inner, f"{path}{setting.name}{suffix}"))
    head = "The top level" if not path else f"`{path.removesuffix('.')}`"
    purpose = inspect.cleandoc(owner.__doc__ or "").split("\n\n")[0]
    yield f"### {head}\n\n{purpose}"
    yield table(["setting", "type", "default", "meaning"], own)
    for inner, below in nested:
        yield from _sections(inner, f"{below}.")


def settings_of(owner: type) -> Iterator[Setting]:
    """The fields of a dataclass or a struct, in order."""
    hints, meanings = get_type_hints(owner, include_extras=True), _docstrings(owner)
    if is_dataclass(owner):
        for item in fields(owner):
            default = item.default if item.default_factory is MISSING else item.default_factory()
            yield Setting(
                item.name,
                hints[item.name],
                REQUIRED if default is MISSING else default,
                meanings.get(item.name, ""),
            )
    else:
        for field in msgspec.structs.fields(owner):
            made = field.default_factory is not msgspec.NODEFAULT
            default = field.default_factory() if made else field.default
            default = REQUIRED if field.required else default
            yield Setting(field.name, hints[field.name], default, meanings.get(field.name, ""))


def _docstrings(owner: type) -> dict[str, str]:
    """The text below each attribute."""
    body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
    found: dict[str, str] = {}
    name = ""
    for node in body.body if isinstance(body, ast.ClassDef) else ():
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)):
                pass
            case ast.Expr(value=ast.Constant(value=str(text))) if name:
                found[name] = inspect.cleandoc(text)
            case _:
                name = ""
    return found


def _nested(kind: Any) -> tuple[type | None, str]:
    """The class of a setting that is a mapping or holds some, and how one is reached."""
    candidates = [(kind, ""), *((each, "") for each in _options(kind))]
    if get_origin(kind) is tuple:
        candidates = [(get_args(kind)[0], "[]")]
    elif get_origin(kind) in (Mapping, dict):
        candidates = [(get_args(kind)[1], ".NAME")]
    for each, suffix in candidates:
        if isinstance(each, type) and each not in WORDS:
            return each, suffix
    return None, ""


def _options(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else ()


def _type(kind: Any) -> str:
    if options := _options(kind):
        return " or ".join(map(_type, options))
    match get_origin(kind):
        case None:
            return WORDS[kind]
        case origin if origin is Annotated:
            inner, *notes = get_args(kind)
            return " ".join([_type(inner), *(each for note in notes for each in _bounds(note))])
        case origin if origin is Literal:
            return words(get_args(kind))
        case origin if origin is tuple:
            return f"list of {_type(get_args(kind)[0])}"
        case _:
            return f"mapping of names to {_type(get_args(kind)[1])}"


def _bounds(note: Any) -> Iterator[str]:
    for name, text in BOUNDS.items():
        if isinstance(note, msgspec.Meta) and (bound := getattr(note, name)) is not None:
            yield text.format(bound)


def _default(setting: Setting) -> str:
    value = setting.default
    if value is REQUIRED:
        return "required"
    if value is None:
        return "`null`"
    if not isinstance(value, bool | int | float) and not value:
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int) and value and value % MiB == 0:
        return f"`{value}` ({value // MiB} MiB)"
    return f"`{value}`"


def environment() -> str:
    """Every name that the server reads, and what it stands for."""
    rows = [[f"`{name}`", f"`{setting}`"] for name, setting in NAMES.items()]
    rows.append(["`LLMRPC_CONFIG`", "`--config`, the path of the file"])
    rows.append([f"`{CALLER_KEYS}`", "more callers under `auth`: `name:key`, commas between"])
    for row in ROWS.values():
        keys = ", ".join(f"{words((name, f'{name}_1'))}, …" for name in row.key_env)
        rows.append([keys, f"`providers.{row.name}.api_keys`"])
        addresses = words((row.base_url_env, *row.base_url_aliases))
        rows.append([addresses, f"`providers.{row.name}.base_url`"])
        if row.api_version_env:
            rows.append([words(row.api_version_env), f"`providers.{row.name}.api_version`"])
    return table(["name", "setting"], rows)
