"""What the command line does with a configuration: serve it, or check it."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmrpc_server import __version__
from llmrpc_server.app import App
from llmrpc_server.banner import banner, provider_lines
from llmrpc_server.config import (
    Config,
    ConfigError,
    PlannedProvider,
    environment_doubts,
    load_config,
)
from llmrpc_server.logs import start_logging
from llmrpc_server.redaction import Redactor
from llmrpc_server.standard_streams import announce


def serve(path: Path | None, flags: Mapping[str, Any]) -> int:
    """Serves until a signal; the exit status."""
    try:
        config = load_config(path, os.environ, flags)
        start_logging(config.log, Redactor(config.secrets()))
        _run(_serve(config, environment_doubts(path, os.environ)))
    except ConfigError as error:
        _complain(error)
        return 2
    except OSError as error:
        sys.stderr.write(f"llmrpc-server: {error}\n")
        return 1
    return 0


def check(path: Path | None, flags: Mapping[str, Any]) -> int:
    """Says whether the configuration is right, and what it amounts to."""
    try:
        config = load_config(path, os.environ, flags)
        planned = asyncio.run(_build(config, environment_doubts(path, os.environ)))
    except ConfigError as error:
        _complain(error)
        return 2
    lines = [f"{path or 'the environment'}: the configuration is right", *provider_lines(planned)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


async def _build(config: Config, doubts: list[str]) -> tuple[PlannedProvider, ...]:
    app = App(config)
    doubts = app.doubts() + doubts
    await app.close()
    if doubts:
        raise ConfigError(doubts)
    return app.planned


async def _serve(config: Config, doubts: list[str]) -> None:
    app = App(config)
    app.lifecycle.heed_signals()  # before anybody can see that it runs
    port = await app.start()
    _spare_the_collector()
    lines = banner(config, app.planned, app.doubts() + doubts, port, __version__)
    announce("\n".join(lines) + "\n")
    await app.lifecycle.run()
    await app.close()


def _spare_the_collector() -> None:
    """Leaves what start-up made out of every later garbage collection.

    A call makes some hundred objects that reference counting frees; looking for
    cycles among them every 700 is too often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _run(main: Any) -> None:
    """Runs on uvloop where there is one: it saves a tenth of the time."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


def _complain(error: ConfigError) -> None:
    lines = "\n".join(f"  {problem}" for problem in error.problems)
    sys.stderr.write(f"llmrpc-server: the configuration is wrong:\n{lines}\n")
