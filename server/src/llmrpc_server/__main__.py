"""The command `llmrpc-server`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from llmrpc_server.standard_streams import open_all


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the exit status is 0, 1 for a failure, 2 for bad input."""
    open_all()
    # gRPC's own lines would hold up its threads where nobody reads them
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    options = _parser().parse_args(arguments)
    return int(options.run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="llmrpc-server", description="One gRPC contract for every LLM provider."
    )
    parser.add_argument("--version", action="version", version=version("llmrpc-server"))
    parser.set_defaults(run=_serve)
    _add_config(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    check = commands.add_parser("check-config", help="say what is wrong with the configuration")
    _add_config(check, defaults=False)
    check.set_defaults(run=_check)
    health = commands.add_parser(
        "health",
        help="ask a running server; exit 0 when it serves",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    health.add_argument(
        "--address", default=os.environ.get("LLMRPC_ADDRESS", "127.0.0.1:50051"), help="host:port"
    )
    health.add_argument("--service", default="", help="'', llmrpc.v1.LLMService or provider/NAME")
    health.add_argument("--timeout", type=float, default=3.0, help="seconds")
    health.add_argument("--ca", type=Path, help="certificate authority of a TLS server")
    health.add_argument("--cert", type=Path, help="client certificate for mTLS")
    health.add_argument("--key", type=Path, help="its key")
    health.set_defaults(run=_health)
    new_key = commands.add_parser("new-key", help="make a bearer key for a caller")
    new_key.add_argument("name", help="the caller's name in logs")
    new_key.set_defaults(run=_new_key)
    return parser


def _add_config(parser: argparse.ArgumentParser, *, defaults: bool = True) -> None:
    """Adds the flags of a configuration.

    Those of a command have no defaults: they would undo what stands before it.
    """
    environment = os.environ.get("LLMRPC_CONFIG")
    parser.add_argument(
        "--config",
        type=Path,
        default=Path(environment) if environment else None,
        help="a YAML file (environment: LLMRPC_CONFIG)",
    )
    parser.add_argument("--address", help="where to listen (LLMRPC_ADDRESS)")
    parser.add_argument(
        "--allow-anonymous",
        action="store_true",
        help="let everybody in on an address that other machines reach",
    )
    parser.add_argument("--log-format", choices=("auto", "json", "text"))
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"))
    parser.add_argument("--tracing", choices=("auto", "none", "console", "otlp"))
    if not defaults:
        for action in parser._actions:
            action.default = argparse.SUPPRESS


def _flags(options: argparse.Namespace) -> dict[str, Any]:
    given = {
        "listen.address": options.address,
        "listen.allow_anonymous": options.allow_anonymous or None,
        "log.format": options.log_format,
        "log.level": options.log_level,
        "tracing.exporter": options.tracing,
    }
    return {name: value for name, value in given.items() if value is not None}


def _serve(options: argparse.Namespace) -> int:
    from llmrpc_server.serve import serve

    return serve(options.config, _flags(options))


def _check(options: argparse.Namespace) -> int:
    from llmrpc_server.serve import check

    return check(options.config, _flags(options))


def _health(options: argparse.Namespace) -> int:
    from llmrpc_server.rpc.probe import probe

    tls = (options.ca, options.cert, options.key)
    return asyncio.run(probe(options.address, options.service, options.timeout, tls))


def _new_key(options: argparse.Namespace) -> int:
    from llmrpc_server.interceptors.auth import hash_key, make_key

    key = make_key()
    sys.stdout.write(
        f"The key, shown once; give it to {options.name}:\n\n  {key}\n\n"
        f"The configuration keeps its hash:\n\n"
        f"auth:\n  - name: {options.name}\n    sha256: {hash_key(key)}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
