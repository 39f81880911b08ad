"""`llmrpc`, the command line: generate and chat through a gateway."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Runs the command line; says what to install where its extra is missing."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # read when grpc is imported
    try:
        from llmrpc.cli.app import app
    except ModuleNotFoundError as error:
        if error.name not in ("rich", "typer"):
            raise
        sys.exit(f"llmrpc: {error.name} is missing; install it with: pip install 'llmrpc[cli]'")
    app(prog_name="llmrpc")
