"""What both dialects of OpenAI do alike: the key, errors, and the list of models."""

from __future__ import annotations

from collections.abc import Mapping

from llmrpc.errors import LLMClientError
from llmrpc_server.providers.dialect import Dialect, Listed, ListsModels
from llmrpc_server.providers.openai_family import errors
from llmrpc_server.providers.openai_family.models import read_models


class FamilyDialect(Dialect, ListsModels):
    """A dialect of OpenAI, bound to one row."""

    def headers(self, key: str | None) -> dict[str, str]:
        if not key:
            return {}
        if self.row.key_header:
            return {self.row.key_header: key}
        return {"Authorization": f"Bearer {key}"}

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMClientError:
        return errors.from_status(self.row.name, status, headers, body)

    def list_path(self, page: str) -> str:
        return self.row.path("/models")

    def decode_list(self, body: bytes) -> tuple[list[Listed], str]:
        return read_models(self.row.name, body), ""
