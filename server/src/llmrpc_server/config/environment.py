"""The environment's names for settings."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from llmrpc_server.providers.registry import ROWS
from llmrpc_server.providers.row import Row

NAMES = {
    "LLMRPC_ADDRESS": "listen.address",
    "LLMRPC_ALLOW_ANONYMOUS": "listen.allow_anonymous",
    "LLMRPC_TLS_CERTIFICATE": "listen.tls.certificate",
    "LLMRPC_TLS_KEY": "listen.tls.key",
    "LLMRPC_TLS_CLIENT_CA": "listen.tls.client_ca",
    "LLMRPC_HTTP_PROXY": "http.proxy",
    "LLMRPC_CA_BUNDLE": "http.ca_bundle",
    "LLMRPC_LOG_FORMAT": "log.format",
    "LLMRPC_LOG_LEVEL": "log.level",
    "LLMRPC_TRACING": "tracing.exporter",
    "LLMRPC_DISCOVERY": "models.discovery",
    "TIKTOKEN_CACHE_DIR": "vocabularies",
    "LLM_DEFAULT_MODEL": "default_model",
    "LLM_DEFAULT_TEMPERATURE": "temperature",
    "LLM_MAX_TOKENS": "max_tokens",
    "LLM_TIMEOUT": "timeout",
}
"""Name by setting; each wins over the file. `LLMRPC_CONFIG` names the file."""

CALLER_KEYS = "LLMRPC_API_KEYS"
"""Callers' keys, `name:key` with commas between."""

_OURS = "LLMRPC_"
_OTHERS = frozenset({CALLER_KEYS, "LLMRPC_CONFIG", "LLMRPC_TOKEN"})
"""Names beside the settings; the last one is the client's."""
_SERVICES = re.compile(r"LLMRPC_(\w+_)?(SERVICE_HOST|SERVICE_PORT|PORT)(_\w+)?")
"""What Kubernetes sets for a Service whose name begins with llmrpc."""


def strangers(environment: Mapping[str, str], used: Collection[str]) -> list[str]:
    """Variables that begin as ours do and mean nothing; `used` are those that the file names."""
    known = {*NAMES, *_OTHERS}
    found = []
    for name in sorted(environment):
        if name.startswith(_OURS) and not (
            name in known or name in used or _SERVICES.fullmatch(name)
        ):
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else "leave it out"
            found.append(f"{name}: is unknown; {hint}")
    return found


def overlay(raw: dict[str, Any], environment: Mapping[str, str], problems: list[str]) -> None:
    """Lays the named settings over the file's."""
    for name, dotted in NAMES.items():
        if environment.get(name):
            set_path(raw, dotted, environment[name])
    callers = environment.get(CALLER_KEYS, "")
    keys = raw["auth"] = raw.get("auth") or []
    if isinstance(keys, list):
        for number, entry in enumerate(filter(None, callers.split(",")), 1):
            name, colon, key = entry.strip().partition(":")
            if colon:
                keys.append({"name": name, "key": key})
            else:
                problems.append(f"{CALLER_KEYS}: entry {number} is not written name:key")


def set_path(raw: dict[str, Any], dotted: str, value: Any) -> None:
    """Sets `a.b.c` in nested mappings; what is none is left to be complained of."""
    *parents, last = dotted.split(".")
    for parent in parents:
        inner = raw[parent] = raw.get(parent) or {}
        if not isinstance(inner, dict):
            return
        raw = inner
    raw[last] = value


def provider_overlay(raw: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Lays each registry provider's keys and address over the file's.

    A provider that the file does not name appears when its key is set, or, for a
    server that one runs oneself, its address.
    """
    providers = raw["providers"] = raw.get("providers") or {}
    if not isinstance(providers, dict):
        return
    for row in ROWS.values():
        keys = row_keys(row, environment)
        address = _first((row.base_url_env, *row.base_url_aliases), environment)
        if not (keys or (address and not row.needs_key) or row.name in providers):
            continue
        settings = providers.get(row.name) or {}
        if not isinstance(settings, dict):
            continue
        providers[row.name] = settings
        if keys and not settings.get("api_keys"):
            settings["api_keys"] = keys
        if address:
            settings["base_url"] = address
        if version := _first(row.api_version_env, environment):
            settings["api_version"] = version


def _first(names: Iterable[str], environment: Mapping[str, str]) -> str:
    return next((value for name in names if (value := environment.get(name, "").strip())), "")


def row_keys(row: Row, environment: Mapping[str, str]) -> list[str]:
    """The keys in `NAME`, `NAME_1`, `NAME_2`, … in that order, each once."""
    keys: dict[str, None] = {}
    for name in row.key_env:
        numbered = [
            (int(match.group(1)), variable)
            for variable in environment
            if (match := re.fullmatch(rf"{name}_(\d+)", variable))
        ]
        for variable in (name, *(variable for _, variable in sorted(numbered))):
            if key := environment.get(variable, "").strip():
                keys[key] = None
    return list(keys)
