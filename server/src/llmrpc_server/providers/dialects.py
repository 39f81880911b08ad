"""The dialects that one provider speaks, and which of them serves a model."""

from __future__ import annotations

from collections.abc import Mapping

from llmrpc_server.providers.dialect import CountsTokens, Dialect
from llmrpc_server.providers.row import Row


class Dialects:
    """A provider's own dialect, and others by the start of a model's name."""

    def __init__(self, row: Row, known: Mapping[str, type[Dialect]]) -> None:
        self.row = row
        names = dict.fromkeys((row.dialect, *row.dialects.values()))
        made = {name: known[name](row.speaking(name)) for name in names}
        self.own = made[row.dialect]
        """The one that serves all models but those of `Row.dialects`."""
        by_length = sorted(row.dialects.items(), key=lambda each: -len(each[0]))
        self._starts = [(start, made[name]) for start, name in by_length]
        self._any = tuple(row.dialects)

    def of(self, model: str) -> Dialect:
        """The dialect for a model: of the starts that fit the longest counts."""
        if not model.startswith(self._any):
            return self.own
        return next(dialect for start, dialect in self._starts if model.startswith(start))


def counter(dialect: Dialect) -> CountsTokens | None:
    """The dialect, as one whose provider counts tokens; None where there is no such."""
    if not isinstance(dialect, CountsTokens):
        return None
    said = dialect.row.counts
    return dialect if (dialect.usual if said is None else said) else None
