"""The configuration: a YAML file and the environment, frozen and validated."""

from llmrpc_server.config.convert import ConfigError
from llmrpc_server.config.load import environment_doubts, load_config
from llmrpc_server.config.providers import PlannedProvider, plan_providers
from llmrpc_server.config.schema import CallerKey, Config, ProviderConfig, TracingSettings

__all__ = [
    "CallerKey",
    "Config",
    "ConfigError",
    "PlannedProvider",
    "ProviderConfig",
    "TracingSettings",
    "environment_doubts",
    "load_config",
    "plan_providers",
]
