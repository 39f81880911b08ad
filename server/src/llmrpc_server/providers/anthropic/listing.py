"""The provider's own list of models, and its count of tokens.

Sources: https://platform.claude.com/docs/en/api/models/list,
https://platform.claude.com/docs/en/api/messages/count_tokens
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from llmrpc_server.providers.dialect import Listed
from llmrpc_server.providers.failures import read
from llmrpc_server.providers.tokens import Counted

_PATH = "/v1/models?limit=1000"


class _Model(msgspec.Struct):
    id: str
    max_input_tokens: int | None = None
    max_tokens: int | None = None


class _Page(msgspec.Struct):
    data: list[_Model]
    has_more: bool | None = None
    last_id: str | None = None


class _Count(msgspec.Struct):
    input_tokens: Counted


_decode_page = msgspec.json.Decoder(_Page).decode
_decode_count = msgspec.json.Decoder(_Count).decode


def list_path(page: str) -> str:
    """Where a page of the list is; a page is named by the last model before it."""
    return f"{_PATH}&after_id={quote(page, safe='')}" if page else _PATH


def read_list(body: bytes, provider: str) -> tuple[list[Listed], str]:
    """The models of a page, and the next page; empty at the end."""
    page = read(_decode_page, body, provider, "list of models")
    models = [Listed(each.id, each.max_input_tokens, each.max_tokens) for each in page.data]
    return models, (page.last_id or "") if page.has_more else ""


def read_count(body: bytes, provider: str) -> int:
    """The count."""
    return read(_decode_count, body, provider, "count of tokens").input_tokens
