"""What a provider is: one row of data, which says how it speaks a dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from llmrpc_server.bounds import HeaderValue


@dataclass(frozen=True, slots=True)
class Ways:
    """How a provider speaks another of its dialects; each field is one of `Row`."""

    lacks: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()
    quirks: Mapping[str, object] = field(default_factory=dict)
    docs: str = ""
    counts: bool | None = None
    provider_tools: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One provider as data. A compatible provider is one more of these."""

    name: str
    """As in `provider/model`, spans and metrics: lower case."""
    dialect: str
    """The dialect that it speaks: a key of the registry."""
    base_url: str
    """Where it listens, up to what comes before the dialect's own path; empty: everybody
    has an own address, which the configuration names."""
    default_model: str = ""
    """Used when nothing names a model and this provider is the first configured."""
    key_env: tuple[str, ...] = ()
    """Environment names of its key, best first; each also with `_1`, `_2`, …"""
    base_url_env: str = ""
    """Environment name that moves `base_url`."""
    base_url_aliases: tuple[str, ...] = ()
    """More such names, where people know several."""
    needs_key: bool = True
    """False for servers that one runs oneself."""
    key_path: str = ""
    """What can be read with a good key alone, where the list of models is open to all."""
    lacks: frozenset[str] = frozenset()
    """Fields of `GenerateRequest` that it has no place for: refused by name."""
    options: frozenset[str] = frozenset()
    """Keys of `provider_options`, without the provider's prefix, that it takes."""
    quirks: Mapping[str, object] = field(default_factory=dict)
    """What its dialect does differently for it; the dialect names the keys."""
    tiktoken: bool = False
    """Whether tiktoken knows the tokenizers of its models by the models' names."""
    docs: str = ""
    """Its own documentation of the wire format."""
    counts: bool | None = None
    """Whether it counts tokens; None: as those do who speak its dialect."""
    lists: bool = True
    """Whether what it lists is what can be called."""
    dialects: Mapping[str, str] = field(default_factory=dict)
    """Models that another dialect serves: it by the start of their names. The longest
    start that fits counts."""
    other_ways: Mapping[str, Ways] = field(default_factory=dict)
    """Its ways with other dialects, by their names."""
    prefix: str = ""
    """What stands between `base_url` and the dialect's own path; people may write it
    at the end of the address, where it counts once."""
    key_header: str = ""
    """The header of its key; empty: `Authorization`, as a bearer token."""
    api_version: str = ""
    """Which version of its API is called, where it has several; empty: its newest."""
    api_version_env: tuple[str, ...] = ()
    """Environment names of `api_version`, best first."""
    provider_tools: frozenset[str] = frozenset()
    """Patterns of the types of its own tools, such as `web_search_*`."""
    headers: Mapping[str, HeaderValue] = field(default_factory=dict)
    """Headers of every request, beside those that the dialect needs."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """Fields of every request's body, where it has none of that name."""
    dated_paths: Mapping[str, str] = field(default_factory=dict)
    """The dialect's path in a version with a date, where it is another: `{model}` is
    the model's place in it."""

    def speaking(self, dialect: str) -> Row:
        """The row as far as one of its dialects goes."""
        if dialect == self.dialect:
            return self
        ways = self.other_ways.get(dialect, Ways())
        return replace(
            self,
            dialect=dialect,
            lacks=ways.lacks,
            options=ways.options,
            quirks=ways.quirks,
            docs=ways.docs or self.docs,
            counts=ways.counts,
            provider_tools=ways.provider_tools,
        )

    def path(self, path: str, model: str = "") -> str:
        """Where a path of the dialect is, behind `base_url`, with any query."""
        if self.api_version in ("", "v1"):
            return self.prefix + path
        query = f"?api-version={self.api_version}"
        if not self.api_version[:1].isdigit():
            return self.prefix + path + query
        dated = self.dated_paths.get(path, self.prefix + path)
        return dated.replace("{model}", quote(model, safe="")) + query
