"""The gateway: a gRPC server that maps the contract onto providers."""
