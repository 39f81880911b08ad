"""A provider in somebody else's Python: the client that the configuration names."""

from __future__ import annotations

from importlib import import_module

from llmrpc.base import BaseLLMClient
from llmrpc_server.config import Config, ConfigError, PlannedProvider
from llmrpc_server.policies.contained import ContainedClient


def make_own_client(planned: PlannedProvider, config: Config) -> BaseLLMClient:
    """An instance of the class that the configuration names, contained.

    A default that the class sets itself stands. Raises `ConfigError` for a class that
    cannot be made or is no `BaseLLMClient`.
    """
    path = f"providers.{planned.name}.client"
    module, _, name = planned.settings.client.partition(":")
    try:
        client = getattr(import_module(module), name)()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a constructor of somebody else's raises
        why = error if isinstance(error, Exception) else f"it raised {type(error).__name__}"
        raise ConfigError([f"{path}: {planned.settings.client} cannot be made: {why}"]) from error
    if not isinstance(client, BaseLLMClient):
        raise ConfigError([f"{path}: {planned.settings.client} is no BaseLLMClient"])
    client.provider_name = planned.name
    client.stall_timeout = config.timeout
    if client.default_temperature is None:
        client.default_temperature = config.temperature
    if client.default_max_tokens is None:
        client.default_max_tokens = config.max_tokens
    return ContainedClient(client)
