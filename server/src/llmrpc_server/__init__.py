"""The gateway: a gRPC server that maps the contract onto providers."""

from importlib.metadata import version

__version__ = version("llmrpc-server")
