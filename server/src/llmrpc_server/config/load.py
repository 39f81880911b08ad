"""Reads the configuration: the file first, the environment over it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from llmrpc.secret import Secret
from llmrpc_server.config.certificates import bundle_problems, tls_problems
from llmrpc_server.config.convert import MISSING_VARIABLE, ConfigError, convert
from llmrpc_server.config.environment import overlay, provider_overlay, set_path, strangers
from llmrpc_server.config.providers import provider_problems
from llmrpc_server.config.schema import Config
from llmrpc_server.config.yaml_file import UniqueKeyLoader
from llmrpc_server.rpc.address import is_address

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def load_config(
    path: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any] | None = None
) -> Config:
    """The configuration; flags win over the environment, that over the file.

    Raises `ConfigError` with every fault and its path.
    """
    problems: list[str] = []
    try:
        raw = _read(path, problems) if path is not None else {}
        raw = _substitute(raw, environment, "", problems)
    except RecursionError:
        raise ConfigError([f"{path}: is nested too deeply, or contains itself"]) from None
    if not isinstance(raw, dict):
        raise ConfigError([*problems, f"{path}: is no mapping"])
    overlay(raw, environment, problems)
    provider_overlay(raw, environment)
    for dotted, value in (flags or {}).items():
        set_path(raw, dotted, deepcopy(value))  # a later flag may write into it
    config = convert(Config, raw, "", problems)
    if isinstance(config, Config):
        problems += _doubtful(config)
    if problems or not isinstance(config, Config):
        raise ConfigError(problems)
    return config


def environment_doubts(path: Path | None, environment: Mapping[str, str]) -> list[str]:
    """Variables that look like settings and are none."""
    text = "" if path is None else path.read_text()
    return strangers(environment, set(_VARIABLE.findall(text)))


def _read(path: Path, problems: list[str]) -> Any:
    try:
        return yaml.load(path.read_text(), UniqueKeyLoader) or {}  # noqa: S506 - a safe loader
    except OSError as error:
        problems.append(f"{path}: cannot be read: {error.strerror}")
    except yaml.MarkedYAMLError as error:
        # its own text quotes the line, where a key may stand
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.append(f"{path}: is no valid YAML: line {line}: {error.problem}")
    except (yaml.YAMLError, UnicodeDecodeError):
        problems.append(f"{path}: is no valid YAML: it is not text")
    return {}


def _substitute(value: Any, environment: Mapping[str, str], path: str, problems: list[str]) -> Any:
    """`${NAME}` in texts, from the environment."""
    if isinstance(value, dict):
        return {
            k: _substitute(v, environment, f"{path}.{k}".lstrip("."), problems)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_substitute(v, environment, f"{path}[{i}]", problems) for i, v in enumerate(value)]
    if not isinstance(value, str):
        return value

    missing = [name for name in _VARIABLE.findall(value) if not environment.get(name, "").strip()]
    problems += [f"{path}: the environment has no {name}, or it is empty" for name in missing]
    if missing:
        return MISSING_VARIABLE
    return _VARIABLE.sub(lambda match: environment[match.group(1)], value)


def _doubtful(config: Config) -> list[str]:
    """Faults that only show when settings are seen together."""
    problems = []
    if not is_address(config.listen.address):
        return [f"listen.address: {config.listen.address!r} is neither host:port nor unix:path"]
    authenticated = config.auth or (config.listen.tls and config.listen.tls.client_ca)
    if not (config.listen.is_loopback() or authenticated or config.listen.allow_anonymous):
        problems.append(
            f"listen.address: {config.listen.address} can be reached by other machines, and "
            "nobody is asked who they are: set auth keys or listen.tls.client_ca, or say "
            "--allow-anonymous if that is meant"
        )
    problems += provider_problems(config)
    names = [key.name for key in config.auth]
    problems += [f"auth: the name {n} is there twice" for n in set(names) if names.count(n) > 1]
    if config.listen.tls is not None:
        problems += tls_problems(config.listen.tls)
    if config.http.proxy is not None and not _is_proxy(config.http.proxy):
        problems.append("http.proxy: is no address of a proxy; write http://host:port")
    if config.http.ca_bundle is not None:
        problems += bundle_problems(config.http.ca_bundle)
    return problems


def _is_proxy(proxy: Secret) -> bool:
    """Whether it is the URL of an HTTP proxy; a password may stand in it."""
    try:
        address = urlsplit(proxy.reveal())
        port = address.port
    except ValueError:
        return False
    return address.scheme in ("http", "https") and bool(address.hostname) and port != 0
